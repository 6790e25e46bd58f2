"""Questions: one scenario, all failures of a kind, prices of limits.

Others use: `run`, `sweep`, `impact`, `limit_prices`, `price_check`.
"""
