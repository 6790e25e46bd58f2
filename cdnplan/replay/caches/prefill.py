"""What a cache is given when a period begins, and what it knows of the demand to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.replay.caches.warmup import site_gb
from cdnplan.replay.requests.places import Places

Bools = npt.NDArray[np.bool_]
Plays = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Prefill:
    """What sites' caches are given at the beginning of each period; the policy rules it from then on.

    Parameters
    ----------
    given : tuple of tuple of (n,) int64
        Files by period and site, the least valuable first.
    expected : tuple of (n_sites, n_files) float32
        Plays that were forecast for each period; none where the policy does not read them.
    strength : (n_periods,) float64
        What a forecast is worth, in requests of a site that have come; nan: nothing has told yet.
    play_gb : (n_files,) float64
        Bytes of a play [GB].
    """

    given: tuple[tuple[Ints, ...], ...]
    expected: tuple[Plays, ...]
    strength: Floats
    play_gb: Floats

    def of(self, site: int) -> tuple[Ints, ...]:
        """What one site is given, by period."""
        return tuple(files[site] for files in self.given)

    def foreseen(self, site: int, below: Ints) -> Plays:
        """Plays expected at a site by period; of a parent, also of what its children are not given."""
        found = np.stack([plays[site] for plays in self.expected])
        for child in below.tolist():
            for k, plays in enumerate(self.expected):
                more = plays[child].copy()
                more[self.given[k][child]] = 0.0
                found[k] += more
        return found


def no_prefill(n_periods: int, places: Places, size_gb: Floats, play_gb: float) -> Prefill:
    """Neither a plan nor a forecast: what is left is a cache that counts anew in each period."""
    n_sites = len(places.sites)
    nothing = (np.zeros(0, dtype=np.int64),) * n_sites
    unknown = np.zeros((n_sites, size_gb.size), dtype=np.float32)
    return Prefill(
        (nothing,) * n_periods, (unknown,) * n_periods, np.zeros(n_periods), np.minimum(play_gb, size_gb)
    )


def fetched_gb(
    given: Sequence[Ints], held: Bools, size_gb: Floats, period: Ints, served: Ints, n_periods: int
) -> Floats:
    """Bytes that a cache had to fetch of what it was given, and those of them that served nobody.

    Parameters
    ----------
    given : sequence of (n,) int64
        Files by period; nothing at all where there is no prefill.
    held : (n_periods, n_files) bool
        What it held before.
    size_gb : (n_files,) float64
    period, served : (n_hits,) int64
        Period and file of each hit.
    n_periods : int

    Returns
    -------
    (n_periods, 2) float64
        All, and those not asked for in the period [GB].
    """
    found = np.zeros((n_periods, 2))
    for k, files in enumerate(given):
        lacked = files[~held[k, files]]
        unasked = ~np.isin(lacked, served[period == k])
        found[k] = size_gb[lacked].sum(), size_gb[lacked[unasked]].sum()
    return found


def expected_plays_by_site(instance: Instance, places: Places, play_gb: float) -> Plays:
    """Plays of the regions that come to each site first, (n_sites, n_files)."""
    each = np.minimum(play_gb, instance.size_gb).astype(np.float32)
    return np.asarray(site_gb(instance, places, None) / each)


def forecast_strength(expected: Sequence[Plays], came: Sequence[Plays]) -> Floats:
    """How many requests of a site a forecast has been worth in the periods before each, (n_periods,).

    Shares of a site's plays are taken to be Dirichlet around the forecast ones, φ, with precision α: the
    squared error of a share is φ(1 − φ) / (α + 1) on average, so α follows from all sites' errors so far.
    After n requests, c of them for a file, its expected share is (αφ + c) / (α + n): α requests weigh as
    much as the forecast. Titles that no forecast knew count as errors as well.

    Parameters
    ----------
    expected, came : sequence of (n_sites, n_files) float32
        Forecast and true plays of each period.

    Returns
    -------
    (n_periods,) float64
        Each from earlier periods only; nan for the first.

    Examples
    --------
    >>> forecast = [np.array([[50.0, 50.0]], dtype=np.float32)] * 2
    >>> forecast_strength(forecast, [np.array([[60.0, 40.0]], dtype=np.float32)] * 2).round(6).tolist()
    [nan, 24.0]
    """
    found = np.full(len(expected), np.nan)
    spread = error = 0.0
    for k, (forecast, true) in enumerate(zip(expected, came, strict=True)):
        if error > 0:
            found[k] = max(0.0, spread / error - 1.0)
        one, other = forecast.sum(axis=1, dtype=np.float64), true.sum(axis=1, dtype=np.float64)
        for site in np.flatnonzero((one > 0) & (other > 0)).tolist():
            share = forecast[site] / one[site]
            spread += float((share * (1.0 - share)).sum())
            error += float(((true[site] / other[site] - share) ** 2).sum())
    return found
