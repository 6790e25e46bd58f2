"""`cdnplan backtest` as people run it, and the options of `cdnplan forecast` beside the plain ones."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.cli.running import run_cli
from tests.forecast.bad_histories import TITLES, rows, text

BASIC = ("--history", "h.csv", "--titles", "t.csv")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("h.csv").write_text(
        text(*rows(gb=lambda w, r, t: 10 + TITLES.index(t) + (w * 7 + TITLES.index(t)) % 5))
    )
    Path("t.csv").write_text(
        "title,kind,launch_date,size_gb\n" + "".join(f"{t},film,2020-01-01,30\n" for t in TITLES)
    )
    return tmp_path


def test_compares_all_models(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (
        "--cutoffs",
        "3",
        "--horizon",
        "2",
        "--cache-gb",
        "200",
        "--format",
        "json",
        "--figure",
        "out/b.svg",
    )
    done = run_cli(monkeypatch, capsys, "backtest", *BASIC, *words)
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert [(row["model"], row["step"]) for row in found] == [
        (model, step) for model in ("auto", "recent", "last", "seasonal", "oracle") for step in (1, 2)
    ]
    by_model = {row["model"]: row for row in found if row["step"] == 1}
    assert by_model["oracle"]["wape"] == 0
    assert by_model["last"]["wape"] > 0
    assert by_model["last"]["wape_above_last"] == 0
    assert by_model["last"]["coverage_80_ratio"] is None
    assert 0 < by_model["auto"]["byte_hit_ratio"] <= by_model["oracle"]["byte_hit_ratio"] < 1
    assert Path("out/b.svg").read_text().startswith("<svg")
    assert "2024-03-03, auto" in done.err


def test_segments_and_table(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--cutoffs", "2", "--model", "last", "--segments")
    done = run_cli(monkeypatch, capsys, "backtest", *BASIC, *words, "--format", "csv")
    assert done.code == 0, done.err
    found = list(csv.DictReader(io.StringIO(done.out)))
    assert {row["by"] for row in found} == {"all", "age", "rank", "region"}
    assert {row["model"] for row in found} == {"last", "oracle"}
    table = run_cli(monkeypatch, capsys, "backtest", *BASIC, *words[:4])
    assert table.out.split()[:3] == ["model", "step", "wape"]
    assert len(table.out.splitlines()) == 3


def test_quantiles_launches_and_changes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("t.csv").write_text(Path("t.csv").read_text() + "new,film,2024-04-01,30\n")
    Path("l.csv").write_text("title,launch_date,like\nnew,2024-03-31,t03\n")
    Path("c.csv").write_text("change,region,title,factor,like\nnew-region,LU,,0.5,BE\nwithdraw,,t00,,\n")
    words = ("--quantiles", "0.9,0.5", "--launches", "l.csv", "--changes", "c.csv", "--out", "d.parquet")
    done = run_cli(monkeypatch, capsys, "forecast", *BASIC, *words)
    assert done.code == 0, done.err
    table = pq.read_table("d.parquet").to_pandas()
    assert set(table["region"]) == {"BE", "DE", "NL", "LU"}
    assert "t00" not in set(table["title"])
    assert sorted(table["quantile"].dropna().unique()) == [0.5, 0.9]
    assert len(table) == 3 * table["quantile"].isna().sum()
    expected = table[table["quantile"].isna()].set_index(["region", "title"])["gb"]
    assert expected["LU", "t05"] == pytest.approx(0.5 * expected["BE", "t05"])
    assert pq.read_schema("d.parquet").metadata[b"quantiles"] == b"0.5,0.9"


def test_events_are_told_to_auto(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("e.csv").write_text("event,start\nfinale,2040-01-01\n")
    done = run_cli(monkeypatch, capsys, "forecast", *BASIC, "--events", "e.csv", "--out", "d.csv")
    assert done.code == 0, done.err
    assert "warning: no event 'finale' lies behind" in done.err
    words = ("--events", "e.csv", "--cutoffs", "2", "--model", "auto", "--format", "csv")
    done = run_cli(monkeypatch, capsys, "backtest", *BASIC, *words)
    assert done.code == 0, done.err


def test_history_by_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("h.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    lines = [
        f"{x['date']},{x['region']},{x['title']}-{p},{float(x['gb']) * share}\n"
        for x in rows
        for p, share in (("hd", 0.75), ("sd", 0.25))
    ]
    Path("by-file.csv").write_text("date,region,file,gb\n" + "".join(lines))
    titles = sorted({x["title"] for x in rows})
    parts = [f"{title}-{p},{title},{p},1,0.5\n" for title in titles for p in ("hd", "sd")]
    Path("f.csv").write_text("file,title,profile,size_gb,demand_ratio\n" + "".join(parts))
    words = ("--history", "by-file.csv", "--titles", "t.csv", "--files", "f.csv", "--out", "d.csv")
    done = run_cli(monkeypatch, capsys, "forecast", *words)
    assert done.code == 0, done.err
    with Path("d.csv").open(newline="") as stream:
        found = list(csv.DictReader(stream))
    whole = sum(float(x["gb"]) for x in found)
    sharp = sum(float(x["gb"]) for x in found if x["file"].endswith("-hd"))
    assert sharp / whole == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("backtest", *BASIC, "--model", "auot"), ("unknown model 'auot'; did you mean 'auto'?",)),
        (
            ("backtest", *BASIC, "--cutoffs", "40"),
            ("the history is too short: 12 periods, expected at least 41 for 40 cutoffs",),
        ),
        (("backtest", *BASIC, "--cache-gb", "0"), ("cache-gb: found 0, expected a number > 0",)),
        (("backtest", *BASIC, "--figure", "b.png"), ("b.png: expected a name that ends in .svg",)),
        (("backtest", "--history", "no.csv", "--titles", "t.csv"), ("no.csv: no such file",)),
        (("forecast", *BASIC, "--out", "d.csv", "--quantiles", "0.5,x"), ("quantiles: found 'x'",)),
        (
            ("forecast", *BASIC, "--out", "d.csv", "--quantiles", "1.5"),
            ("found 1.5, expected a number between 0",),
        ),
        (
            ("forecast", *BASIC, "--out", "d.csv", "--launches", "h.csv", "--changes", "t.csv"),
            ("h.csv: launch_date: the column", "t.csv: change: the column"),
        ),
        (("forecast", *BASIC, "--out", "d.csv", "--events", "t.csv"), ("t.csv: event: the column",)),
        (
            ("backtest", *BASIC, "--launches", "no.csv", "--events", "t.csv"),
            ("no.csv: no such file", "t.csv: event: the column"),
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
    done = run_cli(monkeypatch, capsys, *args)
    assert done.code == 2
    assert done.out == ""
    assert all(word in done.err for word in words), done.err
    assert sorted(path.name for path in folder.iterdir()) == ["h.csv", "t.csv"]
