"""YAML with marks: read safely, several files as one, written so that every reader takes it for the same."""
