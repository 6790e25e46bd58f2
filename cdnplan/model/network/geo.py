"""Distances on the globe."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

EARTH_RADIUS_KM = 6371.0088


def distance_km(a: npt.ArrayLike, b: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Great-circle distance by the haversine formula [1]_.

    Parameters
    ----------
    a, b : (..., 2) array_like
        Latitude and longitude [degrees]; broadcast against each other.

    Returns
    -------
    (...) float64
        Distance [km].

    References
    ----------
    .. [1] R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68(2), 1984.

    Examples
    --------
    >>> round(float(distance_km([52.3, 4.9], [50.1, 8.7])))
    360
    """
    first = np.radians(np.asarray(a, dtype=np.float64))
    second = np.radians(np.asarray(b, dtype=np.float64))
    half = (second - first) / 2
    chord = (
        np.sin(half[..., 0]) ** 2 + np.cos(first[..., 0]) * np.cos(second[..., 0]) * np.sin(half[..., 1]) ** 2
    )
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0))))
