"""Countries, time zones, and values that can hardly be meant."""
