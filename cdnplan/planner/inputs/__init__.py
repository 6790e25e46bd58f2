"""What a plan is made of: inputs read and checked, what was held, earlier prices, pins that wait.

Others use: `load` (`load`, `Loaded`), `request` (`PlanRequest`), `earlier`, `waiting`.
"""
