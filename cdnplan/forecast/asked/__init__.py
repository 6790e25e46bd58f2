"""Forecasts as the rest of the house asks for them.

Others use: `run` (`forecast_demand`), `demand_table` (written), `changes`, `profile_shares`.
"""
