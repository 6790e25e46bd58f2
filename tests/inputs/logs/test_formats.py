"""The same requests in every format give the same history."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdnplan.errors import InputError
from tests.inputs.logs.ingesting import combined, run, run_files, volumes

REQUESTS = [
    ("2025-10-10", "13:55:36", "192.0.2.1", "GET", "/v/alpha", 200, 1000, "HIT"),
    ("2025-10-10", "14:00:00", "192.0.2.1", "GET", "/v/alpha", 206, 500, "MISS"),
    ("2025-10-11", "00:00:01", "198.51.100.7", "GET", "/v/beta", 200, 70, "HIT"),
    ("2025-10-11", "00:00:02", "198.51.100.7", "HEAD", "/v/beta", 200, 1, "HIT"),
    ("2025-10-11", "00:00:03", "198.51.100.7", "GET", "/v/beta", 404, 2, "MISS"),
]
WANTED = {
    ("2025-10-10", "BE", "alpha"): 1500,
    ("2025-10-11", "NL", "beta"): 70,
}
PREFIXES = "prefix,region\n192.0.2.0/24,BE\n198.51.100.0/24,NL\n"
WHERE = "region: {prefixes: p.csv}\nobject: {pattern: '^/v/(?P<title>.+)$'}\n"
MONTHS = {"2025-10-10": "10/Oct/2025", "2025-10-11": "11/Oct/2025"}


def as_combined() -> str:
    return "".join(
        combined(
            client=ip, time=f"{MONTHS[day]}:{clock} +0000", request=f"{method} {url} HTTP/1.1",
            status=str(status), sent=str(sent),
        )
        for day, clock, ip, method, url, status, sent, _ in REQUESTS
    )  # fmt: skip


def as_w3c(separator: str) -> str:
    fields = "date time c-ip cs-method cs-uri-stem sc-status sc-bytes x-edge-result-type"
    head = f"#Version: 1.0\r\n#Fields: {fields}\r\n"
    return head + "".join(separator.join(map(str, row)) + "\r\n" for row in REQUESTS)


def as_csv(separator: str) -> str:
    head = separator.join(("time", "ip", "method", "url", "status", "bytes", "cache"))
    lines = [f'"{day}T{clock}Z"{separator}' + separator.join(map(str, row)) for day, clock, *row in REQUESTS]
    return "\n".join([head, *lines, ""])


def as_json() -> str:
    return "".join(
        json.dumps(
            {
                "time": f"{day} {clock}",
                "req": {"ip": ip, "method": method, "url": f"https://cdn.example{url}?a=1"},
                "status": status,
                "bytes": str(sent),
                "cache.status": cache,
            }
        )
        + "\n"
        for day, clock, ip, method, url, status, sent, cache in REQUESTS
    )


JSON_FIELDS = """
region: {field: req.ip, prefixes: p.csv}
method: {field: req.method}
object: {field: req.url, pattern: '^/v/(?P<title>.+)$'}
cache: {field: cache.status}
"""


@pytest.mark.parametrize(
    ("text", "mapping", "hits"),
    [
        (as_combined(), WHERE, None),
        (as_combined(), WHERE + "format: combined\n", None),
        ("".join(line.split(' "-" ')[0] + "\n" for line in as_combined().splitlines()), WHERE, None),
        (as_w3c(" "), WHERE, 1070),
        (as_w3c("\t"), WHERE, 1070),
        (as_csv(","), WHERE + "cache: {field: cache}\n", 1070),
        (as_csv(";"), WHERE + "cache: {field: cache}\n", 1070),
        (as_json(), JSON_FIELDS, 1070),
        ("\ufeff" + as_csv("|"), WHERE, None),
    ],
    ids=["combined", "told", "common", "w3c", "w3c-tabs", "csv", "csv-semicolons", "json", "csv-mark"],
)
def test_every_format(tmp_path: Path, text: str, mapping: str, hits: int | None) -> None:
    (tmp_path / "p.csv").write_text(PREFIXES)
    result, found = run(tmp_path, text, mapping)
    assert volumes(found, "title") == WANTED
    assert [row["plays"] for row in found] == [2, 1]
    assert (result.counted, result.bad) == (3, 0)
    assert dict(result.left_out) == {"status not wanted": 1, "method not wanted": 1}
    told = None if result.figures.hit_gb is None else round(result.figures.hit_gb * 1e9)
    assert told == hits


def test_parquet_rows(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(PREFIXES)
    days, clocks, clients, methods, urls, statuses, sent, _ = (
        list(column) for column in zip(*REQUESTS, strict=True)
    )
    moments = pa.array([f"{day} {clock}Z" for day, clock in zip(days, clocks, strict=True)]).cast(
        pa.timestamp("us", "UTC")
    )
    table = {
        "time": moments,
        "ip": clients,
        "method": methods,
        "url": urls,
        "status": statuses,
        "bytes": sent,
    }
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    result, found = run_files(tmp_path, (tmp_path / "a.parquet",), WHERE)
    assert volumes(found, "title") == WANTED
    assert (result.format, result.counted) == ("parquet", 3)


def test_a_demand_like_table_becomes_a_weekly_history(tmp_path: Path) -> None:
    text = "date,region,title,gb\n" + "".join(
        f"2025-10-{day:02d},{region},{title},{gb}\n"
        for day in range(6, 20)
        for region, title, gb in (("BE", "a, b", 1.5), ("NL", "c", 0.25))
    )
    result, found = run(
        tmp_path, text.replace("a, b", '"a, b"'), "day_timezone: Europe/Brussels", "a.csv", weekly=True
    )
    assert volumes(found, "title") == {
        ("2025-10-12", "BE", "a, b"): 10_500_000_000,
        ("2025-10-12", "NL", "c"): 1_750_000_000,
        ("2025-10-19", "BE", "a, b"): 10_500_000_000,
        ("2025-10-19", "NL", "c"): 1_750_000_000,
    }
    assert (result.by, result.period_days) == ("title", 7)


@pytest.mark.parametrize(
    "press",
    [
        gzip.compress,
        lambda raw: gzip.compress(raw[:200]) + gzip.compress(raw[200:]),
        bz2.compress,
        lzma.compress,
        lambda raw: pa.compress(raw, codec="zstd", asbytes=True),
    ],
    ids=["gz", "gz-members", "bz2", "xz", "zst"],
)
def test_compression_is_seen_from_the_content(tmp_path: Path, press: object) -> None:
    (tmp_path / "p.csv").write_text(PREFIXES)
    _, found = run(tmp_path, press(as_combined().encode()), WHERE, "log.of.today")  # type: ignore[operator]
    assert volumes(found, "title") == WANTED


def test_several_files_count_as_one(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(PREFIXES)
    lines = as_combined().splitlines(keepends=True)
    (tmp_path / "1.log").write_text("".join(lines[:2]))
    (tmp_path / "2.log.gz").write_bytes(gzip.compress("".join(lines[2:]).encode()))
    _, found = run_files(tmp_path, (tmp_path / "1.log", tmp_path / "2.log.gz"), WHERE)
    assert volumes(found, "title") == WANTED


def test_fields_may_change_within_a_w3c_log(tmp_path: Path) -> None:
    text = (
        "2025-10-10 10:00:00 lost\n#Fields: date time cs-uri-stem sc-bytes\n2025-10-10 10:00:00 /a 10\n"
        "#Fields: sc-bytes date time cs-uri-stem s-x\n20 2025-10-10 10:00:01 /a -\n"
        "30 2025-10-10 10:00:01 /a\n"
    )
    result, found = run(tmp_path, text, "format: w3c\nregion: {name: BE}\n")
    assert volumes(found, "file") == {("2025-10-10", "BE", "/a"): 30}
    assert dict(result.bad_by_kind) == {"too few fields": 1, "before any #Fields": 1}
    assert [bad.line for bad in result.examples] == [6, 1]


def test_own_fields_of_a_combined_log(tmp_path: Path) -> None:
    text = '- 2025-10-10T10:00:00+02:00 NL "GET /a HTTP/2.0" 200 12 HIT 0.001\n'
    mapping = """
format: combined
fields: [x, when, pop, request, status, bytes, upstream]
time: {field: when, pattern: iso}
region: {field: pop}
cache: {field: upstream}
"""
    result, found = run(tmp_path, text, mapping)
    assert volumes(found, "file") == {("2025-10-10", "NL", "/a"): 12}
    assert result.figures.hit_gb == pytest.approx(12e-9)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello\nworld\n", "the format is not known"),
        ("time,region,bytes\n2025-10-10,BE,1\n", "no field 'object' or 'file' or 'title'"),
        (
            "when,region,object,bytes\n2025-10-10,BE,a,1\n",
            "no field 'time' or 'timestamp' or 'date' for the time",
        ),
    ],
)
def test_logs_that_cannot_be_understood(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        run(tmp_path, text, "day_timezone: UTC\n")
    assert expected in str(caught.value)
    assert not (tmp_path / "h.csv").exists()


def test_files_of_two_formats(tmp_path: Path) -> None:
    (tmp_path / "1.log").write_text(as_combined())
    (tmp_path / "2.log").write_text(as_json())
    with pytest.raises(InputError, match=r"2\.log: looks like json, but .*1\.log like combined"):
        run_files(tmp_path, (tmp_path / "1.log", tmp_path / "2.log"))
