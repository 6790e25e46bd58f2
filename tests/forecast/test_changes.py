"""Known changes and the launch calendar."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from cdnplan.errors import InputError
from cdnplan.forecast.asked.changes import WithChanges, levelled
from cdnplan.forecast.base.base import Forecast
from cdnplan.forecast.models.auto import Auto
from cdnplan.forecast.models.last_period import LastPeriod
from cdnplan.forecast.models.launches import WithLaunches
from cdnplan.inputs.demand.change_reader import Change, read_changes
from cdnplan.inputs.demand.launch_reader import Launch, read_launches
from tests.forecast.histories import FIRST, drawn_history, make_history, make_titles

ROWS = [(p, r, t, gb) for p in range(4) for r, gb in (("BE", 10.0), ("NL", 20.0)) for t in ("x", "y")]
HISTORY, TITLES = make_history(ROWS), make_titles(dict.fromkeys("xy"))


def week(n: int) -> dt.date:
    return FIRST + dt.timedelta(weeks=n)


def change(kind: str, start: int = 4, end: int = 99, factor: float = 1.0, **names: str) -> Change:
    like = tuple(names.pop("like", "").split())
    return Change(kind, names.get("region", ""), names.get("title", ""), week(start), week(end), factor, like)


def made(*changes: Change, horizon: int = 2) -> dict[tuple[int, str, str], float]:
    forecast = WithChanges(LastPeriod(), changes).fit(HISTORY, TITLES).predict(horizon)
    return table(forecast)


def table(forecast: Forecast) -> dict[tuple[int, str, str], float]:
    rows = zip(forecast.step, forecast.region, forecast.title, forecast.gb, strict=True)
    return {(int(s), forecast.regions[r], forecast.titles[t]): float(gb) for s, r, t, gb in rows}


def test_a_region_grows_from_a_day_on() -> None:
    found = made(change("scale", start=5, factor=3.0, region="BE"))
    assert [found[s, "BE", "x"] for s in (1, 2)] == [10.0, 30.0]
    assert found[2, "NL", "x"] == 20.0


def test_a_change_that_lies_behind_is_taken_out_of_the_history() -> None:
    grown = levelled(HISTORY, (change("scale", start=2, factor=2.0, region="NL"),))
    assert grown.gb[(HISTORY.period < 2) & (HISTORY.region == 1)].tolist() == [40.0] * 4
    assert grown.gb[(HISTORY.period >= 2) | (HISTORY.region == 0)].max() == 20.0
    promoted = levelled(HISTORY, (change("promote", start=3, end=3, factor=4.0, title="x"),))
    assert promoted.gb[(HISTORY.period == 3) & (HISTORY.title == 0)].tolist() == [2.5, 5.0]
    assert made(change("promote", start=3, end=3, factor=4.0, title="x"))[1, "BE", "x"] == 2.5


def test_a_change_that_ends_within_the_horizon() -> None:
    found = made(change("scale", start=2, end=4, factor=2.0, region="NL"))
    assert [found[s, "NL", "x"] for s in (1, 2)] == [20.0, 10.0]


def test_new_regions_are_like_others() -> None:
    found = made(change("new-region", start=5, factor=0.5, region="LU", like="BE NL"))
    assert (1, "LU", "x") not in found
    assert found[2, "LU", "x"] == pytest.approx(7.5)
    with pytest.raises(InputError, match="'LU' is like 'BEE', which is not forecast; did you mean 'BE'"):
        made(change("new-region", region="LU", like="BEE"))


def test_titles_leave_and_are_banned() -> None:
    found = made(change("withdraw", start=5, title="x"), change("ban", region="Belgium", title="y"))
    assert {key for key in found if key[1] == "BE"} == {(1, "BE", "x")}
    assert {key for key in found if key[1] == "NL"} == {(1, "NL", "x"), (1, "NL", "y"), (2, "NL", "y")}


def test_quantiles_are_scaled_too() -> None:
    history, titles = drawn_history(31, n_regions=8)
    plain = Auto().fit(history, titles).predict(1, (0.5, 0.9))
    grown = WithChanges(Auto(), (change("scale", start=20, factor=3.0, region="r1"),)).fit(history, titles)
    twice = grown.predict(1, (0.5, 0.9))
    own = np.array(plain.regions)[plain.region] == "r1"
    assert plain.quantile_gb is not None
    assert twice.quantile_gb is not None
    np.testing.assert_allclose(twice.quantile_gb[own], 3 * plain.quantile_gb[own], rtol=1e-5)
    np.testing.assert_array_equal(twice.quantile_gb[~own], plain.quantile_gb[~own])


def test_launches_get_what_launches_got() -> None:
    """Kinds do differently; likes, promotions and countries count; the interval is wide."""
    history, titles = drawn_history(32, n_regions=8)
    plain = Launch("new", week(20), "film")
    lines = (plain, Launch("late", week(99), "film"), Launch("hidden", week(20), "film", known_from=week(30)))
    model = WithLaunches(Auto(), (*lines, Launch("here", week(20), "film", countries=("r2",))))
    forecast = model.fit(history, titles).predict(1, (0.1, 0.5, 0.9))
    found = table(forecast)
    assert not {"late", "hidden"} & {title for _, _, title in found}
    assert {region for _, region, title in found if title == "here"} == {"r2"}
    names = np.array(history.titles)[history.title]
    launched = [
        history.gb[(history.period == p) & np.char.startswith(names, f"t{p + 10:02d}")] for p in range(5, 20)
    ]
    mean = np.mean([part.sum() / 5 for part in launched])
    assert sum(gb for (_, _, title), gb in found.items() if title == "new") == pytest.approx(mean, rel=0.35)
    rows = np.flatnonzero(np.array(forecast.titles)[forecast.title] == "new")
    assert forecast.quantile_gb is not None
    assert (forecast.quantile_gb[rows, 2] > 4 * forecast.quantile_gb[rows, 0]).all()
    promoted = (
        WithLaunches(Auto(), (Launch("new", week(20), "film", promotion=2.0),))
        .fit(history, titles)
        .predict(1)
    )
    assert table(promoted)[1, "r1", "new"] == pytest.approx(2 * found[1, "r1", "new"], rel=1e-6)
    big = max(range(5), key=lambda i: history.gb[history.title == history.titles.index(f"t25-{i}")].sum())
    like = (
        WithLaunches(Auto(), (Launch("new", week(20), "film", like=(f"t25-{big}",)),))
        .fit(history, titles)
        .predict(1)
    )
    assert table(like)[1, "r1", "new"] != found[1, "r1", "new"]


def test_a_calendar_of_launches_that_nobody_watched_lowers_hopes() -> None:
    history, titles = drawn_history(33, n_regions=4)
    flops = tuple(Launch(f"flop{i}", week(5), "film") for i in range(40))
    high, low = (
        table(WithLaunches(LastPeriod(), (Launch("new", week(20)), *more)).fit(history, titles).predict(1))
        for more in ((), flops)
    )
    assert low[1, "r1", "new"] < 0.5 * high[1, "r1", "new"]


def test_a_title_that_has_been_seen_is_left_to_the_model() -> None:
    history, titles = drawn_history(34, n_regions=4)
    alone = Auto().fit(history, titles).predict(1)
    told = WithLaunches(Auto(), (Launch("t29-1", week(20)),)).fit(history, titles).predict(1)
    assert told.gb.tobytes() == alone.gb.tobytes()


def test_calendar_is_read(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text(
        "title,launch_date,kind,like,promotion,countries,known_from\n"
        "New,2024-06-01,film,Old; Older,1.5,BE;NL,2024-05-01\nOther,2024-06-02,,,,,\n"
    )
    first, second = read_launches(path)
    assert first == Launch(
        "New", dt.date(2024, 6, 1), "film", ("Old", "Older"), 1.5, ("BE", "NL"), dt.date(2024, 5, 1)
    )
    assert second == Launch("Other", dt.date(2024, 6, 2))
    path.write_text("title,launch_date,genre,language\nNew,2024-06-01,drama,es\nOther,2024-06-02,,\n")
    assert read_launches(path) == (
        Launch("New", dt.date(2024, 6, 1), genre="drama", language="es"),
        Launch("Other", dt.date(2024, 6, 2)),
    )
    path.write_text("title,launch_date,promotion\nNew,2024-06-01,-1\nNew,soon,1\n")
    with pytest.raises(InputError) as caught:
        read_launches(path)
    text = str(caught.value)
    assert "row 1: promotion: found -1" in text
    assert "row 2: launch_date: found 'soon'" in text
    assert "row 2: title: 'New' is there already, in row 1" in text


def test_changes_are_read(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("change,region,title,start,end,factor,like\nscale,BE,,2024-06-01,,2,\nwithdraw,,x,,,,\n")
    first, second = read_changes(path)
    assert first == Change("scale", "BE", "", dt.date(2024, 6, 1), dt.date.max, 2.0, ())
    assert second == Change("withdraw", "", "x", dt.date.min, dt.date.max, 1.0, ())
    path.write_text(
        "change,region,start,end,factor\nscal,BE,,,2\nscale,BE,2024-06-02,2024-06-01,\nban,NL,,,\n"
    )
    with pytest.raises(InputError) as caught:
        read_changes(path)
    text = str(caught.value)
    assert "row 1: change: unknown change 'scal'" in text
    assert "did you mean 'scale'?" in text
    assert "row 2: factor: scale needs a value here" in text
    assert "row 2: end: ends on 2024-06-01, before its start 2024-06-02" in text
    assert "row 3: title: ban needs a value here" in text
