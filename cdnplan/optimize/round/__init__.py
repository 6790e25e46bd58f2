"""A mixture of columns rounded to a plan: dives, changes of two files, repairs.

Others use: `rounding` (`Rounding`).
"""
