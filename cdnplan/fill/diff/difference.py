"""What changed between two plans, for a person who must approve the second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cdnplan.fill.diff.diff_nearest import Compared, compare_holders
from cdnplan.fill.diff.diff_reasons import Reason, find_reasons
from cdnplan.fill.diff.diff_sides import Side, Sides, positions, read_sides
from cdnplan.inputs.plans.manifest_files import plan_id
from cdnplan.inputs.plans.plan_folder import FILL_KINDS, PEER
from cdnplan.model.instance.build import build_instance
from cdnplan.model.instance.instance import Floats
from cdnplan.model.plan.binding import dearest_first


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of both plans, None where one has none; `unit` as GB, TB, currency, ratio, or empty."""

    figure: str
    unit: str
    a: float | None
    b: float | None


@dataclass(frozen=True, slots=True)
class Effect:
    """A part of the change of the cost, in words, and how much dearer the second plan is for it."""

    effect: str
    cost: float


@dataclass(frozen=True, slots=True)
class SiteChange:
    """What changed at a site.

    Parameters
    ----------
    site : str
    in_gb, out_gb : float
        Copies the site has in B and had not in A, and the other way round [GB].
    moved_gb : float
        Copies on other appliances than before, of files of which the site has as many [GB].
    outside_gb : float or None
        Bytes that B's fills bring in from other sites and origins [GB]; None in plans without fills.
    held_gb : float
        All copies in B [GB].
    served_gb, served_change_gb : float
        What it serves per period in B, and how much more than in A [GB].
    saves : float
        What its copies that came save, less what those that went lost [currency per period].
    """

    site: str
    in_gb: float
    out_gb: float
    moved_gb: float
    outside_gb: float | None
    held_gb: float
    served_gb: float
    served_change_gb: float
    saves: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that `cdnplan diff` tells; sites and reasons with most bytes first."""

    a: Mapping[str, str]
    b: Mapping[str, str]
    figures: tuple[Figure, ...]
    effects: tuple[Effect, ...]
    sites: tuple[SiteChange, ...]
    reasons: tuple[Reason, ...]
    new_warnings: tuple[str, ...]
    newly_full: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """As objects, lists and plain values, to become JSON."""
        return asdict(self)


def diff(a: Path, b: Path) -> Difference:
    """Compare two plans from their folders alone.

    Parameters
    ----------
    a, b : Path
        Plan folders: the plan in force, and the one to approve.

    Returns
    -------
    Difference

    Raises
    ------
    InputError
        A folder is no plan, or cannot be read: all problems of both.
    """
    sides = read_sides(a, b)
    own = compare_holders(sides.a.instance, *_both(sides, sides.a))
    new = compare_holders(sides.b.instance, *_both(sides, sides.b))
    saved = np.zeros((len(sides.pools), len(sides.files)))
    rows = np.ix_(
        positions(sides.b.instance.pools, sides.pools), positions(sides.b.instance.files, sides.files)
    )
    saved[rows] = new.saved
    changes = _sites(sides, saved)
    return Difference(
        a=_name(sides.a),
        b=_name(sides.b),
        figures=_figures(sides, changes, new),
        effects=_effects(sides, own, new),
        sites=changes,
        reasons=find_reasons(sides, saved),
        new_warnings=_added(sides.a.files.plan.warnings, sides.b.files.plan.warnings),
        newly_full=_added(_full(sides.a), _full(sides.b)),
    )


def _both(sides: Sides, side: Side) -> tuple[Any, Any]:
    """What each plan holds of the pools and files that one of them knows."""
    return sides.holds(sides.copies_a, side.instance), sides.holds(sides.copies_b, side.instance)


def _name(side: Side) -> dict[str, str]:
    plan = side.files.plan
    return {
        "folder": str(side.files.folder),
        "id": plan_id(plan.files),
        "network": side.topology.name,
        "period": plan.period,
        "status": plan.status,
    }


def _full(side: Side) -> list[str]:
    full = sorted(side.files.plan.full, key=lambda row: dearest_first(row.limit, row.name, row.price))
    return [f"{row.limit} of {row.name}" for row in full]


def _added(before: Sequence[str], after: Sequence[str]) -> tuple[str, ...]:
    known = set(before)
    return tuple(text for text in after if text not in known)


def _figures(sides: Sides, sites: tuple[SiteChange, ...], new: Compared) -> tuple[Figure, ...]:
    plans = [side.files.plan for side in (sides.a, sides.b)]
    demand = float(sides.b.instance.region_gb().sum())
    reach = [gb / demand if demand > 0 else 1.0 for gb in (new.before_gb, new.after_gb)]
    held = [float((copies.sum(axis=0) * sides.size_gb).sum()) for copies in (sides.copies_a, sides.copies_b)]

    def claims(name: str, unit: str, key: str) -> Figure:
        return Figure(name, unit, plans[0].numbers[key], plans[1].numbers[key])

    def cost(name: str, part: str) -> Figure:
        return Figure(name, "currency", plans[0].cost[part], plans[1].cost[part])

    return (
        cost("cost", "total"),
        *(cost(f"  {part}", part) for part in ("delivery", "fill", "overload")),
        claims("no plan costs less than", "currency", "lower"),
        claims("gap", "ratio", "gap_ratio"),
        claims("offload (bytes)", "ratio", "offload_byte_ratio"),
        Figure("in reach at B's demand", "ratio", *reach),
        claims("demand", "GB", "demand_gb"),
        *(
            Figure(name, "", plans[0].counts[name], plans[1].counts[name])
            for name in ("regions", "sites", "appliances", "titles")
        ),
        Figure("held", "GB", *held),
        Figure("coming", "GB", None, sum(site.in_gb for site in sites)),
        Figure("going", "GB", None, sum(site.out_gb for site in sites)),
        Figure("moving within sites", "GB", None, sum(site.moved_gb for site in sites)),
        *_fetched(sides),
    )


def _fetched(sides: Sides) -> list[Figure]:
    """Bytes that fills fetch, by kind of source; nothing where no plan has fills."""
    gb = [_fetched_gb(side) for side in (sides.a, sides.b)]
    if gb == [None, None]:
        return []
    a, b = ({} if each is None else each for each in gb)
    claims = [side.files.plan.fills for side in (sides.a, sides.b)]
    lost = [
        Figure(name, unit, *(None if each is None else each.unfilled[key] for each in claims))
        for name, unit, key in (("not fetched", "GB", "gb"), ("  worth", "currency", "value"))
    ]
    return [*(Figure(f"fetched: {kind}", "GB", a.get(kind), b.get(kind)) for kind in FILL_KINDS), *lost]


def _fetched_gb(side: Side) -> dict[str, float] | None:
    """Bytes of a plan's fills by kind of source [GB]."""
    if side.files.night is None:
        return None
    fills = side.files.night[0]
    kind = fills.texts["kind"].positions({name: i for i, name in enumerate(FILL_KINDS)})
    gb = np.bincount(kind, fills.values["size_gb"], minlength=len(FILL_KINDS))
    return dict(zip(FILL_KINDS, gb.tolist(), strict=True))


def _effects(sides: Sides, own: Compared, new: Compared) -> tuple[Effect, ...]:
    """Split the change of the cost into parts that add up to it exactly.

    Delivery from the cheapest holders depends on demand, network and placement, which change one after the
    other; what limits of throughput and links add to it is what is left of the delivery that was planned.
    """
    plans = [side.files.plan for side in (sides.a, sides.b)]
    start, between, end = own.before.sum(), new.before.sum(), new.after.sum()
    parts = []
    if sides.a.topology == sides.b.topology:
        parts.append(("demand and catalogue", between - start))
    else:
        moved, _ = build_instance(sides.a.topology.stocked(), sides.b.catalog, sides.b.demand)
        held = sides.holds(sides.copies_a, moved)
        middle = compare_holders(moved, held, held).before.sum()
        parts += [("demand and catalogue", middle - start), ("network and policy", between - middle)]
    parts.append(("other copies held", end - between))
    spill = [plan.cost["delivery"] - cost for plan, cost in zip(plans, (start, end), strict=True)]
    parts.append(("limits of throughput and links", spill[1] - spill[0]))
    parts += [(name, plans[1].cost[name] - plans[0].cost[name]) for name in ("fill", "overload")]
    return tuple(Effect(name, float(cost)) for name, cost in parts)


def _sites(sides: Sides, saved: Floats) -> tuple[SiteChange, ...]:
    n = len(sides.sites)
    come, gone = _net_gb(sides)
    moved = np.maximum(0.0, sides.entered_gb - come)
    held = np.bincount(sides.pool_site, sides.copies_b @ sides.size_gb, minlength=n)
    served = [_served(side, sides) for side in (sides.a, sides.b)]
    saves = np.bincount(sides.pool_site, saved.sum(axis=1), minlength=n)
    outside = _outside(sides)
    found = [
        SiteChange(
            site=name,
            in_gb=float(come[i]),
            out_gb=float(gone[i]),
            moved_gb=float(moved[i]),
            outside_gb=None if outside is None else float(outside[i]),
            held_gb=float(held[i]),
            served_gb=float(served[1][i]),
            served_change_gb=float(served[1][i] - served[0][i]),
            saves=float(saves[i]),
        )
        for i, name in enumerate(sides.sites)
    ]
    return tuple(sorted(found, key=lambda s: (-(s.in_gb + s.out_gb), -s.moved_gb, s.site)))


def _net_gb(sides: Sides) -> tuple[Floats, Floats]:
    """Copies that come to and go from each site, exchanges between its appliances left out, (S,) [GB]."""
    delta = np.zeros((len(sides.sites), len(sides.files)), dtype=np.int32)
    for p, site in enumerate(sides.pool_site):
        delta[site] += sides.copies_b[p]
        delta[site] -= sides.copies_a[p]
    return np.maximum(delta, 0) @ sides.size_gb, np.maximum(-delta, 0) @ sides.size_gb


def _served(side: Side, sides: Sides) -> Floats:
    """What each site serves in one plan, (S,) [GB per period]."""
    table = side.files.serving
    site = {pool: int(s) for pool, s in zip(sides.pools, sides.pool_site, strict=True)}
    place = table.texts["pool"].positions(site)
    rows = np.flatnonzero(place >= 0)
    return np.bincount(place[rows], table.values["gb"][rows], minlength=len(sides.sites)).astype(np.float64)


def _outside(sides: Sides) -> Floats | None:
    """Bytes that the fills of B bring into each site, (S,) [GB]."""
    night = sides.b.files.night
    if night is None:
        return None
    fills = night[0]
    site_of = dict(zip(sides.pools, sides.pool_site.tolist(), strict=True))
    appliances = fills.texts["appliance"]
    site = appliances.positions({name: site_of.get(name.rpartition("/")[0], -1) for name in appliances.names})
    rows = np.flatnonzero((site >= 0) & (fills.texts["kind"].positions({PEER: 0}) < 0))
    gb = fills.values["size_gb"][rows]
    return np.bincount(site[rows], gb, minlength=len(sides.sites)).astype(np.float64)
