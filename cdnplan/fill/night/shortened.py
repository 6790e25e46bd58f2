"""A night without some of its transfers, where all others can stay as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cdnplan.fill.loads.copies import Copies
from cdnplan.fill.night.schedule import Schedule
from cdnplan.fill.night.source_kernels import NOTHING, ORIGIN, ROUNDING, Network
from cdnplan.fill.night.space_kernels import NEVER
from cdnplan.model.instance.instance import Floats, Ints

Bools = npt.NDArray[np.bool_]


def shortened(network: Network, night: Schedule, kept: Copies, without: Bools) -> Schedule | None:
    """Leave out transfers: no alternate is what they bring, and copies go no sooner than space is needed.

    Parameters
    ----------
    network : Network
        Of the night.
    night : Schedule
    kept : Copies
        Copies held for good from before.
    without : (n_wanted,) bool
        Transfers to leave out.

    Returns
    -------
    Schedule or None
        None where others fetch from what they bring, or copies of their files go of which none stays: then
        the night has to be planned anew.
    """
    without = without & night.fetched
    if not without.any():
        return night
    wanted, leaving = night.wanted, night.leaving
    n_files = network.size_gb.size
    # Where one stays all night, no copy that goes is the last.
    once = np.bincount(kept.file, minlength=n_files) == 0
    once[np.setdiff1d(np.flatnonzero(once), wanted.file[without])] = False
    if once[leaving.file[night.gone >= 0]].any():
        return None
    brought = (wanted.appliance * n_files + wanted.file)[without]
    rest = night.fetched & ~without
    peer = rest & (night.kind != ORIGIN)
    if np.isin(night.source[peer] * n_files + wanted.file[peer], brought).any():
        return None
    gone = night.gone.copy()
    for a in np.unique(wanted.appliance[without]).tolist():
        mine = np.flatnonzero(leaving.appliance == a)
        stored = (
            network.size_gb[kept.file[kept.appliance == a]].sum() + network.size_gb[leaving.file[mine]].sum()
        )
        comes = np.flatnonzero(rest & (wanted.appliance == a))
        comes = comes[np.argsort(night.start[comes], kind="stable")]
        room_gb = float(network.limit_gb[a]) * (1 + ROUNDING) - float(stored)
        gone[mine] = _postponed(
            gone[mine],
            network.size_gb[leaving.file[mine]],
            night.start[comes],
            network.size_gb[wanted.file[comes]],
            room_gb,
        )
    return replace(
        night,
        kind=np.where(without, NOTHING, night.kind).astype(night.kind.dtype),
        alternates=_alternates(night, n_files, brought),
        gone=gone,
    )


def _postponed(gone: Ints, size_gb: Floats, start: Ints, comes_gb: Floats, room_gb: float) -> Ints:
    """When copies of an appliance go if so much comes, in the order in which they went, none sooner."""
    order = np.flatnonzero(gone >= 0)
    queue = order[np.argsort(gone[order], kind="stable")].tolist()
    moments = list(zip(start.tolist(), comes_gb.tolist(), strict=True))
    if queue and room_gb < 0.0:
        # What is beyond its storage from the first goes before anything comes.
        moments.insert(0, (int(gone[queue[0]]), 0.0))
    later = np.full_like(gone, NEVER)
    for moment, gb in moments:
        room_gb -= gb
        now: list[int] = []
        for i in queue:
            if room_gb >= 0.0 or gone[i] > moment:
                break
            now.append(i)
            room_gb += size_gb[i]
        for i in reversed(now):
            if size_gb[i] <= room_gb:
                now.remove(i)
                room_gb -= size_gb[i]
        later[now] = moment
        queue = [i for i in queue if later[i] < 0]
    return later


def _alternates(night: Schedule, n_files: int, brought: Ints) -> npt.NDArray[np.int32]:
    """Alternates without copies that are not brought any more; those behind them move up."""
    there = night.alternates.astype(np.int64)
    lost = (there >= 0) & np.isin(there * n_files + night.wanted.file[:, None], brought)
    there[lost] = -1
    # Places without one go last, others stay in order.
    order = np.argsort(there < 0, axis=1, kind="stable")
    return np.take_along_axis(there, order, axis=1).astype(np.int32)
