"""What is replayed: periods that came, and the plans that each of them met.

Others use: `request` (`ReplayRequest`).
"""
