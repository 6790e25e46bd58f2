"""Caches that fill themselves: alone, begun with a plan, corrected by their own counts."""
