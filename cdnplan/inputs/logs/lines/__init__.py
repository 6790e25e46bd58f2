"""Lines of every format, made into fields."""
