"""What a plan uses of every limit, costs and misses, counted from placement and serving alone.

Others use: `loads` and `limits` (use of rows, what is broken), `cost`, `own_counts` (families counted from
the topology), `misses` (by cause), `assignment` and `rate_program` (single appliances).
"""
