"""An answer as differences to the base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cdnplan.evaluate.count.cost import gap_ratio
from cdnplan.model.instance.instance import Floats
from cdnplan.model.limits.families import FAMILIES
from cdnplan.model.plan.binding import LIMITS, dearest_first
from cdnplan.model.plan.placement import Prices
from cdnplan.planner.folder.limit_list import LimitList
from cdnplan.whatif.base.base import Answer, Changed, fill_gb
from cdnplan.whatif.base.figures import Figures, LimitKey

TOP = 10
"""Regions, files and sites listed, most changed first."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the base and of an answer."""

    figure: str
    unit: str
    base: float
    value: float

    @property
    def change(self) -> float:
        """Answer less base."""
        return self.value - self.base


UNITS = {
    "cost": "currency",
    "delivery": "currency",
    "fill": "currency",
    "overload": "currency",
    "ideal": "currency",
    "demand_gb": "GB",
    "origin_gb": "GB",
    "offload_byte_ratio": "ratio",
    "overload_gbps": "Gbps",
    "mean_km": "km",
    "stored_gb": "GB",
}
"""Figures in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class FullLimit:
    """A limit that became full or overloaded, or that was full.

    Parameters
    ----------
    limit, name : str
        Kind (storage, throughput, link) and name.
    used, allowed : float
        [GB or Gbit/s]
    unit : str
    price : float or None
        What one more TB or Gbps would save there [currency]; None where nothing was planned.
    """

    limit: str
    name: str
    used: float
    allowed: float
    unit: str
    price: float | None


@dataclass(frozen=True, slots=True)
class RegionChange:
    """A region: delivery [currency], demand [GB], from the origin [GB], mean distance [km]; before, after."""

    region: str
    cost_base: float
    cost: float
    demand_base_gb: float
    demand_gb: float
    origin_base_gb: float
    origin_gb: float
    km_base: float
    km: float


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file: delivery from its cheapest holders [currency], demand and from the origin [GB], its pools."""

    file: str
    cost_base: float
    cost: float
    demand_base_gb: float
    demand_gb: float
    origin_base_gb: float
    origin_gb: float
    pools_base: int
    pools: int


@dataclass(frozen=True, slots=True)
class SiteChange:
    """A site: what it served and serves, what is fetched there and what is removed [GB]."""

    site: str
    served_base_gb: float
    served_gb: float
    in_gb: float
    out_gb: float


@dataclass(frozen=True, slots=True)
class FillNeed:
    """What it takes to get from the base's placement to a new one.

    Parameters
    ----------
    gb : float
        To fetch [GB].
    nights : float
        Fill windows that the slowest pool takes, by its volume alone; inf where a pool cannot fill.
    slowest : str
        That pool; empty where nothing is fetched.
    """

    gb: float
    nights: float
    slowest: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """How far the plan can be from the best one; the judge computed all of it."""

    lower: float
    upper: float
    ideal: float
    gap_ratio: float
    proof: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One answer against the base.

    Parameters
    ----------
    figures : tuple of Figure
    newly_full, no_longer_full : tuple of FullLimit
        The dearest first; in full.
    regions, files, sites : tuples
        Most changed first, cut to a number asked for.
    broken : tuple of str
        Limits and rules that the placement does not keep.
    fill : FillNeed or None
        Of plans.
    certificate : Certificate or None
        Of plans.
    """

    figures: tuple[Figure, ...]
    newly_full: tuple[FullLimit, ...]
    no_longer_full: tuple[FullLimit, ...]
    regions: tuple[RegionChange, ...]
    files: tuple[FileChange, ...]
    sites: tuple[SiteChange, ...]
    broken: tuple[str, ...]
    fill: FillNeed | None
    certificate: Certificate | None

    def __getitem__(self, figure: str) -> Figure:
        """Find a figure by name."""
        return next(f for f in self.figures if f.figure == figure)


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """An answer with its figures."""

    answer: Answer
    figures: Figures


def differ(base: Side, side: Side, changed: Changed, *, top: int = TOP) -> Difference:
    """Compare an answer with the base.

    Parameters
    ----------
    base, side : Side
    changed : Changed
        The problem that `side` answers.
    top : int
        Regions, files and sites listed; 0: all that changed.
    """
    a, b = base.figures, side.figures
    planned = side.answer.prices
    verdict = side.answer.verdict
    certificate = None
    if side.answer.lower is not None:
        upper, ideal = verdict.cost.total, verdict.ideal
        lower = min(side.answer.lower, upper)
        certificate = Certificate(lower, upper, ideal, gap_ratio(upper, lower, ideal), side.answer.proof)
    # What was full before and is overloaded now is news as well.
    newly = (b.full() - a.full()) | (b.overloaded() - a.overloaded())
    return Difference(
        figures=tuple(Figure(name, unit, a.total[name], b.total[name]) for name, unit in UNITS.items()),
        newly_full=_full(newly, b, _prices(side.answer, planned)),
        no_longer_full=_full(a.full() - b.full(), a, {}),
        regions=_regions(a, b)[: top or None],
        files=_files(base, side)[: top or None],
        sites=_sites(base, side)[: top or None],
        broken=tuple(str(violation) for violation in verdict.violations),
        fill=None if planned is None else _fill_need(changed, side.answer),
        certificate=certificate,
    )


def _prices(answer: Answer, prices: Prices | None) -> dict[LimitKey, float] | None:
    """What one more is worth, by limit; None where nothing was planned."""
    if prices is None:
        return None
    limits = LimitList.of(answer.instance)
    kinds = (kind.name for kind in limits.kinds)
    return dict(zip(zip(kinds, limits.names, strict=True), limits.worth(prices).tolist(), strict=True))


def _full(
    keys: set[LimitKey], figures: Figures, prices: Mapping[LimitKey, float] | None
) -> tuple[FullLimit, ...]:
    found = [
        FullLimit(
            limit=key[0],
            name=key[1],
            used=figures.used[key],
            allowed=figures.allowed[key],
            unit=FAMILIES[LIMITS.index(key[0])].unit,
            price=None if prices is None else prices.get(key),
        )
        for key in keys
    ]
    return tuple(sorted(found, key=lambda f: dearest_first(f.limit, f.name, f.price)))


def _regions(a: Figures, b: Figures) -> tuple[RegionChange, ...]:
    """Regions that cost another sum, are farther or get more from the origin; most currency first."""
    found = [
        RegionChange(
            name,
            a.region_cost[name],
            b.region_cost[name],
            a.region_gb[name],
            b.region_gb[name],
            a.region_origin_gb[name],
            b.region_origin_gb[name],
            a.region_km[name],
            b.region_km[name],
        )
        for name in b.region_cost
    ]
    changed = [r for r in found if _differs(r.cost_base, r.cost) or _differs(r.origin_base_gb, r.origin_gb)]
    return tuple(sorted(changed, key=lambda r: (-abs(r.cost - r.cost_base), r.region)))


def _differs(before: float, after: float) -> bool:
    """Whether two sums differ by more than rounding."""
    return abs(after - before) > 1e-9 * max(abs(before), abs(after))


def _files(base: Side, side: Side) -> tuple[FileChange, ...]:
    """Files whose delivery costs another sum, most currency first; new ones have nothing before."""
    a, b = base.figures, side.figures
    index = {name: i for i, name in enumerate(a.files)}
    old = np.array([index.get(name, -1) for name in b.files], dtype=np.int64)

    def before(values: Floats) -> Floats:
        return np.where(old >= 0, np.append(values, 0.0)[old], 0.0)

    held = [s.answer.placement.holds.sum(axis=0, dtype=np.int64) for s in (base, side)]
    cost_base, gb_base, origin_base = before(a.file_cost), before(a.file_gb), before(a.file_origin_gb)
    pools_base = before(held[0].astype(np.float64)).astype(np.int64)
    change = np.abs(b.file_cost - cost_base)
    rounding = 1e-9 * np.maximum(np.abs(b.file_cost), np.abs(cost_base))
    touched = (change > rounding) | (pools_base != held[1])
    order = np.lexsort((np.arange(change.size), -change))
    return tuple(
        FileChange(
            b.files[i],
            float(cost_base[i]),
            float(b.file_cost[i]),
            float(gb_base[i]),
            float(b.file_gb[i]),
            float(origin_base[i]),
            float(b.file_origin_gb[i]),
            int(pools_base[i]),
            int(held[1][i]),
        )
        for i in order.tolist()
        if touched[i]
    )


def _sites(base: Side, side: Side) -> tuple[SiteChange, ...]:
    """Sites that serve another sum or hold other files, most GB first."""
    served = [_by_site(s) for s in (base, side)]
    came, went = _moved(base.answer, side.answer)
    found = [
        SiteChange(
            name, served[0].get(name, 0.0), served[1].get(name, 0.0), came.get(name, 0.0), went.get(name, 0.0)
        )
        for name in sorted(served[0].keys() | served[1].keys())
    ]
    changed = [s for s in found if _differs(s.served_base_gb, s.served_gb) or s.in_gb + s.out_gb > 0]
    return tuple(sorted(changed, key=lambda s: (-_moved_gb(s), s.site)))


def _moved_gb(site: SiteChange) -> float:
    return abs(site.served_gb - site.served_base_gb) + site.in_gb + site.out_gb


def _by_site(side: Side) -> dict[str, float]:
    """GB that the pools of each site serve."""
    instance, gb = side.answer.instance, list(side.figures.pool_gb.values())
    total = np.bincount(instance.pool_site, gb, minlength=len(instance.sites))
    return dict(zip(instance.sites, total.tolist(), strict=True))


def _moved(a: Answer, b: Answer) -> tuple[dict[str, float], dict[str, float]]:
    """Bytes of the files that the pools of each site hold more, and no longer [GB]."""
    pools = {name: p for p, name in enumerate(a.instance.pools)}
    files = {name: f for f, name in enumerate(a.instance.files)}
    same = a.instance.files == b.instance.files
    old = np.array([files.get(name, -1) for name in b.instance.files], dtype=np.int64)
    size_a, size_b = a.instance.size_gb, b.instance.size_gb
    came: dict[str, float] = {}
    went: dict[str, float] = {}
    for q, pool in enumerate(b.instance.pools):
        p, now = pools.pop(pool, -1), b.placement.holds[q]
        before = np.zeros(now.size, dtype=np.bool_)
        if p >= 0 and same:
            before = a.placement.holds[p]
        elif p >= 0:
            before = np.where(old >= 0, np.append(a.placement.holds[p], False)[old], False)
        site = b.instance.sites[b.instance.pool_site[q]]
        came[site] = came.get(site, 0.0) + float(size_b[now & ~before].sum())
        went[site] = went.get(site, 0.0) + float(size_b[before & ~now].sum())
    for p in pools.values():
        site = a.instance.sites[a.instance.pool_site[p]]
        went[site] = went.get(site, 0.0) + float(size_a[a.placement.holds[p]].sum())
    return came, went


def _fill_need(changed: Changed, answer: Answer) -> FillNeed:
    """Bytes to fetch, and how many windows of the slowest pool they take."""
    gb = fill_gb(changed, answer.placement)
    window = window_gb(changed)
    nights = np.divide(gb, window, out=np.where(gb > 0, np.inf, 0.0), where=window > 0)
    if not gb.any():
        return FillNeed(0.0, 0.0, "")
    worst = int(np.argmax(nights))
    return FillNeed(float(gb.sum()), float(nights[worst]), answer.instance.pools[worst])


def window_gb(changed: Changed) -> Floats:
    """What the appliances of each pool take in during one fill window, (n_pools,) [GB]."""
    from cdnplan.units import gb_moved

    topology = changed.inputs.topology
    models = {hardware.name: hardware for hardware in topology.hardware}
    window = {
        (site.name, group.model): gb_moved(models[group.model].fill_gbps, site.fill_window.hours)
        * group.count
        for site in topology.sites
        for group in site.appliances
    }
    reserve = 1.0 - topology.policy.reserves.fill_ratio
    inst = changed.instance
    pools = zip(inst.pool_site.tolist(), inst.pool_model.tolist(), strict=True)
    return np.array([window[inst.sites[site], inst.models[model]] * reserve for site, model in pools])
