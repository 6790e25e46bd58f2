"""Reading tables: the same rows from every kind of file."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.tables import table_files
from cdnplan.inputs.tables.periods import distinct_days, usual_spacing
from cdnplan.inputs.tables.table_problems import TableProblems
from cdnplan.inputs.tables.tables import Column, Table

CONTRACT = (
    Column("date", "date"),
    Column("region", "text"),
    Column("gb", "number", minimum=0),
    Column("note", "text", required=False, empty=True),
)
CSV = (
    "\ufeffgb,extra,region,date\n"
    "1.5,x,NA,2024-01-07\n"
    "2e3,,Österreich,2024-01-14T00:00\n"
    ' 3,"a\nb",NA,2024-01-07\n'
)


def rows(table: Table) -> list[tuple[dt.date, str, float]]:
    values = table.read()
    names = table.names["region"].list
    return [
        (day, names[code], gb)
        for day, code, gb in zip(
            values["date"].astype(object), values["region"], values["gb"].tolist(), strict=True
        )
    ]


EXPECTED = [
    (dt.date(2024, 1, 7), "NA", 1.5),
    (dt.date(2024, 1, 14), "Österreich", 2000.0),
    (dt.date(2024, 1, 7), "NA", 3.0),
]
DAYS = [row[0] for row in EXPECTED]
REGIONS = [row[1] for row in EXPECTED]


def test_csv(tmp_path: Path) -> None:
    """BOM, columns in any order, a region that looks like a null, a line break within a value."""
    path = tmp_path / "t.CSV"
    path.write_text(CSV, encoding="utf-8")
    assert rows(Table(path, CONTRACT)) == EXPECTED


def test_gzipped_csv(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(CSV.encode()))
    assert rows(Table(path, CONTRACT)) == EXPECTED


@pytest.mark.parametrize(
    "columns",
    [
        {"date": pa.array(DAYS), "region": pa.array(REGIONS)},
        {"date": pa.array(DAYS).cast(pa.timestamp("us")), "region": pa.array(REGIONS, pa.large_string())},
        {"date": pa.array([str(day) for day in DAYS]), "region": pa.array(REGIONS).dictionary_encode()},
        {
            "date": pa.array(DAYS).dictionary_encode(),
            # A dictionary with an entry that no row has, as pandas leaves behind.
            "region": pa.DictionaryArray.from_arrays(
                pa.array([2, 1, 2], pa.int8()), pa.array(["unused", "Österreich", "NA"])
            ),
        },
    ],
    ids=["plain", "timestamp", "text", "dictionary"],
)
def test_parquet(tmp_path: Path, columns: dict[str, pa.Array], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "BATCH_ROWS", 2)
    path = tmp_path / "t.parquet"
    gb = pa.array([1.5, 2000, 3], pa.float32())
    pq.write_table(pa.table({**columns, "gb": gb, "extra": gb}), path)
    table = Table(path, CONTRACT)
    assert rows(table) == EXPECTED
    assert sorted(table.names["region"].list) == ["NA", "Österreich"]
    assert table.columns == {"date", "region", "gb"}
    assert [chunk.start for chunk in table.chunks()] == [0, 2]


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint64(), pa.decimal128(22, 1), pa.string()])
def test_numbers_of_any_type(tmp_path: Path, kind: pa.DataType) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"gb": pa.array([1, 2]).cast(kind)}), path)
    values = Table(path, (Column("gb", "number"),)).read()["gb"]
    assert values.dtype == np.float64
    assert values.tolist() == [1.0, 2.0]


def test_values_that_may_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("note,x,day\nhello,,\n,nan,2024-01-07\n")
    contract = (
        Column("note", "text", empty=True),
        Column("x", "number", empty=True),
        Column("day", "date", empty=True),
        Column("absent", "text", required=False),
    )
    table = Table(path, contract)
    values = table.read()
    assert values["note"].tolist() == [0, -1]
    assert np.isnan(values["x"]).all()
    assert np.isnat(values["day"]).tolist() == [True, False]
    assert "absent" not in values
    assert not table.problems


def test_a_second_pass_reports_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("date,region,gb\n2024-01-07,,-1\n2024-01-07,BE,1,1\n2024-01-07,BE,-2\n")
    table = Table(path, CONTRACT)
    list(table.chunks(("region",)))
    assert [str(p).partition(": ")[2] for p in table.problems.all()] == [
        "row 2: found 4 values, expected 3 as in the header",
        "row 1: region: found nothing, expected a name",
    ]
    list(table.chunks())
    list(table.chunks())
    assert len(table.problems) == 4
    assert [problem.row for problem in table.problems.all()] == [2, 1, 1, 3]


def test_rows_of_the_second_batch_are_counted_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_files, "BATCH_ROWS", 2)
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"gb": pa.array([1.0, 2.0, -3.0, 4.0, -5.0])}), path)
    table = Table(path, (Column("gb", "number", minimum=0),))
    with pytest.raises(InputError, match="row 3"):
        table.read()
        table.problems.raise_if_any()
    assert [problem.row for problem in table.problems.all()] == [3, 5]


def test_problems_are_counted_beyond_those_listed() -> None:
    problems = TableProblems("")
    hints: list[int] = []
    for i in range(25):
        problems.add("kind", "wrong", row=i + 1, hint=lambda i=i: str(hints.append(i)))  # type: ignore[misc, func-returns-value]
    assert len(problems) == 25
    assert len(problems.all()) == 21
    assert problems.all()[-1].message == "… and 5 more like the last"
    assert len(hints) == 20


def test_spacing() -> None:
    days = np.array(["2024-01-07", "NaT", "2024-01-01", "2024-01-07", "2024-01-02"], "datetime64[D]")
    assert distinct_days(days).astype(str).tolist() == ["2024-01-01", "2024-01-02", "2024-01-07"]
    assert usual_spacing(distinct_days(days)) == 1.0
    assert usual_spacing(distinct_days(days[:1])) is None
    far = np.array(["0001-01-01", "9999-12-31", "9999-12-31"], "datetime64[D]")
    assert distinct_days(far).astype(str).tolist() == ["0001-01-01", "9999-12-31"]


@pytest.mark.parametrize("other", ["bytes", "Timestamp", "sc-bytes", "url"])
def test_ingest_is_named_where_columns_are_those_of_a_log(tmp_path: Path, other: str) -> None:
    (tmp_path / "t.csv").write_text(f"date,region,{other}\n2024-01-07,BE,3\n")
    with pytest.raises(InputError) as caught:
        Table(tmp_path / "t.csv", CONTRACT)
    words = (
        "the column 'gb' is missing; a log, or a table in bytes or with times, becomes one by: cdnplan ingest"
    )
    assert words in str(caught.value)
