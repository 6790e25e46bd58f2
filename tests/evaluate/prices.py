"""Random prices, and the bound's procedure once more: slow, and in the words of docs/bound.md."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.limits.families import FILL, STORAGE, THROUGHPUT, code
from cdnplan.model.limits.limits import RateRows, VolumeRows
from cdnplan.model.plan.cuts import Cuts
from cdnplan.model.plan.placement import Prices
from tests.instances import to_dense


def random_prices(instance: Instance, seed: int, scale: float) -> Prices:
    """Valid prices, about a third of them zero."""
    rng = np.random.default_rng([seed, 77])
    zero = Prices.zero(instance)

    def draw(like: Floats, unit: float) -> Floats:
        return rng.uniform(0.0, unit * scale, like.shape) * (rng.random(like.shape) < 0.7)

    return Prices(
        volume=np.where(np.isfinite(instance.volumes.capacity_gb), draw(zero.volume, 0.5), 0.0),
        rate=np.minimum(draw(zero.rate, 3.0), instance.rates.overload_cost[:, None]),
        launch=draw(zero.launch, 20.0),
    )


def parts(instance: Instance, prices: Prices) -> dict[str, Floats]:
    """Views of prices: of pools and links by the names of the first families; ``new`` is fill, or churn."""
    n = instance.n_pools
    return {
        "storage": prices.volume[:n],
        "new": prices.volume[n : 2 * n],
        "throughput": prices.rate[:n],
        "link": prices.rate[instance.link_rows],
        "launch": prices.launch,
        "cut": prices.cut,
    }


def with_rows(instance: Instance, seed: int) -> Instance:
    """The instance with rows that no family of pools and links has: shared volumes, and weighted rates.

    A row on new bytes and one on all that is stored, of some pools together; and two on what is served over
    some paths at weights of their own: one that must hold, and one, of origins as well, that may be passed.
    """
    rng = np.random.default_rng([seed, 78])
    n_paths = instance.cand_pool.size + instance.n_regions
    sets = [np.flatnonzero(rng.random(instance.n_pools) < 0.7).astype(np.int32) for _ in range(2)]
    volumes = VolumeRows(
        np.array([code(FILL), code(STORAGE)], dtype=np.int8),
        ("shared", "shared"),
        rng.uniform(0.3, 1.2, 2) * instance.size_gb.sum(),
        np.array([True, False]),
        np.array([0, sets[0].size, sets[0].size + sets[1].size]),
        np.concatenate(sets),
    )
    uses = rng.random((n_paths, 2)) < 0.6
    uses[instance.cand_pool.size :, 0] = False
    busiest = float((instance.region_gb() * instance.gbps_per_gb.max(axis=1)).sum())
    rates = RateRows(
        np.full(2, code(THROUGHPUT), dtype=np.int8),
        ("strict", "soft"),
        busiest * rng.uniform(0.3, 2.0, 2),
        np.array([np.inf, rng.uniform(0.5, 5.0)]),
        np.concatenate([[0], np.cumsum(uses.sum(axis=1))]),
        np.nonzero(uses)[1].astype(np.int32),
        rng.uniform(0.2, 3.0, uses.sum()),
    )
    return dataclasses.replace(
        instance, rates=instance.rates.joined(rates), volumes=instance.volumes.joined(volumes)
    )


def priced_cost(instance: Instance, prices: Prices, region: int, entry: int | None) -> float:
    """ĉ of a candidate entry, or of the origin."""
    path = instance.cand_pool.size + region if entry is None else entry
    total = float(instance.origin_cost[region] if entry is None else instance.cand_cost[entry])
    rows = instance.rates
    for t in range(instance.n_slices):
        for use in range(rows.use_ptr[path], rows.use_ptr[path + 1]):
            price = rows.use_weight[use] * prices.rate[rows.use_row[use], t]
            total += instance.gbps_per_gb[region, t] * price
    return total


def _rows_of(instance: Instance, pool: int) -> list[int]:
    """Volume rows that are about a pool."""
    return [row for row in range(instance.volumes.n_rows) if pool in instance.volumes.pools_of(row)]


def opening_cost(instance: Instance, prices: Prices, pool: int, file: int, cuts: Cuts | None = None) -> float:
    """F of docs/bound.md."""
    copies, held = int(instance.copies[pool, file]), int(instance.held[pool, file])
    size = float(instance.size_gb[file])
    fresh = max(0, copies - held)
    total = instance.fill_cost[pool] * size * fresh
    for row in _rows_of(instance, pool):
        total += prices.volume[row] * size * (fresh if instance.volumes.fresh[row] else copies)
    for rule in range(instance.n_launches):
        pools = instance.launch_pool[instance.launch_ptr[rule] : instance.launch_ptr[rule + 1]]
        if instance.launch_file[rule] == file and pool in pools:
            total -= prices.launch[rule]
    for cut in range(0 if cuts is None else cuts.n_cuts):
        for i in range(cuts.ptr[cut], cuts.ptr[cut + 1]):
            if (cuts.pool[cut], cuts.file[i]) == (pool, file):
                total += prices.cut[cut] * cuts.weight[i]
    return float(total)


def may_hold(instance: Instance, pool: int, file: int) -> bool:
    """Not banned, and pinned or within the limits on volumes if there were no other file."""
    copies, size = int(instance.copies[pool, file]), float(instance.size_gb[file])
    new = size * max(0, copies - int(instance.held[pool, file]))
    rows = instance.volumes
    fits = all(
        (new if rows.fresh[row] else size * copies) <= rows.capacity_gb[row] * (1 + 1e-6) + 1e-9
        for row in _rows_of(instance, pool)
    )
    return copies > 0 and bool(instance.pinned[pool, file] or fits)


def limit_terms(instance: Instance, prices: Prices) -> float:
    """What the priced limits add to the bound."""
    total = float(prices.launch @ instance.launch_min)
    total -= float((prices.rate * instance.rates.capacity[:, None]).sum())
    return total - sum(
        p * w for p, w in zip(prices.volume, instance.volumes.capacity_gb, strict=True) if p > 0
    )


def best_holders(instance: Instance, prices: Prices, file: int) -> float:
    """Optimum of one file's problem, over all sets of holders."""
    v = to_dense(instance)[:, file]
    may = [p for p in range(instance.n_pools) if may_hold(instance, p, file)]
    chosen = np.array(list(itertools.product((False, True), repeat=len(may))), dtype=bool)
    chosen = chosen[(chosen | ~instance.pinned[may, file]).all(axis=1)]
    cost = chosen @ np.array([opening_cost(instance, prices, p, file) for p in may], dtype=float)
    for r in np.flatnonzero(v > 0):
        way = np.full(len(may), np.inf)
        for j in range(instance.cand_ptr[r], instance.cand_ptr[r + 1]):
            if instance.cand_pool[j] in may:
                way[may.index(instance.cand_pool[j])] = priced_cost(instance, prices, r, j)
        cheapest = np.where(chosen, way, np.inf).min(axis=1, initial=priced_cost(instance, prices, r, None))
        cost += v[r] * cheapest
    return float(cost.min())


class FileDual:
    """Steps 1 to 4 of docs/bound.md for one file."""

    def __init__(self, instance: Instance, prices: Prices, file: int, cuts: Cuts | None = None) -> None:
        v = to_dense(instance)[:, file]
        self.adjusted = 0
        self.constants = 0.0
        self.opening: dict[int, float] = {}
        for p in range(instance.n_pools):
            if may_hold(instance, p, file):
                self.opening[p] = opening_cost(instance, prices, p, file, cuts)
                if instance.pinned[p, file] or self.opening[p] < 0:
                    self.constants += self.opening[p]
                    self.opening[p] = 0.0
        self.slack = dict(self.opening)
        self.levels: dict[int, dict[int, float]] = {}
        self.cap: dict[int, float] = {}
        self.u: dict[int, float] = {}
        for r in np.flatnonzero(v > 0):
            entries = range(instance.cand_ptr[r], instance.cand_ptr[r + 1])
            priced = [(priced_cost(instance, prices, r, j), instance.cand_pool[j]) for j in entries]
            ordered = sorted(priced, key=lambda item: item[0])
            self.levels[r] = {p: v[r] * cost for cost, p in ordered if p in self.slack}
            self.cap[r] = v[r] * priced_cost(instance, prices, r, None)
            self.u[r] = min([self.cap[r], *self.levels[r].values()])

    def value(self) -> float:
        """Do all steps."""
        self.ascend(list(self.u))
        for _ in range(3):
            before = sum(self.u.values())
            for r in self.u:
                self.adjust(r)
            if sum(self.u.values()) - before <= 1e-12 * sum(self.u.values()):
                break
        return self.constants + sum(self.u.values())

    def ascend(self, listed: list[int]) -> None:
        """Step 3."""
        while listed:
            listed = [r for r in listed if self.rise(r)]

    def rise(self, r: int) -> bool:
        """Raise a region once, if it can be."""
        goal = min([self.cap[r], *(level for level in self.levels[r].values() if level > self.u[r])])
        payers = [p for p, level in self.levels[r].items() if level <= self.u[r]]
        whole = goal - self.u[r]
        step = min([whole, *(self.slack[p] for p in payers)])
        if step <= 0:
            return False
        self.u[r] = goal if step == whole else self.u[r] + step
        for p in payers:
            self.slack[p] -= step
        return True

    def adjust(self, r: int) -> None:
        """Step 4 for one region."""
        paid = {p: level for p, level in self.levels[r].items() if level < self.u[r]}
        blocking = [p for p in paid if self.slack[p] <= 1e-9 * self.opening[p]]
        if len(blocking) < 2:
            return
        self.adjusted += 1
        step = self.u[r] - max(paid.values())
        self.u[r] = max(paid.values())
        for p in paid:
            self.slack[p] += step
        others = [o for p in blocking for o in self.levels if o != r and p in self.levels[o]]
        self.ascend(list(dict.fromkeys(others)))
        self.ascend([r])
