"""Plan what a content delivery network's cache appliances hold, and prove how good the plan is."""

import os

# Before numpy is loaded. The number of BLAS's threads is in the last bits of sums, and so in plans. And our
# matrices are small: threads that spin while they wait take cores from kernels.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
