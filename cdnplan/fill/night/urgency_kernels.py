"""Kernel that finds which files stand in the way of others: their last copies take the space."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from cdnplan.compiled import njit

Array = npt.NDArray[Any]


@njit(cache=True)
def inherit(
    wanted_ptr: Array,
    wanted_size: Array,
    urgency: Array,
    leaving_ptr: Array,
    leaving_file: Array,
    leaving_size: Array,
    last: Array,
    room_gb: Array,
    by_file: Array,
) -> bool:
    """Let files inherit the urgency of what waits for the space of their last copies; whether any did.

    Parameters
    ----------
    wanted_ptr : (n_appliances + 1,)
        Cuts wanted copies, the most urgent of each appliance first.
    wanted_size, urgency : (n_wanted,)
        [GB], [currency/GB]
    leaving_ptr : (n_appliances + 1,)
        Cuts leaving copies, the first to go of each appliance first.
    leaving_file, leaving_size : (n_leaving,)
        Size in GB.
    last : (n_leaving,) bool
        The only copy there is of a file that is wanted elsewhere.
    room_gb : (n_appliances,)
        Free storage.
    by_file : (n_files,)
        Urgency of each file; raised.
    """
    raised = False
    for a in range(room_gb.size):
        room = room_gb[a]
        for i in range(leaving_ptr[a], leaving_ptr[a + 1]):
            if not last[i]:
                room += leaving_size[i]
        i = leaving_ptr[a]
        for q in range(wanted_ptr[a], wanted_ptr[a + 1]):
            room -= wanted_size[q]
            while room < 0.0 and i < leaving_ptr[a + 1]:
                if last[i]:
                    room += leaving_size[i]
                    if urgency[q] > by_file[leaving_file[i]]:
                        by_file[leaving_file[i]] = urgency[q]
                        raised = True
                i += 1
    return raised
