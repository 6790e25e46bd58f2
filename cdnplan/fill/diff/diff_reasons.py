"""Why copies came and went between two plans: each change has one reason, and reasons are added up.

What is new or gone explains itself. For other changes, what a copy is worth is compared with what its place
costs: a copy comes where its value grew or its place became cheaper, and goes where the opposite happened.
On a logarithmic scale these are sums, and the largest part that points the right way is the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.fill.diff.diff_nearest import pool_savings, reach_gb
from cdnplan.fill.diff.diff_sides import Side, Sides
from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.units import GB_PER_TB

KINDS = (
    "new title",
    "title gone",
    "files changed",
    "pool added",
    "pool removed",
    "rules changed",
    "copies per pool",
    "demand up",
    "demand down",
    "pool grown",
    "pool shrunk",
    "storage cheaper",
    "storage dearer",
    "paths changed",
    "rearranged",
)
"""Reasons; `docs/diff.md` explains each."""

NEW_TITLE, TITLE_GONE, FILES, ADDED, REMOVED, RULES, COPIES, UP, DOWN = range(9)
GROWN, SHRUNK, CHEAPER, DEARER, PATHS, REARRANGED = range(9, 15)
OF_TITLE = (NEW_TITLE, TITLE_GONE, FILES, RULES, COPIES, UP, DOWN)
OF_POOL = (ADDED, REMOVED, GROWN, SHRUNK, CHEAPER, DEARER)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some copies came and went.

    Parameters
    ----------
    reason : str
        One of `KINDS`.
    name : str
        The title, pool or site it is about.
    detail : str
        What changed there, in words and numbers.
    in_gb, out_gb : float
        Copies that came and that went because of it [GB].
    sites : int
        Sites where they did.
    saves : float
        What that saves in delivery at the demand of B [currency per period], see
        `cdnplan.fill.diff.diff_nearest.Compared.saved`; negative: what it costs.
    """

    reason: str
    name: str
    detail: str
    in_gb: float
    out_gb: float
    sites: int
    saves: float


@dataclass(frozen=True, slots=True, eq=False)
class _Changes:
    """(Pool, file) pairs whose copies differ, in common indices, with their demand in reach [GB]."""

    pool: Ints
    file: Ints
    more: npt.NDArray[np.bool_]
    gb: Floats
    reach_a: Floats
    reach_b: Floats


def find_reasons(sides: Sides, saved: Floats) -> tuple[Reason, ...]:
    """Give each change of copies a reason.

    Parameters
    ----------
    sides : Sides
    saved : (P, F) float64
        What each change saves, in common indices [currency per period].

    Returns
    -------
    tuple of Reason
        Most bytes first.
    """
    changes = _changes(sides)
    titles, title_of = _titles(sides)
    kind = _kinds(sides, changes, title_of)
    subject = np.where(np.isin(kind, OF_TITLE), title_of[changes.file], sides.pool_site[changes.pool])
    subject = np.where(np.isin(kind, OF_POOL), changes.pool, subject)
    most = max(len(titles), len(sides.pools), 1)
    keys, group = np.unique(kind * most + subject, return_inverse=True)
    n = keys.size
    in_gb = np.bincount(group, np.where(changes.more, changes.gb, 0.0), minlength=n)
    out_gb = np.bincount(group, np.where(changes.more, 0.0, changes.gb), minlength=n)
    saves = np.bincount(group, saved[changes.pool, changes.file], minlength=n)
    reach = [np.bincount(group, gb, minlength=n) for gb in (changes.reach_a, changes.reach_b)]
    place = np.unique(group * len(sides.sites) + sides.pool_site[changes.pool])
    at = np.bincount(place // max(1, len(sides.sites)), minlength=n)
    words = _Words(sides, titles)
    found = [
        Reason(
            KINDS[k],
            words.name(k, s),
            words.detail(k, s, float(reach[0][i]), float(reach[1][i])),
            float(in_gb[i]),
            float(out_gb[i]),
            int(at[i]),
            float(saves[i]),
        )
        for i, (k, s) in enumerate(zip((keys // most).tolist(), (keys % most).tolist(), strict=True))
    ]
    return tuple(sorted(found, key=lambda r: (-(r.in_gb + r.out_gb), KINDS.index(r.reason), r.name)))


def _changes(sides: Sides) -> _Changes:
    pool, file = np.nonzero(sides.copies_a != sides.copies_b)
    delta = sides.copies_b[pool, file].astype(np.int64) - sides.copies_a[pool, file]
    gb = sides.size_gb[file] * np.abs(delta)
    reach = [_reach(side.instance, sides, pool, file) for side in (sides.a, sides.b)]
    return _Changes(pool, file, delta > 0, gb, reach[0], reach[1])


def _reach(instance: Instance, sides: Sides, pool: Ints, file: Ints) -> Floats:
    """Demand in reach of each pair in one plan; 0 where it knows the pool or the file not."""
    wanted = np.unique(pool)
    own_pool, own_file = _own(instance.pools, sides.pools), _own(instance.files, sides.files)
    wanted = wanted[own_pool[wanted] >= 0]
    gb = reach_gb(instance, own_pool[wanted])
    row = np.full(len(sides.pools), -1)
    row[wanted] = np.arange(wanted.size)
    known = np.flatnonzero((row[pool] >= 0) & (own_file[file] >= 0))
    found = np.zeros(pool.size)
    found[known] = gb[row[pool[known]], own_file[file[known]]]
    return found


def _own(names: tuple[str, ...], common: tuple[str, ...]) -> Ints:
    """Index of each common name in one plan's list, -1 where it is not there."""
    index = {name: i for i, name in enumerate(names)}
    return np.array([index.get(name, -1) for name in common], dtype=np.int64)


def _titles(sides: Sides) -> tuple[tuple[str, ...], Ints]:
    """Titles of both plans, sorted, and that of each file, as B says it where B knows the file."""
    title: dict[str, str] = {}
    for catalog in (sides.a.catalog, sides.b.catalog):
        names = catalog.titles
        title |= {file: names[t] for file, t in zip(catalog.files, catalog.file_title.tolist(), strict=True)}
    # A file that was only held has left the catalogue, and stands for itself.
    of_file = [title.get(file, file) for file in sides.files]
    titles = tuple(sorted(set(of_file)))
    index = {name: i for i, name in enumerate(titles)}
    return titles, np.array([index[name] for name in of_file], dtype=np.int64)


def _kinds(sides: Sides, changes: _Changes, title_of: Ints) -> Ints:
    """Reason of each change: the first of these that holds, from what is plainest, else by comparison."""
    pool, file, more = changes.pool, changes.file, changes.more
    a, b = (_Known.of(side, sides, title_of) for side in (sides.a, sides.b))
    both = (sides.copies_a[pool, file] > 0) & (sides.copies_b[pool, file] > 0)
    tests = {
        ADDED: more & ~a.pool[pool],
        REMOVED: ~more & ~b.pool[pool],
        NEW_TITLE: more & ~a.title[file],
        TITLE_GONE: ~more & ~b.title[file],
        FILES: np.where(more, ~a.file[file], ~b.file[file]),
        RULES: _ruled(sides, changes),
        COPIES: both,
    }
    kinds = [np.full(pool.size, kind) for kind in tests]
    return np.asarray(np.select(list(tests.values()), kinds, _compared(sides, changes)))


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """Which pools, files, and titles of files, in common indices, one plan knows."""

    pool: npt.NDArray[np.bool_]
    file: npt.NDArray[np.bool_]
    title: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, side: Side, sides: Sides, title_of: Ints) -> _Known:
        """Look them up by name."""
        file = _own(side.instance.files, sides.files) >= 0
        titles = np.bincount(title_of, file, minlength=1) > 0
        return cls(_own(side.instance.pools, sides.pools) >= 0, file, titles[title_of])


def _ruled(sides: Sides, changes: _Changes) -> npt.NDArray[np.bool_]:
    """Whether a pin or a ban that only one of the plans has asks for the change."""
    pinned, allowed = [], []
    for side in (sides.a, sides.b):
        pool = _own(side.instance.pools, sides.pools)[changes.pool]
        file = _own(side.instance.files, sides.files)[changes.file]
        known = (pool >= 0) & (file >= 0)
        pinned.append(known & side.instance.pinned[pool, file])
        allowed.append(known & (side.instance.copies[pool, file] > 0))
    come = (pinned[1] & ~pinned[0]) | (allowed[1] & ~allowed[0])
    gone = (pinned[0] & ~pinned[1]) | (allowed[0] & ~allowed[1])
    return np.where(changes.more, come, gone)


def _compared(sides: Sides, changes: _Changes) -> Ints:
    """Reason of changes that nothing plain explains: the largest part in their direction."""
    way = np.where(changes.more, 1.0, -1.0)
    demand = _growth(changes.reach_a, changes.reach_b)
    price = _growth(*(storage_prices(side, sides.pools) for side in (sides.a, sides.b)))[changes.pool]
    paths = _path_growth(sides)[changes.pool]
    parts = np.stack([demand, -price, paths]) * way
    best = parts.argmax(axis=0)
    room = _growth(*(_storage(side, sides.pools) for side in (sides.a, sides.b)))[changes.pool] * way
    more = changes.more
    named = [
        np.where(more, UP, DOWN),
        np.where(room > 0, np.where(more, GROWN, SHRUNK), np.where(more, CHEAPER, DEARER)),
        np.full(more.size, PATHS),
    ]
    return np.where(parts.max(axis=0) > 0, np.choose(best, named), REARRANGED)


def _growth(before: Floats, after: Floats) -> Floats:
    """Logarithm of after / before; 0 where both are 0, infinite where one is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = np.log(after) - np.log(before)
    return np.where((before == 0) & (after == 0), 0.0, growth)


def storage_prices(side: Side, pools: tuple[str, ...]) -> Floats:
    """Price of storage of each common pool in one plan, 0 where there is none [currency per TB]."""
    table = side.files.prices
    place = table.texts["name"].positions({name: i for i, name in enumerate(pools)})
    rows = np.flatnonzero((table.texts["limit"].positions({"storage": 0}) == 0) & (place >= 0))
    prices = np.zeros(len(pools))
    prices[place[rows]] = table.values["price"][rows]
    return prices


def _storage(side: Side, pools: tuple[str, ...]) -> Floats:
    """Usable storage of each common pool in one plan, 0 where it does not know the pool [GB]."""
    own = _own(side.instance.pools, pools)
    return np.where(own >= 0, side.instance.storage_gb[own], 0.0)


def _path_growth(sides: Sides) -> Floats:
    """Growth of what each common pool could save against the origin, all at the demand of B."""
    b = sides.b.instance
    gb = dict(zip(b.regions, b.region_gb().tolist(), strict=True))
    found = []
    for side in (sides.a, sides.b):
        own = _own(side.instance.pools, sides.pools)
        demand = np.array([gb.get(name, 0.0) for name in side.instance.regions])
        found.append(np.where(own >= 0, pool_savings(side.instance, demand)[own], 0.0))
    same = np.isclose(found[0], found[1], rtol=1e-9, atol=0.0)
    return np.where(same, 0.0, _growth(found[0], found[1]))


class _Words:
    """Names and details of reasons."""

    def __init__(self, sides: Sides, titles: tuple[str, ...]) -> None:
        self._sides = sides
        self._titles = titles
        self._gb = [_title_gb(side) for side in (sides.a, sides.b)]
        self._prices = [storage_prices(side, sides.pools) for side in (sides.a, sides.b)]
        self._storage = [_storage(side, sides.pools) / GB_PER_TB for side in (sides.a, sides.b)]

    def name(self, kind: int, subject: int) -> str:
        """What a reason is about."""
        if kind in OF_TITLE:
            return self._titles[subject]
        return self._sides.pools[subject] if kind in OF_POOL else self._sides.sites[subject]

    def detail(self, kind: int, subject: int, reach_a: float, reach_b: float) -> str:
        """What changed about it; `reach` is the demand around the places where copies came or went."""
        if kind in OF_TITLE:
            before, after = (gb.get(self._titles[subject], 0.0) for gb in self._gb)
            if kind in (NEW_TITLE, TITLE_GONE):
                return f"{after if kind == NEW_TITLE else before:,.0f} GB asked for"
            there = f"{_change(reach_a, reach_b)} there, " if kind in (UP, DOWN) else ""
            return f"{there}{before:,.0f} to {after:,.0f} GB in all"
        if kind in (CHEAPER, DEARER):
            before, after = (float(price[subject]) for price in self._prices)
            return f"{before:,.0f} to {after:,.0f} per TB"
        if kind in OF_POOL:
            before, after = (float(storage[subject]) for storage in self._storage)
            return f"{before:,.1f} to {after:,.1f} TB"
        if kind == PATHS:
            return "costs, candidates or regions around it"
        return "copies that serve the same demand"


def _change(before: float, after: float) -> str:
    """As ``+51%``."""
    return f"{after / before - 1:+.0%}" if before > 0 else "from nothing"


def _title_gb(side: Side) -> Mapping[str, float]:
    """Demand of each title in one plan [GB]."""
    catalog = side.catalog
    gb = np.bincount(catalog.file_title, side.instance.file_gb(), minlength=len(catalog.titles))
    return dict(zip(catalog.titles, gb.tolist(), strict=True))
