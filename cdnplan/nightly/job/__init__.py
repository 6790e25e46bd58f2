"""One night from lock to status.

Others use: `run` (`run_night`).
"""
