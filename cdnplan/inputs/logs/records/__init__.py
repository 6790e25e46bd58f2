"""Fields made into records, put together, and counted."""
