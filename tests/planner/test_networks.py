"""Plans of networks with links, copies, churn and launches, by both engines; the judge has the last word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.optimize.engine import EngineName
from cdnplan.planner import PlanRequest, plan
from tests.conftest import ROOT
from tests.evaluate import network
from tests.planner.plans import by_pool, copies, make, pool_of, rows, write_network, write_small_network

ENGINES = pytest.mark.parametrize("engine", ["exact", "fast"])


def held(folder: Path) -> dict[str, dict[str, int]]:
    """Copies by pool and file after the plan."""
    return by_pool(copies(folder, "keep", "add"))


def assert_rules_of_the_small_network(folder: Path) -> None:
    """Its pins, bans, copies and launch rules; see `tests.evaluate.network`."""
    pools = held(folder)
    for pool in ("ams-ix/flash-1u", "ams-ix/storage-2u", "bnix/storage-2u"):
        assert {"t03.hd", "t03.sd"} <= set(pools[pool])
    for pool in ("bnix/storage-2u", "telenet/storage-2u"):
        assert not {"t05.hd", "t05.sd"} & set(pools.get(pool, ()))
    for pool in ("ams-ix/flash-1u", "ams-ix/storage-2u"):
        assert {pools[pool].get(name, 2) for name in ("t01.hd", "t01.sd")} == {2}
    for name in ("t07.hd", "t07.sd"):
        assert len([pool for pool, files in pools.items() if name in files]) >= 2


def added_gb(folder: Path) -> dict[str, float]:
    """GB that each pool fetches."""
    size = {row["file"]: row["size_gb"] for row in rows(folder, "inputs/files")}
    found: dict[str, float] = {}
    for appliance, file in copies(folder, "add"):
        found[pool_of(appliance)] = found.get(pool_of(appliance), 0.0) + size[file]
    return found


@ENGINES
def test_links_copies_bans_pins_and_launches(tmp_path: Path, engine: EngineName) -> None:
    request = replace(write_small_network(tmp_path / "n"), engine=engine, gap_ratio=0.02)
    record = make(request)
    assert_rules_of_the_small_network(request.out)
    assert record["overload"], "one link cannot carry what its region asks for"
    assert {over["link"] for over in record["overload"]} == {"ams-ix>nl-ziggo"}
    assert record["cost"]["overload"] == pytest.approx(2000.0 * sum(o["gbps"] for o in record["overload"]))
    assert record["counts"]["slices"] == 2


def test_engines_bracket_the_same_best_cost(tmp_path: Path) -> None:
    request = write_small_network(tmp_path / "n")
    exact = make(replace(request, engine="exact", out=tmp_path / "exact", gap_ratio=0.02))
    fast = make(replace(request, engine="fast", out=tmp_path / "fast"))
    assert exact["ideal"] == pytest.approx(fast["ideal"])
    assert max(exact["lower"], fast["lower"]) <= min(exact["upper"], fast["upper"]) * (1 + 1e-9)


@ENGINES
def test_churn_and_fill_are_limited_from_a_limited_cold_start_on(tmp_path: Path, engine: EngineName) -> None:
    topology = network.topology(cold_start="limited")
    # What serving takes of links and origins is not there for filling: none could bring what is pinned.
    origins = tuple(replace(origin, capacity_gbps=None) for origin in topology.origins)
    links = tuple(replace(link, capacity_gbps=None) for link in topology.links)
    topology = replace(topology, origins=origins, links=links)
    request = write_network(tmp_path / "n", topology, network.catalog(), network.demand())
    request = replace(request, engine=engine, gap_ratio=0.1)
    first = make(request)
    assert first["fill_counted"] is True
    assert first["cost"]["fill"] == pytest.approx(0.01 * sum(added_gb(request.out).values()))
    flash, disk = 0.7 * 0.95 * 60.0, 0.7 * 0.95 * 120.0  # churn ratio × usable storage [GB]
    limits = {
        "ams-ix/flash-1u": 2 * min(flash, 0.004 / 8 * 12 * 3600),
        "ams-ix/storage-2u": 3 * disk,
        "bnix/storage-2u": disk,
        "kpn/storage-2u": 2 * disk,
        "telenet/storage-2u": disk,
    }
    second = replace(request, out=tmp_path / "second", previous=request.out)
    for folder in (request.out, second.out):
        if folder == second.out:
            make(second)
        assert_rules_of_the_small_network(folder)
        for pool, gb in added_gb(folder).items():
            assert gb <= limits[pool] * (1 + 1e-9), pool
    assert copies(second.out, "keep") | copies(second.out, "evict") == copies(request.out, "add")


def test_pins_that_no_night_can_fetch_are_named(tmp_path: Path) -> None:
    request = write_small_network(tmp_path / "n", cold_start="limited")
    with pytest.raises(NoFeasiblePlanError, match="cannot be fetched in the night"):
        plan(replace(request, engine="fast", gap_ratio=0.2))
    assert not request.out.exists()


def backbone(folder: Path, **options: Any) -> PlanRequest:
    """`topologies/backbone.yaml` with small appliances and a catalogue to match."""
    rng = np.random.default_rng(5)
    n = 60
    names = [f"title {i:02}" for i in range(n)]
    launch = [f"2026-{1 + i // 28:02}-{1 + i % 28:02}" for i in range(n)]
    titles = {"title": names, "size_gb": rng.uniform(10, 200, n).round(1), "launch_date": launch}
    pa_csv.write_csv(pa.table(titles), folder / "titles.csv")
    countries = ["NO", "SE", "DK", "FI"]
    asked = {
        "date": ["2026-03-08"] * (4 * n),
        "region": [country for country in countries for _ in names],
        "title": names * 4,
        "gb": np.concatenate([rng.permutation(4e6 / np.arange(1, n + 1)) for _ in countries]).round(),
    }
    pa_csv.write_csv(pa.table(asked), folder / "demand.csv")
    (folder / "small.yaml").write_text(
        "hardware:\n"
        "  storage-2u: {storage_tb: 1, fill_gbps: 0.02}\n"
        "  flash-1u: {storage_tb: 0.4, fill_gbps: 0.01}\n",
        encoding="utf-8",
    )
    return PlanRequest(
        topology=ROOT / "topologies" / "backbone.yaml",
        titles=folder / "titles.csv",
        demand=folder / "demand.csv",
        overrides=(folder / "small.yaml",),
        out=folder / "plan",
        engine="fast",
        **options,
    )


def test_backbone_with_launches_of_the_last_fortnight(tmp_path: Path) -> None:
    request = backbone(tmp_path)
    record = make(request)
    assert record["counts"]["slices"] == 6
    new = {f"title {i:02}" for i in range(n_first_new(), 60)}
    pools = held(request.out)
    for name in new:
        assert len([pool for pool, files in pools.items() if name in files]) >= 2, name
    serving = rows(request.out, "serving")
    assert {(row["region"], row["pool"]) for row in serving if row["region"] == "no-all"} > {
        ("no-all", "oslo/storage-2u")
    }
    assert record["offload_byte_ratio"] > 0.5


def n_first_new() -> int:
    """Number of the first title launched less than 14 days before 2026-03-08, that is after 22 February."""
    return 28 + 22


@pytest.mark.parametrize(
    ("country", "sites"),
    [
        ("NO", {"oslo", "gothenburg", "ixp-stockholm", "ixp-copenhagen"}),
        ("FI", {"helsinki", "gothenburg", "ixp-stockholm", "ixp-copenhagen"}),
        ("DK", {"ixp-copenhagen", "gothenburg", "ixp-stockholm"}),
    ],
)
def test_one_country_keeps_the_sites_its_paths_pass_through(
    tmp_path: Path, country: str, sites: set[str]
) -> None:
    """Every path between the exchange points leads over Gothenburg, a site inside a Swedish network."""
    request = backbone(tmp_path, countries=frozenset({country}), gap_ratio=0.3)
    make(request)
    kept = read_topology(request.out / "inputs" / "topology.yaml")
    assert {site.name for site in kept.sites} == sites
    assert {row["region"] for row in rows(request.out, "serving")} == {f"{country.lower()}-all"}


@ENGINES
def test_appliances_are_within_their_own_limits(tmp_path: Path, engine: EngineName) -> None:
    """Files of up to a quarter of an appliance, and one title that more than one appliance has to serve."""
    topology = tmp_path / "t.yaml"
    topology.write_text(
        "name: tight\n"
        "hardware: {box: {storage_tb: 0.1, throughput_gbps: 1, fill_gbps: 1}}\n"
        "origins: [{name: origin, location: [50, 0]}]\n"
        "sites: [{name: s, kind: ixp, location: [52, 5], appliances: [{model: box, count: 5}]}]\n"
        "regions: [{name: r, country: NL, location: [52, 5], sites: [s]}]\n"
        "policy: {peak_profile: {slices: 3}}\n",
        encoding="utf-8",
    )
    rng = np.random.default_rng(2)
    size, gb = rng.uniform(3, 25, 60).round(2), rng.uniform(100, 4000, 60).round(1)
    gb[7] = 90_000.0
    titles = "".join(f"t{i},{s}\n" for i, s in enumerate(size))
    (tmp_path / "titles.csv").write_text(f"title,size_gb\n{titles}", encoding="utf-8")
    asked = "".join(f"2026-03-08,r,t{i},{v}\n" for i, v in enumerate(gb))
    (tmp_path / "demand.csv").write_text(f"date,region,title,gb\n{asked}", encoding="utf-8")
    request = PlanRequest(
        topology=topology,
        titles=tmp_path / "titles.csv",
        demand=tmp_path / "demand.csv",
        out=tmp_path / "plan",
        engine=engine,
        gap_ratio=0.02,
    )
    make(request)
    stored: dict[str, float] = {}
    for row in rows(request.out, "placement"):
        stored[row["appliance"]] = stored.get(row["appliance"], 0.0) + row["size_gb"]
    assert len(stored) == 5
    assert all(gb <= 95.0 * (1 + 1e-9) for gb in stored.values())
    busy = rows(request.out, "appliances")
    assert all(row["peak_gbps"] <= 0.9 * (1 + 1e-9) for row in busy)
    assert held(request.out)["s/box"].get("t7", 2) >= 2
