"""Whole pages, and the report of a folder.

Others use: `report`.
"""
