"""The history table and what was known on a date."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.demand.history_reader import read_history
from cdnplan.inputs.tables import table_files, tables
from cdnplan.inputs.tables.together import both

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


def random_rows(seed: int) -> list[tuple[dt.date, str, str, float]]:
    """Rows of some days in any order, some of 0 GB, some days and names without any GB; no twins."""
    rng = np.random.default_rng(seed)
    n_regions, n_titles, n_days = (int(n) for n in rng.integers(1, 12, 3))
    distance = 7 if seed % 3 == 0 else 1
    there = rng.random((n_days, n_regions * n_titles)) < rng.uniform(0.05, 1.0)
    # Most days that follow each other are there, so that their distance is found.
    there[:, rng.integers(0, n_regions * n_titles)] = True
    there[2 : 3 if n_days > 6 else 2] = False
    chosen = np.flatnonzero(there)
    if seed % 2:
        rng.shuffle(chosen)
    found = []
    for cell in chosen.tolist():
        day, pair = divmod(cell, n_regions * n_titles)
        region, title = divmod(pair, n_titles)
        # Not in the order of the names' numbers, and with blanks that belong to the name.
        names = f"r{(region * 7) % 12}", f" t{(title * 5) % 12}"
        gb = 0.0 if rng.random() < 0.2 else round(float(rng.exponential(3.0)), 3) + 0.001
        found.append((dt.date(2024, 1, 7) + dt.timedelta(days=day * distance), *names, gb))
    return found


def write_rows(rows: list[tuple[dt.date, str, str, float]], path: Path, group: int) -> None:
    """Write a Parquet file with dictionaries, as tables of many rows have."""
    day, region, title, gb = zip(*rows, strict=True)
    table = pa.table(
        {
            "date": pa.array(day),
            "region": pa.array(region).dictionary_encode(),
            "title": pa.array(title),
            "gb": pa.array(gb),
        }
    )
    pq.write_table(table, path, row_group_size=group)


@pytest.mark.parametrize("seed", range(40))
def test_random_tables_in_small_batches(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What sorting all rows at once gives, however they come in batches."""
    rows = random_rows(seed)
    monkeypatch.setattr(table_files, "BATCH_ROWS", 1 + seed)
    monkeypatch.setattr(tables, "MANY_TEXTS", 1 + seed % 4)
    path = tmp_path / "h.parquet"
    write_rows(rows, path, 3 + 2 * seed)
    expected = sorted(row for row in rows if row[3] > 0)
    if not expected:
        with pytest.raises(InputError, match="no row has more than 0 GB"):
            read_history(path)
        return
    history = read_history(path)
    # Period 0 is the first date of the table, also when nothing was asked for on it.
    assert history.first_day == min(row[0] for row in rows)
    several = len({row[0] for row in rows}) > 1
    assert history.period_days == (1 if several and seed % 3 else 7)
    assert history.regions == tuple(sorted({row[1] for row in expected}))
    assert history.titles == tuple(sorted({row[2] for row in expected}))
    assert [history.day(period) for period in history.period.tolist()] == [row[0] for row in expected]
    assert [history.regions[r] for r in history.region] == [row[1] for row in expected]
    assert [history.titles[t] for t in history.title] == [row[2] for row in expected]
    assert history.gb.tolist() == [row[3] for row in expected]
    assert [a.dtype for a in (history.period, history.region, history.title)] == [np.int32] * 3
    assert history.gb.dtype == np.float64


@pytest.mark.parametrize("seed", range(10))
def test_twins_are_found_wherever_they_are(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(seed)
    rows = [row for row in random_rows(3 * seed) if row[1] != "r0"] or [(dt.date(2024, 1, 7), "a", "b", 1.0)]
    copied = rng.choice(len(rows), min(3, len(rows)), replace=False).tolist()
    for i in copied:
        at = int(rng.integers(0, len(rows) + 1))
        rows.insert(at, (*rows[i][:3], float(rng.integers(0, 3))))
    monkeypatch.setattr(table_files, "BATCH_ROWS", 1 + int(rng.integers(1, 9)))
    path = tmp_path / "h.parquet"
    write_rows(rows, path, 5)
    latest: dict[object, int] = {}
    expected = []
    for number, row in enumerate(rows, 1):
        if row[:3] in latest:
            where = f"{row[1]!r} and {row[2]!r} are there already"
            expected.append((number, f"{where}, on the same date in row {latest[row[:3]]}"))
        latest[row[:3]] = number
    with pytest.raises(InputError) as caught:
        read_history(path)
    assert [(problem.row, problem.message) for problem in caught.value.problems] == expected


@pytest.mark.realdata
def test_real_history(realdata: Path) -> None:
    history = read_history(realdata / "real_week" / "history.parquet")
    assert (len(history.regions), history.n_periods, history.period_days) == (94, 72, 7)
    assert history.gb.size == 134_617
    keys = np.stack([history.period, history.region, history.title])
    assert (np.lexsort(keys[::-1]) == np.arange(history.gb.size)).all()
