"""The fast engine: its order of work (`fast.STEPS`), and the steps that belong to nobody else.

Others use: `fast` (`solve_fast`), `near` (a plan made anew near a change).
"""
