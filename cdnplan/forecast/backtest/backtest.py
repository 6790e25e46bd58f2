"""Models compared on what came after past cutoffs.

No model can see the future: each is given `known_at` of the cutoff and nothing else. Of the titles table
that leaves the titles that had been seen by then.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem
from cdnplan.forecast.backtest.losses import held
from cdnplan.forecast.backtest.segments import Segments
from cdnplan.forecast.base.base import Forecast, Forecaster
from cdnplan.forecast.base.compare import SideBySide, side_by_side
from cdnplan.forecast.base.intervals import INTERVALS, interval, levels_for
from cdnplan.forecast.base.known import known_at
from cdnplan.forecast.base.plausible import check_plausible
from cdnplan.inputs.demand.history import History
from cdnplan.inputs.demand.titles_reader import TitleTable

Floats = npt.NDArray[np.float64]

ORACLE = "oracle"
"""Name under which perfect foresight is listed: what no forecast can beat."""

PINBALL_LEVELS = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """How wrong a model was on one step, over all cutoffs, for all pairs or a segment of them.

    Ratios are of sums over the cutoffs. What a model does not tell is NaN: a model without a distribution
    has neither pinball loss nor coverage, and its expected value is its median as well.

    Parameters
    ----------
    model : str
    step : int
        Periods after the cutoff.
    by, segment : str
        ``all`` and ``all pairs``, or what the pairs are cut by, and which of them these are.
    pairs : int
        In all cutoffs together.
    actual_gb : float
    wape : float
        Of the median forecast.
    wape_expected, bias : float
        Of the expected value.
    pinball : float
        Mean over `PINBALL_LEVELS`.
    coverage_80, coverage_95 : float
        Of pairs that were there in the last known period.
    byte_hit : float
        Share of the GB that caches held which were filled by the expected values.
    """

    model: str
    step: int
    by: str
    segment: str
    pairs: int
    actual_gb: float
    wape: float
    wape_expected: float
    bias: float
    pinball: float
    coverage_80: float
    coverage_95: float
    byte_hit: float


@dataclass(frozen=True, slots=True, eq=False)
class ByCutoff:
    """The same for all pairs, cutoff by cutoff: arrays of (n_cutoffs,) float64."""

    actual_gb: Floats
    expected_gb: Floats
    wape: Floats
    byte_hit: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """What `backtest` found.

    Parameters
    ----------
    cutoffs : tuple of datetime.date
        Last known periods.
    horizon : int
    cache_gb : float
    scores : tuple of Score
        Models in the order asked for, then the oracle; steps; all pairs before segments.
    by_cutoff : mapping of (model, step) to ByCutoff
    fit_seconds : mapping of str to float
        Mean time to fit and predict, by model [s].
    """

    cutoffs: tuple[dt.date, ...]
    horizon: int
    cache_gb: float
    scores: tuple[Score, ...]
    by_cutoff: Mapping[tuple[str, int], ByCutoff]
    fit_seconds: Mapping[str, float]

    def compared(self, model: str, other: str, step: int = 1) -> tuple[float, float]:
        """Mean difference of WAPE between two models over the cutoffs, and its standard error.

        The same cutoffs are hard for all models, so that the difference is far less noisy than either.
        """
        gap = self.by_cutoff[model, step].wape - self.by_cutoff[other, step].wape
        error = float(np.std(gap, ddof=1) / np.sqrt(gap.size)) if gap.size > 1 else float("nan")
        return float(gap.mean()), error


def backtest(
    history: History,
    titles: TitleTable,
    models: Sequence[Forecaster],
    *,
    cutoffs: int,
    horizon: int = 1,
    cache_gb: float = 400.0,
    progress: Callable[[str], None] = lambda _: None,
) -> Backtest:
    """Fit each model to what was known at past cutoffs, and compare its forecasts with what came.

    Parameters
    ----------
    history : History
    titles : TitleTable
        Sizes are used to fill caches, never by models; where none is known every title counts as 1 GB.
    models : sequence of Forecaster
        With different names.
    cutoffs : int
        Number of cutoffs: the latest ones whose `horizon` periods are all known.
    horizon : int
        Steps 1 to `horizon` are compared.
    cache_gb : float
        Cache of each region [GB].
    progress : callable
        Told each cutoff and model.

    Returns
    -------
    Backtest

    Raises
    ------
    InputError
        The history is too short for so many cutoffs.
    """
    check_plausible(history)
    first = history.n_periods - horizon - cutoffs
    problems = [
        Problem(f"found {value}, expected at least 1", path=name)
        for name, value in (("cutoffs", cutoffs), ("horizon", horizon))
        if value < 1
    ]
    if not problems and first < 0:
        most = max(0, history.n_periods - horizon)
        periods = f"{history.n_periods} period" + ("" if history.n_periods == 1 else "s")
        message = (
            f"the history is too short: {periods}, expected at least {cutoffs + horizon} for {cutoffs}"
            f" cutoffs with horizon {horizon}"
        )
        hint = f"it allows {most} cutoff" + ("" if most == 1 else "s")
        problems.append(Problem(message, path="cutoffs", hint=hint))
    if problems:
        raise InputError(problems)
    days = tuple(history.day(first + i) for i in range(cutoffs))
    sums = _Sums(history, titles, cache_gb, horizon)
    seconds = {model.name: 0.0 for model in models}
    for day in days:
        known, blind = known_at(history, titles, day)
        segments = Segments.at(history, known, blind)
        for model in models:
            progress(f"{day}, {model.name}")
            began = time.perf_counter()
            forecast = model.fit(known, blind).predict(horizon, levels_for())
            seconds[model.name] += (time.perf_counter() - began) / len(days)
            sums.add(forecast, model.name, segments)
        sums.add(perfect(history, day, horizon), ORACLE, segments)
    names = [*seconds, ORACLE]
    return Backtest(days, horizon, cache_gb, sums.scores(names), sums.by_cutoff(), seconds)


def perfect(history: History, cutoff: dt.date, horizon: int) -> Forecast:
    """The forecast of one who knows what comes.

    Parameters
    ----------
    history : History
        One that goes `horizon` periods beyond the cutoff.
    cutoff : datetime.date
    horizon : int
    """
    last = (cutoff - history.first_day).days // history.period_days
    rows = history.rows(last + 1, last + horizon)
    return Forecast(
        ORACLE,
        cutoff,
        history.period_days,
        horizon,
        history.regions,
        history.titles,
        history.by,
        history.period[rows] - np.int32(last),
        history.region[rows],
        history.title[rows],
        history.gb[rows],
    )


_SUMS = ("pairs", "actual", "wrong", "wrong_expected", "signed", "pinball", "held", "seen", "in_80", "in_95")


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Sums over cutoffs, by model, step, cut and segment."""

    history: History
    titles: TitleTable
    cache_gb: float
    horizon: int
    parts: dict[tuple[str, int, str, str], Floats] = field(default_factory=dict)
    weeks: dict[tuple[str, int], list[tuple[float, float, float, float]]] = field(default_factory=dict)

    def add(self, forecast: Forecast, model: str, segments: Segments) -> None:
        """Add one forecast."""
        for step in range(1, self.horizon + 1):
            pairs = side_by_side(self.history, forecast, step)
            codes = segments.of(pairs)
            seen = codes["rank"] < len(segments.labels["rank"]) - 1
            values = self._values(forecast, pairs, seen)
            cuts: dict[str, tuple[npt.NDArray[np.int64], tuple[str, ...]]] = {
                "all": (np.zeros(pairs.row.size, dtype=np.int64), ("all pairs",))
            }
            cuts |= {by: (code, segments.labels[by]) for by, code in codes.items()}
            for by, (code, labels) in cuts.items():
                table = np.stack([np.bincount(code, value, minlength=len(labels)) for value in values])
                for i, label in enumerate(labels):
                    key = (model, step, by, label)
                    self.parts[key] = self.parts.get(key, np.zeros(len(_SUMS))) + table[:, i]
            total = dict(zip(_SUMS, values.sum(axis=1), strict=True))
            gb = total["actual"] or float("nan")
            week = (
                total["actual"],
                total["actual"] + total["signed"],
                total["wrong"] / gb,
                total["held"] / gb,
            )
            self.weeks.setdefault((model, step), []).append(week)

    def _values(self, forecast: Forecast, pairs: SideBySide, seen: npt.NDArray[np.bool_]) -> Floats:
        """What is summed of each pair, (n_sums, n_pairs)."""
        actual, expected = pairs.actual, pairs.expected
        nothing = np.full(actual.size, np.nan)
        median = expected
        loss: Floats = nothing
        within: list[Floats] = [nothing, nothing]
        if forecast.quantile_gb is not None:
            median = pairs.of_row(forecast.quantile(0.5))
            late = [actual - pairs.of_row(forecast.quantile(level)) for level in PINBALL_LEVELS]
            loss = np.mean(
                [2 * np.maximum(q * d, (q - 1) * d) for q, d in zip(PINBALL_LEVELS, late, strict=True)],
                axis=0,
            )
            within = []
            for level in INTERVALS:
                lower, upper = (pairs.of_row(bound) for bound in interval(forecast, level))
                slack = 1e-6 * np.maximum(actual, 1e-9)
                inside = seen & (lower - slack <= actual) & (actual <= upper + slack)
                within.append(inside.astype(np.float64))
        elif forecast.model == ORACLE:
            loss = np.zeros(actual.size)
        return np.stack(
            [
                np.ones(actual.size),
                actual,
                np.abs(actual - median),
                np.abs(actual - expected),
                expected - actual,
                loss,
                actual * held(pairs.region, expected, self._sizes(forecast)[pairs.title], self.cache_gb),
                seen.astype(np.float64),
                *within,
            ]
        )

    def _sizes(self, forecast: Forecast) -> Floats:
        """Size of each title of the history, and of those only the forecast has, [GB]."""
        known = dict(zip(self.titles.titles, self.titles.size_gb.tolist(), strict=True))
        if not np.isfinite(list(known.values())).any():
            known = {}
        names = dict.fromkeys((*self.history.titles, *forecast.titles))
        return np.array([known.get(name, np.nan if known else 1.0) for name in names])

    def scores(self, models: Sequence[str]) -> tuple[Score, ...]:
        """Turn the sums into ratios."""
        place = {name: i for i, name in enumerate(models)}
        found = []
        order = sorted(self.parts, key=lambda key: (place[key[0]], key[1], key[2] != "all"))
        for key in order:
            s = dict(zip(_SUMS, self.parts[key].tolist(), strict=True))
            if s["pairs"] == 0:
                continue
            gb, seen = s["actual"] or float("nan"), s["seen"] or float("nan")
            found.append(
                Score(
                    *key,
                    pairs=int(s["pairs"]),
                    actual_gb=s["actual"],
                    wape=s["wrong"] / gb,
                    wape_expected=s["wrong_expected"] / gb,
                    bias=s["signed"] / gb,
                    pinball=s["pinball"] / gb,
                    coverage_80=s["in_80"] / seen,
                    coverage_95=s["in_95"] / seen,
                    byte_hit=s["held"] / gb,
                )
            )
        return tuple(found)

    def by_cutoff(self) -> dict[tuple[str, int], ByCutoff]:
        """Cutoff by cutoff."""
        return {key: ByCutoff(*np.array(rows).T) for key, rows in self.weeks.items()}
