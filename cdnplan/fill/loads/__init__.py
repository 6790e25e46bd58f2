"""What pools and appliances hold, serve and may take in, and what copies are worth.

Others use: `loads`, `copies`, `values`, `room` (new bytes that a pool may have).
"""
