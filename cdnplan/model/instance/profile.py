"""The shape of a day: which rate a GB of demand turns into, in each slice of the UTC day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np

from cdnplan.model.instance.instance import Floats
from cdnplan.model.network.policy import PeakProfile
from cdnplan.units import HOURS_PER_DAY, peak_gbps_per_gb


def utc_offset_hours(timezone: str | None, longitude: float, date: dt.date) -> float:
    """Hours that local time is ahead of UTC at noon of a date.

    Parameters
    ----------
    timezone : str or None
        IANA name; None: nearest whole hour by longitude, 15 degrees each.
    longitude : float
        [degrees]
    date : datetime.date
        Daylight-saving time is that of this day.

    Examples
    --------
    >>> utc_offset_hours("Europe/Amsterdam", 4.9, dt.date(2026, 7, 1))
    2.0
    >>> utc_offset_hours(None, -58.5, dt.date(2026, 7, 1))
    -4.0
    """
    if timezone is None:
        return float(round(longitude / 15.0))
    noon = dt.datetime.combine(date, dt.time(12), tzinfo=ZoneInfo(timezone))
    offset = noon.utcoffset()
    return 0.0 if offset is None else offset.total_seconds() / 3600.0


def slice_of_hour(slices: int) -> list[int]:
    """Slice that each UTC hour falls into; every slice has at least one hour.

    Examples
    --------
    >>> slice_of_hour(4)[:8]
    [0, 0, 0, 0, 0, 0, 1, 1]
    """
    return [hour * slices // HOURS_PER_DAY for hour in range(HOURS_PER_DAY)]


def gbps_per_gb(profile: PeakProfile, offsets_hours: Sequence[float], period_days: float) -> Floats:
    """Rate in each slice for each GB of the period: that of the slice's busiest hour.

    Taking the busiest hour, not the mean, keeps a limit that holds in the model holding in every hour;
    with one slice it is each region's own peak hour.

    Parameters
    ----------
    profile : PeakProfile
    offsets_hours : (n_regions,) sequence of float
        Local time minus UTC [h]; fractions mix neighbouring hours.
    period_days : float
        Length of the period [days].

    Returns
    -------
    (n_regions, n_slices) float64
        [Gbit/s per GB]
    """
    weights = np.asarray(profile.hourly, dtype=np.float64)
    weights = weights / weights.sum()
    slice_index = slice_of_hour(profile.slices)
    rates = np.zeros((len(offsets_hours), profile.slices))
    for r, offset in enumerate(offsets_hours):
        whole = int(np.floor(offset))
        part = offset - whole
        for hour in range(HOURS_PER_DAY):
            local = (hour + whole) % HOURS_PER_DAY
            share = (1 - part) * weights[local] + part * weights[(local + 1) % HOURS_PER_DAY]
            t = slice_index[hour]
            rates[r, t] = max(rates[r, t], peak_gbps_per_gb(float(share), period_days))
    return rates
