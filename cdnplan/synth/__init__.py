"""Seeded networks, catalogues and demand to try things on, from a few sites to the size of the world.

`generate.synth` writes a folder, `generate.make_world` gives the same as frozen data.
"""
