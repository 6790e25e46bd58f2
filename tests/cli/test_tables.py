"""Tables on stdout."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from cdnplan.cli.terminal.tables import TableFormat, heading, print_table

COLUMNS = ["site", "storage_tb", "gap_ratio", "full"]
ROWS: list[list[object]] = [
    ["ams-ix", 1168.0, 0.0123456789, True],
    ['a, "b"', None, 0, False],
    ["日本", np.float64(1234567.5), np.int64(-3), None],
]


def printed(capsys: pytest.CaptureFixture[str], fmt: TableFormat) -> str:
    print_table(COLUMNS, ROWS, fmt)
    return capsys.readouterr().out


def test_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "table") == (
        "site    storage [TB]  gap ratio  full\n"
        "ams-ix         1,168    0.01235  yes\n"
        'a, "b"             -          0  no\n'
        "日本       1,234,568         -3  -\n"
    )


def test_csv_has_numbers_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.reader(io.StringIO(printed(capsys, "csv"))))
    assert rows == [
        COLUMNS,
        ["ams-ix", "1168.0", "0.0123456789", "True"],
        ['a, "b"', "", "0", "False"],
        ["日本", "1234567.5", "-3", ""],
    ]


def test_json_is_a_list_of_objects(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, "json"))
    assert found[0] == {"site": "ams-ix", "storage_tb": 1168.0, "gap_ratio": 0.0123456789, "full": True}
    assert found[2] == {"site": "日本", "storage_tb": 1234567.5, "gap_ratio": -3, "full": None}


def test_json_has_no_numbers_that_json_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["a", "b"], [[float("nan"), float("inf")]], "json")
    assert json.loads(capsys.readouterr().out) == [{"a": None, "b": None}]


def test_no_rows(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["site", "size_gb"], [])
    assert capsys.readouterr().out == "site  size [GB]\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (-0.5, "-0.5"),
        (123456.789, "123,457"),
        (12.345678, "12.3457"),
        (1e-7, "1.00000e-07"),
        (1e18, "1.00000e+18"),
        (12345678, "12,345,678"),
    ],
)
def test_numbers(value: float, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["x"], [[value]])
    assert capsys.readouterr().out.splitlines()[1].strip() == shown


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        ("storage_tb", "storage [TB]"),
        ("peak_gbps", "peak [Gbps]"),
        ("period_days", "period [days]"),
        ("gb", "GB"),
        ("gap_ratio", "gap ratio"),
        ("name", "name"),
    ],
)
def test_units_in_headers(column: str, shown: str) -> None:
    assert heading(column) == shown


def test_rows_must_fit() -> None:
    with pytest.raises(ValueError, match="zip"):
        print_table(["a", "b"], [["x"]], "json")
