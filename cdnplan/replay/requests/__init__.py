"""A demand table as a stream of requests, and the caches that they come to."""
