"""Plan what a content delivery network's cache appliances hold, and prove how good the plan is."""

import os

# Before numpy is loaded. Our matrices are small: threads of BLAS, which spin while they wait, take cores from
# kernels (a quarter of the CPU time on a small network), and their number would be in the last bits of sums.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
