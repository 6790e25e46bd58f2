"""From holders that meet limits nearly to a placement that keeps them: refits, and knapsacks of pools.

Others use: `local_search` (`LocalSearch`, `Incumbent`).
"""
