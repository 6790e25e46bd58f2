"""Kernel behind columns: what a file with given holders costs and uses of every limit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit, part
from cdnplan.model.instance.instance import Floats, Instance, Ints, Ints32
from cdnplan.model.plan.placement import Serving
from cdnplan.optimize.file.problem_kernels import N_CHUNKS, ask_for_file, room_for_file
from cdnplan.optimize.problem.arrays import Bools, Demand, Holding, Network, RateUse
from cdnplan.optimize.serve.signature_kernels import row_of

WHOLE = 1e-12
"""A rest of a request below this one is none."""


class Splits(NamedTuple):
    """How requests of known signatures are split, see `Serving`."""

    ptr: Ints
    mask: npt.NDArray[np.uint64]
    share_ptr: Ints
    slot: Ints32
    ratio: Floats

    @classmethod
    def of(cls, instance: Instance, serving: Serving | None) -> Splits:
        """Split as a serving that tells no appliances apart does; without one no signature is known."""
        if serving is not None:
            return cls(serving.ptr, serving.mask, serving.share_ptr, serving.slot, serving.ratio)
        ptr, mask = np.zeros(instance.n_regions + 1, dtype=np.int64), np.zeros((0, 1), dtype=np.uint64)
        return cls(ptr, mask, np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32), np.zeros(0))


class TrueCosts(NamedTuple):
    """Costs without prices [currency/GB], of each path and of new bytes by pool, and what paths use."""

    path: Floats
    fill: Floats
    rates: RateUse


@part
def _store(f: int, holds: Bools, holding: Holding, use: Floats) -> None:
    """Add what storing and filling a file takes: stored GB by pool, then new ones."""
    n_pools = holds.size
    for p in range(n_pools):
        if holds[p]:
            wanted = np.int64(holding.copies[f, p])
            use[p] += holding.size[f] * wanted
            use[n_pools + p] += holding.size[f] * max(0, wanted - np.int64(holding.held[f, p]))


@part
def _deliver(gb: float, r: int, path: int, true: TrueCosts, use: Floats) -> float:
    """Add what a request of region r that takes a path uses of rates; returns what it costs."""
    rates, slices = true.rates, true.rates.rate.shape[1]
    for k in range(rates.ptr[path], rates.ptr[path + 1]):
        for t in range(slices):
            use[rates.row[k] * slices + t] += gb * rates.weight[k] * rates.rate[r, t]
    return float(gb * true.path[path])


@part
def _row_of(r: int, holds: Bools, net: Network, splits: Splits, mask: npt.NDArray[np.uint64]) -> int:
    """Row of the signature that these holders have in a region; -1: it is not known."""
    if splits.ptr[r] == splits.ptr[r + 1]:
        return -1
    for w in range(mask.size):
        mask[w] = np.uint64(0)
    for j in range(net.ptr[r], net.ptr[r + 1]):
        if holds[net.pools[j]]:
            slot = net.entry[j] - net.ptr[r]
            mask[slot // 64] |= np.uint64(1) << np.uint64(slot % 64)
    row = row_of(mask, splits.mask, splits.ptr[r], splits.ptr[r + 1])
    return splits.ptr[r] + row if row >= 0 else -1


@part
def _nearest(r: int, holds: Bools, net: Network) -> int:
    """Path to the cheapest holder of a region, or its origin."""
    for j in range(net.ptr[r], net.ptr[r + 1]):
        if net.costs[j] >= net.origin[r]:
            break
        if holds[net.pools[j]]:
            return int(net.entry[j])
    return net.pools.size + r


@njit(cache=True, nogil=True)
def column_loads(
    chunks: Ints,
    files: Ints32,
    holds: Bools,
    demand: Demand,
    net: Network,
    holding: Holding,
    true: TrueCosts,
    splits: Splits,
    rates_at: int,
    cost: Floats,
    use: Floats,
) -> None:
    """True cost and use of limits (order of `LimitVector`, no shared volumes) of files with given holders.

    `holds[i]` belongs to `files[i]`. Requests whose signature is known are split as `splits` says, any other
    goes to its cheapest holder in `net`. `cost` (n_listed,) and `use` (n_listed, n_limits), of which rates
    begin at `rates_at`, are results.
    """
    n_regions, n_pools = net.origin.size, holding.store.size
    row_gb, room = np.zeros(demand.n_rows), room_for_file(n_regions, n_pools)
    mask = np.zeros(splits.mask.shape[1], np.uint64)
    for chunk in chunks:
        for i in range(chunk, files.size, N_CHUNKS):
            f = files[i]
            _store(f, holds[i], holding, use[i])
            total = 0.0
            for p in range(n_pools):
                total += true.fill[p] * use[i, n_pools + p]
            file, rates = ask_for_file(f, demand, net.origin, row_gb, room), use[i, rates_at:]
            for r in file.active:
                row = _row_of(r, holds[i], net, splits, mask)
                if row < 0:
                    total += _deliver(file.v[r], r, _nearest(r, holds[i], net), true, rates)
                    continue
                rest = 1.0
                for k in range(splits.share_ptr[row], splits.share_ptr[row + 1]):
                    rest -= splits.ratio[k]
                    path = net.ptr[r] + splits.slot[k]
                    total += _deliver(file.v[r] * splits.ratio[k], r, path, true, rates)
                if rest > WHOLE:
                    total += _deliver(rest * file.v[r], r, net.pools.size + r, true, rates)
            cost[i] = total
