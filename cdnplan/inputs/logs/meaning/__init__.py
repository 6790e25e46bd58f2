"""What the fields of a log mean, and what can be wrong with a line."""
