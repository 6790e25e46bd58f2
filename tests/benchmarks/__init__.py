"""Public benchmarks, run as modules: `python -m tests.benchmarks.NAME`."""
