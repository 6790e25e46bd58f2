"""Local time and UTC, for many points in time at once."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

_QUARTER_MS = 900_000
Ms = npt.NDArray[np.int64]


def _offsets(ms: Ms, zone: str, *, local: bool) -> Ms:
    """Offset from UTC [ms] at points in time, looked up once per quarter of an hour."""
    if zone == "UTC" or not ms.size:
        return np.zeros(ms.size, dtype=np.int64)
    quarters, place = np.unique(ms // _QUARTER_MS, return_inverse=True)
    where = ZoneInfo(zone)
    found = np.empty(quarters.size, dtype=np.int64)
    for i, quarter in enumerate(quarters.tolist()):
        when = dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=quarter * _QUARTER_MS)
        if local:
            offset = when.replace(tzinfo=where).utcoffset()
        else:
            offset = when.replace(tzinfo=dt.UTC).astimezone(where).utcoffset()
        found[i] = 0 if offset is None else offset // dt.timedelta(milliseconds=1)
    return np.asarray(found[place])


def to_utc(ms: Ms, zone: str) -> Ms:
    """Points in time by UTC from those by the clocks of a zone; of an hour that is there twice, the first.

    Examples
    --------
    >>> to_utc(np.array([3_600_000]), "Europe/Amsterdam").tolist()
    [0]
    """
    return np.asarray(ms - _offsets(ms, zone, local=True))


def to_local(ms: Ms, zone: str) -> Ms:
    """Points in time by the clocks of a zone from those by UTC.

    Examples
    --------
    >>> to_local(np.array([0]), "Europe/Amsterdam").tolist()
    [3600000]
    """
    return np.asarray(ms + _offsets(ms, zone, local=False))
