"""Networks of one file: a facility location problem with bound, exchange and tree of its own.

Others use: `one_file_run` (its run), `one_file` (`Facility`).
"""
