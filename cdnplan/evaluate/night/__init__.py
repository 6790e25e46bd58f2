"""The fills of a night, replayed event by event.

Others use: `fill_replay` (the replay), `fill_rows`, `fill_limits`, `fill_values`, `fill_windows` (what it
needs).
"""
