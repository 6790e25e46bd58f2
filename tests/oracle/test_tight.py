"""Small networks that are tight in several slices and time zones: every engine plans them, and plans hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdnplan.evaluate.verify import verify
from cdnplan.optimize.engine import EngineName
from cdnplan.planner import PlanRequest, plan
from tests.oracle.tight import ENGINES, plan_many
from tests.oracle.tight_networks import LARGER, SMALL, Size, tight_network, write_tight_network

SEED = 1
KNOWN = (38, 45, 56, 80, 97, 259)
"""Numbers of networks in which an appliance is asked for too much while its pool is as full as it can be.
In the last, a pinned file gets more copies than asked for, until a banned one would have no room either."""


@pytest.mark.parametrize("engine", ENGINES)
def test_tight_networks_are_planned_and_verified(engine: EngineName) -> None:
    tallies = plan_many(SEED, KNOWN, (engine,), again=False)
    assert tallies[engine].wrong == []
    assert tallies[engine].plans == len(KNOWN)
    assert tallies[engine].diverted > 0, "none of them is tight"


@pytest.mark.parametrize("seed", [2, 3])
def test_engines_agree_on_what_can_be_had_in_two_weeks(seed: int) -> None:
    tallies = plan_many(seed, range(12), ("fast", "exact"))
    assert [problem for tally in tallies.values() for problem in tally.wrong] == []
    assert all(tally.plans >= 20 for tally in tallies.values())


@pytest.mark.parametrize("engine", ENGINES)
def test_two_appliances_of_which_one_is_asked_for_too_much(tmp_path: Path, engine: EngineName) -> None:
    """The pool is full before and after: only where its load comes from has changed."""
    (tmp_path / "topology.yaml").write_text(
        """
name: two-appliances
hardware:
  box: {storage_tb: 0.4, throughput_gbps: 30, fill_gbps: 1}
origins:
  - {name: origin, location: [50, 0]}
sites:
  - {name: s0, kind: ixp, location: [48, 2], appliances: [{model: box, count: 2}]}
regions:
  - {name: r0, country: FR, location: [48, 2], timezone: UTC}
  - {name: r2, country: US, location: [34, -118], timezone: America/Los_Angeles}
policy:
  peak_profile: {slices: 2}
""",
        encoding="utf-8",
    )
    (tmp_path / "titles.csv").write_text("title,size_gb\nt3,50\nt4,50\n", encoding="utf-8")
    (tmp_path / "demand.csv").write_text(
        "date,region,title,gb\n2026-03-02,r0,t3,2100000\n2026-03-02,r2,t4,100000\n", encoding="utf-8"
    )
    request = PlanRequest(
        topology=tmp_path / "topology.yaml",
        titles=tmp_path / "titles.csv",
        demand=tmp_path / "demand.csv",
        out=tmp_path / "plan",
        engine=engine,
    )
    record = plan(request).record
    assert verify(request.out).ok
    assert record["appliances"]["diverted_gb"] > 1_000.0
    assert record["appliances"]["cost_of_dealing"] > 1.0


def test_what_appliances_have_no_room_for_is_placed_elsewhere(tmp_path: Path) -> None:
    """A file that would use all of a pool's throughput has no room; another one would use it as well."""
    files = write_tight_network(tight_network(2, 83), tmp_path)
    request = PlanRequest(files.topology, files.titles, tmp_path / "p", demand=files.demand, engine="fast")
    record = plan(request).record
    assert record["upper"] == pytest.approx(record["lower"], rel=1e-6)


@pytest.mark.parametrize("size", [SMALL, LARGER])
def test_networks_are_the_same_whatever_else_is_drawn(tmp_path: Path, size: Size) -> None:
    first = write_tight_network(tight_network(5, 3, size), tmp_path / "a")
    tight_network(5, 2, size)
    other = write_tight_network(tight_network(5, 3, size), tmp_path / "b")
    for one, same in zip(vars(first).values(), vars(other).values(), strict=True):
        assert one.read_bytes() == same.read_bytes()
