"""Optima and laws that engines must respect, found by means of their own."""
