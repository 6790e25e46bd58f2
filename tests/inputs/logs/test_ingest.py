"""What ingesting makes of good lines: names, regions, periods, plays, requests."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks.log_lines import LogMaker
from cdnplan.errors import InputError
from cdnplan.inputs.demand.history_reader import read_history
from cdnplan.inputs.logs.ingest.request import IngestRequest
from cdnplan.inputs.logs.ingest.run import ingest
from tests.inputs.logs.ingesting import ONE_REGION, combined, run, volumes

BE = "region: {name: BE}\n"


def test_pattern_then_table(tmp_path: Path) -> None:
    (tmp_path / "objects.csv").write_text("object,title,file\nid1,Alpha,alpha.mp4\nid2,Beta,beta.mp4\n")
    text = "".join(combined(f"/x/{name}/seg{i}.ts") for i, name in enumerate(["id1", "id1", "id2", "id9"]))
    mapping = BE + "object: {pattern: '^/x/(?P<file>[^/]+)/', table: objects.csv}\n"
    result, found = run(tmp_path, text, mapping)
    assert volumes(found, "file") == {
        ("2025-10-10", "BE", "alpha.mp4"): 2000,
        ("2025-10-10", "BE", "beta.mp4"): 1000,
    }
    assert (result.counted, dict(result.left_out)) == (3, {"object not known": 1})
    _, titles = run(tmp_path, text, mapping, by="title")
    assert [row["title"] for row in titles] == ["Alpha", "Beta"]
    _, kept = run(tmp_path, text, mapping.replace("csv}", "csv, unknown: keep}"))
    assert [row["file"] for row in kept] == ["alpha.mp4", "beta.mp4", "id9"]


def test_objects_that_a_pattern_does_not_know(tmp_path: Path) -> None:
    text = combined("/v/a%20b/1") + combined("/img/x.png")
    mapping = BE + "object: {decode: true, pattern: '^/v/(?P<title>[^/]+)/', unknown: UNKNOWN}\n"
    result, found = run(tmp_path, text, mapping.replace("UNKNOWN", "drop"))
    assert [row["title"] for row in found] == ["a b"]
    assert dict(result.left_out) == {"object not known": 1}
    _, found = run(tmp_path, text, mapping.replace("UNKNOWN", "keep"))
    assert [row["title"] for row in found] == ["/img/x.png", "a b"]


def test_regions_by_table_and_those_not_known(tmp_path: Path) -> None:
    (tmp_path / "pops.csv").write_text("value,region\nams1,NL\nams2,NL\nbru1,BE\n")
    text = "time,pop,object,bytes\n" + "".join(
        f"2025-10-10,{pop},/a,1\n" for pop in ("ams1", "ams2", "bru1", "fra1")
    )
    mapping = "region: {field: pop, table: pops.csv}\n"
    result, found = run(tmp_path, text, mapping, "a.csv")
    assert [(row["region"], row["plays"]) for row in found] == [("BE", 1), ("NL", 2)]
    assert dict(result.left_out) == {"region not known": 1}
    _, found = run(tmp_path, text, mapping.replace("csv}", "csv, unknown: elsewhere}"), "a.csv")
    assert [row["region"] for row in found] == ["BE", "NL", "elsewhere"]


def test_prefixes_and_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("prefix,region\n10.0.0.0/8,NL\n")
    text = combined(client="10.1.1.1") + combined(client="11.1.1.1")
    _, found = run(tmp_path, text, "region: {prefixes: p.csv, unknown: elsewhere}\n")
    assert [row["region"] for row in found] == ["NL", "elsewhere"]


def test_titles_that_the_tables_lack(tmp_path: Path) -> None:
    (tmp_path / "titles.csv").write_text("title,size_gb\nalpha,0.000002\n")
    text = combined("/alpha") + combined("/beta") * 2
    mapping = BE + "object: {pattern: '^/(?P<title>.+)'}\n"
    result, found = run(tmp_path, text, mapping, titles=tmp_path / "titles.csv", plays="sizes")
    assert result.unknown == (("beta", 2e-6),)
    assert [(row["title"], row["plays"]) for row in found] == [("alpha", 0.5), ("beta", None)]
    result, found = run(tmp_path, text, mapping, titles=tmp_path / "titles.csv", known_only=True)
    assert [row["title"] for row in found] == ["alpha"]
    assert (result.unknown, result.counted) == ((), 1)
    assert dict(result.left_out) == {"title or file not in the tables": 2}


def test_sessions_are_plays(tmp_path: Path) -> None:
    text = "time,region,object,bytes,sid\n" + "".join(
        f"2025-10-{day},BE,/a/{k},10,{sid}\n" for day in (10, 11) for k in range(3) for sid in ("x", "y")
    )
    mapping = "session: {field: sid}\nobject: {pattern: '^/(?P<title>[^/]+)/'}\n"
    result, found = run(tmp_path, text, mapping, "a.csv")
    assert [(row["date"], row["plays"], round(row["gb"] * 1e9)) for row in found] == [
        ("2025-10-10", 2, 60),
        ("2025-10-11", 2, 60),
    ]
    assert result.plays_are == "sessions"


@pytest.mark.parametrize(
    ("week_ends", "dates"), [("sunday", ["2025-10-05", "2025-10-12"]), ("wednesday", ["2025-10-08"])]
)
def test_weeks_are_named_by_their_last_day(tmp_path: Path, week_ends: str, dates: list[str]) -> None:
    text = "".join(combined(time=f"{day:02d}/Oct/2025:12:00:00 +0000") for day in range(2, 9))
    result, found = run(tmp_path, text, weekly=True, week_ends=week_ends)
    assert [row["date"] for row in found] == dates
    assert [period.whole for period in result.periods] == [False] * len(dates)


def test_periods_that_logs_do_not_span(tmp_path: Path) -> None:
    hours = [(10, 12), (11, 0), (11, 12), (11, 23), (12, 0), (12, 23), (13, 1)]
    text = "".join(combined(time=f"{day}/Oct/2025:{hour:02d}:30:00 +0000") for day, hour in hours)
    result, found = run(tmp_path, text, whole_periods=True)
    assert [(row["date"], row["plays"]) for row in found] == [("2025-10-11", 3), ("2025-10-12", 2)]
    assert dict(result.left_out) == {"in a period not whole": 2}
    assert result.counted == 5
    _, found = run(tmp_path, text, first_day=dt.date(2025, 10, 12), last_day=dt.date(2025, 10, 12))
    assert [row["date"] for row in found] == ["2025-10-12"]


def test_requests_in_order_of_time(tmp_path: Path) -> None:
    text = (
        "time,region,object,bytes,whole,c\n2025-10-10T00:00:02Z,BE,/b,5,50,MISS\n2025-10-10T00:00:01.250Z,NL,/a,10,,HIT\n"
        "2025-10-10T00:00:02Z,NL,/b,7,50,hit\n2025-10-10T00:00:01Z,NL,/a,4,-,\n"
    )
    mapping = "size: {field: whole}\ncache: {field: c}\n"
    run(tmp_path, text, mapping, "a.csv", requests=tmp_path / "r.parquet")
    table = pq.read_table(tmp_path / "r.parquet")
    assert table.schema.metadata[b"by"] == b"file"
    found = [tuple(row.values()) for row in table.to_pylist()]
    at = [
        dt.datetime(2025, 10, 10, 0, 0, s, ms * 1000, dt.UTC) for s, ms in ((1, 0), (1, 250), (2, 0), (2, 0))
    ]
    # Without a size of its own /a is as large as the most that was sent of it.
    assert found == [
        (at[0], "NL", "/a", 4, 10, False),
        (at[1], "NL", "/a", 10, 10, True),
        (at[2], "BE", "/b", 5, 50, False),
        (at[3], "NL", "/b", 7, 50, True),
    ]


@pytest.mark.parametrize("name", ["h.parquet", "h.csv.gz"])
def test_history_is_read_by_forecasts(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.log").write_text(
        "".join(combined("/a", time=f"{day:02d}/Oct/2025:12:00:00 +0000") for day in range(1, 15))
    )
    out = tmp_path / name
    ingest(IngestRequest((tmp_path / "a.log",), out, ONE_REGION, weekly=True, threads=1))
    history = read_history(out)
    assert (history.period_days, history.by, history.regions, history.titles) == (7, "file", ("BE",), ("/a",))
    assert [round(gb * 1e9) for gb in history.gb] == [5000, 7000, 2000]


def test_one_day_knows_that_it_is_one(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(combined())
    out = tmp_path / "day.parquet"
    ingest(IngestRequest((tmp_path / "a.log",), out, ONE_REGION, threads=1))
    assert read_history(out).period_days == 1


def test_same_logs_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"".join(LogMaker(1, 0, 5_000).blocks()))
    made = []
    for threads in (1, 2):
        out, requests = tmp_path / f"h{threads}.parquet", tmp_path / f"r{threads}.parquet"
        ingest(IngestRequest((tmp_path / "a.log",), out, ONE_REGION, requests=requests, threads=threads))
        made.append((out.read_bytes(), requests.read_bytes()))
    assert made[0] == made[1]


def test_outputs_that_are_inputs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is to be read and to be written"):
        run(tmp_path, "time,region,object,bytes\n", name="h.csv")
