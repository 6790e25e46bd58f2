"""A run of an engine: the best bound and plan so far, its clock, and the loop through its steps.

Others use: `run_state` (`RunState`), `steps` (`Step`, `run_steps`), `phase_clock`.
"""
