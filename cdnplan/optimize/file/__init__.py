"""The problem of a single file at given prices: its bound, and good holders.

Others use: `bound` (`FileSolver`, `priced_bound`). The kernels find bounds by dual ascent and holders by
moves and exchanges, `exact_file_kernels` the optimum by branch and bound, `near_sets_kernels` holders
nearly as good.
"""
