"""What is known of pairs at the end of a period, as numbers that a regression can use.

A pair is *present* when its region asked for it in that period, else *absent*. Absent pairs are looked at for
titles that some region asked for in the last few periods: a title strong elsewhere may come here next.
Everything here looks back from one period, so that training and forecasting see the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.forecast.base.panel import Panel
from cdnplan.forecast.models.likeness import Likeness, find_likeness

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Table = npt.NDArray[np.float32]

ACTIVE, WINDOW, LAGS = 4, 12, 4
"""Periods in which a title counts as active, that are looked back at, and that are looked at one by one."""

FADING = 0.7
LARGEST_RANK = 20
KINDS = 3
"""Kinds that get coefficients of their own; rarer ones share one."""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A panel with what its titles are.

    Parameters
    ----------
    panel : Panel
    launch : (n_titles,) int64
        Period of launch, negative before the first; see `launch_periods`.
    censored : (n_titles,) bool
        Launched at some unknown time before the history begins.
    kind : (n_titles,) int64
        0 to `n_kinds` − 1, frequent kinds first.
    n_kinds : int
    floor : float
        Share that is added before logarithms are taken: a title that is absent had less than what could be
        seen, not nothing [1].
    """

    panel: Panel
    launch: Ints
    censored: npt.NDArray[np.bool_]
    kind: Ints
    n_kinds: int
    floor: float

    def log(self, share: Table) -> Table:
        """Logarithm of a share."""
        return np.asarray(np.log(share + np.float32(self.floor)))


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """What is known of titles in all regions together at the end of a period.

    Parameters
    ----------
    period : int
    column : (n_titles,) int32
        Column of each active title; `titles.size` for the others.
    titles : (n_active,) int64
    share, spread : (3, n_active) float32
        Mean share, regions weighted by volume, and the share of regions that asked for the title: in this
        period and the two before.
    plain : (2, n_active) float32
        Mean share, regions unweighted.
    likeness : Likeness
    cohort_share, cohort_spread : (3, n_cohorts, n_active) float32
        The same by cohort.
    """

    period: int
    column: npt.NDArray[np.int32]
    titles: Ints
    share: Floats32
    spread: Floats32
    plain: Floats32
    likeness: Likeness
    cohort_share: Floats32
    cohort_spread: Floats32

    @classmethod
    def at(cls, subject: Subject, period: int, likeness: Likeness | None = None) -> World:
        """Look at all regions; they are compared anew unless a likeness is given."""
        panel = subject.panel
        recent = np.zeros(panel.n_titles, dtype=bool)
        for t in range(max(0, period - ACTIVE + 1), period + 1):
            recent[panel.title[panel.rows(t)]] = True
        titles = np.flatnonzero(recent)
        column = np.full(panel.n_titles, titles.size, dtype=np.int32)
        column[titles] = np.arange(titles.size, dtype=np.int32)
        likeness = find_likeness(panel, period) if likeness is None else likeness
        n_cohorts, width = likeness.size.size, titles.size + 1
        share: list[Floats] = []
        spread: list[Floats] = []
        plain: list[Floats] = []
        by_cohort: list[Floats] = []
        seen: list[Floats] = []
        for t in range(period, period - 3, -1):
            rows, region = panel.rows(t), panel.region_of_rows(t)
            at = column[panel.title[rows]].astype(np.int64)
            measured = max(1, int(np.count_nonzero(np.diff(panel.start[max(t, 0)]))))
            own = panel.share[rows].astype(np.float64)
            share.append(np.bincount(at, own * panel.weight[period, region], width).astype(np.float64))
            at += (likeness.cohort * width)[region]
            total = np.bincount(at, own, n_cohorts * width).reshape(n_cohorts, width)
            times = np.bincount(at, minlength=n_cohorts * width).reshape(n_cohorts, width)
            plain.append(total.sum(axis=0) / measured)
            spread.append(times.sum(axis=0) / measured)
            by_cohort.append(total / likeness.size[:, None])
            seen.append(times / likeness.size[:, None])

        def packed(parts: list[Floats]) -> Floats32:
            return np.stack(parts)[..., : titles.size].astype(np.float32)

        return cls(
            period,
            column,
            titles,
            packed(share),
            packed(spread),
            packed(plain),
            likeness,
            packed(by_cohort),
            packed(seen),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """Some pairs at the end of a period.

    Parameters
    ----------
    region, title : (n,) int64
    base : (n,) float32
        Share a forecast is a multiple of: the present one, or 1 for absent pairs.
    x : (n, n_traits) float32
    group : (n,) int64
        Pairs that err alike, see `GROUPS`.
    """

    region: Ints
    title: Ints
    base: Floats32
    x: Table
    group: Ints


GROUPS = 8
"""Groups of errors: four ages of the title × whether the pair ranks high in its region."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Some regions over the last periods, as tables of (n_regions, n_active).

    Parameters
    ----------
    lag : list of Table
        Shares now and in the periods before.
    peak, count, first, since, mean, smooth : Table
        Highest share; periods with demand among the last 8; periods since the first and since the latest
        demand within the window (`WINDOW` + 1: none); mean share from the fifth period back on; mean share
        with weights that fall by `FADING` a period.
    like, like_seen : list of Table
        Mean share in like regions, and the share of them that asked for the title: in this period, the one
        before, and (share only) the one before that.
    """

    lag: list[Table]
    peak: Table
    count: Table
    first: Table
    since: Table
    mean: Table
    smooth: Table
    like: list[Table]
    like_seen: list[Table]

    @classmethod
    def at(cls, subject: Subject, world: World, regions: Ints) -> Window:
        """Look back from the world's period.

        Histories are sparse: everything but the tables themselves is made from the rows that are there.
        """
        panel, n = subject.panel, world.titles.size
        lag: list[Table] = []
        peak = np.zeros((regions.size, n), dtype=np.float32)
        count, first, older = np.zeros_like(peak), np.zeros_like(peak), np.zeros_like(peak)
        smooth = np.zeros_like(peak)
        since = np.full_like(peak, WINDOW + 1)
        for back in range(WINDOW):
            cell, share = panel.cells(world.period - back, regions, world.column, n)
            peak.ravel()[cell] = np.maximum(peak.ravel()[cell], share)
            smooth.ravel()[cell] += share * np.float32(FADING**back * (1 - FADING))
            first.ravel()[cell] = back
            since.ravel()[cell] = np.minimum(since.ravel()[cell], back)
            if back < 8:
                count.ravel()[cell] += 1
            if back < LAGS:
                lag.append(np.zeros_like(peak))
            (lag[back] if back < LAGS else older).ravel()[cell] += share
        lean = world.likeness.lean[regions]
        like = [lean @ share for share in world.cohort_share]
        seen = [lean @ spread for spread in world.cohort_spread[:2]]
        return cls(lag, peak, count, first, since, older / np.float32(WINDOW - LAGS), smooth, like, seen)


def present(subject: Subject, world: World, window: Window, regions: Ints) -> Traits:
    """Traits of the pairs of some regions that were asked for in the world's period.

    Parameters
    ----------
    subject : Subject
    world : World
    window : Window
        Of these regions.
    regions : (n_regions,) int64
    """
    at = np.nonzero(window.lag[0] > 0)
    log = subject.log
    row, column = at
    region, title = regions[row], world.titles[column]
    kind = subject.kind[title]
    like = [table[at] for table in window.like]
    like_seen = [table[at] for table in window.like_seen]
    rank, volume, fresh = _standing(window, row, kind, subject.n_kinds)
    levels = subject.panel.levels
    rel = levels.total[world.period, region] / levels.level[world.period, region]
    age = world.period - subject.launch[title]
    here = window.first[at]
    lags = [table[at] for table in window.lag]
    own = [log(lags[0]), rank / 5, log(lags[1]), log(lags[2])]
    anywhere = [log(world.share[k, column]) for k in range(3)]
    anywhere += [world.spread[k, column] for k in range(3)] + [log(world.plain[k, column]) for k in range(2)]
    alike = [log(table) for table in like] + like_seen
    before = [log(window.peak[at]), log(window.mean[at]), log(window.smooth[at])]
    around = [np.log(rel + 0.1), volume, fresh, np.log1p(window.count[at])]
    aged = [np.log1p(np.clip(age, 0, WINDOW)), np.log1p(here), lags[1] == 0, lags[2] == 0]
    young = [subject.censored[title], *(age == a for a in range(5)), *(here == a for a in range(3))]
    columns = [*own, *anywhere, *alike, *before, *around, *aged, *young]
    main = np.stack([c.astype(np.float32) for c in columns], axis=1)
    chosen = main[:, [0, 1, 4, 7, 12, 15]]
    share, rank_of, everywhere, spread, alike, near = chosen.T
    squares = np.stack([share**2, everywhere**2, spread**2, alike**2, near**2], axis=1)
    products = [rank_of**2, share * alike, spread * alike, share * everywhere, share * spread, near * share]
    parts = [main, squares, np.stack(products, axis=1)]
    parts += [chosen * (now == 0)[:, None] for now in (here, age, age - 1)]
    for k in range(1, subject.n_kinds):
        own = (kind == k)[:, None].astype(np.float32)
        parts += [own, main * own, squares * own]
    group = np.searchsorted([1, 2, 5], age, side="right") * 2 + (rank <= 3)
    x = np.concatenate(parts, axis=1, dtype=np.float32)
    return Traits(region, title, lags[0], x, group.astype(np.int64))


def _standing(window: Window, row: Ints, kind: Ints, n_kinds: int) -> tuple[Floats32, Floats32, Floats32]:
    """Rank of present pairs in their region and kind, that kind's volume, and how much of it is new there."""
    at = np.nonzero(window.lag[0] > 0)
    share = window.lag[0][at]
    cell = row * n_kinds + kind
    order = np.lexsort((-share, cell))
    ordered = cell[order]
    rank = np.empty(share.size, dtype=np.float32)
    rank[order] = np.arange(share.size) - np.searchsorted(ordered, ordered) + 1
    cells = (int(row.max(initial=0)) + 1) * n_kinds
    volume = np.bincount(cell, share, cells)
    fresh = np.bincount(cell, share * (window.lag[1][at] == 0), cells)
    return (
        np.minimum(rank, LARGEST_RANK),
        volume[cell].astype(np.float32),
        (fresh[cell] / np.maximum(volume[cell], 1e-12)).astype(np.float32),
    )


def absent_pairs(subject: Subject, world: World, window: Window, regions: Ints) -> tuple[Ints, Ints]:
    """Rows and columns of active titles that measured regions did not ask for in the world's period."""
    measured = subject.panel.levels.measured[world.period, regions]
    cell = np.flatnonzero((window.lag[0] == 0) & measured[:, None])
    row, column = np.divmod(cell, max(1, world.titles.size))
    return row, column


def absent(subject: Subject, world: World, window: Window, regions: Ints, at: tuple[Ints, Ints]) -> Traits:
    """Traits of absent pairs of some regions.

    Parameters
    ----------
    subject : Subject
    world : World
    window : Window
        Of these regions.
    regions : (n_regions,) int64
    at : tuple of (n,) int64
        Rows and columns of the pairs, see `absent_pairs`.
    """
    log = subject.log
    row, column = at
    region, titles = regions[row], world.titles
    cell = row * titles.size + column
    age = world.period - subject.launch[titles]
    since, seen = _at(window.since, cell), np.sqrt(_at(window.like_seen[0], cell))
    like, before_like = (log(_at(table, cell)) for table in window.like[:2])
    everywhere = [log(world.share[k]) for k in range(2)]
    spread = [np.sqrt(world.spread[k]) for k in range(2)]
    new = (age == 0)[column]
    before = [
        log(_at(window.peak, cell)),
        log(_at(window.mean, cell)),
        since == 1,
        since <= 4,
        since <= WINDOW,
    ]
    now = [everywhere[0][column], spread[0][column], like, seen]
    grown = [like - before_like, *((table[0] - table[1])[column] for table in (everywhere, spread))]
    aged = [new, (age == 1)[column], np.log1p(np.clip(age, 0, 20)).astype(np.float32)[column]]
    news = [new * seen, new * like]
    weight = np.log(subject.panel.weight[world.period] * subject.panel.n_regions + 0.01)[region]
    kinds = [(subject.kind[titles] == k)[column] for k in range(1, subject.n_kinds)]
    columns = [*before, *now, *grown, *aged, *news, weight, *kinds]
    # Column by column in memory, too: it is filled so.
    x = np.empty((row.size, len(columns)), dtype=np.float32, order="F")
    for i, values in enumerate(columns):
        x[:, i] = values
    ages = np.searchsorted([1, 2, 5], age, side="right") * 2
    group = ages[column] + (since <= WINDOW)
    return Traits(region, titles[column], np.ones(row.size, dtype=np.float32), x, group.astype(np.int64))


def _at(table: Table, cell: Ints) -> Table:
    """Entries of a table by their place in it, row after row: faster than by row and column."""
    return np.asarray(table.ravel()[cell])
