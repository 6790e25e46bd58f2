"""Inputs that nobody would write: seeded damage to every kind of file that commands read."""
