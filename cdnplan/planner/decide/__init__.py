"""Engine, dealing and night in turns, until a plan is found that appliances can carry out.

Others use: `deciding` (`decide`), `dealing`, `engine_run`, `to_fill` (what is left for later nights).
"""
