"""Planning again where appliances have no room for what was placed: launches or files go elsewhere."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from cdnplan.model.instance.instance import Instance
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.policy import CopyRule, Costs, Files, LaunchRule, Places, Policy, Reserves
from cdnplan.model.network.topology import (
    ApplianceGroup,
    DemandShare,
    Hardware,
    Origin,
    Region,
    Site,
    Topology,
)
from cdnplan.model.plan.placement import Placement
from cdnplan.optimize.engine import EngineName, solve
from cdnplan.optimize.problem.objective import plan_cost
from cdnplan.optimize.problem.outcome import Outcome, Stop
from cdnplan.planner import PlanRequest
from cdnplan.planner.decide import engine_run as module
from cdnplan.planner.decide.again import Spent, plan_again
from cdnplan.planner.decide.dealing import Dealt, deal
from cdnplan.planner.decide.engine_run import EngineRun
from cdnplan.planner.inputs.load import load
from tests.planner.plans import by_pool, copies, make, rows, write_network

FILES = ("film", "launch", *(f"other {i}" for i in range(6)))
SIZE_GB = (95.0, 10.0, *(20.0,) * 6)
ASKED_GB = (9000.0, 300.0, *(60.0,) * 6)
NEAR, FAR = "near/flash", "far/disk"
ENGINES = pytest.mark.parametrize("engine", ["exact", "fast"])


def topology(*, launch_pools: int, throughput_gbps: float = 10.0) -> Topology:
    """A near site of two appliances of 100 GB, on both of which the launch is wherever it is, and a far one.

    By its sum the near pool has room for film and launch; beside the launch no appliance has it for the film.
    """
    policy = Policy(
        reserves=Reserves(0.0, 0.0, 0.0, 0.0),
        costs=Costs(ixp_per_gb=0.002, origin_per_gb=0.03, per_gb_per_1000km=0.0),
        copies=(CopyRule(Files(title="launch"), Places(), copies=2),),
        launches=(LaunchRule(Files(title="launch"), min_pools=launch_pools),),
    )
    place = (52.3, 4.9)
    return Topology(
        name="tight",
        hardware=(Hardware("flash", 0.1, throughput_gbps, 1.0), Hardware("disk", 0.2, 10.0, 1.0)),
        origins=(Origin("origin", place),),
        sites=(
            Site("near", "embedded", place, (ApplianceGroup("flash", 2),), "NL"),
            Site("far", "ixp", place, (ApplianceGroup("disk", 2),), "NL"),
        ),
        regions=(Region("nl", "NL", place, ("near", "far"), DemandShare("NL", 1.0)),),
        links=(),
        policy=policy,
    )


def request(
    folder: Path, engine: EngineName, *, launch_pools: int, throughput_gbps: float = 10.0
) -> PlanRequest:
    n = len(FILES)
    unknown = np.full(n, np.datetime64("NaT"), dtype="datetime64[D]")
    catalog = Catalog(FILES, np.array(SIZE_GB), FILES, np.arange(n, dtype=np.int32), unknown)
    gb = np.array(ASKED_GB, dtype=np.float32)
    demand = Demand(
        ("NL",), np.array([0, n]), np.arange(n, dtype=np.int32), gb, dt.date(2026, 7, 6), period_days=7.0
    )
    network = topology(launch_pools=launch_pools, throughput_gbps=throughput_gbps)
    return replace(write_network(folder, network, catalog, demand), engine=engine)


@dataclass(frozen=True)
class Begun:
    """A plan dealt once."""

    instance: Instance
    outcome: Outcome
    dealt: Dealt
    engine: EngineName

    def again(
        self, stop: Stop | None = None, apart: Callable[[Instance, Outcome, Dealt], Dealt] | None = None
    ) -> tuple[Outcome, Dealt]:
        clock = itertools.count(100.0, 1e-3)
        return plan_again(
            self.instance,
            EngineRun(self.engine, stop or Stop()),
            self.outcome,
            self.dealt,
            lambda _, other: deal(self.instance, other.placement, other.serving, other.prices, None),
            spent=Spent(2.0, 1.0),
            apart=apart,
            now=lambda: next(clock),
        )

    def cost(self, dealt: Dealt) -> float:
        return plan_cost(self.instance, dealt.placement.holds, dealt.serving)


def begun(folder: Path, engine: EngineName, *, launch_pools: int) -> Begun:
    instance = load(request(folder, engine, launch_pools=launch_pools)).instance
    outcome = solve(instance, engine)
    dealt = deal(instance, outcome.placement, outcome.serving, outcome.prices, None)
    return Begun(instance, outcome, dealt, engine)


@ENGINES
def test_a_launch_makes_room_for_a_film_where_its_rule_has_pools_to_spare(
    tmp_path: Path, engine: EngineName
) -> None:
    first = begun(tmp_path / "a", engine, launch_pools=1)
    film, near = FILES.index("film"), first.instance.pools.index(NEAR)
    assert (near, film) in zip(first.dealt.unplaced_pool, first.dealt.unplaced_file, strict=True)
    asked = request(tmp_path / "b", engine, launch_pools=1)
    record = make(asked)
    held = by_pool(copies(asked.out, "add"))
    assert "film" in held[NEAR]
    assert "launch" not in held[NEAR]
    assert "launch" in held[FAR]
    assert record["appliances"]["planned_again"] == 1
    # 9000 GB come from near instead of from far, 300 GB from far instead of from near, at 0.002 a GB.
    saved = first.cost(first.dealt) - record["upper"]
    assert saved == pytest.approx(0.002 * (9000 - 300), rel=0.1)
    assert record["appliances"]["cost_of_dealing"] == pytest.approx(record["upper"] - first.outcome.upper)


@ENGINES
def test_the_certificate_stays_that_of_the_whole_problem(tmp_path: Path, engine: EngineName) -> None:
    first = begun(tmp_path / "a", engine, launch_pools=1)
    outcome, dealt = first.again()
    assert dealt.planned_again > 0
    assert (outcome.lower, outcome.upper) == (first.outcome.lower, first.outcome.upper)
    assert outcome.prices is first.outcome.prices
    assert outcome.lower <= first.cost(dealt) < first.cost(first.dealt)


@ENGINES
def test_what_rules_ask_for_stays_and_nothing_becomes_dearer(tmp_path: Path, engine: EngineName) -> None:
    """Both pools must hold the launch: the film has no place near, whatever is tried."""
    first = begun(tmp_path / "a", engine, launch_pools=2)
    _, dealt = first.again()
    film, launch = FILES.index("film"), FILES.index("launch")
    near = first.instance.pools.index(NEAR)
    assert dealt.placement.holds[near, launch]
    assert not dealt.placement.holds[near, film]
    assert dealt.planned_again >= 1
    assert first.cost(dealt) <= first.cost(first.dealt) * (1 + 1e-12)


def test_what_was_left_out_is_ruled_out_and_what_a_rule_needs_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = begun(tmp_path / "a", "fast", launch_pools=2)
    seen: list[np.ndarray] = []

    def watched(instance: Instance, *args: object, **options: object) -> Outcome:
        seen.append(instance.copies)
        return solve(instance, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "solve", watched)
    before = first.instance.copies.copy()
    first.again()
    near = first.instance.pools.index(NEAR)
    assert seen[0][near, FILES.index("film")] == 0
    assert seen[0][near, FILES.index("launch")] == 2
    assert (first.instance.copies == before).all(), "the instance itself is left as it is"


@ENGINES
def test_no_round_without_need(tmp_path: Path, engine: EngineName) -> None:
    """Nothing left out, or the gap asked for is reached: the plan stays the first one."""
    first = begun(tmp_path / "a", engine, launch_pools=1)
    outcome, dealt = first.again(Stop(gap_ratio=1.0))
    assert dealt.planned_again == 0
    assert dealt.placement is first.dealt.placement
    assert outcome.status == first.outcome.status
    none = np.zeros(0, dtype=np.int64)
    whole = replace(first, dealt=replace(first.dealt, unplaced_pool=none, unplaced_file=none))
    assert whole.again()[1].planned_again == 0


def test_no_round_where_what_was_left_out_is_worth_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of all comes from the origin, because loads are uneven: other places for a file change nothing."""
    first = begun(tmp_path / "a", "fast", launch_pools=1)
    pools, holds = first.instance.pools, first.dealt.placement.holds.copy()
    there = holds[pools.index(NEAR)]
    useless = int(np.flatnonzero(there)[0])
    wished = holds.copy()
    wished[pools.index(FAR), useless] = True
    holds[pools.index(FAR), useless] = False
    serving = replace(first.dealt.serving, ratio=0.5 * first.dealt.serving.ratio)
    at = np.array([pools.index(FAR)]), np.array([useless])
    dear = replace(
        first.dealt, placement=Placement(holds), serving=serving, unplaced_pool=at[0], unplaced_file=at[1]
    )
    outcome = replace(first.outcome, placement=Placement(wished))
    assert first.cost(dear) > 2 * outcome.upper
    monkeypatch.setattr(module, "solve", lambda *_, **__: pytest.fail("planned again"))
    assert replace(first, outcome=outcome, dealt=dear).again()[1].planned_again == 0
    # The same file in no other pool is worth a round.
    holds[pools.index(NEAR), useless] = False
    monkeypatch.setattr(module, "solve", solve)
    assert replace(first, outcome=outcome, dealt=dear).again()[1].planned_again > 0


def test_no_round_is_begun_that_the_time_limit_leaves_no_time_for(tmp_path: Path) -> None:
    """The first plan took 3 s, so 5.9 s are too few for another one; 7 s are enough."""
    first = begun(tmp_path / "a", "fast", launch_pools=1)
    outcome, dealt = first.again(Stop(time_limit_s=5.9))
    assert dealt.planned_again == 0
    assert outcome.status == "time-limit"
    outcome, dealt = first.again(Stop(time_limit_s=7.0))
    assert dealt.planned_again >= 1


def test_who_asks_for_an_end_gets_the_first_plan(tmp_path: Path) -> None:
    first = begun(tmp_path / "a", "fast", launch_pools=1)
    outcome, dealt = first.again(Stop(asked=lambda: True))
    assert dealt.planned_again == 0
    assert dealt.placement is first.dealt.placement
    assert outcome.status == "interrupted"


def test_rounds_by_appliance_start_from_what_is_dealt_without_what_is_ruled_out(tmp_path: Path) -> None:
    first = begun(tmp_path / "a", "fast", launch_pools=2)
    film, near = FILES.index("film"), first.instance.pools.index(NEAR)
    seen: list[Dealt] = []

    def apart(problem: Instance, outcome: Outcome, dealt: Dealt) -> Dealt:
        assert outcome is first.outcome
        assert problem.copies[near, film] == 0
        seen.append(dealt)
        return replace(dealt)

    _, dealt = first.again(apart=apart)
    assert seen[0] is first.dealt
    assert dealt.planned_again == 1  # the second time nothing else is ruled out
    # Where that finds no plan, other pools are looked for.
    _, dealt = first.again(apart=lambda problem, outcome, dealt: dealt)
    assert dealt.planned_again >= 1
    assert first.cost(dealt) <= first.cost(first.dealt) * (1 + 1e-12)


def test_a_broken_rule_is_mended_by_other_pools(tmp_path: Path) -> None:
    """By appliance launches stay where they are: where the only one is lacking, that would not bring it."""
    first = begun(tmp_path / "a", "fast", launch_pools=1)
    launch, holds = FILES.index("launch"), first.dealt.placement.holds.copy()
    holds[:, launch] = False
    broken = replace(first, dealt=replace(first.dealt, placement=Placement(holds)))
    calls: list[bool] = []

    def apart(problem: Instance, outcome: Outcome, dealt: Dealt) -> Dealt:
        calls.append(bool(dealt.placement.holds[:, launch].any()))
        return dealt

    _, dealt = broken.again(apart=apart)
    assert dealt.placement.holds[:, launch].any()
    assert all(calls)


def test_the_same_plan_each_time(tmp_path: Path) -> None:
    first = begun(tmp_path / "a", "fast", launch_pools=1)
    one, two = first.again()[1], first.again()[1]
    assert (one.placement.holds == two.placement.holds).all()
    assert one.planned_again == two.planned_again


@pytest.mark.parametrize(("throughput_gbps", "uneven"), [(10.0, False), (0.5, True)])
def test_only_pools_in_use_tell_how_evenly_they_are_dealt(
    tmp_path: Path, throughput_gbps: float, uneven: bool
) -> None:
    """The film is nearly all that is asked of the near pool, and on one of its two appliances."""
    asked = request(tmp_path / "a", "exact", launch_pools=1, throughput_gbps=throughput_gbps)
    record = make(asked)
    near = [row for row in rows(asked.out, "appliances") if row["pool"] == NEAR]
    loads = sorted(row["peak_gbps"] for row in near)
    assert loads[1] > 1.5 * loads[0]
    assert (sum(loads) / 2 >= 0.1 * throughput_gbps) is uneven
    assert (record["appliances"]["busiest_over_mean_ratio"] > 1.5) is uneven
