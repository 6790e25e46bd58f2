"""What each kind of change does to a base's inputs, against what one would write by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cdnplan.model.instance.instance import Instance
from cdnplan.model.instance.network import find_candidates
from cdnplan.whatif.base.base import Base, rebuild
from cdnplan.whatif.scenario.apply import Applied, apply_scenario
from cdnplan.whatif.scenario.scenario_reader import read_scenarios
from tests.whatif.bad_scenarios import change


def applied(base: Base, folder: Path, *lines: str) -> Applied:
    """Apply changes, each a line of YAML."""
    (folder / "s.yaml").write_text(change(*lines), encoding="utf-8")
    [scenario] = read_scenarios([folder / "s.yaml"])
    return apply_scenario(scenario, base.inputs)


def demand(instance: Instance) -> dict[tuple[str, str], float]:
    """GB by region and file."""
    found = {}
    for r, region in enumerate(instance.regions):
        row = int(instance.region_row[r])
        part = slice(int(instance.demand_ptr[row]), int(instance.demand_ptr[row + 1]))
        for f, gb in zip(instance.demand_file[part], instance.demand_gb[part], strict=True):
            found[region, instance.files[f]] = float(instance.region_share[r] * gb)
    return found


def asked(base: Base, folder: Path, *lines: str) -> dict[tuple[str, str], float]:
    made = applied(base, folder, *lines)
    return demand(rebuild(base, made.inputs, made.lost).instance)


def test_no_change_is_the_base(small_base: Base, tmp_path: Path) -> None:
    made = applied(small_base, tmp_path, "scale_demand: {factor: 1}")
    assert asked(small_base, tmp_path, "scale_demand: {factor: 1}") == demand(small_base.instance)
    assert made.lost == {}


@pytest.mark.parametrize(
    ("keys", "picked"),
    [
        ("", lambda region, file: True),
        ("countries: [NL], ", lambda region, file: region.startswith("nl")),
        ('regions: ["*-kpn"], ', lambda region, file: region == "nl-kpn"),
        ("titles: [Alpha], ", lambda region, file: file.startswith("Alpha")),
        ("profiles: [4k], ", lambda region, file: file == "Alpha/4k"),
        (
            'files: ["Al*hd", Beta], regions: [nl-ziggo], ',
            lambda r, f: r == "nl-ziggo" and f in ("Alpha/hd", "Beta"),
        ),
    ],
)
def test_scaling_touches_what_is_selected(small_base: Base, tmp_path: Path, keys: str, picked) -> None:  # type: ignore[no-untyped-def]
    before = demand(small_base.instance)
    after = asked(small_base, tmp_path, f"scale_demand: {{{keys}factor: 1.5}}")
    wanted = {key: gb * 1.5 if picked(*key) else gb for key, gb in before.items()}
    assert after == pytest.approx(wanted, rel=1e-6)


def test_scaling_twice_multiplies(small_base: Base, tmp_path: Path) -> None:
    lines = ("scale_demand: {countries: [NL], factor: 2}", "scale_demand: {titles: [Beta], factor: 0.5}")
    after = asked(small_base, tmp_path, *lines)
    assert after["nl-kpn", "Beta"] == pytest.approx(demand(small_base.instance)["nl-kpn", "Beta"])


def test_viewers_move_with_what_they_watch(small_base: Base, tmp_path: Path) -> None:
    before = demand(small_base.instance)
    after = asked(
        small_base, tmp_path, "shift_demand: {share: 0.25, from: {regions: [nl-kpn]}, to: {countries: [BE]}}"
    )
    assert sum(after.values()) == pytest.approx(sum(before.values()))
    assert after["nl-kpn", "Beta"] == pytest.approx(0.75 * before["nl-kpn", "Beta"])
    assert after["be-all", "Beta"] == pytest.approx(0.25 * before["nl-kpn", "Beta"])
    assert after["nl-ziggo", "Beta"] == pytest.approx(before["nl-ziggo", "Beta"])


def test_requests_move_to_another_title_where_they_are(small_base: Base, tmp_path: Path) -> None:
    before = demand(small_base.instance)
    after = asked(
        small_base, tmp_path, "shift_demand: {share: 1, from: {titles: [Beta]}, to: {titles: [Alpha]}}"
    )
    assert ("nl-kpn", "Beta") not in after
    gained = after["nl-kpn", "Alpha/hd"] - before["nl-kpn", "Alpha/hd"]
    assert gained == pytest.approx(0.7 * before["nl-kpn", "Beta"], rel=1e-6)
    assert after["be-all", "Alpha/hd"] == pytest.approx(before["be-all", "Alpha/hd"])


def test_a_launch_is_asked_for_like_another(small_base: Base, tmp_path: Path) -> None:
    line = "launch: {title: Aaa, like: Alpha, factor: 2, size_factor: 0.5, countries: [NL]}"
    made = applied(small_base, tmp_path, line)
    before, after = demand(small_base.instance), asked(small_base, tmp_path, line)
    assert after["nl-kpn", "Aaa/4k"] == pytest.approx(2 * before["nl-kpn", "Alpha/4k"], rel=1e-6)
    assert ("be-all", "Aaa/4k") not in after
    assert {key: gb for key, gb in after.items() if not key[1].startswith("Aaa")} == before
    catalog = made.inputs.catalog
    assert list(catalog.files) == sorted(catalog.files)
    assert list(catalog.titles) == sorted(catalog.titles)
    assert catalog.size_gb[catalog.files.index("Aaa/hd")] == 10
    title = catalog.titles[catalog.file_title[catalog.files.index("Aaa/hd")]]
    assert title == "Aaa"


def test_a_site_fails_with_its_links(small_base: Base, tmp_path: Path) -> None:
    made = applied(small_base, tmp_path, "fail: {sites: [ams-ix]}")
    topology = made.inputs.topology
    assert [site.name for site in topology.sites] == ["bnix", "kpn"]
    assert topology.links == ()
    by_name = {region.name: region for region in topology.regions}
    assert by_name["nl-kpn"].sites == ("kpn",)
    assert by_name["nl-ziggo"].cut_off  # its only link ended there
    instance = rebuild(small_base, made.inputs, made.lost).instance
    r = instance.regions.index("nl-ziggo")
    assert instance.cand_ptr[r] == instance.cand_ptr[r + 1]


def test_a_region_without_sites_gets_all_from_the_origin(small_base: Base, tmp_path: Path) -> None:
    made = applied(small_base, tmp_path, "fail: {sites: [bnix]}")
    regions = tuple(sorted(made.inputs.topology.regions, key=lambda region: region.name))
    assert [region.cut_off for region in regions] == [True, False, False]
    reach = find_candidates(made.inputs.topology, regions, {"ams-ix": 0, "kpn": 1})
    assert reach.cand_ptr[1] == 0


def test_an_appliance_fails_with_what_it_holds(small_base: Base, tmp_path: Path) -> None:
    made = applied(small_base, tmp_path, "fail: {appliances: [ams-ix/box/1]}")
    assert made.lost == {"ams-ix/box": frozenset({1})}
    changed = rebuild(small_base, made.inputs, made.lost)
    held = small_base.holdings
    pool = held.pools.index("ams-ix/box")
    mine = (held.pool == pool) & (held.appliance == 2)
    left = {held.files[f] for f in held.file[mine]}
    p = changed.instance.pools.index("ams-ix/box")
    assert {changed.instance.files[f] for f in np.flatnonzero(changed.there[p])} == left
    assert changed.instance.pool_appliances[p] == 1


def test_removed_appliances_are_the_last_ones(small_base: Base, tmp_path: Path) -> None:
    made = applied(small_base, tmp_path, "remove: {sites: [ams-ix], model: box, count: 1}")
    assert made.lost == {"ams-ix/box": frozenset({2})}


def test_an_upgrade_arrives_empty(small_base: Base, tmp_path: Path) -> None:
    made = applied(small_base, tmp_path, 'upgrade: {sites: ["*ix"], from: box, to: big, count: 1}')
    changed = rebuild(small_base, made.inputs, made.lost)
    counts = dict(zip(changed.instance.pools, changed.instance.pool_appliances.tolist(), strict=True))
    assert counts == {"ams-ix/box": 1, "ams-ix/big": 1, "bnix/big": 1, "kpn/box": 1}
    assert not changed.there[changed.instance.pools.index("bnix/big")].any()


def test_new_site_new_model_and_link(small_base: Base, tmp_path: Path) -> None:
    made = applied(
        small_base,
        tmp_path,
        "add_hardware: {huge: {storage_tb: 5, throughput_gbps: 50, fill_gbps: 1}}",
        "add_site: {name: nix, kind: ixp, location: [51, 5], appliances: [{model: huge}], serves: [be-all]}",
        "add_link: {from: nix, to: ams-ix, capacity_gbps: 2}",
        "set_links: {links: [bnix>ams-ix], capacity_factor: 3}",
        "add: {sites: [nix], model: box, count: 2}",
    )
    topology = made.inputs.topology
    assert next(r for r in topology.regions if r.name == "be-all").sites == ("bnix", "nix")
    assert {link.capacity_gbps for link in topology.links} == {1, 1.5, 2}
    site = next(s for s in topology.sites if s.name == "nix")
    assert [(g.model, g.count) for g in site.appliances] == [("huge", 1), ("box", 2)]


def test_policy_values_are_replaced_and_rules_added(small_base: Base, tmp_path: Path) -> None:
    made = applied(
        small_base,
        tmp_path,
        "policy: {reserves: {storage_ratio: 0.2}, costs: {origin_per_gb: 0.1},"
        " bans: [{title: Beta, sites: [bnix]}]}",
    )
    policy = made.inputs.topology.policy
    before = small_base.inputs.topology.policy
    assert policy.reserves == replace(before.reserves, storage_ratio=0.2)
    assert policy.costs == replace(before.costs, origin_per_gb=0.1)
    instance = rebuild(small_base, made.inputs, made.lost).instance
    assert instance.copies[instance.pools.index("bnix/box"), instance.files.index("Beta")] == 0
    dropped = applied(small_base, tmp_path, "policy: {bans: [{title: Beta}]}", "policy: {drop: [bans]}")
    assert dropped.inputs.topology.policy.bans == ()


def test_the_peak_moves_everywhere_or_in_some_regions(small_base: Base, tmp_path: Path) -> None:
    slices = "policy: {peak_profile: {slices: 24}}"
    base = applied(small_base, tmp_path, slices)
    still = rebuild(small_base, base.inputs, base.lost).instance.gbps_per_gb
    for line, moved in (
        ("move_peak: {hours: 3}", {"be-all", "nl-kpn", "nl-ziggo"}),
        ("move_peak: {hours: 3, countries: [BE]}", {"be-all"}),
    ):
        made = applied(small_base, tmp_path, slices, line)
        instance = rebuild(small_base, made.inputs, made.lost).instance
        for r, name in enumerate(instance.regions):
            wanted = np.roll(still[r], 3) if name in moved else still[r]
            np.testing.assert_allclose(instance.gbps_per_gb[r], wanted)
