"""Two plans compared: what moves, and why.

Others use: `difference`.
"""
