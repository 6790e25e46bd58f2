"""Scenarios: read, checked, and applied to inputs.

Others use: `scenario_reader`, `apply`, `wire` (the schema).
"""
