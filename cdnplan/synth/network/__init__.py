"""Where things are, and how much stands there."""
