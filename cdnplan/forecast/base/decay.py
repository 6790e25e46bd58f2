"""How demand for a title changes with its age, estimated from the history itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.inputs.demand.history import History
from cdnplan.inputs.demand.titles_reader import TitleTable

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

OLDEST = {1: 28, 7: 12}
"""Age from which on titles count as equally old, by length of period [days] [periods]."""

SHRINK_PAIRS = 50.0
"""A ratio counts as much as its prior when it was seen on so many pairs of average size."""

SMALLEST_RATIO = 1e-3


def launch_periods(history: History, titles: TitleTable) -> Ints:
    """Period in which each title of a history was launched, as far as that was known at its end.

    The period of `TitleTable.launch_day`, if that is not after the history's last day and not after the
    title was first seen; else the period in which it was first seen. A title without such a date that is
    there in the history's first period counts as launched long before.

    Parameters
    ----------
    history : History
    titles : TitleTable

    Returns
    -------
    (n_titles,) int64
        By title of the history; negative before its first period.
    """
    n = len(history.titles)
    first_seen = np.zeros(n, dtype=np.int64)
    starts = history.bounds
    for period in range(history.n_periods - 1, -1, -1):
        first_seen[history.title[starts[period] : starts[period + 1]]] = period
    index = {name: i for i, name in enumerate(titles.titles)}
    row = np.array([index.get(name, -1) for name in history.titles], dtype=np.int64)
    stated = np.append(titles.launch_day, np.datetime64("NaT", "D"))[row]
    known = ~np.isnat(stated) & (stated <= np.datetime64(history.last_day, "D"))
    days = np.where(known, stated - np.datetime64(history.first_day, "D"), np.timedelta64(0, "D"))
    # Rounded up: a period may be named by its last day, and launches fall on any day of it.
    stated_period = -(-days.astype(np.int64) // history.period_days)
    unknown = np.where(first_seen == 0, -OLDEST[history.period_days], first_seen)
    return np.where(known, np.minimum(stated_period, first_seen), unknown)


@dataclass(frozen=True, slots=True, eq=False)
class DecayCurve:
    """Ratio of a period's demand to that of the period before, by kind and age.

    Parameters
    ----------
    ratio : (n_kinds + 1, n_ages) float64
        Entry [k, a]: from age a to a + 1, in periods; the last age stands for all older ones, the last
        kind for titles whose kind is unknown.
    """

    ratio: Floats

    def log_factor(self, kind: npt.NDArray[np.int32], age: Ints) -> Floats:
        """Logarithm of demand at an age, relative to that at age 0, (n,)."""
        logs = np.log(self.ratio)
        oldest = self.ratio.shape[1] - 1
        upto = np.concatenate([np.zeros((logs.shape[0], 1)), np.cumsum(logs[:, :oldest], axis=1)], axis=1)
        beyond = np.maximum(age - oldest, 0) * logs[kind, oldest]
        return np.asarray(upto[kind, np.minimum(age, oldest)] + beyond)


def estimate_decay(history: History, launch: Ints, kind: npt.NDArray[np.int32], n_kinds: int) -> DecayCurve:
    """Estimate the curve from all pairs of periods that follow each other.

    A ratio is the GB of a period over the GB of the period before, of the pairs present in the latter. A
    pair that has gone counts with 0 GB. Where the history is a list cut at some rank, that is less than
    the truth, which the list does not tell; measured on such lists it forecasts better than ratios of
    the pairs that stay, which leave out every title that falls. Ratios of a kind are drawn towards those
    of all kinds, and these towards the ratio of all ages, the more the fewer pairs they rest on.

    Parameters
    ----------
    history : History
    launch : (n_titles,) int64
        See `launch_periods`.
    kind : (n_titles,) int32
        -1 where unknown.
    n_kinds : int

    Returns
    -------
    DecayCurve
    """
    oldest = OLDEST[history.period_days]
    shape = (n_kinds + 1, oldest + 1)
    before, after, pairs = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    row_kind = np.where(kind < 0, n_kinds, kind)
    starts = history.bounds
    key = history.region.astype(np.int64) * len(history.titles) + history.title
    for s in range(history.n_periods - 1):
        now, then = slice(starts[s], starts[s + 1]), slice(starts[s + 1], starts[s + 2])
        # A region without any row in the next period was not measured, rather than silent.
        alive = np.zeros(len(history.regions), dtype=bool)
        alive[history.region[then]] = True
        kept = np.flatnonzero(alive[history.region[now]]) + starts[s]
        if kept.size == 0:
            continue
        title = history.title[kept]
        cell = row_kind[title] * (oldest + 1) + np.minimum(s - launch[title], oldest)
        place = np.minimum(np.searchsorted(key[then], key[kept]), key[then].size - 1)
        next_gb = np.where(key[then][place] == key[kept], history.gb[then][place], 0.0)
        before += np.bincount(cell, history.gb[kept], minlength=before.size).reshape(shape)
        after += np.bincount(cell, next_gb, minlength=after.size).reshape(shape)
        pairs += np.bincount(cell, minlength=pairs.size).reshape(shape)
    return DecayCurve(_shrunk(before, after, pairs))


def _shrunk(before: Floats, after: Floats, pairs: Floats) -> Floats:
    """Ratios by kind and age, drawn towards those by age, these towards the one of all."""
    if pairs.sum() == 0:
        return np.ones_like(before)
    weight = SHRINK_PAIRS * before.sum() / pairs.sum()
    overall = after.sum() / before.sum()
    by_age = (after.sum(axis=0) + weight * overall) / (before.sum(axis=0) + weight)
    return np.asarray(np.maximum((after + weight * by_age) / (before + weight), SMALLEST_RATIO))
