"""`cdnplan ingest` as people run it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import run_cli
from tests.inputs.logs.ingesting import combined

LOG = combined("/v/a/1") + combined("/v/b/1", status="404") + "broken\n"
PATTERN = "^/v/(?P<title>[^/]+)/"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.log").write_text(LOG)
    return tmp_path


def test_summary_for_programs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--region", "BE", "--pattern", PATTERN, "--format", "json", "--requests", "r.parquet")
    done = run_cli(monkeypatch, capsys, "ingest", "a.log", "--out", "h.parquet", *options)
    assert done.code == 0, done.err
    summary = json.loads(done.out)
    assert summary["lines"] == 3
    assert summary["counted"] + summary["malformed"] + summary["left out: status not wanted"] == 3
    assert summary["malformed: too few fields"] == 1
    assert "malformed: a.log:3: too few fields: 1, expected 9: broken\n" in done.err
    assert "warning: 1 malformed lines: 1 too few fields" in done.err
    assert "do not span all of the periods 2025-10-10" in done.err
    assert sorted(path.name for path in folder.iterdir()) == ["a.log", "h.parquet", "r.parquet"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), "error: nothing says in which region viewers are; give --region NAME or --prefixes TABLE"),
        (("--region", "BE", "--prefixes", "p.csv"), "error: expected --region or --prefixes, not both"),
        (("--region", "BE", "--pattern", "("), "error: --pattern: no regular expression"),
        (
            ("--region", "BE", "--max-bad", "few"),
            "--max-bad: found 'few', expected a number as 100 or a share",
        ),
        (("--region", "BE", "--max-bad", "0"), "error: 1 malformed lines so far, of 3; 0 are allowed"),
        (
            ("--region", "BE", "--max-bad", "10%"),
            "error: 1 of 3 lines are malformed, 33.333%; 10.000% are allowed",
        ),
        (("--region", "BE", "--plays", "sizes"), "plays by sizes need a titles or files table"),
        (
            ("--region", "BE", "--by", "title", "--pattern", "(?P<file>.*)"),
            "the pattern has no group 'title'",
        ),
        (("--region", "BE", "--mapping", "m.yaml"), "error: m.yaml: no such file"),
        (("--region", "BE", "--week-ends", "funday"), "week_ends: found 'funday', expected a weekday"),
    ],
)
def test_mistakes(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    expected: str,
) -> None:
    done = run_cli(monkeypatch, capsys, "ingest", "a.log", "--out", "h.csv", *options)
    assert (done.code, done.out) == (2, "")
    assert expected in done.err
    assert [path.name for path in folder.iterdir()] == ["a.log"]


def test_logs_that_are_not_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run_cli(monkeypatch, capsys, "ingest", "b.log", ".", "--out", "h.txt", "--region", "BE")
    assert done.code == 2
    for expected in (
        "b.log: no such file",
        ".: a folder, expected a log file",
        "h.txt: not the name of a table",
    ):
        assert expected in done.err


WEEKS = "week,region,title,gb\n2025-W50,BE,Alpha,{0}\n2026-W01,BE,Beta,{0}\n"


def test_iso_weeks_of_a_table(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("t.csv").write_text(WEEKS.format("5000000000.0"))
    Path("m.yaml").write_text("time: {field: week}\nbytes: {field: gb, unit: Bytes}\n")
    options = ("--mapping", "m.yaml", "--out", "h.csv", "--format", "json")
    done = run_cli(monkeypatch, capsys, "ingest", "t.csv", *options, "--period", "weekly")
    assert done.code == 0, done.err
    summary = json.loads(done.out)
    assert summary["first period"] == "2025-12-08 to 2025-12-14"
    assert summary["last period"] == "2025-12-29 to 2026-01-04"
    written = Path("h.csv").read_text().splitlines()
    assert written[1:] == ['2025-12-14,"BE","Alpha",5,1', '2026-01-04,"BE","Beta",5,1']


def test_weeks_that_are_no_days(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("t.csv").write_text(WEEKS.replace("week", "date", 1).replace("2026-W01", "2025-W51").format("2"))
    done = run_cli(monkeypatch, capsys, "ingest", "t.csv", "--out", "h.csv")
    assert (
        "dates are usually 7 days apart, as those of weeks: --period weekly makes weeks of them" in done.err
    )
    done = run_cli(
        monkeypatch,
        capsys,
        "ingest",
        "t.csv",
        "--out",
        "h.csv",
        "--period",
        "weekly",
        "--week-ends",
        "monday",
    )
    assert done.code == 2
    assert "a CSV file cannot say that weeks end on Mondays" in done.err


def test_bytes_in_a_column_of_gb(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("t.csv").write_text(WEEKS.replace("week", "date", 1).format("3.4e11"))
    done = run_cli(monkeypatch, capsys, "ingest", "t.csv", "--out", "h.csv")
    assert done.code == 2
    assert "where a column gb holds bytes, write in the mapping: bytes: {field: gb, unit: bytes}" in done.err


@pytest.mark.parametrize("week", ["2025-W53", "2025-W00", "2025-W1", "2025-W10-8", "2025W10"])
def test_no_such_week(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], week: str
) -> None:
    Path("t.csv").write_text(f"date,region,title,gb\n2025-W10-3,BE,Alpha,1\n{week},BE,Alpha,1\n")
    done = run_cli(monkeypatch, capsys, "ingest", "t.csv", "--out", "h.csv")
    assert done.code == 0, done.err
    assert f"malformed: t.csv:3: time not understood: found '{week}'" in done.err
    assert Path("h.csv").read_text().splitlines()[1:] == ['2025-03-05,"BE","Alpha",1,1']
