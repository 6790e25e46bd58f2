"""Pins and launches that one night's windows cannot bring: which wait, and for how many nights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import numpy.typing as npt

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.fill.loads.room import room_beside
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.instance.rules import ROUNDING
from cdnplan.model.network.policy import Files, Places, Wait
from cdnplan.model.network.topology import Topology

PIN, LAUNCH = "pin", "launch"

Pools = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A rule's file that a pool does not get tonight.

    Parameters
    ----------
    rule : {"pin", "launch"}
    pool, file : str
    nights : int or None
        Nights from this one on until windows can have brought it, as volumes; 0 where only the schedule of
        this night found no time for it. None: never, it takes longer than a whole window.
    """

    rule: str
    pool: str
    file: str
    nights: int | None


class RulesLackError(NoFeasiblePlanError):
    """Rules ask for what the night cannot bring; `waiting` may let them wait."""

    def __init__(self, message: str, waiting: Sequence[Waiting]) -> None:
        super().__init__(message)
        self.waiting = tuple(waiting)


def waiting_rules(instance: Instance) -> tuple[Waiting, ...]:
    """Find what pins and launches ask for and the windows of one night cannot bring.

    Pins come before launches, and of each those that are asked most per GB. What does not fit into storage
    either does not wait: no number of nights would bring it.

    Parameters
    ----------
    instance : Instance
        Whose pins may pass the windows.

    Returns
    -------
    tuple of Waiting
        Sorted by pool and file.
    """
    rows = instance.volumes
    if not np.isfinite(rows.capacity_gb[rows.fresh]).any():
        return ()
    windows = _Windows(instance)
    found = [waiting for p in np.flatnonzero(instance.pinned.any(axis=1)) for waiting in windows.pins(int(p))]
    found += windows.launches({(one.pool, one.file) for one in found})
    return tuple(sorted(set(found), key=lambda one: (one.pool, one.file, one.rule, one.nights or 0)))


class _Windows:
    """What this night and those to come can bring, as volumes."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        missing = np.maximum(0, instance.copies.astype(np.int64) - instance.held)
        self.missing_gb: Floats = missing * instance.size_gb
        self.late: npt.NDArray[np.bool_] = (missing > 0) & (
            instance.size_gb > (instance.appliance_window_gb * (1 + ROUNDING))[:, None]
        )
        self.late |= self.missing_gb > self._room(np.zeros(instance.n_pools))[:, None]
        self.taken_gb: list[Floats] = []
        """What pools take in each night, tonight first."""
        self.room_gb: Floats = instance.storage_gb * (1 + ROUNDING)
        self.worth = instance.file_gb() / instance.size_gb

    def _room(self, taken_gb: Floats) -> Floats:
        return room_beside(self.instance, taken_gb) * (1 + ROUNDING)

    def _left(self, night: int) -> Floats:
        """What each pool may still take in one night."""
        while len(self.taken_gb) <= night:
            self.taken_gb.append(np.zeros(self.instance.n_pools))
        return self._room(self.taken_gb[night]) - self.taken_gb[night]

    def pins(self, p: int) -> list[Waiting]:
        """Take each pin of a pool into the first window with room, those that are asked most first."""
        instance = self.instance
        found: list[Waiting] = []
        files = np.flatnonzero(instance.pinned[p])
        for f in files[np.lexsort((files, -self.worth[files]))].tolist():
            self.room_gb[p] -= instance.size_gb[f] * instance.copies[p, f]
            night: int | None = None
            if not self.late[p, f]:
                night = next(n for n in count() if self._left(n)[p] >= self.missing_gb[p, f])
                self.taken_gb[night][p] += self.missing_gb[p, f]
            if night != 0:
                found.append(Waiting(PIN, instance.pools[p], instance.files[f], night))
        return found

    def launches(self, waiting: set[tuple[str, str]]) -> list[Waiting]:
        """Choose pools for each launch; where too few have time tonight, all others wait."""
        instance, ptr = self.instance, self.instance.launch_ptr
        pools = [instance.launch_pool[ptr[i] : ptr[i + 1]].astype(np.int64) for i in range(ptr.size - 1)]
        spare = np.array([p.size for p in pools], dtype=np.int64) - instance.launch_min
        found: list[Waiting] = []
        for rule in np.lexsort((-self.worth[instance.launch_file], spare)).tolist():
            f, mine = int(instance.launch_file[rule]), pools[rule]
            pinned = np.array([(instance.pools[p], instance.files[f]) not in waiting for p in mine])
            there = (self.missing_gb[mine, f] == 0) | (instance.pinned[mine, f] & pinned)
            lacking = int(instance.launch_min[rule]) - int(there.sum())
            if lacking > 0:
                found += self._launch(f, lacking, mine[~there])
        return found

    def _launch(self, f: int, lacking: int, pools: Pools) -> list[Waiting]:
        """Give a launch to pools with most time left; who waits, where some have to."""
        instance = self.instance
        gb = instance.size_gb[f] * instance.copies[:, f]
        roomy = pools[gb[pools] <= self.room_gb[pools]]
        if roomy.size < lacking:
            # Storage lacks as well: that is no question of time.
            return []
        chosen: dict[int, int] = {}
        able = [p for p in roomy.tolist() if not self.late[p, f]]
        for n in count():
            left = self._left(n)
            free = [p for p in able if p not in chosen and left[p] >= self.missing_gb[p, f]]
            for p in sorted(free, key=lambda p: (-left[p], p)):
                # Pools may share what is left: the first ones may have taken it.
                if len(chosen) < lacking and self._left(n)[p] >= self.missing_gb[p, f]:
                    self.taken_gb[n][p] += self.missing_gb[p, f]
                    self.room_gb[p] -= gb[p]
                    chosen[p] = n
            if len(chosen) in (lacking, len(able)):
                break
        last = max(chosen.values(), default=0)
        if len(chosen) == lacking and last == 0:
            return []
        # Pools that nobody needs wait as well: the rule asks for those that have time tonight, no others.
        nights = {p: None if self.late[p, f] else chosen.get(p, max(1, last)) for p in pools.tolist()}
        return [
            Waiting(LAUNCH, instance.pools[p], instance.files[f], night)
            for p, night in sorted(nights.items())
            if night != 0
        ]


def lacking_after(instance: Instance, holds: npt.NDArray[np.bool_]) -> tuple[Waiting, ...]:
    """Pins and launches that a placement lacks: where the schedule of a night found no time for them."""
    pools, files = instance.pools, instance.files
    found = [Waiting(PIN, pools[p], files[f], 0) for p, f in np.argwhere(instance.pinned & ~holds)]
    for rule in range(instance.n_launches):
        places = instance.launch_pool[instance.launch_ptr[rule] : instance.launch_ptr[rule + 1]]
        f = int(instance.launch_file[rule])
        if int(holds[places, f].sum()) < int(instance.launch_min[rule]):
            found += [Waiting(LAUNCH, pools[p], files[f], 0) for p in places[~holds[places, f]]]
    return tuple(found)


def with_waits(topology: Topology, waiting: Iterable[Waiting]) -> Topology:
    """Say in the policy which rules wait.

    Parameters
    ----------
    topology : Topology
    waiting : iterable of Waiting
    """
    # Pools are known by their names here, as in plan.json: of rules that wait no instance speaks any more.
    waits = tuple(
        Wait(Files(file=file), Places(sites=(pool.rpartition("/")[0],), models=(pool.rpartition("/")[2],)))
        for pool, file in sorted({(one.pool, one.file) for one in waiting})
    )
    return replace(topology, policy=replace(topology.policy, waits=topology.policy.waits + waits))


def waiting_words(waiting: Sequence[Waiting]) -> list[str]:
    """Say for people which rules wait, and until when.

    Parameters
    ----------
    waiting : sequence of Waiting

    Returns
    -------
    list of str
        One for each kind of rule and time.
    """
    words: list[str] = []
    groups: dict[tuple[str, int | None], list[Waiting]] = {}
    for one in waiting:
        groups.setdefault((one.rule, one.nights), []).append(one)
    for (rule, nights), ones in sorted(groups.items(), key=lambda item: (item[0][0], item[0][1] or 0)):
        named = ", ".join(f"{one.file!r} at {one.pool!r}" for one in ones[:5])
        more = f" and {len(ones) - 5} more" if len(ones) > 5 else ""
        n = len(ones)
        what = "pinned file" if rule == PIN else "copy for a launch" if n == 1 else "copies for launches"
        words.append(f"{n} {what}{'s' if rule == PIN and n > 1 else ''} {_until(nights)}: {named}{more}")
    return words


def _until(nights: int | None) -> str:
    if nights is None:
        return "cannot come, ever: longer than a whole fill window; change the rule, or the window"
    if nights == 0:
        return "must wait: this night's schedule has no time left; the next night tries again"
    count = f"{nights} {'night' if nights == 1 else 'nights'}"
    return f"must wait: this night's windows are full; expected {count} later"
