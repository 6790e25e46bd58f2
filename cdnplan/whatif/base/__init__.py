"""The plan that is asked about: its instance, figures, and what a change touches.

Others use: `base` (`Base`), `figures`, `difference`, `failures`, `detours`.
"""
