"""A base's best serving, laid out so that parts of it can be steered elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.plan.placement import Serving
from cdnplan.optimize.problem.serving_paths import Paths
from cdnplan.optimize.serve.serving import Served
from cdnplan.optimize.serve.serving_program import path_gb
from cdnplan.optimize.serve.signature_kernels import signature_table
from cdnplan.whatif.base.detours import Detour, FailedPaths
from cdnplan.whatif.steer.resteer_kernels import row_gains
from cdnplan.whatif.steer.rows import Rows

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Steering:
    """The base's best serving with all that tells how it would change.

    Parameters
    ----------
    instance : Instance
    holds : (n_pools, n_files) bool
    paths : Paths
    rows : Rows
    load, dual : (n_limits, n_slices) float64
        What the limits carry [Gbit/s], and what one more is worth under this placement [currency/Gbps].
    cost : float
        Delivery and overload [currency].
    gain : float
        What all rows could still gain: no serving of this placement costs less by more [currency].
    origin_gb : (n_regions,) float64
        What each region gets from the origin [GB].
    """

    instance: Instance
    holds: Bools
    paths: Paths
    rows: Rows
    load: Floats
    dual: Floats
    cost: float
    gain: float
    origin_gb: Floats

    @classmethod
    def of(cls, instance: Instance, holds: Bools, served: Served) -> Steering:
        """Lay out the best serving of a placement.

        Parameters
        ----------
        instance : Instance
        holds : (n_pools, n_files) bool
        served : Served
            As `best_serving` gives it.
        """
        paths = Paths.of(instance)
        rows = _rows(instance, served.serving)
        dual = served.rate
        everyone, nobody = np.arange(instance.n_regions), np.zeros(rows.gb.size, dtype=np.bool_)
        dead = np.zeros(paths.region.size, dtype=np.bool_)
        gain = row_gains(everyone, rows, paths.cost + paths.tolls(dual), dead, nobody)
        flow = path_gb(paths, rows.gb, rows.shares_of(np.arange(rows.gb.size)))
        load = paths.load(flow)
        cost = float((flow * paths.cost).sum()) + overload_cost(paths, load)
        origin = flow[rows.origin]
        return cls(instance, holds, paths, rows, load, dual, cost, float(gain.sum()), origin)


def overload_cost(paths: Paths, load: Floats) -> float:
    """What limits that may be passed bear beyond their capacity, in all slices [currency]."""
    soft = ~paths.strict
    above = np.maximum(0.0, load[soft] - paths.capacity[soft, None])
    return float(paths.overload_cost[soft] @ above.sum(axis=1))


def limits_gap(paths: Paths, load: Floats, dual: Floats) -> float:
    """What limits with a price leave unused, and overload that the price falls short of [currency].

    Added to what rows could gain at these prices it is all that the serving costs above its lower bound.
    """
    room = np.where(dual > 0, paths.capacity[:, None] - load, 0.0)
    return float((dual * room).sum()) + overload_cost(paths, load)


def _rows(instance: Instance, serving: Serving) -> Rows:
    """Rows of a serving, what comes from origins among their shares."""
    n_cand, n_rows = instance.cand_pool.size, serving.gb.size
    region = np.repeat(np.arange(instance.n_regions), np.diff(serving.ptr))
    row, path = serving.share_row(), serving.share_entry(instance)
    rest = 1.0 - np.bincount(row, serving.ratio, minlength=n_rows)
    short = np.flatnonzero(rest > SMALLEST_SHARE)
    row = np.concatenate([row, short])
    path = np.concatenate([path, n_cand + region[short]])
    share = np.concatenate([serving.ratio, rest[short]])
    order = np.argsort(row, kind="stable")
    counts = np.bincount(row, minlength=n_rows)
    return Rows(
        first=serving.ptr[:-1],
        last=serving.ptr[1:],
        path=instance.cand_ptr[:-1],
        width=np.diff(instance.cand_ptr),
        origin=n_cand + np.arange(instance.n_regions),
        region=region,
        mask=serving.mask,
        gb=serving.gb,
        share_ptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        share_path=path[order],
        share=share[order],
    )


SMALLEST_SHARE = 1e-12
"""Shares below are rounding."""


def with_detours(base: Steering, found: FailedPaths) -> tuple[Paths, Rows, tuple[str, ...]]:
    """Give regions new paths, and their demand new rows, numbered after the base's.

    Parameters
    ----------
    base : Steering
    found : FailedPaths

    Returns
    -------
    paths : Paths
    rows : Rows
        New rows take no path yet.
    limits : tuple of str
        Names of limits that the base has not.
    """
    if not found.detours:
        return base.paths, base.rows, ()
    inst = base.instance
    index = {name: inst.link_rows.start + i for i, name in enumerate(inst.links)}
    more = tuple(name for name in found.capacity if name not in index)
    index |= {name: base.paths.capacity.size + i for i, name in enumerate(more)}
    paths = _more_paths(base, found.detours, index)
    paths = replace(
        paths,
        capacity=np.append(paths.capacity, [found.capacity[name] for name in more]),
        overload_cost=np.append(paths.overload_cost, np.full(len(more), found.overload_cost)),
    )
    return paths, _more_rows(base, found.detours), more


def _more_paths(base: Steering, detours: tuple[Detour, ...], index: dict[str, int]) -> Paths:
    region: list[int] = []
    cost: list[float] = []
    uses: list[dict[int, float]] = []
    n_cand = base.instance.cand_pool.size
    like = {p: j for j, p in enumerate(base.instance.cand_pool.tolist())}
    for d in detours:
        region += [d.region] * (len(d.pool) + 1)
        cost += [*d.cost, d.origin_cost]
        for p, names in zip(d.pool, d.links, strict=True):
            of_pool = {p: 1.0} if p not in like else _uses_but_links(base, like[p])
            uses.append(of_pool | {index[name]: 1.0 for name in names})
        of_origin = _uses_but_links(base, n_cand + d.region)
        uses.append(of_origin | {index[name]: 1.0 for name in d.origin_links})
    old = base.paths
    limits = [limit for use in uses for limit in sorted(use)]
    weights = [use[limit] for use in uses for limit in sorted(use)]
    return replace(
        old,
        region=np.append(old.region, region).astype(np.int64),
        cost=np.append(old.cost, cost),
        use_ptr=np.append(old.use_ptr, old.use_ptr[-1] + np.cumsum([*map(len, uses)])).astype(np.int64),
        use_limit=np.append(old.use_limit, limits).astype(np.int64),
        use_weight=np.append(old.use_weight, weights),
    )


def _uses_but_links(base: Steering, path: int) -> dict[int, float]:
    """What a path uses of other rows than links, which stays so whatever way it takes."""
    _, limit, weight = base.paths.uses(np.array([path]))
    links = base.instance.link_rows
    pairs = zip(limit.tolist(), weight.tolist(), strict=True)
    return {row: units for row, units in pairs if not links.start <= row < links.stop}


def _more_rows(base: Steering, detours: tuple[Detour, ...]) -> Rows:
    inst, old = base.instance, base.rows
    region = np.array([d.region for d in detours], dtype=np.int64)
    width = np.array([len(d.pool) for d in detours], dtype=np.int64)
    part = replace(
        inst,
        regions=tuple(inst.regions[r] for r in region),
        region_row=inst.region_row[region],
        region_share=inst.region_share[region],
        cand_ptr=np.concatenate([[0], np.cumsum(width)]).astype(np.int64),
        cand_pool=np.array([p for d in detours for p in d.pool], dtype=np.int32),
    )
    ptr, mask, gb = signature_table(part, base.holds)
    words = max(mask.shape[1], old.mask.shape[1])
    first, last = old.first.copy(), old.last.copy()
    path, widths, origin = old.path.copy(), old.width.copy(), old.origin.copy()
    first[region], last[region] = old.gb.size + ptr[:-1], old.gb.size + ptr[1:]
    start = base.paths.region.size + np.concatenate([[0], np.cumsum(width + 1)])
    path[region], widths[region], origin[region] = start[:-1], width, start[1:] - 1
    return Rows(
        first=first,
        last=last,
        path=path,
        width=widths,
        origin=origin,
        region=np.append(old.region, np.repeat(region, np.diff(ptr))),
        mask=np.concatenate([_padded(old.mask, words), _padded(mask, words)]),
        gb=np.append(old.gb, gb),
        share_ptr=np.append(old.share_ptr, np.full(gb.size, old.share_ptr[-1])),
        share_path=old.share_path,
        share=old.share,
    )


def _padded(mask: npt.NDArray[np.uint64], words: int) -> npt.NDArray[np.uint64]:
    return np.pad(mask, ((0, 0), (0, words - mask.shape[1])))
