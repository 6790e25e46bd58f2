"""Tests of trials: design, power, reading."""
