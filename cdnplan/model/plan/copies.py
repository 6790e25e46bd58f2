"""Pools that hold more copies of a file than are asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Instance


def with_copies(instance: Instance, count: npt.NDArray[Any]) -> Instance:
    """Count the copies that pools have, where these are more than are asked for.

    Each takes its room and bears its part of the load. What a plan costs and uses is counted with these; a
    bound on all plans is one of the instance given, which asks for fewer.

    Parameters
    ----------
    instance : Instance
    count : (n_pools, n_files) int array
        Copies on different appliances; files that a pool may not hold stay ruled out there.

    Returns
    -------
    Instance
        The one given where no pool has more copies than are asked for.
    """
    more = (count > instance.copies) & (instance.copies > 0)
    if not more.any():
        return instance
    copies = instance.copies.copy()
    copies[more] = np.minimum(count[more], np.iinfo(copies.dtype).max)
    return replace(instance, copies=copies)
