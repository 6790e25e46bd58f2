"""Measures of popularity that the calibration is judged by, written plainly."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def storage_ratio(watched: Array, size: Array, ratio: float) -> float:
    """Share of the catalogue's bytes that hold a share of what is watched, most watched titles first."""
    order = np.argsort(-watched)
    bytes_watched = np.cumsum(watched[order]) / watched.sum()
    stored = np.cumsum(size[order]) / size.sum()
    return float(stored[np.searchsorted(bytes_watched, ratio)])


def top(week: Array, among: npt.NDArray[np.bool_], count: int = 10) -> list[set[int]]:
    """The most watched titles of each country."""
    index = np.flatnonzero(among)
    return [set(index[np.argsort(-row[index])[:count]].tolist()) for row in week]


def kept_ratio(weeks: list[Array], kind: npt.NDArray[np.str_]) -> float:
    """Share of a country's top 10 that is in it a week later, films and series apart."""
    kept: list[float] = []
    for name in ("film", "tv"):
        charts = [top(week, kind == name) for week in weeks]
        for now, later in pairwise(charts):
            kept += [len(a & b) / 10 for a, b in zip(now, later, strict=True)]
    return float(np.mean(kept))


def shared_ratio(week: Array, kind: npt.NDArray[np.str_]) -> float:
    """Share of a country's top 10 that is in another's, over all pairs."""
    shared: list[float] = []
    for name in ("film", "tv"):
        chart = top(week, kind == name)
        shared += [len(chart[a] & chart[b]) / 10 for a in range(len(chart)) for b in range(a)]
    return float(np.mean(shared))
