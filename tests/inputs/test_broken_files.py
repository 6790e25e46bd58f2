"""Files that are broken in ways that no reader expects: a problem with its place, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.demand.history_reader import read_history
from cdnplan.inputs.edits.workspace import open_workspace
from cdnplan.inputs.plans.manifest_files import read_index, read_manifest
from cdnplan.inputs.plans.plan_json import read_plan_json
from cdnplan.inputs.tables.json_files import read_json, strict_json
from cdnplan.inputs.tables.parquet_columns import Kind, read_columns
from cdnplan.inputs.tables.tables import Column, Table
from cdnplan.report.tables.records import read_replayed, read_whatif
from tests.inputs.logs.ingesting import combined, run

DEEP = "[" * 100_000 + "]" * 100_000
NOT_UTF8 = pa.Array.from_buffers(pa.string(), 2, pa.array([b"ok", b"\xed\xa0\x80"], pa.binary()).buffers())


def _problem(error: pytest.ExceptionInfo[InputError]) -> str:
    assert len(error.value.problems) == 1
    return str(error.value.problems[0])


@pytest.mark.parametrize(
    ("columns", "names", "kind", "said"),
    [
        ([["a"], ["b"]], ["file", "file"], "text", "t.parquet: file: the column is there more than once"),
        ([[["a"]]], ["file"], "text", "t.parquet: file: expected texts, found list<element: string>"),
        ([NOT_UTF8], ["file"], "text", "t.parquet: not UTF-8 text"),
        (
            [pa.array([1, 2**31 - 1], pa.int32()).cast(pa.date32())],
            ["day"],
            "date",
            "t.parquet: row 2: day: a date",
        ),
        (
            [pa.array([2**62]).cast(pa.timestamp("ms", "UTC"))],
            ["at"],
            "instant",
            "t.parquet: row 1: at: a date",
        ),
        ([[1e308]], ["gb"], "number", "t.parquet: row 1: gb: 1e+308 is not a number one can use"),
    ],
)
def test_columns_of_plan_folders(
    columns: list[Any],
    names: list[str],
    kind: Kind,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    pq.write_table(pa.Table.from_arrays([pa.array(column) for column in columns], names), "t.parquet")
    with pytest.raises(InputError) as error:
        read_columns(Path("t.parquet"), {names[0]: kind})
    assert _problem(error).startswith(said)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
def test_a_row_that_is_short_and_not_utf8(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """pyarrow would print a traceback, and go on."""
    import gzip

    content = b"title,size_gb\nAlpha,1\nCaf\xe9\n"
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    table = Table(tmp_path / name, (Column("title", "text"), Column("size_gb", "number")))
    with pytest.raises(InputError) as error:
        table.read()
    assert _problem(error) == f"{tmp_path / name}: row 2: not UTF-8 text"
    assert capfd.readouterr().err == ""


def test_carriage_returns_end_the_lines_of_tables(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"title,size_gb\rAlpha,1\rBeta,2\r")
    values = Table(tmp_path / "t.csv", (Column("title", "text"), Column("size_gb", "number"))).read()
    assert values["size_gb"].tolist() == [1.0, 2.0]


def test_carriage_returns_in_the_header_of_a_log(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        run(tmp_path, b"time,bytes,object,region\r2025-10-10T00:00:00Z,4,/a,NL\r", name="a.csv")
    assert "a.csv:1:25: the header has a carriage return in it" in _problem(error)


@pytest.mark.parametrize("log", ["", combined(status="404") * 3])
def test_a_night_without_a_line_that_counts(log: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no line counts: of [03] lines 0 are malformed"):
        run(tmp_path, log, "format: combined\nday_timezone: Europe/Brussels\nregion: {name: BE}\n")
    assert not (tmp_path / "h.csv").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (DEEP, "nested too deeply"),
        (r'"\ud800"', "half a character"),
        ("NaN", "NaN is not a number"),
        ("9" * 5000, "Exceeds the limit"),
    ],
)
def test_json_that_means_nothing(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=said):
        strict_json(text)
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "index.json").write_text(f'{{"format": {text}}}', encoding="utf-8")
    (tmp_path / "1.jsonl").write_text(f'{{"format": {text}}}\n', encoding="utf-8")
    for read, path in (
        (read_index, tmp_path),
        (read_manifest, tmp_path / "1.jsonl"),
        (read_json, tmp_path / "1.jsonl"),
    ):
        with pytest.raises(InputError, match=said):
            read(path)


def test_a_pair_of_halves_is_a_character() -> None:
    assert strict_json(r'"\ud83c\udfac"') == "\N{CLAPPER BOARD}"


@pytest.mark.parametrize(
    ("start", "said"),
    [("9999-12-31", "found 9999-12-31, expected a date in the years"), ("0001-01-01", "found 0001")],
)
def test_a_plan_at_the_end_of_time(start: str, said: str, tmp_path: Path) -> None:
    night = {"from": f"{start}T00:00:00+14:00", "until": f"{start}T23:00:00-14:00"}
    record = {"format": 1, "period": {"start": start, "days": 7}, "fills": night}
    (tmp_path / "plan.json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_plan_json(tmp_path / "plan.json")
    texts = [str(problem) for problem in error.value.problems]
    for key in ("period.start", "fills.from", "fills.until"):
        assert any(f"plan.json: {key}: {said}" in text for text in texts), texts


def test_a_history_of_centuries(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text(
        "date,region,title,gb\n"
        + "".join(f"{day},BE,A,1\n" for day in ("1900-01-01", "1900-01-02", "2026-03-01"))
    )
    with pytest.raises(InputError, match=r"h\.csv: row 3: date: found 2026-03-01, more than a century after"):
        read_history(tmp_path / "h.csv")


@pytest.mark.parametrize(
    ("read", "record", "said"),
    [
        (read_whatif, {"base": [], "scenarios": []}, "base: expected an object, found []"),
        (read_whatif, {"base": {"id": 1}, "scenarios": {}}, "base.id: expected a text, found 1"),
        (read_replayed, {"polices": []}, "policies: missing; did you mean 'polices'?"),
    ],
)
def test_results_that_are_none(read: Any, record: object, said: str, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(InputError) as error:
        read(tmp_path / "r.json")
    assert f"{tmp_path / 'r.json'}: {said}" in [str(problem) for problem in error.value.problems]


def test_a_header_of_a_hundred_thousand_columns(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a," * 100_000 + "b\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"the header has 100,001 columns, expected at most 10,000"):
        Table(tmp_path / "t.csv", (Column("a", "text"),))


def test_edits_look_for_line_feeds(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_bytes(b"name: a\rsites:\r  - {name: x}\r")
    with pytest.raises(InputError, match=r"t\.yaml:1:8: a line ends in U\+000D"):
        open_workspace(tmp_path / "t.yaml")
