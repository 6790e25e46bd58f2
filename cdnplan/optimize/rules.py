"""Rules that cannot be priced, checked before any search: pins and launches against the limits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance import Floats, Instance

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


def pinned_gb(instance: Instance) -> tuple[Floats, Floats]:
    """What pins alone take of each pool.

    Returns
    -------
    stored, new : (n_pools,) float64
        [GB].
    """
    pool, file = np.nonzero(instance.pinned)
    stored = np.bincount(pool, stored_gb(instance, pool, file), minlength=instance.n_pools)
    new = np.bincount(pool, new_gb(instance, pool, file), minlength=instance.n_pools)
    return np.asarray(stored, dtype=np.float64), np.asarray(new, dtype=np.float64)


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
    pool, file = np.nonzero(holds)
    stored, new = (
        np.asarray(np.bincount(pool, gb(instance, pool, file), minlength=instance.n_pools), dtype=np.float64)
        for gb in (stored_gb, new_gb)
    )
    new_limit = np.minimum(instance.fill_limit_gb, instance.churn_limit_gb)
    if exceeds(stored, instance.storage_gb).any() or exceeds(new, new_limit).any():
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


def fitting_placements(instance: Instance) -> Bools:
    """Which x[p, f] may be 1: not banned, and within storage, fill and churn limits on its own.

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
    size, storage = instance.size_gb, instance.storage_gb
    new_limit = np.minimum(instance.fill_limit_gb, instance.churn_limit_gb)
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
    problems: list[str] = []
    stored, new = pinned_gb(instance)
    for what, used, limit in (
        ("storage", stored, instance.storage_gb),
        ("fill limit", new, instance.fill_limit_gb),
        ("churn limit", new, instance.churn_limit_gb),
    ):
        problems.extend(
            f"pool {instance.pools[pool]!r}: pinned files need {used[pool]:,.1f} GB, "
            f"its {what} is {limit[pool]:,.1f} GB"
            for pool in np.flatnonzero(exceeds(used, limit))
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
