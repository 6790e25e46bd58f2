"""Figures, tables and one HTML page of a plan, a replay or a scenario."""
