"""Policies side by side on the same requests, and the folder that says so.

Others use: `run` (`replay`), `folder` (names of tables).
"""
