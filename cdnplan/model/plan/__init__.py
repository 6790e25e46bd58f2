"""What is decided of an instance: placement and serving, prices, proofs, and what follows from them.

Others use: `placement` (`Placement`, `Decision`), `proof`, `cuts`, `binding` (which limits bind).
"""
