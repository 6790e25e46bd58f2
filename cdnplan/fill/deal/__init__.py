"""A pool's files dealt to its appliances, each within its storage, rate and window.

Others use: `appliances` (`split_pools`, `Assignment`), `fitting`, `siblings`, `sharing`, `watched`, `apiece`.
"""
