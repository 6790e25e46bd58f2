"""Plans of some countries, from a history, with overrides."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cdnplan.errors import InputError
from cdnplan.forecast.asked.run import forecast_demand
from cdnplan.inputs.demand.history_reader import read_history
from cdnplan.inputs.demand.titles_reader import read_titles
from cdnplan.inputs.plans.plan_folder import sha256
from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.planner import plan
from cdnplan.sample import sample_folder
from tests.planner.plans import make, rows, sample_request

HISTORY = sample_folder() / "history.parquet"


def test_only_the_regions_of_the_countries_are_planned(belgian_plan: Path) -> None:
    record = json.loads((belgian_plan / "plan.json").read_text(encoding="utf-8"))
    assert record["counts"]["regions"] == 2
    kept = read_topology(belgian_plan / "inputs" / "topology.yaml")
    assert {region.country for region in kept.regions} == {"BE"}
    assert {site.name for site in kept.sites} == {"ixp-frankfurt-de", "ixp-london-gb"}
    assert {row["region"] for row in rows(belgian_plan, "serving")} == {"be-rest", "be-quartzhome-brussels"}
    assert {row["region"] for row in rows(belgian_plan, "inputs/demand")} == {"BE"}


def test_two_countries_together(tmp_path: Path) -> None:
    record = make(sample_request(tmp_path / "p", countries=frozenset({"BE", "NL"}), gap_ratio=0.2))
    assert record["counts"]["regions"] == 4
    assert record["status"] in {"within-gap", "optimal"}


def test_countries_without_regions_are_problems_all_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        plan(sample_request(tmp_path / "p", countries=frozenset({"BE", "FR", "ES"})))
    assert str(caught.value).splitlines() == [
        "countries: no region of the topology is in 'ES'; known: 'BE', 'DE', 'GB', 'NL'",
        "countries: no region of the topology is in 'FR'; known: 'BE', 'DE', 'GB', 'NL'",
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_country_that_no_site_may_serve_is_a_problem(tmp_path: Path) -> None:
    override = tmp_path / "o.yaml"
    override.write_text(
        "regions: [{name: elsewhere, country: JP, location: [35, 139], demand: {region: JP}}]\n"
        "sites:\n"
        "  - {name: ixp-frankfurt-de, kind: embedded}\n"
        "  - {name: ixp-london-gb, kind: embedded}\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="countries: no site may serve the regions of JP"):
        plan(sample_request(tmp_path / "p", countries=frozenset({"JP"}), overrides=(override,)))


def test_a_history_is_forecast_first(tmp_path: Path) -> None:
    request = sample_request(tmp_path / "p", history=HISTORY, countries=frozenset({"BE"}))
    record = make(request)
    assert record["period"] == {"start": "2026-03-02", "end": "2026-03-08", "days": 7.0}
    assert set(record["input_hashes"]) == {"topology", "titles", "history"}
    forecast = forecast_demand(read_history(HISTORY), read_titles(request.titles))
    expected: dict[str, float] = {}
    for region, title, gb in zip(forecast.region, forecast.title, forecast.gb, strict=True):
        if forecast.regions[region] == "BE":
            expected[forecast.titles[title]] = float(np.float32(gb))
    assert {row["file"]: row["gb"] for row in rows(request.out, "inputs/demand")} == pytest.approx(expected)


def test_a_history_as_it_was_known_at_a_date(tmp_path: Path) -> None:
    date = dt.date(2026, 2, 10)
    request = sample_request(tmp_path / "p", history=HISTORY, countries=frozenset({"BE"}), date=date)
    assert make(request)["period"]["end"] == "2026-02-15"


def test_demand_of_another_date_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it has 2026-03-02 to 2026-03-08 only"):
        plan(sample_request(tmp_path / "p", date=dt.date(2026, 3, 15)))
    assert list(tmp_path.iterdir()) == []


def test_overrides_change_the_network_that_is_planned(tmp_path: Path, belgian_plan: Path) -> None:
    override = tmp_path / "less.yaml"
    override.write_text("hardware: {storage-2u: {storage_tb: 0.9}}\n", encoding="utf-8")
    record = make(
        sample_request(tmp_path / "p", countries=frozenset({"BE"}), overrides=(override,), gap_ratio=0.2)
    )
    assert "override 1" in record["input_hashes"]
    before = json.loads((belgian_plan / "plan.json").read_text(encoding="utf-8"))
    assert record["lower"] > before["upper"], "less storage costs more"


def test_every_file_that_was_read_is_hashed(tmp_path: Path) -> None:
    """Included files too, each once, named as seen from the topology; a change of one shows."""
    request = sample_request(tmp_path / "p", countries=frozenset({"BE"}), gap_ratio=0.2)
    folder = tmp_path / "networks" / "be"
    (folder / "parts").mkdir(parents=True)
    shutil.copy(request.topology, folder / "parts" / "sample.yaml")
    (folder.parent / "all.yaml").write_text("policy: {max_sites: 3}\n", encoding="utf-8")
    (folder / "parts" / "more.yaml").write_text("include: [sample.yaml, ../../all.yaml]\n", encoding="utf-8")
    topology = folder / "topology.yaml"
    topology.write_text("include: [parts/more.yaml, parts/sample.yaml]\n", encoding="utf-8")
    override = tmp_path / "o.yaml"
    override.write_text("include: [networks/all.yaml]\n", encoding="utf-8")
    hashes = make(replace(request, topology=topology, overrides=(override,)))["input_hashes"]
    read = {
        "topology": topology,
        "titles": request.titles,
        "demand": request.demand,
        "override 1": override,
        "include parts/more.yaml": folder / "parts" / "more.yaml",
        "include parts/sample.yaml": folder / "parts" / "sample.yaml",
        "include ../all.yaml": folder.parent / "all.yaml",
    }
    assert hashes == {role: sha256(path) for role, path in read.items() if path is not None}
