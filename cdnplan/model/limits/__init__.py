"""Limits as data: rows, and the kinds of limits that make them.

Others use: `limits` (`RateRows`, `VolumeRows`, `Prices`), `families` (what a kind reads, its rows, its
words).
"""
