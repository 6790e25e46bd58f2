"""Models compared on what came after past cutoffs.

Others use: `backtest`, `losses`, `figure` (a backtest as a picture).
"""
