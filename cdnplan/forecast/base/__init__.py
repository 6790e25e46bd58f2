"""What every forecast and forecaster looks like, and how a history is looked up.

Others use: `base` (`Forecast`, `Forecaster`), `known` (what could be known on a date), `compare`.
"""
