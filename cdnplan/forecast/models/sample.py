"""What `Auto` learns from: pairs at the end of past periods, and what came after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.forecast.models.likeness import COHORTS
from cdnplan.forecast.models.traits import Subject, Traits, Window, World, absent, absent_pairs, present

Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

FIRST_PERIOD = 3
"""Periods that are looked back at before the first one that is learned from."""

MOST_PERIODS, FEW_PERIODS = 80, 10
"""Periods that are learned from: the latest ones, or fewer, evenly spaced, where there are many regions."""

MOST_PRESENT, MOST_ABSENT = 150_000, 150_000
"""Observations that are learned from, about."""

LOOKED_AHEAD = 4
"""Absent pairs that come within so many periods are all kept: they are few and say most."""

HALF_LIFE = 40.0
"""An observation so many periods ago counts half [periods]."""

BY_REGION, BY_SHARE = 0.3, 0.3
"""Influence of an observation grows with its region's volume and its share, to these powers."""


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Pairs at the end of past periods, and what came.

    Parameters
    ----------
    x, base, group
        As in `Traits`.
    target : (n,) float32
        Share that came, of the region's level at the time.
    weight : (n,) float64
    """

    x: Floats32
    base: Floats32
    group: Ints
    target: Floats32
    weight: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """Pairs of one past period with its world's columns; `sampled` is how many each stands for, (n,)."""

    period: int
    column: npt.NDArray[np.int32]
    n_active: int
    traits: Traits
    sampled: npt.NDArray[np.float64]

    @classmethod
    def of(cls, world: World, traits: Traits, sampled: npt.NDArray[np.float64]) -> _Seen:
        """Keep what is needed of a world: its tables are large."""
        return cls(world.period, world.column, world.titles.size, traits, sampled)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What is learned from.

    Parameters
    ----------
    world : World
        At the end of the history.
    here, gone : tuple of _Seen
        Present and absent pairs of past periods.
    """

    world: World
    here: tuple[_Seen, ...]
    gone: tuple[_Seen, ...]

    @property
    def n_present(self) -> int:
        """Number of present pairs with a known next period."""
        return sum(seen.traits.base.size for seen in self.here)

    @property
    def longest_step(self) -> int:
        """Largest number of periods ahead that at least a third of the periods can teach."""
        periods = [seen.period for seen in self.here]
        return max(1, self.world.period - periods[(len(periods) - 1) // 3])

    def present(self, subject: Subject, step: int) -> Observations:
        """Present pairs and what came `step` periods later."""
        return _observed(subject, self.here, step, self.world.period)

    def absent(self, subject: Subject, step: int) -> Observations:
        """Absent pairs and what came `step` periods later."""
        return _observed(subject, self.gone, step, self.world.period)


def draw_sample(subject: Subject) -> Sample:
    """Take the last periods; of many regions, some at random, and of absent pairs, most of those that come.

    The same history gives the same sample. With more regions than `COHORTS` they are compared once, at the
    end of the history, and not anew for each period that is learned from.
    """
    panel = subject.panel
    last = panel.n_periods - 1
    world = World.at(subject, last)
    many = panel.n_regions > COHORTS
    first = max(FIRST_PERIOD, last - MOST_PERIODS) if last > FIRST_PERIOD else 1
    periods = np.arange(first, last)
    if many and periods.size > FEW_PERIODS:
        periods = periods[np.linspace(0, periods.size - 1, FEW_PERIODS).round().astype(np.int64)]
    rng = np.random.default_rng(0)
    here, gone = [], []
    for t in periods.tolist():
        then = World.at(subject, t, world.likeness if many else None)
        measured = np.flatnonzero(panel.levels.measured[t])
        rows = panel.rows(t)
        ratio = min(1.0, MOST_PRESENT / periods.size / max(1, rows.stop - rows.start))
        n_some = min(measured.size, max(8, int(np.ceil(ratio * measured.size))))
        some = np.sort(rng.choice(measured, n_some, replace=False)) if n_some < measured.size else measured
        window = Window.at(subject, then, some)
        traits = present(subject, then, window, some)
        here.append(_Seen.of(then, traits, np.ones(traits.base.size)))
        at = absent_pairs(subject, then, window, some)
        coming = _coming(subject, then, some)[at]
        share = min(1.0, MOST_ABSENT / periods.size / max(1, at[0].size))
        kept = coming | (rng.random(at[0].size) < share)
        found = absent(subject, then, window, some, (at[0][kept], at[1][kept]))
        gone.append(_Seen.of(then, found, np.where(coming[kept], 1.0, 1 / share)))
    return Sample(world, tuple(here), tuple(gone))


def _coming(subject: Subject, world: World, regions: Ints) -> npt.NDArray[np.bool_]:
    """Whether pairs are asked for soon after a past period, (n_regions, n_active)."""
    panel = subject.panel
    soon = np.zeros((regions.size, world.titles.size), dtype=bool)
    for t in range(world.period + 1, min(world.period + LOOKED_AHEAD, panel.n_periods - 1) + 1):
        soon |= panel.dense(t, regions, world.column, world.titles.size) > 0
    return soon


def _observed(subject: Subject, parts: tuple[_Seen, ...], step: int, last: int) -> Observations:
    """Put the pairs of past periods together with what came, where both are known."""
    panel = subject.panel
    x, base, group, target, weight = [], [], [], [], []
    for seen in parts:
        t = seen.period
        if t + step > last:
            continue
        traits = seen.traits
        known = panel.levels.measured[t + step, traits.region]
        regions, row = np.unique(traits.region, return_inverse=True)
        table = panel.dense(t + step, regions, seen.column, seen.n_active)
        with np.errstate(divide="ignore", invalid="ignore"):
            grown = panel.levels.level[t + step] / panel.levels.level[t]
        came = table[row, seen.column[traits.title]] * grown[traits.region]
        influence = (
            seen.sampled
            * panel.weight[t, traits.region] ** BY_REGION
            * np.maximum(traits.base, subject.floor) ** BY_SHARE
            * 0.5 ** ((last - step - t) / HALF_LIFE)
        )
        x.append(traits.x[known])
        base.append(traits.base[known])
        group.append(traits.group[known])
        target.append(came[known].astype(np.float32))
        weight.append(influence[known])
    return Observations(
        np.concatenate(x),
        np.concatenate(base),
        np.concatenate(group),
        np.concatenate(target),
        np.concatenate(weight),
    )
