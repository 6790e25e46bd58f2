"""What came and what was forecast, side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.forecast.base.base import Forecast
from cdnplan.inputs.demand.history import History

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SideBySide:
    """All pairs that came or were forecast in one period.

    Parameters
    ----------
    region, title : (n_pairs,) int64
        Indices into the names of the history that goes beyond the cutoff; a forecast's region or title
        that this history lacks is counted on from there.
    actual, expected : (n_pairs,) float64
        [GB], 0 where a pair was absent or not forecast.
    row : (n_pairs,) int64
        Row of the forecast, -1 where there is none.
    """

    region: Ints
    title: Ints
    actual: Floats
    expected: Floats
    row: Ints

    def of_row(self, values: npt.NDArray[np.floating], missing: float = 0.0) -> Floats:
        """Values given by row of the forecast, for each pair, (n_pairs,)."""
        return np.append(values.astype(np.float64), missing)[self.row]


def side_by_side(history: History, forecast: Forecast, step: int = 1) -> SideBySide:
    """Put what came and what was forecast side by side, for all pairs that are in either.

    Parameters
    ----------
    history : History
        One that goes beyond the forecast's cutoff.
    forecast : Forecast
    step : int
        Which period after the cutoff.
    """
    period = (forecast.day(step) - history.first_day).days // history.period_days
    came, guess = history.rows(period), forecast.rows(step)
    region = np.concatenate(
        [history.region[came], joined(history.regions, forecast.regions)[forecast.region[guess]]]
    ).astype(np.int64)
    title = np.concatenate(
        [history.title[came], joined(history.titles, forecast.titles)[forecast.title[guess]]]
    ).astype(np.int64)
    width = int(title.max(initial=0)) + 1
    pairs, code = np.unique(region * width + title, return_inverse=True)
    n_came = came.stop - came.start
    actual, expected = np.zeros(pairs.size), np.zeros(pairs.size)
    row = np.full(pairs.size, -1, dtype=np.int64)
    actual[code[:n_came]] = history.gb[came]
    expected[code[n_came:]] = forecast.gb[guess]
    row[code[n_came:]] = np.arange(guess.start, guess.stop)
    return SideBySide(pairs // width, pairs % width, actual, expected, row)


def joined(names: tuple[str, ...], other: tuple[str, ...]) -> Ints:
    """Code of each of `other` in `names`; those that are not there are counted on from its end."""
    index = {name: i for i, name in enumerate(names)}
    return np.array([index.setdefault(name, len(index)) for name in other], dtype=np.int64)
