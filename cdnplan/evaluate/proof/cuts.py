"""Whether cuts hold for every plan, because of what pools have room for: by docs/bound.md."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.evaluate.count.limits import exceeds
from cdnplan.model.instance.instance import Floats, Instance, Ints32
from cdnplan.model.plan.cuts import Cuts

HIGHEST_LIMIT = 10_000
"""No cut has a higher limit: the search for one that does not hold takes as many numbers."""

ROUNDING = 1e-12
"""Volumes added up in another order may differ by this part of them, no more."""


def cut_faults(instance: Instance, cuts: Cuts) -> dict[int, str]:
    """Find out which cuts some plan might not keep.

    A cut holds where the files that would break it have no room in its pool, all their copies together; or
    where no two of its files fit onto one appliance, so that each of their copies takes one, and the pool has
    not enough of these. Both are decided exactly.

    Parameters
    ----------
    instance : Instance
    cuts : Cuts

    Returns
    -------
    dict of int to str
        A sentence for each cut at fault, counted from 0, in order.

    Examples
    --------
    >>> from tests.instances import random_instance
    >>> from tests.limits import with_limits
    >>> instance = random_instance(1, n_files=3, n_pools=1, families=frozenset())
    >>> instance = with_limits(instance, size_gb=np.full(3, 10.0), storage_gb=np.array([25.0]))
    >>> one = Cuts.one(pool=0, limit=1, file=[0, 1, 2], weight=[1, 1, 1])
    >>> two = Cuts.one(pool=0, limit=2, file=[0, 1, 2], weight=[1, 1, 1])
    >>> cut_faults(instance, Cuts.joined(one, two))
    {0: 's0/m has room for files that weigh 2'}
    """
    if not _is_whole(cuts):
        return {0: "entries are not those of one cut after the other"}
    faults: dict[int, str] = {}
    for cut in range(cuts.n_cuts):
        entries = slice(int(cuts.ptr[cut]), int(cuts.ptr[cut + 1]))
        pool, limit = int(cuts.pool[cut]), int(cuts.limit[cut])
        file, weight = cuts.file[entries], cuts.weight[entries]
        fault = _form_fault(instance, pool, limit, file, weight)
        if not fault and not _holds(instance, pool, limit, file, weight):
            fault = f"{instance.pools[pool]} has room for files that weigh {limit + 1}"
        if fault:
            faults[cut] = fault
    return faults


def _is_whole(cuts: Cuts) -> bool:
    """Whether every entry belongs to one cut, and every cut has a pool and a limit."""
    sizes = cuts.limit.size == cuts.n_cuts == cuts.ptr.size - 1 and cuts.weight.size == cuts.file.size
    return bool(
        sizes and cuts.ptr[0] == 0 and cuts.ptr[-1] == cuts.file.size and (np.diff(cuts.ptr) >= 0).all()
    )


def _form_fault(instance: Instance, pool: int, limit: int, file: Ints32, weight: Ints32) -> str:
    """What is wrong with a cut whatever there is room for; empty when nothing is."""
    if not 0 <= pool < instance.n_pools:
        return "about a pool that there is not"
    if not 0 <= limit <= HIGHEST_LIMIT:
        return f"limit {limit} is not between 0 and {HIGHEST_LIMIT}"
    if not file.size:
        return "about no file"
    if file.min() < 0 or file.max() >= instance.n_files:
        return "about a file that there is not"
    if (np.diff(file.astype(np.int64)) <= 0).any():
        return "files are not in increasing order, each once"
    return f"weight {weight.min()} is less than 1" if weight.min() < 1 else ""


def _holds(instance: Instance, pool: int, limit: int, file: Ints32, weight: Ints32) -> bool:
    """Whether there is no room for files of the cut that weigh more than its limit."""
    copies = instance.copies[pool, file].astype(np.float64)
    able = copies > 0
    copies, weight, size = copies[able], weight[able], instance.size_gb[file[able]]
    least = _least(size * copies, weight, limit + 1)
    if least == np.inf or _exceeds(least * (1 - ROUNDING), instance.storage_gb[pool]):
        return True
    smallest = np.sort(size)[:2]
    if smallest.size == 2 and not _exceeds(smallest.sum(), instance.appliance_storage_gb[pool]):
        return False
    return _least(copies, weight, limit + 1) > int(instance.pool_appliances[pool])


def _exceeds(used: float, allowed: float) -> bool:
    """What the judge calls more than a limit allows, rounding aside."""
    return bool(exceeds(np.array(used), allowed))


def _least(need: Floats, weight: npt.NDArray[np.int32], goal: int) -> float:
    """Least sum of needs of a set of files that weigh so much at least; inf where all weigh less."""
    least = np.full(goal + 1, np.inf)
    least[0] = 0.0
    for own, heavy in zip(need.tolist(), weight.tolist(), strict=True):
        step = min(heavy, goal)
        least = np.minimum(least, np.concatenate([np.zeros(step), least[: goal + 1 - step]]) + own)
    return float(least[goal])
