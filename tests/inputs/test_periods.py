"""Which days a date of a table stands for: weeks by their last days, and Mondays for what they are."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.demand.demand_reader import demand_periods
from cdnplan.inputs.demand.history_reader import read_history
from cdnplan.inputs.tables.periods import named_by_first
from tests.inputs.test_demand_reader import entries, read, read_path

HEAD = "date,region,title,gb\n"
SUNDAYS = ("2024-01-07", "2024-01-14")
MONDAYS = ("2024-01-01", "2024-01-08")
ISO_WEEKS = ("2024-W01", "2024-W02")
WEEKS = [dt.date(2024, 1, 7), dt.date(2024, 1, 14)]


def rows(dates: tuple[str, ...]) -> str:
    return HEAD + "".join(f"{day},BE,Alpha,{i + 1}\n" for i, day in enumerate(dates))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("titles.csv").write_text("title,size_gb\nAlpha,1\n")
    return tmp_path


@pytest.mark.parametrize("dates", [SUNDAYS, MONDAYS, ISO_WEEKS], ids=["Sundays", "Mondays", "ISO weeks"])
def test_the_same_weeks_however_they_are_named(folder: Path, dates: tuple[str, ...]) -> None:
    Path("h.csv").write_text(rows(dates))
    history = read_history(Path("h.csv"))
    assert [history.day(t) for t in range(2)] == WEEKS
    assert history.span(1) == "2024-01-08 to 2024-01-14"
    assert demand_periods(Path("h.csv")) == (tuple(WEEKS), 7.0)
    told = "dates are Mondays, taken for first days of weeks: 2024-01-08 is 2024-01-08 to 2024-01-14"
    assert [told in text for text in history.warnings] == ([True] if dates == MONDAYS else [])
    for t, day in ((0, dt.date(2024, 1, 1)), (0, dt.date(2024, 1, 7)), (1, dt.date(2024, 1, 10))):
        demand, catalog, warnings = read(rows(dates), {"BE": "BE"}, date=day)
        assert entries(demand, catalog) == {("BE", "Alpha"): t + 1}
        assert demand.end == WEEKS[t]
        assert any(told in text for text in warnings) == (dates == MONDAYS)


def test_a_week_that_is_not_over_is_not_known(folder: Path) -> None:
    Path("h.csv").write_text(rows(MONDAYS))
    history = read_history(Path("h.csv"))
    assert history.until(dt.date(2024, 1, 13)).last_day == WEEKS[0]
    with pytest.raises(
        InputError, match=r"period 2024-01-01 to 2024-01-07.: nothing was known on 2024-01-03"
    ):
        history.until(dt.date(2024, 1, 3))


def test_a_day_outside_of_all_periods(folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(rows(SUNDAYS), {"BE": "BE"}, date=dt.date(2024, 1, 15))
    words = "2 periods from 2024-01-01 to 2024-01-14, as of 2024-01-08 to 2024-01-14"
    assert words in str(caught.value)


def test_a_file_that_says_how_it_names_weeks(folder: Path) -> None:
    for says, end in (("last", dt.date(2024, 1, 1)), ("first", dt.date(2024, 1, 7))):
        table = pa.table({"date": ["2024-01-01"], "region": ["BE"], "title": ["Alpha"], "gb": [1.0]})
        pq.write_table(table.replace_schema_metadata({"named_by": says}), "d.parquet")
        demand, _, warnings = read_path(Path("d.parquet"), {"BE": "BE"})
        assert (demand.end, warnings) == (end, [])
    pq.write_table(table.replace_schema_metadata({"named_by": "middle"}), "d.parquet")
    with pytest.raises(InputError, match="named_by 'middle', expected 'first' or 'last'"):
        read_path(Path("d.parquet"), {"BE": "BE"})


def test_other_weekdays_are_last_days_and_asked_about() -> None:
    fridays = np.array(["2024-01-05", "2024-01-12"], "datetime64[D]")
    first, told = named_by_first(fridays, 7.0, {}, "h.csv")
    assert not first
    assert "Fridays, taken for last days of weeks: 2024-01-12 is 2024-01-06 to 2024-01-12" in told
    assert told.endswith(
        "where weeks begin on Fridays, make the table with: cdnplan ingest --period weekly"
        " --week-ends thursday"
    )
    assert named_by_first(fridays, 1.0, {}, "h.csv") == (False, "")
    assert named_by_first(np.array(["2024-01-05", "2024-01-13"], "datetime64[D]"), 7.0, {}, "") == (False, "")


@pytest.mark.parametrize("week", ["2024-W00", "2024-W53", "2024-W1", "2024-W01-3"])
def test_no_such_week(folder: Path, week: str) -> None:
    Path("h.csv").write_text(rows((week,)))
    with pytest.raises(
        InputError, match=f"found '{week}', expected a date as 2021-07-04 or a week as 2021-W26"
    ):
        read_history(Path("h.csv"))
