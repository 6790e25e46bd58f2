"""What a serving puts on pools and links, slice by slice."""

from __future__ import annotations

import numpy as np

from cdnplan.model.instance import Floats, Instance


def candidate_gbps(instance: Instance, served_gb: Floats) -> Floats:
    """Rate through each candidate entry, (n_cand, n_slices) [Gbit/s].

    Parameters
    ----------
    instance : Instance
    served_gb : (n_cand,) float64
        [GB per period]
    """
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    return np.asarray(served_gb[:, None] * instance.gbps_per_gb[region])


def pool_gbps(instance: Instance, served_gb: Floats) -> Floats:
    """Load of each pool, (n_pools, n_slices) [Gbit/s].

    Parameters
    ----------
    instance : Instance
    served_gb : (n_cand,) float64
        [GB per period]
    """
    load = np.zeros((instance.n_pools, instance.n_slices))
    np.add.at(load, instance.cand_pool, candidate_gbps(instance, served_gb))
    return load


def link_gbps(instance: Instance, served_gb: Floats, origin_gb: Floats) -> Floats:
    """Load of each link direction with a capacity, (n_links, n_slices) [Gbit/s].

    Parameters
    ----------
    instance : Instance
    served_gb : (n_cand,) float64
        [GB per period]
    origin_gb : (n_regions,) float64
        [GB per period]
    """
    load = np.zeros((instance.n_links, instance.n_slices))
    rate = candidate_gbps(instance, served_gb)
    np.add.at(load, instance.cand_link, np.repeat(rate, np.diff(instance.cand_link_ptr), axis=0))
    rate = origin_gb[:, None] * instance.gbps_per_gb
    np.add.at(load, instance.origin_link, np.repeat(rate, np.diff(instance.origin_link_ptr), axis=0))
    return load
