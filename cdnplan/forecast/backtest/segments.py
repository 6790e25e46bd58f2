"""Parts that a backtest looks at on their own: by age, by rank, by size of region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.forecast.base.compare import SideBySide
from cdnplan.forecast.base.decay import launch_periods
from cdnplan.inputs.demand.history import History
from cdnplan.inputs.demand.titles_reader import TitleTable

Ints = npt.NDArray[np.int64]

AGES = ((1, "first period"), (3, "2-3 periods"), (8, "4-8 periods"), (10**6, "older"))
RANKS = ((3, "rank 1-3"), (10, "rank 4-10"), (100, "rank 11-100"), (10**9, "rank over 100"))
SIZES = ((0.5, "large regions"), (0.8, "middle regions"), (1.1, "small regions"))
NEW, ABSENT = "not seen before", "not in the last period"


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """What was known of regions, titles and pairs at a cutoff, in terms of the whole history's names.

    Parameters
    ----------
    labels : mapping of str to tuple of str
        Names of the segments, by what they are cut by: ``age``, ``rank``, ``region``.
    age : (n_titles + 1,) int64
        Segment of each title of the whole history.
    size : (n_regions + 1,) int64
    pair, rank : (n_known,) int64
        Pairs of the last known period, sorted, as ``region * width + title``, and their segments.
    width : int
    """

    labels: dict[str, tuple[str, ...]]
    age: Ints
    size: Ints
    pair: Ints
    rank: Ints
    width: int

    @classmethod
    def at(cls, whole: History, known: History, titles: TitleTable) -> Segments:
        """Segments as they were known at the end of `known`, the first part of `whole`."""
        title = _codes(whole.titles, known.titles)
        region = _codes(whole.regions, known.regions)
        last = known.n_periods - 1
        known_age = last - launch_periods(known, titles)
        age = np.full(len(whole.titles) + 1, len(AGES), dtype=np.int64)
        age[title] = np.searchsorted([limit for limit, _ in AGES], known_age + 1)
        volume = np.bincount(region[known.region], known.gb, minlength=len(whole.regions) + 1)
        order = np.argsort(-volume, kind="stable")
        size = np.empty(volume.size, dtype=np.int64)
        before = np.cumsum(volume[order]) - volume[order]
        size[order] = np.searchsorted([limit * volume.sum() for limit, _ in SIZES], before, side="right")
        first = int(np.searchsorted(known.period, last))
        by_gb = first + np.lexsort((-known.gb[first:], known.region[first:]))
        own = known.region[by_gb]
        rank = np.arange(own.size) - np.searchsorted(own, own) + 1
        width = len(whole.titles) + 1
        pair = region[own] * width + title[known.title[by_gb]]
        sort = np.argsort(pair)
        labels = {
            "age": (*(label for _, label in AGES), NEW),
            "rank": (*(label for _, label in RANKS), ABSENT),
            "region": tuple(label for _, label in SIZES),
        }
        found = np.searchsorted([limit for limit, _ in RANKS], rank)
        return cls(labels, age, np.minimum(size, len(SIZES) - 1), pair[sort], found[sort], width)

    def of(self, pairs: SideBySide) -> dict[str, Ints]:
        """Segment of each pair, by what they are cut by."""
        title = np.minimum(pairs.title, self.age.size - 1)
        region = np.minimum(pairs.region, self.size.size - 1)
        key = region * self.width + title
        place = np.minimum(np.searchsorted(self.pair, key), self.pair.size - 1)
        rank = np.where(self.pair[place] == key, self.rank[place], len(RANKS))
        return {"age": self.age[title], "rank": rank, "region": self.size[region]}


def _codes(names: tuple[str, ...], some: tuple[str, ...]) -> Ints:
    """Positions of names in a tuple that has them all."""
    index = {name: i for i, name in enumerate(names)}
    return np.array([index[name] for name in some], dtype=np.int64)
