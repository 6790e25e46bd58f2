"""Networks of every preset: counts, references, shares, capacity against demand."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.inputs.topology.topology_writer import topology_text
from cdnplan.model.network.topology import Topology
from cdnplan.synth.given.presets import PRESETS, scaled
from cdnplan.synth.network.layout import allot
from cdnplan.synth.network.network import Network, make_network
from cdnplan.units import GB_PER_TB


@pytest.fixture(scope="module")
def networks() -> dict[str, Network]:
    return {name: make_network(preset, seed=1) for name, preset in PRESETS.items()}


def appliances(topology: Topology, kind: str) -> list[int]:
    return [sum(g.count for g in site.appliances) for site in topology.sites if site.kind == kind]


def test_sample_size(networks: dict[str, Network]) -> None:
    topology = networks["sample"].topology
    assert 8 <= len(topology.sites) <= 12
    assert 12 <= len(topology.regions) <= 16
    assert len(appliances(topology, "ixp")) == 2
    assert {region.country for region in topology.regions} == {"BE", "DE", "GB", "NL"}


def test_country_and_continent_size(networks: dict[str, Network]) -> None:
    assert len(networks["country"].topology.regions) == 40
    assert {region.country for region in networks["country"].topology.regions} == {"FR"}
    assert len(networks["continent"].topology.regions) == 600


def test_world_size(networks: dict[str, Network]) -> None:
    topology = networks["world"].topology
    assert len(topology.sites) == 6_000
    assert len(topology.regions) == 6_000
    assert sum(appliances(topology, "ixp") + appliances(topology, "embedded")) == 18_000
    assert len({region.country for region in topology.regions}) == 175


@pytest.mark.parametrize("name", ["continent", "world"])
def test_embedded_sites_are_small_as_in_the_field(networks: dict[str, Network], name: str) -> None:
    counts = appliances(networks[name].topology, "embedded")
    assert np.median(counts) == 1
    assert np.quantile(counts, 0.9) == 3
    assert max(counts) == 12
    assert np.mean(appliances(networks[name].topology, "ixp")) > 3 * np.mean(counts)


@pytest.mark.parametrize("name", list(PRESETS))
def test_names_references_and_shares(networks: dict[str, Network], name: str) -> None:
    topology = networks[name].topology
    sites = [site.name for site in topology.sites]
    regions = [region.name for region in topology.regions]
    names = Counter([*sites, *regions, *(origin.name for origin in topology.origins)])
    assert max(names.values()) == 1
    share: Counter[str] = Counter()
    for region in topology.regions:
        assert region.sites
        assert set(region.sites) <= set(sites)
        assert len(set(region.sites)) == len(region.sites)
        assert region.timezone
        assert region.demand.region == region.country
        share[region.country] += round(1e6 * region.demand.share)
    assert set(share.values()) == {1_000_000}
    assert all(site.country and site.timezone for site in topology.sites)
    used = {site for region in topology.regions for site in region.sites}
    assert used == set(sites)


def test_own_site_comes_first(networks: dict[str, Network]) -> None:
    topology = networks["continent"].topology
    kind = {site.name: site.kind for site in topology.sites}
    first = [kind[region.sites[0]] for region in topology.regions]
    assert first.count("embedded") >= 430
    for region in topology.regions:
        kinds = [kind[site] for site in region.sites]
        assert kinds == sorted(kinds)  # embedded before ixp
        assert kinds.count("ixp") >= 3


@pytest.mark.parametrize("name", list(PRESETS))
def test_demand_makes_throughput_matter(networks: dict[str, Network], name: str) -> None:
    topology, peak = networks[name].topology, networks[name].peak_gbps
    gbps = {model.name: model.throughput_gbps for model in topology.hardware}
    total = sum(group.count * gbps[group.model] for site in topology.sites for group in site.appliances)
    assert 0.3 < sum(peak.values()) / total < 0.9
    at = {site.name: sum(g.count * gbps[g.model] for g in site.appliances) for site in topology.sites}
    over = [peak[r.name] > at[r.sites[0]] for r in topology.regions if not r.sites[0].startswith("ixp-")]
    assert 0.05 < np.mean(over) < 0.6


@pytest.mark.parametrize("name", ["sample", "country", "continent"])
def test_no_site_stores_the_whole_catalogue(networks: dict[str, Network], name: str) -> None:
    topology, preset = networks[name].topology, PRESETS[name]
    storage = {model.name: model.storage_tb for model in topology.hardware}
    catalog_tb = 48.0 * preset.n_titles / GB_PER_TB
    held = [sum(g.count * storage[g.model] for g in site.appliances) for site in topology.sites]
    assert max(held) < 0.8 * catalog_tb
    assert np.median(held) < 0.2 * catalog_tb
    assert sum(held) > catalog_tb


def test_weekly_volume_is_what_the_peaks_say(networks: dict[str, Network]) -> None:
    network = networks["country"]
    peak = sum(network.peak_gbps.values())
    # 8.4% of a day's bytes in the busiest hour, 7 days, 8 bits a byte.
    assert sum(network.weekly_gb.values()) == pytest.approx(peak / (0.084 * 8 / 3600 / 7), rel=1e-9)


def test_own_demand_changes_nothing_but_the_demand(networks: dict[str, Network]) -> None:
    shared, own = networks["country"], make_network(PRESETS["country"], seed=1, own_demand=True)
    assert all(region.demand.region == region.name for region in own.topology.regions)
    assert own.topology.sites == shared.topology.sites
    assert own.peak_gbps == shared.peak_gbps


def test_seed_changes_the_network() -> None:
    assert make_network(PRESETS["sample"], 1).topology == make_network(PRESETS["sample"], 1).topology
    assert make_network(PRESETS["sample"], 1).topology != make_network(PRESETS["sample"], 2).topology


@pytest.mark.parametrize("name", ["sample", "country", "continent"])
def test_written_topology_reads_back(networks: dict[str, Network], name: str, tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(topology_text(networks[name].topology))
    assert read_topology(path) == networks[name].topology


@pytest.mark.parametrize(
    ("name", "regions"),
    [
        ("sample", 4),
        ("sample", 60),
        ("country", 4),
        ("country", 400),
        ("continent", 90),
        ("world", 350),
        ("world", 1_000),
    ],
)
def test_other_sizes(name: str, regions: int) -> None:
    preset = scaled(name, regions=regions)
    topology = make_network(preset, seed=1).topology
    assert len(topology.regions) == regions
    assert {region.country for region in topology.regions} == set(preset.countries)
    if preset.appliances:
        total = sum(appliances(topology, "ixp") + appliances(topology, "embedded"))
        assert total == pytest.approx(3 * regions, rel=0.01)


def test_storage_follows_the_catalogue() -> None:
    full = make_network(PRESETS["world"], 1).topology.hardware
    assert [(m.name, m.storage_tb, m.throughput_gbps, m.fill_gbps) for m in full] == [
        ("storage-2u", 280.0, 80.0, 1.2),
        ("flash-1u", 24.0, 180.0, 0.3),
        ("global-1u", 100.0, 40.0, 0.4),
    ]
    half = make_network(dataclasses.replace(PRESETS["sample"], n_titles=10_000, storage_ratio=1.0), 1)
    assert half.topology.hardware[0].storage_tb == 140.0


def test_bad_sizes_are_all_named() -> None:
    with pytest.raises(InputError) as caught:
        scaled("sample", regions=3, titles=0, weeks=0)
    assert [problem.path for problem in caught.value.problems] == ["--regions", "--titles", "--weeks"]
    with pytest.raises(InputError, match="did you mean 'country'"):
        scaled("county")


def test_allot_gives_all_seats() -> None:
    assert sum(allot([5.0, 1.0, 1.0], 20)) == 20
    assert allot([5.0, 1.0, 1.0], 3, least=1) == [1, 1, 1]
    assert allot([1.0, 1.0], 1, least=1) == [1, 1]
