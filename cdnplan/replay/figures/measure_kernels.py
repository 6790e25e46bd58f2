"""Kernels of the figures: loads of links, plays by pool and file."""

from __future__ import annotations

import numpy as np

from cdnplan.compiled import njit
from cdnplan.model.instance.instance import Floats, Ints, Ints32
from cdnplan.optimize.problem.arrays import Floats32, RowDemand
from cdnplan.replay.serving.route_kernels import Bools, Candidates, Classes, rows_of


@njit(cache=True, allocates=False)
def add_links(path: Ints, hour: Ints, gb: Floats, link_ptr: Ints, link: Ints32, loads: Floats) -> None:
    """Add each request's bytes to the links on its path; `loads` is (n_links, n_hours) [GB]."""
    for i in range(path.size):
        for k in range(link_ptr[path[i]], link_ptr[path[i] + 1]):
            loads[link[k], hour[i]] += gb[i]


@njit(cache=True)
def add_plays(
    demand: RowDemand,
    play_gb: Floats,
    candidates: Candidates,
    holds: Bools,
    classes: Classes,
    choice_ptr: Ints,
    entry: Ints,
    ratio: Floats,
    plays: Floats32,
) -> None:
    """Add the plays that each pool serves of each file it holds to `plays`, (n_pools, n_files).

    Candidate entries ``entry[choice_ptr[c]:choice_ptr[c + 1]]`` serve class c, each its `ratio`.
    """
    for r in range(demand.region_row.size):
        first, end = demand.ptr[demand.region_row[r]], demand.ptr[demand.region_row[r] + 1]
        files = demand.file[first:end]
        own = np.full(files.size, r, dtype=np.int64)
        row = rows_of(own, files, candidates, holds, classes)
        for i in range(files.size):
            if row[i] < 0:
                continue
            f = files[i]
            count = np.float64(demand.gb[first + i]) * demand.region_share[r] / play_gb[f]
            for k in range(choice_ptr[row[i]], choice_ptr[row[i] + 1]):
                p = candidates.pool[entry[k]]
                if holds[p, f]:
                    plays[p, f] += np.float32(count * ratio[k])
