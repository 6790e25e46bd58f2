"""The config file of a nightly job, time, and why nights end without a new plan.

Others use: `config` (`read_config`, `Config`).
"""
