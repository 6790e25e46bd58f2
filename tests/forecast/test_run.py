"""Forecasts by name and date, written as tables, turned into demand."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from cdnplan.errors import InputError
from cdnplan.forecast.asked.demand_table import write_forecast
from cdnplan.forecast.asked.run import MODELS, forecast_demand, forecast_to_demand
from cdnplan.inputs.demand.catalog_reader import read_catalog
from cdnplan.inputs.demand.demand_reader import read_demand
from tests.forecast.histories import drawn_history, make_history, make_titles

HISTORY, TITLES = drawn_history(11)
CUTOFF = HISTORY.day(15)
KNOWN = {f"r{r}": "NL" for r in range(6)}


@pytest.mark.parametrize("model", MODELS)
def test_written_bytes_depend_on_nothing_but_what_was_known(model: str, tmp_path: Path) -> None:
    forecasts = {
        "whole": forecast_demand(HISTORY, TITLES, CUTOFF, 2, model),
        "cut": forecast_demand(HISTORY.until(CUTOFF), TITLES, None, 2, model),
        "again": forecast_demand(HISTORY, TITLES, CUTOFF + dt.timedelta(days=6), 2, model),
        "other": forecast_demand(HISTORY, TITLES, HISTORY.day(14), 2, model),
    }
    written = {}
    for ending in (".parquet", ".csv", ".csv.gz"):
        for name, forecast in forecasts.items():
            path = tmp_path / "new" / f"{name}{ending}"
            write_forecast(forecast, path)
            written[name] = path.read_bytes()
        assert written["whole"] == written["cut"] == written["again"]
        assert written["whole"] != written["other"]
    assert len(list((tmp_path / "new").iterdir())) == 12


def test_written_table(tmp_path: Path) -> None:
    forecast = forecast_demand(HISTORY, TITLES, CUTOFF, 2)
    write_forecast(forecast, tmp_path / "d.parquet")
    table = pq.read_table(tmp_path / "d.parquet")
    assert table.column_names == ["date", "region", "title", "gb"]
    metadata = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert metadata.pop("cdnplan")
    assert metadata == {
        "model": "auto",
        "cutoff": str(CUTOFF),
        "horizon": "2",
        "period_days": "7",
        "named_by": "last",
        "history_sha256": HISTORY.until(CUTOFF).digest(),
    }
    rows = table.drop_columns("gb").to_pylist()
    keys = [(row["date"], row["region"], row["title"]) for row in rows]
    assert keys == sorted(set(keys))
    assert {key[0] for key in keys} == {CUTOFF + dt.timedelta(days=7), CUTOFF + dt.timedelta(days=14)}


def test_nothing_is_left_behind_when_writing_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    forecast = forecast_demand(HISTORY, TITLES, CUTOFF)
    for bad in ("file/d.csv", "d.txt", "."):
        with pytest.raises(InputError):
            write_forecast(forecast, tmp_path / bad)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
@pytest.mark.parametrize("step", [1, 2])
def test_demand_is_the_same_with_and_without_a_file(ending: str, step: int, tmp_path: Path) -> None:
    lines = [f"{title},1\n" for title in TITLES.titles]
    (tmp_path / "titles.csv").write_text("title,size_gb\n" + "".join(lines))
    catalog, shares = read_catalog(tmp_path / "titles.csv")
    forecast = forecast_demand(HISTORY, TITLES, CUTOFF, 2)
    write_forecast(forecast, tmp_path / f"d{ending}")
    wanted = frozenset({"r1", "r3"})
    direct, warnings = forecast_to_demand(forecast, catalog, shares, known=KNOWN, wanted=wanted, step=step)
    read, _ = read_demand(
        tmp_path / f"d{ending}", catalog, shares, known=KNOWN, wanted=wanted, date=forecast.day(step)
    )
    assert warnings == []
    assert (direct.regions, direct.start, direct.period_days) == (read.regions, read.start, read.period_days)
    assert direct.ptr.tolist() == read.ptr.tolist()
    assert direct.file.tolist() == read.file.tolist()
    np.testing.assert_array_equal(direct.gb, read.gb)
    assert direct.gb.size > 100


def test_conversion_names_what_does_not_fit(tmp_path: Path) -> None:
    (tmp_path / "titles.csv").write_text("title,size_gb\nAlpha,1\n")
    catalog, shares = read_catalog(tmp_path / "titles.csv")
    history = make_history([(0, "Belgium", "Alhpa", 1.0), (0, "nowhere", "Alpha", 1.0)])
    forecast = forecast_demand(history, make_titles({"Alhpa": None, "Alpha": None}), model="last")
    with pytest.raises(InputError) as caught:
        forecast_to_demand(forecast, catalog, shares, known={"BE": "BE"}, wanted=frozenset({"BE"}))
    first, second = map(str, caught.value.problems)
    assert first.startswith("region: unknown region 'nowhere'")
    assert second == "title: 'Alhpa' is not a title of the catalogue; did you mean 'Alpha'?"


def test_conversion_passes_warnings_on(tmp_path: Path) -> None:
    (tmp_path / "titles.csv").write_text("title,size_gb\nAlpha,1\n")
    catalog, shares = read_catalog(tmp_path / "titles.csv")
    history = make_history([(0, "Belgium", "Alpha", 1.0), (0, "Peru", "Alpha", 1.0)])
    titles = make_titles({"Alpha": None})
    forecast = forecast_demand(history, titles, dt.date(2024, 1, 21), model="last")
    known = {"BE": "BE", "NL": "NL"}
    demand, warnings = forecast_to_demand(forecast, catalog, shares, known=known, wanted=frozenset(known))
    assert demand.gb.tolist() == [1.0]
    assert warnings == [
        "the history ends on 2024-01-07, 14 days before 2024-01-21",
        "forecast: skipped 1 region that no region of the topology draws on, a country: 50.0% of the GB",
        "forecast: no demand for 'NL'",
    ]


def test_titles_the_catalogue_lacks_are_left_out() -> None:
    history = make_history([(0, "a", "x", 3.0), (0, "a", "y", 1.0), (0, "b", "y", 4.0)])
    forecast = forecast_demand(history, make_titles({"x": None}), model="last")
    assert (forecast.titles, forecast.regions, forecast.gb.tolist()) == (("x",), ("a",), [3.0])
    assert forecast.warnings == (
        "left out 1 title that the titles table lacks, as 'y': 62.5% of the GB forecast",
    )
    by_file = replace(history, by="file")
    assert forecast_demand(by_file, make_titles({"x": None}), model="last").titles == ("x", "y")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "recnt"}, "model: unknown model 'recnt'; did you mean 'recent'?"),
        ({"horizon": 0}, "horizon: found 0, expected at least 1 period"),
        ({"as_of": dt.date(2020, 1, 1)}, "the history begins on 2024-01-07"),
        ({"titles": make_titles({"t00-": None})}, "no title of the history is in the titles table, as 't"),
    ],
)
def test_bad_requests(options: dict[str, object], words: str) -> None:
    with pytest.raises(InputError) as caught:
        forecast_demand(**{"history": HISTORY, "titles": TITLES, **options})  # type: ignore[arg-type]
    assert words in str(caught.value)
