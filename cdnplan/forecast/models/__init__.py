"""Forecasters.

Others use: `models` (forecasters by name).
"""
