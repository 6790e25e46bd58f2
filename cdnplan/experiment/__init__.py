"""Trials of two policies by clusters of sites: design, power, reading."""
