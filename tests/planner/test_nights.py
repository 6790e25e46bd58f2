"""The night after: what appliances hold counts, and filling is limited and paid for."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.planner import plan
from cdnplan.sample import sample_folder
from cdnplan.units import gb_moved
from tests.planner.plans import (
    by_pool,
    copies,
    expected_names,
    files_of,
    make,
    names_of,
    pool_of,
    rows,
    sample_request,
)

BE = frozenset({"BE"})


def other_tastes(path: Path, *, without: str = "") -> Path:
    """The sample's demand with the volumes of titles dealt out anew, and perhaps one title left out."""
    table = pq.read_table(sample_folder() / "demand.parquet").to_pylist()
    mine = [row for row in table if row["region"] == "BE" and row["title"] != without]
    order = np.random.default_rng(1).permutation(len(mine))
    volumes = [mine[i]["gb"] for i in order]
    for i in range(0, len(mine), 6):  # every sixth title: enough to move things, not to overrun the windows
        mine[i]["gb"] = volumes[i]
    pq.write_table(
        pa.table(
            {
                "date": pa.array([dt.date(2026, 3, 9)] * len(mine), pa.date32()),
                "region": [row["region"] for row in mine],
                "title": [row["title"] for row in mine],
                "gb": [row["gb"] for row in mine],
            }
        ),
        path,
    )
    return path


class Night:
    """A plan made from an earlier one, and what both hold."""

    def __init__(self, before: Path, folder: Path, record: dict[str, Any]) -> None:
        self.folder, self.record = folder, record
        self.held = copies(before, "keep", "add")
        self.kept, self.added, self.gone = (copies(folder, action) for action in ("keep", "add", "evict"))
        self.size_gb = {row["file"]: row["size_gb"] for row in rows(folder, "inputs/files")}

    def added_gb(self) -> dict[str, float]:
        """GB that each pool fetches."""
        found: dict[str, float] = {}
        for appliance, file in self.added:
            found[pool_of(appliance)] = found.get(pool_of(appliance), 0.0) + self.size_gb[file]
        return found


@pytest.fixture(scope="module")
def second(belgian_plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder = tmp_path_factory.mktemp("second")
    demand = other_tastes(folder / "demand.parquet")
    request = sample_request(folder / "p", demand=demand, countries=BE, previous=belgian_plan)
    return Night(belgian_plan, request.out, make(request))


def test_the_folder_says_what_was_held(second: Night, belgian_plan: Path) -> None:
    assert names_of(second.folder) == expected_names(second.record) | {"inputs/holdings.parquet"}
    told = {(f"{r['pool']}/{r['appliance']}", r["file"]) for r in rows(second.folder, "inputs/holdings")}
    assert told == second.held
    assert "previous" in second.record["input_hashes"]


def test_keep_and_evict_are_what_was_there_and_add_is_what_was_not(second: Night) -> None:
    assert second.kept | second.gone == second.held
    assert not second.kept & second.gone
    assert not second.added & second.held
    assert second.added
    assert second.gone
    assert len(second.kept) > len(second.added), "most stays: tastes moved a little"


def test_filling_is_paid_for(second: Night) -> None:
    assert second.record["fill_counted"] is True
    before, after = by_pool(second.held), by_pool(second.kept | second.added)
    new_gb = sum(
        max(0, count - before.get(pool, {}).get(file, 0)) * second.size_gb[file]
        for pool, files in after.items()
        for file, count in files.items()
    )
    per_gb = read_topology(second.folder / "inputs" / "topology.yaml").policy.costs.fill_per_gb
    assert new_gb > 0
    assert second.record["cost"]["fill"] == pytest.approx(per_gb * new_gb)


def test_no_pool_fetches_more_than_its_window(second: Night) -> None:
    topology = read_topology(second.folder / "inputs" / "topology.yaml")
    rate = {hardware.name: hardware.fill_gbps for hardware in topology.hardware}
    added = second.added_gb()
    for site in topology.sites:
        for group in site.appliances:
            window = group.count * gb_moved(rate[group.model], site.fill_window.hours)
            assert added.get(f"{site.name}/{group.model}", 0.0) <= window * (1 + 1e-9)


def shorter(hours: float) -> Callable[[Path], Path]:
    """Override of the fill windows of the exchange points."""

    def write(folder: Path) -> Path:
        path = folder / "o.yaml"
        sites = ", ".join(
            f"{{name: {name}, fill_window: {{hours: {hours}}}}}"
            for name in ("ixp-frankfurt-de", "ixp-london-gb")
        )
        path.write_text(f"sites: [{sites}]\n", encoding="utf-8")
        return path

    return write


def test_a_short_window_binds(second: Night, belgian_plan: Path, tmp_path: Path) -> None:
    demand = other_tastes(tmp_path / "demand.parquet")
    request = sample_request(tmp_path / "p", demand=demand, countries=BE, previous=belgian_plan)
    request = replace(request, overrides=(shorter(1.0)(tmp_path),))
    night = Night(belgian_plan, request.out, make(request))
    assert sum(night.added_gb().values()) < sum(second.added_gb().values())
    assert night.record["upper"] > second.record["upper"]
    assert night.added_gb()["ixp-london-gb/storage-2u"] <= 3 * gb_moved(0.08, 1.0)


def test_the_same_night_again_fetches_little(belgian_plan: Path, tmp_path: Path) -> None:
    request = sample_request(tmp_path / "p", countries=BE, previous=belgian_plan)
    night = Night(belgian_plan, request.out, make(request))
    assert sum(night.added_gb().values()) < 0.1 * sum(night.size_gb[file] for _, file in night.held)


def test_titles_that_left_are_evicted(belgian_plan: Path, tmp_path: Path) -> None:
    name = sorted(file for _, file in copies(belgian_plan, "add"))[0]
    titles = pq.read_table(sample_folder() / "titles.parquet")
    titles = titles.filter(pa.compute.field("title") != name)
    pq.write_table(titles, tmp_path / "titles.parquet")
    demand = other_tastes(tmp_path / "demand.parquet", without=name)
    request = sample_request(tmp_path / "p", demand=demand, countries=BE, previous=belgian_plan)
    night = Night(belgian_plan, request.out, make(replace(request, titles=tmp_path / "titles.parquet")))
    gone = {pair for pair in night.held if pair[1] == name}
    assert gone
    assert gone <= night.gone
    assert night.kept | night.gone == night.held


def test_appliances_that_were_taken_away_hold_nothing(belgian_plan: Path, tmp_path: Path) -> None:
    override = tmp_path / "o.yaml"
    override.write_text(
        "policy: {launches: []}\n"
        "sites: [{name: ixp-london-gb, appliances: [{model: storage-2u, count: 2}]}]\n",
        encoding="utf-8",
    )
    request = sample_request(tmp_path / "p", countries=BE, previous=belgian_plan, overrides=(override,))
    night = Night(belgian_plan, request.out, make(request))
    lost = {"ixp-london-gb/flash-1u/1", "ixp-london-gb/flash-1u/2", "ixp-london-gb/storage-2u/3"}
    assert {pair for pair in night.held if pair[0] in lost} <= night.gone
    assert not any(appliance in lost for appliance, _ in night.kept | night.added)


def test_more_copies_of_what_is_there_are_new_bytes(belgian_plan: Path, tmp_path: Path) -> None:
    held = by_pool(copies(belgian_plan, "add"))["ixp-london-gb/storage-2u"]
    name = next(file for file, count in sorted(held.items()) if count == 1)
    override = tmp_path / "o.yaml"
    rule = json.dumps({"title": name, "copies": 3, "sites": ["ixp-london-gb"], "models": ["storage-2u"]})
    pin = json.dumps({"title": name, "sites": ["ixp-london-gb"], "models": ["storage-2u"]})
    override.write_text(f"policy: {{copies: [{rule}], pins: [{pin}], launches: []}}\n", encoding="utf-8")
    request = sample_request(tmp_path / "p", countries=BE, previous=belgian_plan, overrides=(override,))
    night = Night(belgian_plan, request.out, make(request))
    assert by_pool(night.kept | night.added)["ixp-london-gb/storage-2u"][name] == 3
    assert len({a for a, file in night.added if file == name and a.startswith("ixp-london-gb/st")}) == 2


def test_a_previous_plan_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="plan"):
        plan(sample_request(tmp_path / "p", previous=tmp_path / "empty"))
    with pytest.raises(InputError, match="no such plan folder"):
        plan(sample_request(tmp_path / "p", previous=tmp_path / "nothing"))
    assert not (tmp_path / "p").exists()


def test_a_previous_plan_is_left_as_it_was(second: Night, belgian_plan: Path, tmp_path: Path) -> None:
    before = files_of(belgian_plan)
    make(sample_request(tmp_path / "p", countries=BE, previous=belgian_plan, gap_ratio=0.5))
    assert files_of(belgian_plan) == before
