"""What every way of running the caches came to: offload, misses by cause, regret."""
