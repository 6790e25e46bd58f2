"""Which regions are alike: what is watched in one tells of the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.forecast.base.panel import Panel

Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

COHORTS = 256
"""Up to so many regions each is looked at on its own; more are grouped into half as many cohorts."""

LOOKED_BACK = 12
"""Periods of which tastes are compared."""

SHARPNESS = 8
"""Weight of a like region: cosine to this power, so that the most alike ones count."""

SKETCH = 256
ROUNDS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """Regions in cohorts, and how much each region leans on each cohort.

    Parameters
    ----------
    cohort : (n_regions,) int64
        Cohort of each region; its own where there are few regions.
    size : (n_cohorts,) float64
        Regions in each.
    lean : (n_regions, n_cohorts) float32
        Weights, rows sum to 1 (0 for a region without history); a region does not lean on itself.
    """

    cohort: Ints
    size: npt.NDArray[np.float64]
    lean: Floats32


def find_likeness(panel: Panel, period: int, cohort: Ints | None = None) -> Likeness:
    """Compare the tastes of regions over the periods up to one, by the cosine of root shares.

    Parameters
    ----------
    panel : Panel
    period : int
        The last one looked at.
    cohort : (n_regions,) int64 or None
        Cohorts found before; None: find them (k-means of tastes [1]_, deterministic).

    Returns
    -------
    Likeness

    References
    ----------
    .. [1] S. Lloyd, "Least squares quantization in PCM", IEEE Transactions on Information Theory 28(2), 1982.
    """
    periods = range(max(0, period - LOOKED_BACK + 1), period + 1)
    taste = _gram_factor(panel, periods) if panel.n_regions <= COHORTS else _sketch(panel, periods)
    length = np.linalg.norm(taste, axis=1, keepdims=True)
    taste = taste / np.maximum(length, 1e-12)
    if panel.n_regions <= COHORTS:
        cohort = np.arange(panel.n_regions)
        cosine = taste @ taste.T
        np.fill_diagonal(cosine, 0.0)
    else:
        cohort = _k_means(taste) if cohort is None else cohort
        centre = _centres(taste, cohort)
        cosine = taste @ centre.T
    lean = np.maximum(cosine, 0.0) ** SHARPNESS
    total = lean.sum(axis=1, keepdims=True)
    lean = np.divide(lean, total, out=np.zeros_like(lean), where=total > 0)
    return Likeness(cohort, np.bincount(cohort).astype(np.float64), lean.astype(np.float32))


def _gram_factor(panel: Panel, periods: range) -> Floats32:
    """Root shares of titles that occur in the periods, period by period side by side."""
    parts = []
    for t in periods:
        rows = panel.rows(t)
        used, column_of = np.unique(panel.title[rows], return_inverse=True)
        table = np.zeros((panel.n_regions, used.size), dtype=np.float32)
        table[panel.region_of_rows(t), column_of] = np.sqrt(panel.share[rows])
        parts.append(table)
    return np.concatenate(parts, axis=1)


def _sketch(panel: Panel, periods: range) -> Floats32:
    """Root shares by title, projected at random onto few dimensions, which keeps cosines [1]_.

    References
    ----------
    .. [1] D. Achlioptas, "Database-friendly random projections", Journal of Computer and System Sciences
       66(4), 2003.
    """
    signs = np.random.default_rng(0).choice(np.array([-1, 1], dtype=np.float32), (panel.n_titles, SKETCH))
    sketch = np.zeros((panel.n_regions, SKETCH), dtype=np.float32)
    block = 256
    column = np.arange(panel.n_titles, dtype=np.int32)
    for first in range(0, panel.n_regions, block):
        regions = np.arange(first, min(first + block, panel.n_regions))
        total = np.zeros((regions.size, panel.n_titles), dtype=np.float32)
        for t in periods:
            total += panel.dense(t, regions, column, panel.n_titles)
        sketch[regions] = np.sqrt(total) @ signs
    return sketch


def _k_means(taste: Floats32) -> Ints:
    """Cohorts of like regions, numbered from 0 without holes."""
    n_cohorts = COHORTS // 2
    centre = taste[np.linspace(0, taste.shape[0] - 1, n_cohorts).astype(np.int64)]
    cohort = np.zeros(taste.shape[0], dtype=np.int64)
    for _ in range(ROUNDS):
        cohort = np.argmax(taste @ centre.T, axis=1)
        cohort = np.unique(cohort, return_inverse=True)[1]
        centre = _centres(taste, cohort)
    return cohort


def _centres(taste: Floats32, cohort: Ints) -> Floats32:
    """Mean taste of each cohort, length 1."""
    centre = np.zeros((int(cohort.max()) + 1, taste.shape[1]), dtype=np.float32)
    np.add.at(centre, cohort, taste)
    return np.asarray(centre / np.maximum(np.linalg.norm(centre, axis=1, keepdims=True), 1e-12))
