"""Backtests: nobody sees the future, every model is counted alike, and the picture shows it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from cdnplan.errors import InputError
from cdnplan.forecast.backtest.backtest import backtest
from cdnplan.forecast.backtest.figure import figure
from cdnplan.forecast.base.base import Fitted
from cdnplan.forecast.base.known import known_at
from cdnplan.forecast.models.auto import Auto
from cdnplan.forecast.models.last_period import LastPeriod
from cdnplan.forecast.models.models import make_models
from cdnplan.inputs.demand.history import History
from cdnplan.inputs.demand.history_reader import read_history
from cdnplan.inputs.demand.titles_reader import TitleTable, read_titles
from tests.forecast.histories import drawn_history, make_history, make_titles

HISTORY, TITLES = drawn_history(21, n_periods=16)


@dataclass
class Spy:
    """Repeats the last period, and looks for a signal of the next one in whatever it is given."""

    seen: list[tuple[History, TitleTable]]
    name: str = "spy"

    def fit(self, history: History, titles: TitleTable) -> Fitted:
        self.seen.append((history, titles))
        return LastPeriod().fit(history, titles)


def test_a_planted_signal_never_arrives() -> None:
    """The next period's volume is planted in every column a titles table has, and in names."""
    launches = {f"t{i}": "2024-02-04" if i >= 5 else "2020-01-01" for i in range(10)}
    rows = [(p, "r", f"t{i}", 10.0) for p in range(8) for i in range(10) if i < 5 or p >= 4]
    history = make_history([*rows, (7, "s", "late", 99.0)])
    titles = make_titles({**launches, "late": "2024-02-25"})
    titles = replace(titles, runtime_min=np.arange(11.0) + 1, size_gb=np.arange(11.0) + 1)
    spy = Spy([])
    backtest(history, titles, [spy], cutoffs=5, horizon=2)
    assert [seen.last_day for seen, _ in spy.seen] == [history.day(t) for t in range(1, 6)]
    for past, blind in spy.seen:
        assert past.period.max() < 6
        assert "late" not in past.titles
        assert "s" not in past.regions
        assert set(blind.titles) == set(past.titles)
        stated = blind.launch_day[~np.isnat(blind.launch_day)]
        assert (stated <= np.datetime64(past.last_day)).all()
        assert np.isnan(blind.runtime_min).all()
        assert np.isnan(blind.size_gb).all()


def test_what_comes_later_changes_no_forecast() -> None:
    """The same cutoff, with and without a future in which everything is different."""
    cutoff = HISTORY.day(11)
    other = replace(HISTORY, gb=np.where(HISTORY.period > 11, HISTORY.gb[::-1] * 7, HISTORY.gb))
    for model in make_models():
        one, two = (model.fit(*known_at(h, TITLES, cutoff)).predict(2, (0.5,)) for h in (HISTORY, other))
        assert one.gb.tobytes() == two.gb.tobytes()


def test_counted_by_hand() -> None:
    history = make_history(
        [(0, "a", "x", 4.0), (0, "a", "y", 2.0), (1, "a", "x", 3.0), (1, "a", "z", 1.0), (1, "b", "x", 4.0)]
    )
    found = backtest(history, make_titles(dict.fromkeys("xyz")), [LastPeriod()], cutoffs=1, cache_gb=1.0)
    by_segment = {(s.by, s.segment): s for s in found.scores if s.model == "last"}
    whole = by_segment["all", "all pairs"]
    assert whole.pairs == 4
    assert whole.actual_gb == 8
    assert whole.wape == pytest.approx((1 + 2 + 1 + 4) / 8)
    assert whole.bias == pytest.approx((6 - 8) / 8)
    assert whole.byte_hit == pytest.approx(3 / 8)
    assert by_segment["age", "not seen before"].actual_gb == 1
    assert by_segment["rank", "not in the last period"].pairs == 2
    (oracle,) = [s for s in found.scores if s.model == "oracle" and s.by == "all"]
    assert (oracle.wape, oracle.bias, oracle.byte_hit) == (0, 0, 7 / 8)


def test_segments_add_up() -> None:
    found = backtest(HISTORY, TITLES, [Auto()], cutoffs=3, horizon=2)
    for step in (1, 2):
        scores = [s for s in found.scores if s.model == "auto" and s.step == step]
        whole = scores[0]
        for by in ("age", "rank", "region"):
            parts = [s for s in scores if s.by == by]
            assert sum(s.pairs for s in parts) == whole.pairs
            assert sum(s.actual_gb for s in parts) == pytest.approx(whole.actual_gb)
            wrong = sum(s.wape * s.actual_gb for s in parts if s.actual_gb > 0)
            silent = [s for s in parts if s.actual_gb == 0]
            if not silent:
                assert wrong == pytest.approx(whole.wape * whole.actual_gb)


def test_compared_is_paired() -> None:
    found = backtest(HISTORY, TITLES, make_models(["auto", "last"]), cutoffs=5)
    gap, error = found.compared("auto", "last")
    weeks = found.by_cutoff["auto", 1].wape - found.by_cutoff["last", 1].wape
    assert gap == pytest.approx(weeks.mean())
    assert error == pytest.approx(weeks.std(ddof=1) / np.sqrt(5))
    assert found.compared("last", "last") == (0, 0)


def test_figure_is_a_picture_of_every_model() -> None:
    found = backtest(HISTORY, TITLES, make_models(), cutoffs=3)
    root = ET.fromstring(figure(found))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"auto", "recent", "last", "seasonal", "came"} <= set(texts)
    lines = list(root.iter("{http://www.w3.org/2000/svg}path"))
    assert len(lines) == 5 + 4
    assert all(len((line.get("d") or "").split()) == 3 for line in lines)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"cutoffs": 16},
            "too short: 16 periods, expected at least 17 for 16 cutoffs with horizon 1; it allows 15 cutoffs",
        ),
        ({"cutoffs": 0}, "cutoffs: found 0, expected at least 1"),
        ({"cutoffs": 1, "horizon": 0}, "horizon: found 0, expected at least 1"),
    ],
)
def test_bad_requests(options: dict[str, int], words: str) -> None:
    with pytest.raises(InputError, match=words):
        backtest(HISTORY, TITLES, [LastPeriod()], **options)  # type: ignore[arg-type]


def test_models_by_name() -> None:
    with pytest.raises(InputError) as caught:
        make_models(["auot", "last", "last"])
    assert "unknown model 'auot'; did you mean 'auto'?" in str(caught.value)
    assert "'last' is there twice" in str(caught.value)


@pytest.mark.realdata
@pytest.mark.slow
def test_real_charts(realdata: Path) -> None:
    """Four cutoffs; titles that had not charted by a cutoff are missed by everybody."""
    history = read_history(realdata / "real_week" / "history.parquet")
    titles = read_titles(realdata / "real_week" / "titles.parquet")
    found = backtest(history, titles, make_models(["auto", "recent", "last"]), cutoffs=4)
    by_model = {score.model: score for score in found.scores if score.by == "all"}
    assert by_model["auto"].wape < 0.8 * by_model["last"].wape
    assert by_model["auto"].wape < by_model["recent"].wape
    assert by_model["auto"].byte_hit > by_model["last"].byte_hit
    assert 0.77 <= by_model["auto"].coverage_80 <= 0.83
    assert by_model["auto"].bias > -0.35
