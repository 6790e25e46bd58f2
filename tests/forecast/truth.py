"""Histories drawn from a known truth: levels × titles × decay × taste × weekday × chance."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.inputs.demand.history import History
from cdnplan.inputs.demand.titles_reader import TitleTable

Floats = npt.NDArray[np.float64]
MONDAY = dt.date(2024, 1, 1)
WEEKDAY = np.array([0.85, 0.85, 0.9, 0.95, 1.1, 1.25, 1.1])
RATE = {"film": 0.12, "tv": 0.05}
"""How fast a kind fades: the logarithm of demand falls by this times the square root of age."""


@dataclass(frozen=True, eq=False)
class Truth:
    """A history that goes on beyond any cutoff, and what it was drawn from.

    Parameters
    ----------
    history, titles
    mean_gb : (n_periods, n_regions, n_titles) float64
        Without chance.
    taste : (n_regions, n_titles) float64
        Logarithm.
    """

    history: History
    titles: TitleTable
    mean_gb: Floats
    taste: Floats


def drawn(
    seed: int,
    *,
    n_periods: int,
    n_regions: int = 12,
    n_titles: int = 120,
    period_days: int = 1,
    noise: float = 0.35,
    doubled: tuple[int, int] | None = None,
) -> Truth:
    """Draw a history; region `doubled[0]` has twice the demand from period `doubled[1]` on."""
    rng = np.random.default_rng(seed)
    launch = rng.integers(-120 // period_days, n_periods, n_titles)
    kind = np.where(rng.random(n_titles) < 0.5, "film", "tv")
    rate = np.array([RATE[k] for k in kind])
    likes, factor = rng.standard_normal((n_regions, 2)), rng.standard_normal((2, n_titles))
    taste = 0.5 * likes @ factor + 0.2 * rng.standard_normal((n_regions, n_titles))
    strength = rng.lognormal(3, 1, n_titles)
    level = rng.lognormal(1, 0.8, n_regions)
    age = np.arange(n_periods)[:, None] - launch
    fading = np.where(age < 0, 0.0, np.exp(-rate * np.sqrt(np.maximum(age, 0) * period_days * 7)))
    mean = level[:, None] * np.exp(taste) * (strength * fading)[:, None, :]
    if period_days == 1:
        mean = mean * WEEKDAY[np.arange(n_periods) % 7][:, None, None]
    if doubled is not None:
        mean[doubled[1] :, doubled[0]] *= 2
    gb = mean * rng.lognormal(-(noise**2) / 2, noise, mean.shape)
    return Truth(*tables(gb, launch, kind, period_days), mean, taste)


def tables(
    gb: Floats, launch: npt.NDArray[Any], kind: npt.NDArray[Any], period_days: int
) -> tuple[History, TitleTable]:
    """A cube of GB as a history with its titles table."""
    period, region, title = np.nonzero(gb > 0)
    names = tuple(f"t{i:04d}" for i in range(gb.shape[2]))
    first = MONDAY if period_days == 1 else MONDAY + dt.timedelta(days=6)
    history = History(
        first,
        period_days,
        tuple(f"r{i:03d}" for i in range(gb.shape[1])),
        names,
        "title",
        period.astype(np.int32),
        region.astype(np.int32),
        title.astype(np.int32),
        gb[period, region, title],
    )
    days = np.datetime64(first) + (launch * period_days).astype("timedelta64[D]")
    kinds = ("film", "tv")
    return history, TitleTable(
        names,
        kinds,
        np.searchsorted(kinds, kind).astype(np.int32),
        days.astype("datetime64[D]"),
        np.full(len(names), 90.0),
        np.full(len(names), 10.0),
    )


def without(titles: TitleTable, **columns: Any) -> TitleTable:
    """A titles table with other columns."""
    return replace(titles, **columns)
