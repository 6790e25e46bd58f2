"""YAML with marks: read safely, several files put together, written so that every reader takes it for the
same.
"""
