"""Edits of topology files: operations change the text where a value is written, and nothing around it."""
