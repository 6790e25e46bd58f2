"""Whole replays of the small network."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from cdnplan.errors import InputError
from cdnplan.replay import ReplayRequest, ReplayResult, replay
from cdnplan.replay.cases.cases import plan_case
from tests.replay.networks import Small, write_small

pytest.importorskip("libcachesim")

POLICIES = ("lru", "s3-fifo", "belady")


@pytest.fixture(scope="module")
def right(small: Small, small_plan: Path) -> ReplayResult:
    """The plan on the very demand it was made for."""
    return replay(
        ReplayRequest(
            small.folder / "right",
            plan=small_plan,
            actual=small.demand,
            policies=POLICIES,
            hybrid=(0.5, 0.9),
        )
    )


@pytest.fixture(scope="module")
def rolling(small: Small) -> ReplayResult:
    """Two weeks, each planned from those before."""
    return replay(
        ReplayRequest(
            small.folder / "rolling",
            topology=small.topology,
            titles=small.titles,
            history=small.history,
            periods=2,
            policies=("gdsf",),
            hybrid=(0.7,),
            requests=1000,
        )
    )


def way(record: dict, policy: str, kind: str, parent: bool = False, ratio: float | None = None) -> dict:
    found = [
        one
        for one in record["policies"]
        if (one["policy"], one["kind"], one["parent"]) == (policy, kind, parent)
        and (ratio is None or one["planned_ratio"] == ratio)
    ]
    assert len(found) == 1
    return found[0]


def test_true_demand_leaves_no_forecast_regret(right: ReplayResult) -> None:
    (regret,) = right.compared.regret
    assert regret.forecast == pytest.approx(0.0, abs=1e-9 * regret.cost)
    assert regret.fill == 0.0
    assert regret.gap >= 0


def test_true_demand_is_served_as_planned(right: ReplayResult, small_plan: Path) -> None:
    planned = json.loads((small_plan / "plan.json").read_text(encoding="utf-8"))["offload_byte_ratio"]
    assert 0.5 < planned < 0.999
    assert right.record["expected_byte_offload_ratio"] == [pytest.approx(planned, abs=1e-9)]
    # All plays are drawn: their number varies by chance, and so does what comes from the origin.
    found = way(right.record, "plan", "plan")
    error = np.sqrt(planned * (1 - planned) / right.record["requests"])
    assert found["byte_offload_ratio"] == pytest.approx(planned, abs=4 * error)
    assert found["demand_gb"] == pytest.approx(sum_gb(right), rel=4 / np.sqrt(right.record["requests"]))


def sum_gb(result: ReplayResult) -> float:
    return float(sum(period.instance.region_gb().sum() for period in result.compared.periods))


@pytest.mark.parametrize("which", ["right", "rolling"])
def test_parts_of_regret_add_up(which: str, request: pytest.FixtureRequest) -> None:
    result: ReplayResult = request.getfixturevalue(which)
    table = pq.read_table(result.folder / "regret.parquet").to_pydict()
    for total, *parts in zip(
        table["regret"],
        table["forecast_error"],
        table["fill_limits"],
        table["optimisation_gap"],
        strict=True,
    ):
        assert sum(parts) == pytest.approx(total, rel=1e-12)
    for cost, bound, total in zip(table["cost"], table["bound"], table["regret"], strict=True):
        assert cost - bound == pytest.approx(total, rel=1e-12)
        assert total >= 0


def test_all_bytes_are_served_by_somebody(right: ReplayResult) -> None:
    table = pq.read_table(right.folder / "policies.parquet").to_pydict()
    for k, demand in enumerate(table["demand_gb"]):
        parts = sum(table[name][k] for name in ("planned_gb", "cached_gb", "parent_gb", "origin_gb"))
        assert parts == pytest.approx(demand)
        assert demand == pytest.approx(table["demand_gb"][0])
        assert table["byte_offload_ratio"][k] == pytest.approx(1 - table["origin_gb"][k] / demand)
        assert table["parent"][k] or table["parent_gb"][k] == 0


def test_order_of_policies(right: ReplayResult) -> None:
    record = right.record
    plan = way(record, "plan", "plan")["byte_offload_ratio"]
    lru = way(record, "lru", "live")["byte_offload_ratio"]
    assert lru < way(record, "belady", "bound")["byte_offload_ratio"]
    assert lru <= way(record, "lru", "live", parent=True)["byte_offload_ratio"]
    assert lru < plan
    assert (
        way(record, "lru", "hybrid", ratio=0.9)["byte_offload_ratio"] > lru if "lru" in hybrids(record) else 1
    )


def hybrids(record: dict) -> set[str]:
    return {one["policy"] for one in record["policies"] if one["kind"] == "hybrid"}


def test_best_share_is_the_best_of_the_grid(right: ReplayResult) -> None:
    record = right.record
    (policy,) = hybrids(record)
    grid = [
        one
        for one in record["policies"]
        if one["kind"] == "plan"
        or (one["policy"] == policy and one["kind"] in ("live", "hybrid") and not one["parent"])
    ]
    assert sorted(one["planned_ratio"] for one in grid) == [0.0, 0.5, 0.9, 1.0]
    best = max(one["byte_offload_ratio"] for one in grid)
    assert record["best_planned_ratio"]["alone"]["byte_offload_ratio"] == best


def test_caches_that_begin_with_the_plan(right: ReplayResult, rolling: ReplayResult) -> None:
    record = right.record
    plan = way(record, "plan", "plan")["byte_offload_ratio"]
    for policy in (next(iter(hybrids(record))), "corrected"):
        found = way(record, policy, "prefilled", ratio=1.0)
        assert found["planned_ratio"] == 1.0
        # What a first plan holds is stocked, so that nothing has to be fetched for it.
        assert found["fill_window_gb"] + found["fill_outside_gb"] < found["demand_gb"]
    assert way(record, "counts", "live")["byte_offload_ratio"] < plan
    assert record["forecast_strength_requests"] == [None]
    best = max(
        (one for one in record["policies"] if one["kind"] == "prefilled"),
        key=lambda one: one["byte_offload_ratio"],
    )
    assert record["best_prefilled"]["policy"] == best["policy"]
    assert record["best_prefilled"]["byte_offload_ratio"] == best["byte_offload_ratio"]
    first, second = rolling.record["forecast_strength_requests"]
    assert first is None
    assert second > 0


def test_misses_add_up_to_what_the_origin_served(right: ReplayResult) -> None:
    table = pq.read_table(right.folder / "misses.parquet").to_pydict()
    origin = sum(gb for gb, by in zip(table["gb"], table["served_by"], strict=True) if by == "origin")
    assert origin == pytest.approx(way(right.record, "plan", "plan")["origin_gb"])
    assert set(table["cause"]) <= {"content", "capacity", "steering", "launch", "policy"}
    # A plan that knew everything can only have lacked storage.
    content = {
        by for cause, by in zip(table["cause"], table["avoided_by"], strict=True) if cause == "content"
    }
    assert content == {"storage"}


def test_rolling_knows_only_the_past(rolling: ReplayResult, small: Small, tmp_path: Path) -> None:
    """With another last week, all plans are the same."""
    lines = small.history.read_text(encoding="utf-8").splitlines()
    last = max(line[:10] for line in lines[1:])
    changed = tmp_path / "history.csv"
    kept = [line for line in lines if not line.startswith(last)]
    changed.write_text("\n".join([*kept, f"{last},BE,t39,5000", f"{last},NL,t38,9000"]) + "\n", "utf-8")
    other = replay(
        ReplayRequest(
            tmp_path / "other",
            topology=small.topology,
            titles=small.titles,
            history=changed,
            periods=1,
            policies=(),
            hybrid=(),
            regret=False,
        )
    )
    one = replay(
        ReplayRequest(
            tmp_path / "one",
            topology=small.topology,
            titles=small.titles,
            history=small.history,
            periods=1,
            policies=(),
            hybrid=(),
            regret=False,
        )
    )
    assert other.held(0).tobytes() == one.held(0).tobytes()
    assert other.record["expected_byte_offload_ratio"] != one.record["expected_byte_offload_ratio"]
    assert len(rolling.record["periods"]) == 2


def test_rolling_fills_and_wastes(rolling: ReplayResult) -> None:
    table = pq.read_table(rolling.folder / "policies.parquet").to_pydict()
    plan = [k for k, name in enumerate(table["policy"]) if name == "plan"]
    assert table["fill_window_gb"][plan[0]] == 0  # a cold start: stocked
    assert all(table["fill_window_gb"][k] > 0 for k in plan[1:])
    assert all(table["fill_outside_gb"][k] == 0 for k in plan)
    live = [k for k, kind in enumerate(table["kind"]) if kind == "live"]
    assert all(table["fill_outside_gb"][k] > 0 for k in live)
    assert all(
        table["fill_waste_gb"][k] <= table["fill_window_gb"][k] + table["fill_outside_gb"][k]
        for k in range(len(table["kind"]))
    )


def test_same_seed_same_bytes(right: ReplayResult, small: Small, small_plan: Path, tmp_path: Path) -> None:
    request = ReplayRequest(
        tmp_path / "again", plan=small_plan, actual=small.demand, policies=("lru",), hybrid=(0.5,), sample=0.1
    )
    first = replay(request)
    second = replay(replace(request, out=tmp_path / "twice"))
    other = replay(replace(request, out=tmp_path / "third", seed=1))
    for name in ("policies", "links", "sites", "misses", "regret"):
        one, two = ((r.folder / f"{name}.parquet").read_bytes() for r in (first, second))
        assert one == two
    assert (other.folder / "policies.parquet").read_bytes() != (
        first.folder / "policies.parquet"
    ).read_bytes()


def test_sample_agrees_with_all_requests(right: ReplayResult, small: Small, small_plan: Path) -> None:
    """A third of the requests finds the offload of every policy to two points."""
    found = replay(
        ReplayRequest(
            small.folder / "third",
            plan=small_plan,
            actual=small.demand,
            policies=POLICIES[:2],
            hybrid=(),
            sample=0.3,
        )
    )
    for one in found.record["policies"]:
        if one["policy"] in (*POLICIES[:2], "plan"):
            whole = way(right.record, one["policy"], one["kind"], one["parent"], one["planned_ratio"])
            assert one["byte_offload_ratio"] == pytest.approx(whole["byte_offload_ratio"], abs=0.02)


def test_full_pools_are_told_from_missing_content(small: Small, tmp_path: Path) -> None:
    """An edge that is too slow in the evening: misses of capacity, remedied by throughput there."""
    slow = write_small(tmp_path / "slow", edge_gbps=0.3, edge_tb=2.0, core_tb=2.0)
    from cdnplan.planner import PlanRequest, plan

    plan(PlanRequest(slow.topology, slow.titles, slow.folder / "plan", demand=slow.demand, engine="fast"))
    demand = slow.demand.read_text(encoding="utf-8").splitlines()
    more = [line if ",BE," not in line else doubled(line) for line in demand]
    slow.demand.write_text("\n".join(more) + "\n", encoding="utf-8")
    found = replay(
        ReplayRequest(
            tmp_path / "r",
            plan=slow.folder / "plan",
            actual=slow.demand,
            policies=(),
            hybrid=(),
            regret=False,
        )
    )
    table = pq.read_table(found.folder / "misses.parquet").to_pydict()
    capacity = [k for k, cause in enumerate(table["cause"]) if cause == "capacity"]
    assert capacity
    assert {table["avoided_by"][k] for k in capacity} == {"throughput"}
    assert "isp-be/edge" in {table["pool"][k] for k in capacity}
    assert {table["served_by"][k] for k in capacity} == {"farther"}


def doubled(line: str) -> str:
    head, _, gb = line.rpartition(",")
    return f"{head},{2 * float(gb):.1f}"


def test_problems_come_together(small: Small, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        replay(ReplayRequest(tmp_path / "r", sample=2.0, hybrid=(1.5,), play_gb=0.0))
    text = str(caught.value)
    assert "--plan with --actual" in text
    assert "sample: found 2, expected more than 0, at most 1" in text
    assert "hybrid: found 1.5" in text
    assert "play-gb" in text


def test_an_earlier_replay_is_replaced_only_when_asked(
    right: ReplayResult, small: Small, small_plan: Path
) -> None:
    request = ReplayRequest(right.folder, plan=small_plan, actual=small.demand, policies=())
    with pytest.raises(InputError, match="--force"):
        replay(request)


@pytest.mark.parametrize(("earlier_days", "told"), [(0, False), (6, False), (7, True)])
def test_what_came_in_another_period_is_told(
    tmp_path: Path, small: Small, small_plan: Path, earlier_days: int, told: bool
) -> None:
    """Weeks named by Mondays are the same weeks; those named by the Sunday before are not."""
    text = small.demand.read_text(encoding="utf-8")
    day = dt.date.fromisoformat(text.splitlines()[1].split(",")[0])
    moved = day - dt.timedelta(days=earlier_days)
    (tmp_path / "came.csv").write_text(text.replace(str(day), str(moved)), encoding="utf-8")
    request = ReplayRequest(tmp_path / "out", plan=small_plan, actual=tmp_path / "came.csv", policies=())
    warnings = plan_case(request, small_plan, lambda *_: None).warnings
    assert any("another period" in text for text in warnings) == told
