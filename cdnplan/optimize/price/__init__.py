"""The search for prices of all limits whose bound is high.

Others use: `pricing` (`PriceSearch`), `lifting` (prices raised together), `relaxed_visits` (relaxations of
files).
"""
