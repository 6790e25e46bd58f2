"""What there is to watch, and what every country watches of it."""
