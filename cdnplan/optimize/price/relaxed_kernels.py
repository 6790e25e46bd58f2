"""What the relaxations of single files use under prices: shares of files in place of holders."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cdnplan.compiled import inlined, njit
from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.file.ascent_kernels import ADJUST_ROUNDS, find_duals
from cdnplan.optimize.file.problem_kernels import (
    File,
    ask_for_file,
    opening_costs,
    room_for_duals,
    room_for_file,
)
from cdnplan.optimize.file.volume_kernels import raise_by_volume
from cdnplan.optimize.price.totals import CHUNKS, Batch, Totals, add_stored
from cdnplan.optimize.problem.arrays import Bools, Demand, Floats32, Holding, Network

NEWEST = 0.3
"""Weight of a visit in the mean of shares."""


class Relaxed(NamedTuple):
    """What is kept of files' relaxations.

    Parameters
    ----------
    u : (n_files, n_regions) float32
        Prices of demand rows [currency].
    share : (n_files, n_pools) float32
        Mean shares in pools.
    seen : (n_files,) bool
        Files of which something is kept.
    """

    u: Floats32
    share: Floats32
    seen: Bools


@inlined
def spread_by_share(weight: float, net: Network, file: File, share: Floats, served: Floats) -> None:
    """Serve each region by its cheapest pools, each as far as its share goes, and the rest by the origin."""
    ptr, pools, costs, entry, origin = net.ptr, net.pools, net.costs, net.entry, net.origin
    for r in file.active:
        gb, left = weight * file.v[r], 1.0
        for j in range(ptr[r], ptr[r + 1]):
            if costs[j] >= origin[r] or left <= 0.0:
                break
            taken = min(left, share[pools[j]])
            served[entry[j]] += gb * taken
            left -= taken
        served[pools.size + r] += gb * max(0.0, left)


@njit(cache=True, nogil=True)
def relax_files(
    chunks: Ints,
    batch: Batch,
    first_steps: int,
    steps: int,
    demand: Demand,
    net: Network,
    holding: Holding,
    kept: Relaxed,
    totals: Totals,
    values: Floats,
) -> None:
    """Step from each file's kept u towards the bound of its relaxation, and add up what its shares use.

    Each file counts as many times as its weight says. `values[f]` is the bound, constants and all. A file
    that was not `seen` yet starts from dual ascent.
    """
    n_regions, n_pools = net.origin.size, holding.store.size
    row_gb, gift, share = np.zeros(demand.n_rows), np.zeros(n_pools), np.zeros(n_pools)
    room, duals = room_for_file(n_regions, n_pools), room_for_duals(n_regions, n_pools)
    for chunk in chunks:
        for i in range(chunk, batch.files.size, CHUNKS):
            f, weight = batch.files[i], batch.weights[i]
            file = ask_for_file(f, demand, net.origin, row_gb, room)
            constant, known = opening_costs(f, holding, gift, file), kept.seen[f]
            if known:
                for r in file.active:
                    duals.u[r] = min(file.cap[r], kept.u[f, r])
            else:
                find_duals(net, file, duals, ADJUST_ROUNDS, 0.0)
            bound = raise_by_volume(steps if known else first_steps, net, file, duals.u, share)
            values[f] = constant + bound
            for r in file.active:
                kept.u[f, r] = duals.u[r]
            newest = NEWEST if known else 1.0
            kept.seen[f] = True
            for p in range(n_pools):
                now = (1.0 if file.fixed[p] else share[p]) if file.allowed[p] else 0.0
                mean = kept.share[f, p] + newest * (now - kept.share[f, p])
                kept.share[f, p] = share[p] = mean
                add_stored(p, f, weight * mean, holding, totals.stored[chunk], totals.fresh[chunk])
            spread_by_share(weight, net, file, share, totals.served[chunk])
