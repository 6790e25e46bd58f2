"""The bound that prices, cuts and trees prove, in code of its own.

Others use: `bound` (`dual_bound`), `proof` (`tree_bound`), `cuts` (whether cuts hold).
"""
