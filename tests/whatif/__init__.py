"""Tests of scenarios and what they change."""
