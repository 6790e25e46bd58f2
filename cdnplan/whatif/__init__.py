"""Scenarios, failures, sweeps, prices and sizing: answers as differences to a plan."""
