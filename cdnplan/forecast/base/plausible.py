"""Histories that can be read but hardly be meant."""

from __future__ import annotations

import numpy as np

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.demand.history import History

LONGEST_SILENCE = 100
"""Periods without a single row that a history may have in it."""


def check_plausible(history: History) -> None:
    """Refuse a history with a hole of many periods: one wrong date, as 2204 for 2024, would make it so.

    Raises
    ------
    InputError
        There is such a hole.
    """
    periods = (
        np.flatnonzero(np.bincount(history.period))
        if history.n_periods < 10**7
        else np.unique(history.period)
    )
    holes = np.diff(periods)
    problems = [
        Problem(
            f"nothing between {history.day(int(periods[i]))} and {history.day(int(periods[i + 1]))}, "
            f"{holes[i] - 1:,} periods: expected at most {LONGEST_SILENCE}; is one of these dates wrong?",
            path="date",
        )
        for i in np.flatnonzero(holes > LONGEST_SILENCE + 1)
    ]
    if problems:
        raise InputError(problems)
