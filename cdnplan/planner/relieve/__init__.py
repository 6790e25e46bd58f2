"""Overloaded appliances relieved: serving changed by as little as it takes.

Others use: `spreading` (`serve_changed`, `near_serving`), `changed`, `spread`.
"""
