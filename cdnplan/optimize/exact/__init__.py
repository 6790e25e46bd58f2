"""The exact engine: the whole model through PuLP.

Others use: `exact` (`solve_exact`).
"""
