"""Where requests go: planned content, caches and their parents, the origin."""
