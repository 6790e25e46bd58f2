"""What is to be solved, as engines see it: limits as one vector, what prices make of costs, and outcomes.

Others use: `limits` (use of rows, prices of rows), `priced` (costs under prices), `rules` (what a placement
has to keep), `objective` (what it costs), `serving_paths` (paths and what they load), `columns`
(transposes), `arrays` (tuples of arrays that kernels take), `outcome` and `warm_start` (what goes in and
comes out of an engine).
"""
