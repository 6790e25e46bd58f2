"""What a serving uses of rates, slice by slice."""

from __future__ import annotations

import numpy as np

from cdnplan.model.instance.instance import Floats, Instance


def rate_used(instance: Instance, served_gb: Floats, origin_gb: Floats) -> Floats:
    """What is used of each rate row in each slice, (n_rate_rows, n_slices), in the row's unit.

    Parameters
    ----------
    instance : Instance
    served_gb, origin_gb : (n_cand,), (n_regions,) float64
        [GB per period]
    """
    rows, path = instance.rates, instance.rates.use_path()
    gb = np.concatenate([served_gb, origin_gb])[path]
    gbps_per_gb = instance.gbps_per_gb[instance.path_region[path]]
    used = np.zeros((rows.n_rows, instance.n_slices))
    for t in range(instance.n_slices):
        units = gb * gbps_per_gb[:, t] * rows.use_weight
        used[:, t] = np.bincount(rows.use_row, units, minlength=rows.n_rows)
    return used


def pool_gbps(instance: Instance, served_gb: Floats) -> Floats:
    """Load of each pool, (n_pools, n_slices) [Gbit/s].

    Parameters
    ----------
    instance : Instance
    served_gb : (n_cand,) float64
        [GB per period]
    """
    return rate_used(instance, served_gb, np.zeros(instance.n_regions))[: instance.n_pools]
