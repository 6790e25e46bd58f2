"""Instances whose files need a search: the relaxation of a file's problem is far from its optimum."""

from __future__ import annotations

import numpy as np

from cdnplan.model.instance.instance import Instance
from tests.instances import random_instance
from tests.limits import with_limits


def unstructured_instance(opening: float, seed: int = 8) -> Instance:
    """Ten files, 24 regions, 12 pools, of which each region may use 6 at costs without any pattern."""
    n_regions, n_files, n_pools, n_near = 24, 10, 12, 6
    base = random_instance(
        0, n_regions=n_regions, n_files=n_files, n_pools=n_pools, slices=1, families=frozenset()
    )
    rng = np.random.default_rng(seed)
    entries = n_regions * n_near
    near = [rng.choice(n_pools, n_near, replace=False) for _ in range(n_regions)]
    return with_limits(
        base,
        region_row=np.arange(n_regions, dtype=np.int32),
        region_share=np.ones(n_regions),
        demand_ptr=np.arange(n_regions + 1) * n_files,
        demand_file=np.tile(np.arange(n_files, dtype=np.int32), n_regions),
        demand_gb=rng.uniform(0.5, 1.5, n_regions * n_files).astype(np.float32),
        cand_ptr=np.arange(n_regions + 1) * n_near,
        cand_pool=np.concatenate(near).astype(np.int32),
        cand_cost=np.sort(rng.uniform(1.0, 2.0, (n_regions, n_near)), axis=1).ravel(),
        origin_cost=np.full(n_regions, 3.0),
        cand_link_ptr=np.zeros(entries + 1, dtype=np.int64),
        cand_link=np.zeros(0, dtype=np.int32),
        fill_cost=rng.uniform(0.5, 1.5, n_pools) * opening,
        size_gb=np.ones(n_files),
        copies=np.ones((n_pools, n_files), dtype=np.uint8),
        held=np.zeros((n_pools, n_files), dtype=np.uint8),
    )
