"""How what is watched of a title falls with its age."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FIRST_RATIOS: tuple[float, ...] = (1.06, 0.46, 0.60, 0.69, 0.74, 0.80)
"""Bytes of weeks 1 to 6 after the week of launch, each against the week before, as charts show them."""


def decay(age_weeks: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Bytes in a week against those of the week of launch.

    After week 6 the ratio to the week before rises towards 1 as ``1 − 0.2·(6 / age)^1.5``, so that titles
    settle at a level they keep for years.

    Parameters
    ----------
    age_weeks : (...) array_like of int
        Whole weeks since the week of launch; negative before it.

    Returns
    -------
    (...) float64
        In [0, 1.06]; 0 before the launch.

    Examples
    --------
    >>> decay([-1, 0, 1, 2]).round(4).tolist()
    [0.0, 1.0, 1.06, 0.4876]
    """
    age = np.asarray(age_weeks, dtype=np.int64)
    oldest = max(int(age.max(initial=0)), len(FIRST_RATIOS))
    later = np.arange(len(FIRST_RATIOS) + 1, oldest + 1)
    ratios = np.concatenate([[1.0], FIRST_RATIOS, 1.0 - 0.2 * (6.0 / later) ** 1.5])
    level = np.cumprod(ratios)
    return np.where(age < 0, 0.0, level[np.clip(age, 0, oldest)])
