"""Requests that were logged, replayed as they came."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.demand.catalog_reader import read_catalog
from cdnplan.inputs.demand.logged_requests import read_logged_requests
from cdnplan.inputs.logs.ingest.request import IngestRequest
from cdnplan.inputs.logs.ingest.run import ingest
from cdnplan.replay import ReplayRequest, replay
from cdnplan.replay.requests.stream import logged_stream
from tests.replay.networks import REGIONS, Small
from tests.replay.test_routes import instance_of

KNOWN = {name: name for name in REGIONS}
START = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


def write_log(folder: Path, rows: list[tuple[dt.datetime, str, str, int]]) -> Path:
    """A CSV log, through `cdnplan ingest`, as requests."""
    lines = [f"{time.isoformat()},{region},{title},{sent}" for time, region, title, sent in rows]
    (folder / "log.csv").write_text("time,region,title,bytes\n" + "\n".join(lines) + "\n", encoding="utf-8")
    out = folder / "requests.parquet"
    ingest(IngestRequest((folder / "log.csv",), folder / "h.csv", requests=out, memory_gb=0.3, threads=1))
    return out


def a_week(n: int = 3000) -> list[tuple[dt.datetime, str, str, int]]:
    """Some requests over two days: the first titles most."""
    rng = np.random.default_rng(4)
    weight = 1 / np.arange(1, 41)
    title = rng.choice(40, n, p=weight / weight.sum())
    second = np.sort(rng.integers(0, 2 * 86_400, n))
    region = rng.choice(REGIONS, n)
    sent = rng.integers(1, 3 * 10**9, n)
    return [
        (START + dt.timedelta(seconds=int(s)), str(r), f"t{t:02}", int(b))
        for s, r, t, b in zip(second, region, title, sent, strict=True)
    ]


def test_every_request_is_served_once_with_its_bytes(small: Small, small_plan: Path, tmp_path: Path) -> None:
    rows = a_week()
    log = write_log(tmp_path, rows)
    found = replay(
        ReplayRequest(tmp_path / "r", plan=small_plan, logged=log, policies=(), hybrid=(), regret=False)
    )
    record = found.record
    assert record["requests"] == len(rows)
    assert record["plays"] == len(rows)
    assert record["hours"] == 48
    assert "logged" in record["input_hashes"]
    sent = sum(row[3] for row in rows) / 1e9
    for way in record["policies"]:
        assert way["demand_gb"] == pytest.approx(sent)
    (period,) = found.compared.periods
    # Two days stand for a week: what pools are loaded with is by the day.
    assert period.instance.region_gb().sum() == pytest.approx(sent * 7 / 2, rel=1e-6)
    names = np.array(period.instance.files)
    assert [names[f] for f in period.stream.file[:50]] == [row[2] for row in rows[:50]]
    place = {"be": "BE", "nl": "NL", "lu": "LU"}
    asked = [place[period.instance.regions[r]] for r in period.stream.region]
    assert asked == [row[1] for row in rows]
    hours = [(row[0] - START).total_seconds() / 3600 for row in rows]
    assert period.stream.time_h.tolist() == pytest.approx(hours)
    # Whatever the plan holds where a region may fetch it is served there, and nothing else is.
    holds, instance = found.held(0), period.instance
    near = {
        r: holds[instance.cand_pool[instance.cand_ptr[r] : instance.cand_ptr[r + 1]]].any(axis=0)
        for r in range(instance.n_regions)
    }
    hit = [near[r][f] for r, f in zip(period.stream.region, period.stream.file, strict=True)]
    plan = next(way for way in record["policies"] if way["kind"] == "plan")
    assert plan["origin_gb"] == pytest.approx(period.stream.gb[~np.array(hit)].sum())


def test_what_the_plan_lacks_is_left_out_and_told(small: Small, tmp_path: Path) -> None:
    catalog, _ = read_catalog(small.titles)
    rows = [
        (START + dt.timedelta(minutes=i), region, title, 10**9)
        for i, (region, title) in enumerate([("BE", "t01"), ("PE", "t01"), ("NL", "new"), ("NL", "t02")])
    ]
    log = write_log(tmp_path, rows)
    found, warnings = read_logged_requests(log, catalog, known=KNOWN, period_days=7.0)
    assert [catalog.files[f] for f in found.file] == ["t01", "t02"]
    assert [found.regions[r] for r in found.region] == ["BE", "NL"]
    assert found.start == START.date()
    assert found.hours == 1
    told = [text.removeprefix(f"{log}: ") for text in warnings]
    assert told == [
        "25.0% of the bytes are for regions that the plan lacks, as 'PE'",
        "25.0% of the bytes are for titles that the plan lacks, as 'new'",
        "the last day ends after 1 hours",
    ]
    later, _ = read_logged_requests(
        log, catalog, known=KNOWN, date=START.date() - dt.timedelta(days=6), period_days=7.0
    )
    assert later.time_h[0] == 144.0
    with pytest.raises(InputError, match="no request of the plan's regions and titles in 7 days from 2025"):
        read_logged_requests(log, catalog, known=KNOWN, date=dt.date(2025, 1, 1), period_days=7.0)


def test_regions_share_the_requests_of_their_demand_region(small: Small, tmp_path: Path) -> None:
    """Each request goes to one of the regions that draw on its demand region, as often as its share says."""
    catalog, _ = read_catalog(small.titles)
    log = write_log(tmp_path, a_week())
    logged, _ = read_logged_requests(log, catalog, known=KNOWN, period_days=7.0)
    row = np.array([0, 0, 1], dtype=np.int32)
    instance = replace(instance_of(3), region_row=row, region_share=np.array([0.3, 0.7, 1.0]))
    stream = logged_stream(instance, logged, 1.0, seed=1)
    of_row = np.bincount(stream.region, minlength=3)
    n = np.bincount(logged.region, minlength=3)
    assert of_row[0] + of_row[1] == n[0]
    assert of_row[2] == n[1]
    assert of_row[0] == pytest.approx(0.3 * n[0], abs=4 * np.sqrt(0.21 * n[0]))
    half = logged_stream(instance, logged, 0.5, seed=1)
    assert half.gb.sum() == pytest.approx(stream.gb.sum(), rel=0.1)
    assert (half.plays == 2.0).all()


def test_tables_that_are_no_requests_are_refused(small: Small, tmp_path: Path) -> None:
    catalog, _ = read_catalog(small.titles)
    (tmp_path / "a.parquet").write_text("no", encoding="utf-8")
    with pytest.raises(InputError, match="no Parquet file, or cut short"):
        read_logged_requests(tmp_path / "a.parquet", catalog, known=KNOWN, period_days=7.0)
    pq.write_table(pa.table({"tiem": [1], "region": ["BE"], "object": ["t01"]}), tmp_path / "b.parquet")
    with pytest.raises(InputError) as caught:
        read_logged_requests(tmp_path / "b.parquet", catalog, known=KNOWN, period_days=7.0)
    assert len(caught.value.problems) == 2
    assert "time: missing column" in str(caught.value)
    assert "did you mean 'tiem'?" in str(caught.value)
    columns = {"time": [1], "region": ["BE"], "object": ["t01"], "bytes": [1]}
    pq.write_table(pa.table(columns), tmp_path / "c.parquet")
    with pytest.raises(InputError, match="time: expected times, found int64"):
        read_logged_requests(tmp_path / "c.parquet", catalog, known=KNOWN, period_days=7.0)
