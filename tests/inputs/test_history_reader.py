"""The history table and what was known on a date."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.history_reader import read_history
from cdnplan.inputs.together import both

HEAD = "date,region,title,hours,gb\n"
ROWS = [
    "2024-01-21,NL,Beta,1,4\n",
    "2024-01-07,NL,Alpha,1,2\n",
    "2024-01-21,BE,Gamma,1,5\n",
    "2024-01-07,BE,Alpha,1,1\n",
    "2024-01-28,BE,Alpha,1,6\n",
    "2024-01-07,BE,Nothing,1,0\n",
]


def test_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text(HEAD + "".join(ROWS))
    history = read_history(path)
    assert (history.first_day, history.period_days, history.by) == (dt.date(2024, 1, 7), 7, "title")
    assert history.regions == ("BE", "NL")
    assert history.titles == ("Alpha", "Beta", "Gamma")
    assert history.period.tolist() == [0, 0, 2, 2, 3]
    assert history.region.tolist() == [0, 1, 0, 1, 0]
    assert history.title.tolist() == [0, 0, 2, 1, 0]
    assert history.gb.tolist() == [1, 2, 5, 4, 6]
    assert history.n_periods == 4
    assert history.last_day == dt.date(2024, 1, 28)
    digest = history.digest()
    path.write_text(HEAD + "".join(sorted(ROWS)))
    assert read_history(path).digest() == digest
    path.write_text(HEAD + "".join(sorted(ROWS)).replace("NL,Beta", "NL,Alpha"))
    assert read_history(path).digest() != digest


def test_what_was_known(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text(HEAD + "".join(ROWS))
    history = read_history(path)
    early = history.until(dt.date(2024, 1, 20))
    assert early.titles == ("Alpha",)
    assert early.regions == ("BE", "NL")
    assert (early.n_periods, early.last_day) == (1, dt.date(2024, 1, 7))
    assert history.until(dt.date(2024, 1, 21)).titles == ("Alpha", "Beta", "Gamma")
    assert history.until(dt.date(2025, 1, 1)) is history
    with pytest.raises(InputError, match="the history begins on 2024-01-07"):
        history.until(dt.date(2024, 1, 6))


def test_daily_and_by_file(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text("date,region,title,file,gb\n2024-01-07,BE,Alpha,a1,1\n2024-01-08,BE,Alpha,a2,1\n")
    history = read_history(path)
    assert (history.period_days, history.by, history.titles) == (1, "file", ("a1", "a2"))


def test_one_period_is_a_week(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text("date,region,title,gb\n2024-01-07,BE,Alpha,1\n")
    assert read_history(path).period_days == 7


def test_problems_of_two_inputs_come_together(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        both(lambda: read_history(tmp_path / "a.csv"), lambda: read_history(tmp_path / "b.csv"))
    assert [Path(problem.file).name for problem in caught.value.problems] == ["a.csv", "b.csv"]


@pytest.mark.realdata
def test_real_history(realdata: Path) -> None:
    history = read_history(realdata / "real_week" / "history.parquet")
    assert (len(history.regions), history.n_periods, history.period_days) == (94, 72, 7)
    assert history.gb.size == 134_617
    keys = np.stack([history.period, history.region, history.title])
    assert (np.lexsort(keys[::-1]) == np.arange(history.gb.size)).all()
