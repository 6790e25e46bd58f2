"""Units: decimal, spelled in names, converted here and nowhere else."""

from __future__ import annotations

GB_PER_TB = 1000.0
"""Storage is decimal: 1 TB = 1000 GB."""

BITS_PER_BYTE = 8.0
SECONDS_PER_HOUR = 3600.0
HOURS_PER_DAY = 24
KM_PER_1000KM = 1000.0


def gb_moved(gbps: float, hours: float) -> float:
    """Bytes moved at a constant rate.

    Parameters
    ----------
    gbps : float
        Rate [Gbit/s].
    hours : float
        Duration [h].

    Returns
    -------
    float
        Volume [GB].

    Examples
    --------
    >>> round(gb_moved(1.2, 12), 6)
    6480.0
    """
    return gbps * hours * SECONDS_PER_HOUR / BITS_PER_BYTE


def peak_gbps_per_gb(hour_share: float, period_days: float) -> float:
    """Rate in an hour that carries a given share of each day of the period.

    Parameters
    ----------
    hour_share : float
        Share of a day's bytes that falls into the hour, in [0, 1].
    period_days : float
        Length of the period the GB are counted over [days].

    Returns
    -------
    float
        Gbit/s in that hour for each GB of the period.

    Examples
    --------
    >>> round(peak_gbps_per_gb(1 / 24, 1.0) * 10800, 6)
    1.0
    """
    return hour_share * BITS_PER_BYTE / SECONDS_PER_HOUR / period_days
