"""Reading topologies: every value lands where it belongs; what is right in odd dress is accepted."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pycountry
import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.places.country_codes import COUNTRY_CODES
from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.model.network.policy import (
    EVENING_PEAK,
    Ban,
    CopyRule,
    Costs,
    Files,
    LaunchRule,
    PeakProfile,
    Pin,
    Places,
    Policy,
    Reserves,
)
from cdnplan.model.network.topology import (
    ApplianceGroup,
    DemandShare,
    FillWindow,
    Hardware,
    Link,
    Origin,
    Region,
    Site,
    Topology,
)
from tests.inputs.bad_topologies import BASE

_FULL = """\
name: everything
hardware:
  big: {storage_tb: 280, throughput_gbps: 80.5, fill_gbps: 1.2}
origins:
  - {name: home, location: [53, -6.3], capacity_gbps: 500}
sites:
  - name: place
    kind: ixp
    location: [52.3, 4.9]
    country: NL
    timezone: Europe/Amsterdam
    fill_window: {start: "23:30", hours: 6.5}
    appliances: [{model: big, count: 3}]
regions:
  - name: viewers
    country: NL
    location: [52, 5]
    timezone: Europe/Brussels
    demand: {region: Netherlands, share: 0.25}
    sites: [place]
links:
  - {from: viewers, to: place, capacity_gbps: 10, cost_per_gb: 0}
policy:
  reserves: {storage_ratio: 0.1, throughput_ratio: 0.2, fill_ratio: 0.3, imbalance_ratio: 0}
  costs:
    embedded_per_gb: 1
    ixp_per_gb: 2
    origin_per_gb: 3
    per_gb_per_1000km: 4
    fill_per_gb: 5
    overload_per_gbps: 6
  peak_profile: {slices: 24}
  steering: order
  max_sites: 2
  churn_ratio: 0.5
  copy_load_ratio: null
  cold_start: limited
  period_days: 1
  pins:
    - {title: "Opener *", sites: ["pl*"], countries: [NL], kinds: [ixp], models: [big]}
  bans:
    - {file: f1, countries: [NL, BE]}
  copies:
    - {top: 500}
  launches:
    - {newer_than_days: 7, min_pools: 3}
"""


def read(folder: Path, text: str) -> Topology:
    path = folder / "t.yaml"
    path.write_text(text, encoding="utf-8")
    return read_topology(path)


def test_every_value_lands_where_it_belongs(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    assert read(tmp_path, _FULL) == Topology(
        name="everything",
        hardware=(Hardware("big", 280.0, 80.5, 1.2),),
        origins=(Origin("home", (53.0, -6.3), 500.0),),
        sites=(
            Site(
                "place",
                "ixp",
                (52.3, 4.9),
                (ApplianceGroup("big", 3),),
                country="NL",
                timezone="Europe/Amsterdam",
                fill_window=FillWindow("23:30", 6.5),
            ),
        ),
        regions=(
            Region(
                "viewers",
                "NL",
                (52.0, 5.0),
                ("place",),
                DemandShare("Netherlands", 0.25),
                "Europe/Brussels",
            ),
        ),
        links=(Link("viewers", "place", 10.0, 0.0),),
        policy=Policy(
            reserves=Reserves(0.1, 0.2, 0.3, 0.0),
            costs=Costs(1.0, 2.0, 3.0, 4.0, 5.0, 6.0),
            peak_profile=PeakProfile(24, EVENING_PEAK),
            steering="order",
            max_sites=2,
            churn_ratio=0.5,
            copy_load_ratio=None,
            cold_start="limited",
            period_days=1.0,
            pins=(
                Pin(Files(title="Opener *"), Places(("pl*",), ("NL",), ("ixp",), ("big",)), f"{file}:40:7"),
            ),
            bans=(Ban(Files(file="f1"), Places(countries=("NL", "BE")), f"{file}:42:7"),),
            copies=(CopyRule(Files(top=500), Places(), f"{file}:44:7", copies=2),),
            launches=(LaunchRule(Files(newer_than_days=7), Places(), f"{file}:46:7", min_pools=3),),
        ),
    )


def test_defaults(tmp_path: Path) -> None:
    topology = read(tmp_path, BASE)
    site, region, link = topology.sites[1], topology.regions[0], topology.links[1]
    assert site.appliances == (ApplianceGroup("storage-2u", 1),)
    assert (site.timezone, site.fill_window) == (None, FillWindow("02:00", 12.0))
    assert region.demand == DemandShare("nl-kpn", 1.0)
    assert (link.capacity_gbps, link.cost_per_gb) == (200.0, None)
    assert topology.policy.reserves == Reserves()
    assert topology.policy.peak_profile == PeakProfile(4)
    assert topology.origins[0].capacity_gbps is None


def test_no_policy_and_no_links(tmp_path: Path) -> None:
    topology = read(tmp_path, BASE[: BASE.index("links:")])
    assert topology.links == ()
    assert topology.policy == Policy()


def test_null_means_left_out(tmp_path: Path) -> None:
    text = _FULL[: _FULL.index("links:")] + "links: ~\npolicy:\n"
    text = text.replace("demand: {region: Netherlands, share: 0.25}", "demand:")
    topology = read(tmp_path, text.replace("country: NL\n    timezone: Europe/Amsterdam", "country: ~"))
    assert topology.regions[0].demand == DemandShare("viewers")
    assert topology.sites[0].country is None
    assert topology.policy == Policy()


@pytest.mark.parametrize("code", ["NO", "'NO'", '"NO"'])
def test_norway_is_a_country(tmp_path: Path, code: str) -> None:
    topology = read(tmp_path, BASE.replace("nl-kpn, country: NL", f"nl-kpn, country: {code}"))
    assert topology.regions[0].country == "NO"


def test_hourly_weights_are_scaled_to_1(tmp_path: Path) -> None:
    weights = ", ".join(str(hour) for hour in range(24))
    profile = read(tmp_path, BASE.replace("slices: 4", f"hourly: [{weights}]")).policy.peak_profile
    assert math.fsum(profile.hourly) == pytest.approx(1.0, abs=1e-12)
    assert profile.hourly[0] == 0.0
    assert profile.hourly[23] == 23 / 276


def test_anchors_serve_as_templates(tmp_path: Path) -> None:
    text = BASE.replace("appliances: [{model: flash-1u", "appliances: &fleet [{model: flash-1u")
    topology = read(tmp_path, text.replace("appliances: [{model: storage-2u}]", "appliances: *fleet"))
    assert topology.sites[1].appliances == topology.sites[0].appliances != ()


def test_fill_window_by_merge_key(tmp_path: Path) -> None:
    text = BASE.replace("fill_window: {start", "fill_window: &night {start").replace(
        "    kind: embedded\n", "    kind: embedded\n    fill_window: {<<: *night, hours: 3}\n"
    )
    assert read(tmp_path, text).sites[1].fill_window == FillWindow("02:00", 3.0)


def test_shares_may_exceed_1_by_rounding_only(tmp_path: Path) -> None:
    text = BASE.replace("share: 0.38", "share: 0.3333336")
    text = text.replace(
        "location: [52.1, 5.1], sites", "location: [52.1, 5.1], demand: {region: NL, share: %s}, sites"
    )
    assert read(tmp_path, text % "0.666667").regions[0].demand.share == 0.666667
    with pytest.raises(InputError, match=r"sum to 1\.000003"):
        read(tmp_path, text % "0.6666694")


def test_environment_and_override_file(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(BASE + "overrides: {prod: {links: [{from: ams-ix, to: nl-kpn, capacity_gbps: 800}]}}\n")
    over = tmp_path / "o.yaml"
    over.write_text("hardware: {flash-1u: {throughput_gbps: 400}}\n")
    plain, prod = read_topology(path), read_topology(path, env="prod", overrides=[over])
    assert plain.links[0] == Link("nl-kpn", "ams-ix", 400.0, 0.002)
    assert prod.links[0] == Link("ams-ix", "nl-kpn", 800.0, 0.002)
    assert (plain.hardware[1].throughput_gbps, prod.hardware[1].throughput_gbps) == (180.0, 400.0)
    assert prod.hardware[1].storage_tb == 24.0


def test_a_rule_of_an_include_points_there(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("policy:\n  bans:\n    - {title: X}\n")
    topology = read(tmp_path, "include: [rules.yaml]\n" + BASE[: BASE.index("policy:")])
    assert topology.policy.bans[0].source == f"{tmp_path / 'rules.yaml'}:3:7"


def test_rules_without_places_and_sites_without_country_are_fine(tmp_path: Path) -> None:
    text = BASE.replace("    kind: embedded\n    country: NL\n", "    kind: embedded\n")
    text = text.replace(
        "{title: Licensed, countries: [NL]}", "{title: Licensed, countries: [NL], kinds: [ixp]}"
    )
    assert read(tmp_path, text).sites[1].country is None


def test_a_region_may_be_linked_through_sites(tmp_path: Path) -> None:
    text = BASE.replace(
        "{from: nl-kpn, to: kpn-utrecht, capacity_gbps: 200}", "{from: kpn-utrecht, to: ams-ix}"
    )
    assert len(read(tmp_path, text).links) == 2


def test_thousands_of_problems_take_little_time(tmp_path: Path) -> None:
    regions = "".join(
        f"  - {{name: r{i}, country: NL, location: [52, 5], sites: [nowhere-{i}]}}\n" for i in range(800)
    )
    sites = "".join(
        f"  - {{name: somewhere-{i}, kind: ixp, location: [52, 5], appliances: [{{model: flash-1u}}]}}\n"
        for i in range(800)
    )
    head = BASE[: BASE.index("sites:")]
    with pytest.raises(InputError) as caught:
        read(tmp_path, f"{head}sites:\n{sites}regions:\n{regions}")
    assert len(caught.value.problems) == 800
    assert [problem.line for problem in caught.value.problems] == list(range(809, 1609))


def test_country_codes_are_those_of_pycountry() -> None:
    assert {country.alpha_2 for country in pycountry.countries} | {"XK"} == COUNTRY_CODES


def test_reading_loads_no_heavy_module(tmp_path: Path) -> None:
    """A check has to answer at once: pandas alone takes longer to load."""
    (tmp_path / "t.yaml").write_text(BASE)
    code = (
        "import sys; from pathlib import Path;"
        "from cdnplan.inputs.topology.topology_reader import read_topology;"
        "read_topology(Path(sys.argv[1])); print(sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "t.yaml")], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.replace("'", "").strip("[]\n").split(", "))
    assert "pydantic" in loaded
    assert loaded.isdisjoint({"pandas", "pyarrow", "networkx", "numba", "pulp", "pycountry", "numpy"})
