"""Whether a plan keeps every limit that cannot be priced, written plainly."""

from __future__ import annotations

import numpy as np

from cdnplan.model.instance.instance import Instance
from cdnplan.model.limits.families import FAMILIES
from cdnplan.model.plan.placement import Placement, Serving
from tests.instances import to_dense
from tests.signatures import shares, signature

TOLERANCE = 1e-9


def broken_limits(instance: Instance, placement: Placement, serving: Serving) -> list[str]:
    """Name what a plan breaks.

    Parameters
    ----------
    instance : Instance
    placement : Placement
    serving : Serving

    Returns
    -------
    list of str
        Empty for a sound plan.
    """
    holds = placement.holds
    broken: list[str] = []
    stored = (instance.size_gb * instance.copies * holds).sum(axis=1)
    missing = np.maximum(0, instance.copies.astype(int) - instance.held)
    new = (instance.size_gb * missing * holds).sum(axis=1)
    volumes = instance.volumes
    for row in range(volumes.n_rows):
        used = (new if volumes.fresh[row] else stored)[volumes.pools_of(row)].sum()
        if used > volumes.capacity_gb[row] * (1 + TOLERANCE):
            broken.append(f"{FAMILIES[volumes.family[row]].name} of {volumes.names[row]}")
    if (holds & (instance.copies == 0)).any():
        broken.append("a banned file is held")
    if (instance.pinned & ~holds).any():
        broken.append("a pinned file is not held")
    for rule in range(instance.n_launches):
        pools = instance.launch_pool[instance.launch_ptr[rule] : instance.launch_ptr[rule + 1]]
        if holds[pools, instance.launch_file[rule]].sum() < instance.launch_min[rule]:
            broken.append(f"launch rule {rule}")
    return broken + _broken_serving(instance, holds, serving)


def _broken_serving(instance: Instance, holds: np.ndarray, serving: Serving) -> list[str]:
    broken: list[str] = []
    v = to_dense(instance)
    load = np.zeros((instance.n_pools, instance.n_slices))
    apart = serving.apart
    own = np.zeros(0, dtype=np.int64) if apart is None else apart.pool
    carries = np.zeros((own.size, instance.n_slices))
    for region in range(instance.n_regions):
        pools = instance.cand_pool[instance.cand_ptr[region] : instance.cand_ptr[region + 1]]
        bits = [holds[pool] for pool in pools]
        bits += [apart.holds[a] for pool in pools for a in np.flatnonzero(own == pool)] if apart else []
        asked: dict[int, float] = {}
        for file in np.flatnonzero(v[region] > 0):
            mask = sum(1 << k for k, on in enumerate(bits) if on[file])
            asked[mask] = asked.get(mask, 0.0) + v[region, file]
        rows = range(int(serving.ptr[region]), int(serving.ptr[region + 1]))
        if [signature(serving, row) for row in rows] != sorted(asked):
            broken.append(f"signatures of region {region}")
            continue
        for row in rows:
            mask, ratio = signature(serving, row), np.zeros(pools.size)
            for k, share in shares(serving, row).items():
                ratio[k] = share
            if not np.isclose(serving.gb[row], asked[mask], rtol=1e-9):
                broken.append(f"demand of region {region}, signature {mask}")
            if (ratio < 0).any() or ratio.sum() > 1 + TOLERANCE:
                broken.append(f"shares of region {region}, signature {mask}")
            if any(ratio[k] > 0 and not mask >> k & 1 for k in range(ratio.size)):
                broken.append(f"region {region} is served by a pool without the file")
            for k, pool in enumerate(pools):
                load[pool] += serving.gb[row] * ratio[k] * instance.gbps_per_gb[region]
                first = pools.size + int(np.isin(own, pools[:k]).sum())
                mine = np.flatnonzero(own == pool)
                on = mine[[mask >> first + n & 1 == 1 for n in range(mine.size)]] if mine.size else mine
                gbps = serving.gb[row] * ratio[k] * instance.gbps_per_gb[region]
                carries[on] += gbps / max(1, on.size)
    limit = instance.appliance_throughput_gbps[own]
    for a, t in np.argwhere(carries > limit[:, None] * (1 + TOLERANCE)):
        broken.append(f"throughput of an appliance of pool {own[a]} in slice {t}")
    over = load > instance.throughput_gbps[:, None] * (1 + TOLERANCE)
    return broken + [f"throughput of pool {p} in slice {t}" for p, t in np.argwhere(over)]
