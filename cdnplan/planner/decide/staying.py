"""Launches that stay where they are, because where they were to go they cannot be fetched in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.fill.loads.copies import Copies
from cdnplan.model.instance.instance import Instance, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Staying:
    """Copies that keep their rules.

    Parameters
    ----------
    kept, leaving : Copies
        As given, but copies of launches that stay are kept.
    pairs : tuple of (int, int)
        Pool and file of the launches that stay.
    """

    kept: Copies
    leaving: Copies
    pairs: tuple[tuple[int, int], ...]


def launches_stay(instance: Instance, pool: Ints, kept: Copies, wanted: Copies, leaving: Copies) -> Staying:
    """Let launches stay where too few other pools hold them, where they save most.

    Only a pool that has all its copies of the file keeps it. What it was to fetch into their space may then
    find none. A rule stays broken where too few pools hold the launch at all.

    Parameters
    ----------
    instance : Instance
    pool : (n_appliances,) int64
        Pool of each appliance.
    kept, wanted, leaving : Copies
        What is held for good, to be fetched, and to be removed.

    Returns
    -------
    Staying
    """
    there = _pairs(instance, pool, kept) | _pairs(instance, pool, wanted)
    stays = np.zeros(leaving.size, dtype=np.bool_)
    pairs: list[tuple[int, int]] = []
    for rule in range(instance.n_launches):
        file = int(instance.launch_file[rule])
        pools = instance.launch_pool[instance.launch_ptr[rule] : instance.launch_ptr[rule + 1]].tolist()
        lacking = int(instance.launch_min[rule]) - sum((p, file) in there for p in pools)
        if lacking <= 0:
            continue
        rows = np.flatnonzero(leaving.file == file)
        found = []
        for p in pools:
            mine = rows[pool[leaving.appliance[rows]] == p][: int(instance.copies[p, file])]
            if (p, file) not in there and 0 < mine.size == instance.copies[p, file]:
                found.append((-float(leaving.value[mine].sum()), p, mine))
        for _, p, mine in sorted(found, key=lambda one: one[:2])[:lacking]:
            stays[mine] = True
            pairs.append((p, file))
            there.add((p, file))
    if not pairs:
        return Staying(kept, leaving, ())
    return Staying(Copies.joined(kept, leaving.take(stays)), leaving.take(~stays), tuple(pairs))


def _pairs(instance: Instance, pool: Ints, copies: Copies) -> set[tuple[int, int]]:
    """(Pool, file) pairs of some copies of launches."""
    launched: npt.NDArray[np.bool_] = np.zeros(instance.n_files, dtype=np.bool_)
    launched[instance.launch_file] = True
    of_launch = np.flatnonzero(launched[copies.file])
    at = pool[copies.appliance[of_launch]]
    return set(zip(at.tolist(), copies.file[of_launch].tolist(), strict=True))
