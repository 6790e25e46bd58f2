"""`cdnplan forecast` as people run it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.cli.running import run_cli

HISTORY = "date,region,title,gb\n" + "".join(
    f"2024-01-{day:02d},{region},{title},{gb}\n"
    for day in (7, 14, 21)
    for region in ("BE", "NL")
    for title, gb in (("Alpha", 30), ("Beta", 10))
)
TITLES = "title,kind,launch_date\nAlpha,film,2020-01-01\nBeta,tv,2020-01-01\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("h.csv").write_text(HISTORY)
    Path("t.csv").write_text(TITLES)
    return tmp_path


def test_writes_a_demand_table_and_lists_its_titles(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run_cli(
        monkeypatch,
        capsys,
        *("forecast", "--history", "h.csv", "--titles", "t.csv", "--as-of", "2024-01-14", "--horizon", "2"),
        *("--out", "out/d.parquet", "--format", "json"),
    )
    assert done.code == 0, done.err
    rows = json.loads(done.out)
    assert [row["title"] for row in rows] == ["Alpha", "Beta"]
    assert rows[0]["gb"] == pytest.approx(120, rel=0.02)
    assert rows[0]["share_ratio"] == pytest.approx(0.75, rel=0.02)
    assert rows[0]["regions"] == 2
    assert "2024-01-15 to 2024-01-28, known to 2024-01-14" in done.err
    assert pq.read_metadata("out/d.parquet").num_rows == 8
    assert [path.name for path in Path("out").iterdir()] == ["d.parquet"]


def test_summary_for_people(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run_cli(
        monkeypatch,
        capsys,
        *("forecast", "--history", "h.csv", "--titles", "t.csv", "--model", "last", "--top", "1"),
        *("--as-of", "2025-01-14", "--out", "d.csv"),
    )
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        "title  GB  share ratio  regions",
        "Alpha  60         0.75        2",
    ]
    warning, summary = done.err.splitlines()
    assert warning == "warning: the history ends on 2024-01-21, 359 days before 2025-01-14"
    assert summary.startswith("d.csv: 80 GB for 2024-01-22 to 2024-01-28, known to 2024-01-21")
    with Path("d.csv").open(newline="") as stream:
        assert next(csv.DictReader(stream)) == {
            "date": "2024-01-28",
            "region": "BE",
            "title": "Alpha",
            "gb": "30",
        }


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (
            ("--history", "no.csv", "--titles", "no.parquet"),
            ("no.csv: no such file", "no.parquet: no such file"),
        ),
        (("--history", "h.csv", "--titles", "t.csv", "--out", "d.xlsx"), ("not the name of a table",)),
        (("--history", "h.csv", "--titles", "t.csv", "--model", "x"), ("unknown model 'x'",)),
        (("--history", "h.csv", "--titles", "t.csv", "--as-of", "soon"), ("--as-of",)),
        (("--history", "h.csv", "--titles", "t.csv", "--horizon", "0"), ("--horizon",)),
        (("--history", "h.csv", "--titles", "t.csv", "--as-of", "2023-01-01"), ("the history begins on",)),
        (
            ("--history", "t.csv", "--titles", "h.csv"),
            ("t.csv: region: the column", "h.csv: row 3: the title"),
        ),
    ],
)
def test_bad_input(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    args: tuple[str, ...],
    words: tuple[str, ...],
) -> None:
    out = () if "--out" in args else ("--out", "d.csv")
    done = run_cli(monkeypatch, capsys, "forecast", *args, *out)
    assert done.code == 2
    assert done.out == ""
    assert "Traceback" not in done.err
    assert all(word in done.err for word in words), done.err
    assert sorted(path.name for path in folder.iterdir()) == ["h.csv", "t.csv"]
