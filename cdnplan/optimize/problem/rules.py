"""Rules that cannot be priced, checked before any search: pins and launches against the limits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.limits.families import FAMILIES
from cdnplan.optimize.problem.limits import TINY, volume_use

LIMIT_TOLERANCE = 1e-9
"""Limits on volumes may be exceeded by this ratio: sums of floats are not exact."""

Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.integer] | int


def stored_matrix_gb(instance: Instance) -> Floats:
    """Bytes each pool stores of each file if it holds it, s[f]·k[f,p].

    Returns
    -------
    (n_pools, n_files) float64
        0 where the file is banned [GB].
    """
    return np.asarray(instance.copies * instance.size_gb)


def new_matrix_gb(instance: Instance) -> Floats:
    """Bytes each pool has to fill of each file if it holds it, s[f]·max(0, k[f,p] − held[f,p]).

    Returns
    -------
    (n_pools, n_files) float64
        [GB].
    """
    missing = np.maximum(0, instance.copies.astype(np.int16) - instance.held)
    return np.asarray(missing * instance.size_gb)


def stored_gb(instance: Instance, pool: Places, file: Places) -> Floats:
    """Bytes that pools store of files if they hold them, pair by pair [GB]."""
    return np.asarray(instance.copies[pool, file] * instance.size_gb[file])


def new_gb(instance: Instance, pool: Places, file: Places) -> Floats:
    """Bytes that pools have to fill of files if they hold them, pair by pair [GB]."""
    missing = instance.copies[pool, file].astype(np.int16) - instance.held[pool, file]
    return np.asarray(np.maximum(0, missing) * instance.size_gb[file])


def volumes_used_gb(instance: Instance, holds: Bools) -> Floats:
    """What a placement uses of each volume row, (n_volume_rows,) [GB]."""
    pool, file = np.nonzero(holds)
    stored = np.bincount(pool, stored_gb(instance, pool, file), minlength=instance.n_pools)
    new = np.bincount(pool, new_gb(instance, pool, file), minlength=instance.n_pools)
    return volume_use(instance, np.concatenate([stored, new]).astype(np.float64))


def exceeds(used: Floats, limit: Floats | float) -> Bools:
    """Whether volumes are above their limits by more than rounding."""
    return np.asarray(used > limit * (1.0 + LIMIT_TOLERANCE))


def keeps_rules(instance: Instance, holds: Bools) -> bool:
    """Whether a placement keeps storage, fill and churn limits, pins, bans and launch rules.

    Parameters
    ----------
    instance : Instance
    holds : (n_pools, n_files) bool

    Returns
    -------
    bool
    """
    if exceeds(volumes_used_gb(instance, holds), instance.volumes.capacity_gb).any():
        return False
    return not (holds & (instance.copies == 0)).any() and keeps_pins_and_launches(instance, holds)


def keeps_pins_and_launches(instance: Instance, holds: Bools) -> bool:
    """Whether a placement has all files where rules ask for them.

    Parameters
    ----------
    instance : Instance
    holds : (n_pools, n_files) bool

    Returns
    -------
    bool
    """
    if (instance.pinned & ~holds).any():
        return False
    rule = np.repeat(np.arange(instance.n_launches), np.diff(instance.launch_ptr))
    there = holds[instance.launch_pool, instance.launch_file[rule]]
    count = np.bincount(rule, there, minlength=instance.n_launches)
    return bool((count >= instance.launch_min).all())


def least_limits_gb(instance: Instance) -> tuple[Floats, Floats]:
    """The tightest of each pool's rows: what it may store and take in if all others hold nothing.

    Returns
    -------
    stored, new : (n_pools,) float64
        [GB]
    """
    rows, n = instance.volumes, instance.n_pools
    least = rows.capacity_gb[: 2 * n].copy()
    for row in range(2 * n, rows.n_rows):
        at = rows.pools_of(row) + (n if rows.fresh[row] else 0)
        least[at] = np.minimum(least[at], rows.capacity_gb[row])
    return least[:n], least[n:]


def quotas(instance: Instance, holds: Bools, forced: Bools) -> tuple[Floats, Floats]:
    """What each pool may store and take in so that rows that pools share hold, too.

    Of a shared row each pool gets what it uses now; of what is left, or lacking, all get or give a part.

    Parameters
    ----------
    instance : Instance
    holds, forced : (n_pools, n_files) bool
        A placement, limits of which need not hold; and what of it has to stay.

    Returns
    -------
    stored, new : (n_pools,) float64
        Limits of each pool for itself [GB].
    """
    rows, n = instance.volumes, instance.n_pools
    if rows.n_rows == 2 * n:
        return instance.storage_gb, instance.new_limit_gb
    limit = rows.capacity_gb[: 2 * n].copy()
    used, must = (volumes_used_gb(instance, held) for held in (holds | forced, forced))
    for row in range(2 * n, rows.n_rows):
        at = rows.pools_of(row) + (n if rows.fresh[row] else 0)
        left = rows.capacity_gb[row] - used[row]
        part = (used - must)[at] / max(used[row] - must[row], TINY) if left < 0 else 1.0 / max(1, at.size)
        limit[at] = np.minimum(limit[at], np.maximum(must[at], used[at] + left * part))
    return limit[:n], limit[n:]


class Room:
    """What volume rows have left while pools take files one by one.

    Parameters
    ----------
    instance : Instance
    holds : (n_pools, n_files) bool
        What is there to begin with.
    """

    def __init__(self, instance: Instance, holds: Bools) -> None:
        self._instance = instance
        self._used = volumes_used_gb(instance, holds)

    def storage_gb(self, pools: Ints) -> Floats:
        """Storage that pools have left, (n,) [GB]."""
        return self._instance.storage_gb[pools] - self._used[pools]

    def fits(self, pools: Ints, file: int) -> Bools:
        """Which pools may hold a file, and have room for it, (n,)."""
        inst, rows, n = self._instance, self._instance.volumes, self._instance.n_pools
        stored, new = stored_gb(inst, pools, file), new_gb(inst, pools, file)
        able = inst.copies[pools, file] > 0
        for gb, at in ((stored, pools), (new, n + pools)):
            # Files without new bytes may stay even where pins have used up the window to the last byte.
            able &= ~exceeds(self._used[at] + gb, rows.capacity_gb[at]) | (gb <= 0.0)
        for row in range(2 * n, rows.n_rows):
            gb = new if rows.fresh[row] else stored
            over = exceeds(self._used[row] + gb, rows.capacity_gb[row]) & (gb > 0.0)
            able &= ~(over & np.isin(pools, rows.pools_of(row)))
        return np.asarray(able)

    def take(self, pool: int, file: int) -> bool:
        """Take a file into a pool if there is room; whether there was."""
        inst = self._instance
        if not self.fits(np.array([pool]), file)[0]:
            return False
        by_pool = np.zeros(2 * inst.n_pools)
        by_pool[pool], by_pool[inst.n_pools + pool] = stored_gb(inst, pool, file), new_gb(inst, pool, file)
        self._used += volume_use(inst, by_pool)
        return True


def fitting_placements(instance: Instance) -> Bools:
    """Which x[p, f] may be 1: not banned, and within all volume rows on its own.

    Returns
    -------
    (n_pools, n_files) bool
        Pinned files are always allowed.
    """
    return possible_copies(instance) > 0


def possible_copies(instance: Instance) -> npt.NDArray[np.uint8]:
    """`Instance.copies`, but 0 also where the file alone is above a limit of the pool, and not pinned.

    Returns
    -------
    (n_pools, n_files) uint8
        The instance's own array where that leaves all as it is.
    """
    size, (storage, new_limit) = instance.size_gb, least_limits_gb(instance)
    largest = size.max(initial=0.0) * instance.copies.max(initial=0)
    narrow = np.flatnonzero(exceeds(np.full(instance.n_pools, largest), np.minimum(storage, new_limit)))
    if narrow.size == 0:
        return instance.copies
    copies = instance.copies.copy()
    # Pool by pool: no table of numbers as large as the placement is needed.
    for p in narrow:
        missing = np.maximum(0, copies[p].astype(np.int16) - instance.held[p])
        alone = exceeds(size * copies[p], storage[p]) | exceeds(size * missing, new_limit[p])
        copies[p, alone & ~instance.pinned[p]] = 0
    return copies


def broken_rules(instance: Instance) -> list[str]:
    """Why no placement can exist, as far as each rule shows on its own.

    Parameters
    ----------
    instance : Instance

    Returns
    -------
    list of str
        One sentence for each pool whose pins do not fit and each launch rule that too few pools can keep;
        empty when nothing was found, which does not prove that all rules can be kept together.
    """
    rows, problems = instance.volumes, list[str]()
    used = volumes_used_gb(instance, instance.pinned)
    for row in np.flatnonzero(exceeds(used, rows.capacity_gb)).tolist():
        where = "pool" if row < 2 * instance.n_pools else "site"
        problems.append(
            f"{where} {rows.names[row]!r}: pinned files need {used[row]:,.1f} GB, "
            f"its {FAMILIES[rows.family[row]].words} is {rows.capacity_gb[row]:,.1f} GB"
        )
    fitting = fitting_placements(instance)
    for rule in range(instance.n_launches):
        file = int(instance.launch_file[rule])
        pools = instance.launch_pool[instance.launch_ptr[rule] : instance.launch_ptr[rule + 1]]
        able, least = int(fitting[pools, file].sum()), int(instance.launch_min[rule])
        if able < least:
            problems.append(
                f"launch of {instance.files[file]!r}: {least} pools must hold it, "
                f"only {able} of {pools.size} can"
            )
    return problems
