"""The cheapest hardware that reaches a target, with a proof.

Others use: `size`, `sizing_file` (what is asked for).
"""
