"""Tests of what the documents say, and of the examples in docstrings."""
