"""One night's fills as a result: what is fetched, removed and left undone, and how much that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.fill.loads.copies import Copies
from cdnplan.fill.night.source_kernels import (
    MEGABITS_PER_GB,
    NO_LINK,
    NO_ORIGIN,
    NO_RATE,
    NO_SOURCE,
    NO_SPACE,
    NO_WINDOW,
    ORIGIN,
    PEER,
    TIER,
)
from cdnplan.model.instance.instance import Floats, Instance, Ints

KINDS = {PEER: "peer", TIER: "tier", ORIGIN: "origin"}
"""Names of kinds of source."""
REASONS = {
    NO_WINDOW: "window",
    NO_RATE: "fill rate",
    NO_LINK: "link",
    NO_SOURCE: "source",
    NO_SPACE: "space",
    NO_ORIGIN: "origin cap",
}
"""Why a copy is not fetched."""


@dataclass(frozen=True, slots=True, eq=False)
class Fills:
    """What happens in one night, on appliances numbered over all pools.

    Parameters
    ----------
    begin, until : int
        Of the night [ms since 1970, UTC].
    copies : Copies
        What is fetched, sorted by appliance, then priority.
    kind : (n_fills,) uint8
        Of source; see `KINDS`.
    source : (n_fills,) int64
        Appliance, or index of the origin.
    start, end : (n_fills,) int64
        [ms]
    alternates : (n_fills, n) int32
        Further appliances, -1 where there are no more.
    origin : (n_fills,) int64
        The last alternate, an origin.
    removed : Copies
        Sorted by appliance, then time.
    removed_at : (n_removed,) int64
        [ms]
    unfilled : Copies
        What was wanted and is not fetched, sorted by appliance, then value, the highest first.
    why : (n_unfilled,) uint8
        See `REASONS`.
    away_file, away_ms : (n_away,) int64
        Files that no appliance held for a time, because an origin brought them back after their last copy was
        gone, and how long [ms].
    """

    begin: int
    until: int
    copies: Copies
    kind: npt.NDArray[np.uint8]
    source: Ints
    start: Ints
    end: Ints
    alternates: npt.NDArray[np.int32]
    origin: Ints
    removed: Copies
    removed_at: Ints
    unfilled: Copies
    why: npt.NDArray[np.uint8]
    away_file: Ints
    away_ms: Ints

    @classmethod
    def none(cls, begin: int, until: int) -> Fills:
        """Nothing is fetched and nothing removed."""
        times, few = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint8)
        alternates = np.zeros((0, 0), dtype=np.int32)
        no = Copies.none()
        return cls(
            begin, until, no, few, times, times, times, alternates, times, no, times, no, few, times, times
        )

    def bytes_gb(self, size_gb: Floats) -> dict[str, float]:
        """Bytes fetched by kind of source [GB]."""
        size = size_gb[self.copies.file]
        return {name: float(size[self.kind == kind].sum()) for kind, name in KINDS.items()}

    def origin_peak_gbps(self, size_gb: Floats) -> float:
        """Most that all origins together give to fills at any time [Gbit/s]."""
        mine = np.flatnonzero(self.kind == ORIGIN)
        if mine.size == 0:
            return 0.0
        start, end = self.start[mine], self.end[mine]
        rate = size_gb[self.copies.file[mine]] * MEGABITS_PER_GB / (end - start)
        time, change = np.concatenate([start, end]), np.concatenate([rate, -rate])
        # What ends at a moment has ended before what starts then.
        order = np.lexsort((change, time))
        return float(np.cumsum(change[order]).max())

    def entered_again_gb(self, instance: Instance) -> float:
        """Bytes that came to a site from outside more than once in the night [GB]."""
        outside = np.flatnonzero(self.kind != PEER)
        file = self.copies.file[outside]
        site = np.repeat(instance.pool_site.astype(np.int64), instance.pool_appliances)
        site = site[self.copies.appliance[outside]]
        again = np.ones(file.size, dtype=np.bool_)
        again[np.unique(site * instance.n_files + file, return_index=True)[1]] = False
        return float(instance.size_gb[file[again]].sum())

    def reasons(self) -> dict[str, int]:
        """How many copies are left undone for each reason."""
        counts = np.bincount(self.why, minlength=max(REASONS) + 1)
        return {name: int(counts[code]) for code, name in REASONS.items() if counts[code]}


def absences(
    kept: Ints, fetched: tuple[Ints, Ints], removed: tuple[Ints, Ints], n_files: int
) -> tuple[Ints, Ints]:
    """Times in which no appliance holds a file that somebody fetches.

    Parameters
    ----------
    kept : (n_kept,) int64
        Files of copies that are there all night.
    fetched, removed : tuple of (n,) int64
        Files of copies that arrive, or go, and when [ms].
    n_files : int

    Returns
    -------
    file, ms : (n_away,) int64
        By file, then time; from the removal of the last copy to the next arrival [ms].

    Examples
    --------
    >>> none, one = np.zeros(0, dtype=np.int64), np.array([3])
    >>> file, ms = absences(none, (one, np.array([900])), (one, np.array([400])), 4)
    >>> file.tolist(), ms.tolist()
    ([3], [500])
    """
    concerned = np.zeros(n_files, dtype=np.bool_)
    concerned[fetched[0]] = True
    concerned[kept] = False
    files: list[int] = []
    lengths: list[int] = []
    both = np.concatenate([fetched[0], removed[0]])
    time = np.concatenate([fetched[1], removed[1]])
    change = np.repeat([1, -1], [fetched[0].size, removed[0].size])
    held = np.bincount(removed[0], minlength=n_files)
    # What arrives at a moment is there before what goes then has gone.
    order = np.lexsort((-change, time, both))
    order = order[concerned[both[order]]]
    file, since = -1, -1
    for n in order.tolist():
        if both[n] != file:
            file, since, copies = int(both[n]), -1, int(held[both[n]])
        copies += int(change[n])
        if change[n] > 0 and since >= 0:
            files.append(file)
            lengths.append(int(time[n]) - since)
        since = int(time[n]) if copies == 0 else -1
    return np.array(files, dtype=np.int64), np.array(lengths, dtype=np.int64)
