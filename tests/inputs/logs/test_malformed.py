"""Malformed lines are counted exactly, shown by example, and stop nothing unless a limit says so."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.log_lines import BAD_KINDS, LogMaker
from cdnplan.errors import InputError
from cdnplan.inputs.logs.lines.blocks import BLOCK_BYTES
from tests.inputs.logs.ingesting import ONE_REGION, combined, run, run_files, volumes


def test_a_hundred_malformed_lines_of_all_kinds(tmp_path: Path) -> None:
    maker = LogMaker(seed=3, n_bad=100, lines=2_000)
    (tmp_path / "p.csv").write_text(maker.prefix_table())
    text = b"".join(maker.blocks())
    result, found = run(
        tmp_path, text, "region: {prefixes: p.csv}\n", "a.log.gz", examples=2, bad_lines=tmp_path / "bad.csv"
    )
    assert dict(result.bad_by_kind) == maker.bad_by_kind()
    assert len(result.bad_by_kind) == len(BAD_KINDS) == 12
    assert (result.lines, result.bad, result.counted) == (2_000, 100, maker.counted())
    assert sum(volumes(found, "file").values()) == round(maker.gb() * 1e9)
    # Where they are, by reading the text again.
    lines = text.splitlines()
    wrong = {bad.rstrip(b"\n"): kind for kind, bad in BAD_KINDS.items()}
    where = {(number, wrong[line]) for number, line in enumerate(lines, start=1) if line in wrong}
    with (tmp_path / "bad.csv").open(newline="") as stream:
        listed = list(csv.DictReader(stream))
    assert {(int(row["line"]), row["kind"]) for row in listed} == where
    assert len(listed) == 100
    assert [len([e for e in result.examples if e.kind == kind]) for kind in BAD_KINDS] == [2] * 12
    assert {(e.line, e.kind) for e in result.examples} <= where


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('x - - [10/Oct/2025:13:55:36 +0000] "GET / HTTP/1.1" 200\n', "too few fields: 6, expected 9"),
        (combined(time="10-Oct-2025"), "time not understood: found '10-Oct-2025'"),
        (combined(sent="12x"), "bytes no whole number >= 0: found '12x'"),
        (combined(status="OK"), "status no number of three digits: found 'OK'"),
        (combined(request="PING"), "request without method and URL: found 'PING'"),
        (combined("?q=1"), "no object"),
        ("\x00" * 50 + "\n", "too few fields: 1, expected 9"),
    ],
)
def test_what_is_said_of_a_line(tmp_path: Path, line: str, message: str) -> None:
    result, _ = run(tmp_path, combined() + "\n" + line + combined(), "format: combined\nregion: {name: BE}\n")
    (bad,) = result.examples
    assert (bad.file, bad.line) == (str(tmp_path / "a.log"), 3)
    assert bad.message.startswith(message)
    assert (result.counted, result.blank, result.bad) == (2, 1, 1)


def test_refused_requests_are_left_out_not_malformed(tmp_path: Path) -> None:
    result, _ = run(tmp_path, combined() + combined(request="\\x16\\x03\\x01", status="400"))
    assert (result.bad, dict(result.left_out)) == (0, {"status not wanted": 1})


def test_json_lines(tmp_path: Path) -> None:
    good = {"time": "2025-10-10T00:00:00Z", "region": "BE", "object": "/a", "bytes": 5}
    lines = [json.dumps(good), "", "{", "[1]", "null", '{"time": 1}', json.dumps({**good, "bytes": None})]
    lines += [json.dumps({**good, "bytes": "x"}), json.dumps({**good, "region": ""}), json.dumps(good)]
    result, found = run(tmp_path, ("\n".join(lines) + "\n").encode() + b'{"a": "\xff"}\n', "format: json\n")
    assert volumes(found, "file") == {("2025-10-10", "BE", "/a"): 10}
    assert dict(result.bad_by_kind) == {
        "no JSON object": 3,
        "a value is missing": 1,
        "time not understood": 1,
        "bytes no whole number >= 0": 1,
        "no region": 1,
        "not UTF-8 text": 1,
    }
    assert (result.lines, result.blank, result.counted) == (11, 1, 2)


def test_keys_that_json_lines_lack_are_named(tmp_path: Path) -> None:
    line = {
        "tiem": "2025-10-10T00:00:00Z",
        "country": "BE",
        "request": {"url": "/a", "stauts": 200},
        "bytes": 5,
    }
    mapping = "format: json\nobject: {field: uri}\nstatus: {field: request.status}\ncache: {field: x-cache}\n"
    with pytest.raises(InputError) as caught:
        run(tmp_path, (json.dumps(line) + "\n") * 3, mapping)
    keys = ("tiem", "country", "request", "request.url", "request.stauts", "bytes")
    told = [str(problem).rpartition("a.log: ")[2] for problem in caught.value.problems]
    assert sorted(told) == [
        "no key 'request.status' for the status in the first lines; did you mean 'request.stauts'?",
        "no key 'time' or 'timestamp' or 'date' for the time in the first lines; did you mean 'tiem'?",
        "no key 'uri' for the object in the first lines; found: " + ", ".join(map(repr, keys)),
    ]


def test_a_key_that_is_rare_is_no_mistake(tmp_path: Path) -> None:
    good = {"time": "2025-10-10T00:00:00Z", "region": "BE", "object": "/a", "bytes": 5}
    lines = "".join(json.dumps(good) + "\n" for _ in range(5))
    result, _ = run(tmp_path, lines, "format: json\ncache: {field: x-cache}\n")
    assert result.counted == 5


def test_csv_of_the_wrong_width(tmp_path: Path) -> None:
    text = "time,region,object,bytes\n2025-10-10,BE,/a,1\n2025-10-10,BE,/a\n2025-10-10,BE,/a,1,2\n"
    result, _ = run(tmp_path, text, "format: csv\n", "a.csv")
    assert [bad.message for bad in result.examples] == [
        "too few fields: 3, expected 4",
        "too many fields: 5, expected 4",
    ]


def test_a_file_cut_short_counts_once_and_the_next_is_read(tmp_path: Path) -> None:
    raw = gzip.compress("".join(combined(f"/{i * 7919 % 10007}") for i in range(5_000)).encode())
    (tmp_path / "1.log.gz").write_bytes(raw[: len(raw) // 2])
    (tmp_path / "2.log").write_text(combined("/last"))
    result, found = run_files(tmp_path, (tmp_path / "1.log.gz", tmp_path / "2.log"))
    assert dict(result.bad_by_kind) == {"file broken or cut short": 1}
    assert result.counted == result.lines == sum(row["plays"] for row in found)
    assert "/last" in {row["file"] for row in found}
    assert 1 < len(found) < 5_001


def test_blocks_end_where_lines_end(tmp_path: Path) -> None:
    line = combined("/" + "x" * 2_000)
    n = BLOCK_BYTES // len(line) * 2 + 17
    result, found = run(tmp_path, line * n + combined("/end").rstrip("\n"))
    assert (result.lines, result.bad) == (n + 1, 0)
    assert [row["plays"] for row in found] == [1, n]


def test_a_text_without_line_ends_does_not_fill_the_memory(tmp_path: Path) -> None:
    text = combined("/a") + "y" * (BLOCK_BYTES + 5) + "\n" + combined("/b")
    result, found = run(tmp_path, text)
    assert [row["file"] for row in found] == ["/a", "/b"]
    (bad,) = result.examples
    assert (bad.line, bad.message, result.lines) == (2, "line too long", 3)
    assert len(bad.text) == 200


@pytest.mark.parametrize(
    ("options", "stops"),
    [
        ({"max_bad": 1}, True),
        ({"max_bad": 2}, False),
        ({"max_bad_ratio": 0.49}, True),
        ({"max_bad_ratio": 0.5}, False),
    ],
)
def test_limits(tmp_path: Path, options: dict[str, float], stops: bool) -> None:
    text = combined() * 2 + "no\n" * 2 + "\n" * 5
    if not stops:
        assert run(tmp_path, text, **options)[0].bad == 2
        return
    with pytest.raises(InputError, match=r"2 (of 4 lines are malformed|malformed lines so far)") as caught:
        run(tmp_path, text, **options)
    assert f"{tmp_path / 'a.log'}:3: too few fields: 1, expected 9" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["a.log"]


def test_nothing_that_counts_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no line counts: of 2 lines 1 are malformed; left out: 1 status"):
        run(tmp_path, combined(status="500") + "x\n", replace(ONE_REGION, format="combined"))
