"""Kernels of appliances that are filled: what fits, what is exchanged, packings."""
