"""What changed between two plans: bytes by site, cost that adds up, and the right reason for each copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cdnplan.errors import InputError
from cdnplan.fill.diff.diff_nearest import compare_holders
from cdnplan.fill.diff.difference import Difference, diff
from cdnplan.model.network.policy import Files, Pin, Places
from tests.fill.plan_folders import catalog, demand, network, write_folder
from tests.instances import to_dense
from tests.oracle.drawn import draw

SIZES = {"a.hd": 100.0, "b.hd": 50.0, "b.sd": 20.0, "c.hd": 80.0}
ASKED = {
    "BE": {"a.hd": 1000.0, "b.hd": 500.0, "b.sd": 100.0, "c.hd": 300.0},
    "NL": {"a.hd": 200.0, "b.hd": 900.0, "c.hd": 50.0},
}
HELD = {"ix/box/1": ("a.hd", "b.hd"), "ix/box/2": ("b.sd",), "isp/box/1": ("a.hd",)}


def write(
    folder: Path,
    held: Any = HELD,
    *,
    sizes: Any = SIZES,
    asked: Any = ASKED,
    topology: Any = None,
    **more: Any,
) -> Path:
    files = catalog(sizes)
    return write_folder(folder, topology or network(), files, demand(files, asked), held, **more)


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return write(tmp_path / "a")


def add_up(found: Difference) -> None:
    """What holds for every two plans."""
    cost = found.figures[0]
    assert sum(e.cost for e in found.effects) == pytest.approx(cost.b - cost.a, abs=1e-6)
    effects = {e.effect: e.cost for e in found.effects}
    assert effects["limits of throughput and links"] == pytest.approx(0.0, abs=1e-6), "these plans reach none"
    assert sum(s.saves for s in found.sites) == pytest.approx(-effects["other copies held"])
    assert sum(r.saves for r in found.reasons) == pytest.approx(-effects["other copies held"])
    named = {f.figure: f.b for f in found.figures}
    assert sum(s.in_gb for s in found.sites) == pytest.approx(named["coming"])
    held = next(f for f in found.figures if f.figure == "held")
    assert held.b - held.a == pytest.approx(named["coming"] - named["going"])


def reasons(found: Difference) -> dict[tuple[str, str], tuple[float, float]]:
    return {(r.reason, r.name): (r.in_gb, r.out_gb) for r in found.reasons}


def test_a_plan_does_not_differ_from_itself(plan: Path) -> None:
    found = diff(plan, plan)
    add_up(found)
    assert found.reasons == ()
    assert {e.cost for e in found.effects} == {0.0}
    assert all(s.in_gb == s.out_gb == s.moved_gb == s.saves == 0 for s in found.sites)
    assert found.a == found.b


def test_bytes_and_savings_by_site(plan: Path, tmp_path: Path) -> None:
    held = {"ix/box/1": ("a.hd",), "ix/box/2": ("b.sd", "b.hd"), "isp/box/1": ("b.hd",)}
    found = diff(plan, write(tmp_path / "b", held))
    add_up(found)
    sites = {s.site: s for s in found.sites}
    assert (sites["ix"].in_gb, sites["ix"].out_gb, sites["ix"].moved_gb) == (0.0, 0.0, 50.0)
    assert (sites["isp"].in_gb, sites["isp"].out_gb, sites["isp"].moved_gb) == (50.0, 100.0, 0.0)
    # At home b.hd comes from the ISP at 1 in place of 2, a.hd from the exchange at 2 in place of 1.
    assert sites["isp"].saves == pytest.approx(500.0 - 1000.0)
    assert (sites["isp"].served_gb, sites["isp"].served_change_gb) == (500.0, -500.0)
    assert reasons(found) == {("rearranged", "isp"): (50.0, 100.0)}


def test_what_is_evicted_is_not_held(plan: Path, tmp_path: Path) -> None:
    other = write(
        tmp_path / "b", {"ix/box/1": ("a.hd",)}, evicted={"ix/box/1": ("b.hd",), "gone/box/1": ("x",)}
    )
    found = diff(plan, other)
    add_up(found)
    assert next(f for f in found.figures if f.figure == "held").b == 100.0


def test_titles_come_and_go(plan: Path, tmp_path: Path) -> None:
    sizes = {"a.hd": 100.0, "a.uhd": 40.0, "c.hd": 80.0, "d.hd": 30.0}
    asked = {"BE": {"a.hd": 1000.0, "a.uhd": 100.0, "d.hd": 4000.0}, "NL": {"a.hd": 200.0}}
    held = {"ix/box/1": ("a.hd",), "isp/box/1": ("a.hd", "d.hd", "a.uhd")}
    found = diff(plan, write(tmp_path / "b", held, sizes=sizes, asked=asked))
    add_up(found)
    assert reasons(found) == {
        ("new title", "d"): (30.0, 0.0),
        ("title gone", "b"): (0.0, 70.0),
        ("files changed", "a"): (40.0, 0.0),
    }
    new = next(r for r in found.reasons if r.reason == "new title")
    assert (new.detail, new.saves) == ("4,000 GB asked for", pytest.approx(4000.0 * (10 - 1)))


def test_demand_is_the_reason_where_it_moved_more_than_the_price(plan: Path, tmp_path: Path) -> None:
    asked = {"BE": ASKED["BE"] | {"a.hd": 400.0, "c.hd": 900.0}, "NL": ASKED["NL"]}
    held = {"ix/box/1": ("a.hd", "b.hd"), "ix/box/2": ("b.sd",), "isp/box/1": ("c.hd",)}
    found = diff(plan, write(tmp_path / "b", held, asked=asked))
    add_up(found)
    assert reasons(found) == {("demand up", "c"): (80.0, 0.0), ("demand down", "a"): (0.0, 100.0)}
    details = {r.name: r.detail for r in found.reasons}
    assert details == {"c": "+200% there, 350 to 950 GB in all", "a": "-60% there, 1,200 to 600 GB in all"}


@pytest.mark.parametrize(
    ("before", "after", "growth"), [(100.0, 90.0, 1.0), (100.0, 90.0, 1.05), (100.0, 40.0, 2.0)]
)
def test_prices_are_the_reason_where_they_moved_more(
    tmp_path: Path, before: float, after: float, growth: float
) -> None:
    a = write(tmp_path / "a", prices={"isp/box": before})
    asked = {"BE": {f: v * growth for f, v in ASKED["BE"].items()}, "NL": ASKED["NL"]}
    held = HELD | {"isp/box/1": ("a.hd", "c.hd")}
    found = diff(a, write(tmp_path / "b", held, asked=asked, prices={"isp/box": after}))
    add_up(found)
    assert reasons(found) == {("storage cheaper", "isp/box"): (80.0, 0.0)}
    back = diff(tmp_path / "b", a)
    add_up(back)
    assert reasons(back) == {("storage dearer", "isp/box"): (0.0, 80.0)}


def test_a_price_that_falls_because_the_pool_grew(tmp_path: Path) -> None:
    a = write(tmp_path / "a", topology=network(storage_tb=2.0), prices={"isp/box": 100.0})
    held = HELD | {"isp/box/1": ("a.hd", "c.hd")}
    found = diff(a, write(tmp_path / "b", held, topology=network(storage_tb=4.0), prices={"isp/box": 40.0}))
    add_up(found)
    assert reasons(found) == {("pool grown", "isp/box"): (80.0, 0.0)}
    assert found.reasons[0].detail == "1.9 to 3.8 TB"
    assert [e.effect for e in found.effects][1] == "network and policy"


def test_pools_that_come_and_go(plan: Path, tmp_path: Path) -> None:
    topology = network(sites=("ix", "new"))
    held = {"ix/box/1": ("a.hd", "b.hd"), "ix/box/2": ("b.sd",), "new/box/1": ("a.hd",)}
    found = diff(plan, write(tmp_path / "b", held, topology=topology))
    add_up(found)
    assert reasons(found) == {
        ("pool added", "new/box"): (100.0, 0.0),
        ("pool removed", "isp/box"): (0.0, 100.0),
    }
    # Without the ISP, a.hd costs 2 at home in place of 1: the network's effect. Then it is at the new site.
    effects = {e.effect: e.cost for e in found.effects}
    assert effects["network and policy"] == pytest.approx(1000.0 * (2 - 1))
    assert effects["other copies held"] == pytest.approx(-1200.0 * (2 - 0.5))


def test_rules_and_copies_are_reasons_of_their_own(plan: Path, tmp_path: Path) -> None:
    pinned = network(pins=(Pin(Files(title="c"), Places(sites=("isp",))),))
    held = {"ix/box/1": ("a.hd", "b.hd"), "ix/box/2": ("b.sd", "a.hd"), "isp/box/1": ("a.hd", "c.hd")}
    found = diff(plan, write(tmp_path / "b", held, topology=pinned))
    add_up(found)
    assert reasons(found) == {("rules changed", "c"): (80.0, 0.0), ("copies per pool", "a"): (100.0, 0.0)}


def test_paths_are_a_reason(plan: Path, tmp_path: Path) -> None:
    held = {"ix/box/1": ("a.hd", "b.hd", "c.hd"), "ix/box/2": ("b.sd",), "isp/box/1": ("a.hd",)}
    found = diff(plan, write(tmp_path / "b", held, topology=network(cost=1.5)))
    add_up(found)
    assert reasons(found) == {("paths changed", "ix"): (80.0, 0.0)}


def test_fill_and_warnings(plan: Path, tmp_path: Path) -> None:
    found = diff(plan, write(tmp_path / "b", fill=12.5, warnings=("mind the gap",)))
    assert {e.effect: e.cost for e in found.effects}["fill"] == 12.5
    assert found.new_warnings == ("mind the gap",)
    assert found.sites[0].outside_gb is None


def test_problems_of_both_folders_are_told(plan: Path, tmp_path: Path) -> None:
    (plan / "serving.parquet").unlink()
    with pytest.raises(InputError) as error:
        diff(plan, tmp_path / "nothing")
    assert {p.file for p in error.value.problems} == {
        str(plan / "serving.parquet"),
        str(tmp_path / "nothing"),
    }


@pytest.mark.parametrize("number", range(60))
def test_nearest_holders_against_plain_counting(number: int) -> None:
    instance = draw(5, number).instance
    rng = np.random.default_rng(number)
    before, after = rng.random((2, instance.n_pools, instance.n_files)) < 0.4
    found = compare_holders(instance, before, after)
    dense = to_dense(instance)
    for holds, costs, gb in ((before, found.before, found.before_gb), (after, found.after, found.after_gb)):
        wanted, reached = np.zeros(instance.n_files), 0.0
        for r in range(instance.n_regions):
            for f in range(instance.n_files):
                entries = range(instance.cand_ptr[r], instance.cand_ptr[r + 1])
                own = [instance.cand_cost[j] for j in entries if holds[instance.cand_pool[j], f]]
                price = min([instance.origin_cost[r], *own])
                wanted[f] += dense[r, f] * price
                reached += dense[r, f] if price < instance.origin_cost[r] else 0.0
        assert costs == pytest.approx(wanted)
        assert gb == pytest.approx(reached)
    assert found.saved.sum(axis=0) == pytest.approx(found.before - found.after)
    assert (found.saved[before == after] == 0).all(), "only copies that came or went save or lose"
    assert (found.saved[after & ~before] >= 0).all()
    assert (found.saved[before & ~after] <= 0).all()
