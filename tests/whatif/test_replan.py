"""Planning anew goes on where the gap is far above the base's, and ends where it is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cdnplan.errors import DeadlineError
from cdnplan.optimize.problem.outcome import Stop, no_progress
from cdnplan.parameters.parameters import Parameters
from cdnplan.parameters.questions import ChangeParameters
from cdnplan.planner import plan
from cdnplan.whatif.base.base import Answer, Base, Changed, load_base, rebuild
from cdnplan.whatif.scenario.apply import apply_scenario
from cdnplan.whatif.scenario.scenario_reader import read_scenarios
from cdnplan.whatif.steer.replan import _Task, replan
from tests.planner.knapsack import knapsack_request
from tests.whatif.bad_scenarios import change


def with_gap(base: Base, gap_ratio: float) -> Base:
    """The same plan, as if it had another gap."""
    return replace(base, plan=replace(base.plan, numbers={**base.plan.numbers, "gap_ratio": gap_ratio}))


@pytest.fixture
def doubled(small_base: Base, tmp_path: Path) -> Changed:
    """Twice the demand."""
    (tmp_path / "s.yaml").write_text(change("scale_demand: {factor: 2}"), encoding="utf-8")
    made = apply_scenario(read_scenarios([tmp_path / "s.yaml"])[0], small_base.inputs)
    return rebuild(small_base, made.inputs, made.lost)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Attempts in their order."""
    attempts: list[str] = []
    plan = _Task.plan

    def noted(task: _Task, attempt: str, found: Answer | None, stop: Stop) -> Answer | None:
        attempts.append(attempt)
        return plan(task, attempt, found, stop)  # type: ignore[arg-type]

    monkeypatch.setattr(_Task, "plan", noted)
    return attempts


def test_one_attempt_where_the_gap_is_near_the_bases(
    small_base: Base, doubled: Changed, tried: list[str]
) -> None:
    replan(with_gap(small_base, 0.5), doubled, engine="fast")
    assert tried == ["warm"]


def test_it_goes_on_from_what_was_found_and_then_from_nothing(
    small_base: Base, doubled: Changed, tried: list[str]
) -> None:
    once = replan(with_gap(small_base, 0.5), doubled, engine="fast")
    tried.clear()
    found = replan(with_gap(small_base, -1.0), doubled, engine="fast")
    assert tried == ["warm", "warm", "cold"]
    assert found.verdict.violations == ()
    assert found.verdict.cost.total <= once.verdict.cost.total
    assert found.lower is not None
    assert once.lower is not None
    assert once.lower <= found.lower <= found.verdict.cost.total * (1 + 1e-9)


def test_seconds_of_attempts_add_up(
    small_base: Base, doubled: Changed, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[Answer] = []
    plan = _Task.plan

    def noted(task: _Task, attempt: str, found: Answer | None, stop: Stop) -> Answer | None:
        answer = plan(task, attempt, found, stop)  # type: ignore[arg-type]
        assert answer is not None
        attempts.append(replace(answer, seconds={"prices": 2.0}))
        return attempts[-1]

    monkeypatch.setattr(_Task, "plan", noted)
    found = replan(with_gap(small_base, -1.0), doubled, engine="fast")
    assert len(attempts) == 3
    assert found.seconds == {"prices": 6.0}


def test_the_gap_asked_for_is_enough(small_base: Base, doubled: Changed, tried: list[str]) -> None:
    replan(with_gap(small_base, -1.0), doubled, engine="fast", stop=Stop(gap_ratio=0.9))
    assert tried == ["warm"]


def test_no_time_left_is_an_end(small_base: Base, doubled: Changed, tried: list[str]) -> None:
    ticks = iter([0.0, 1.0, 100.0])
    found = replan(
        with_gap(small_base, -1.0),
        doubled,
        engine="fast",
        stop=Stop(time_limit_s=60.0),
        clock=lambda: next(ticks),
    )
    assert tried == ["warm"]
    assert found.verdict.violations == ()


def test_an_attempt_without_a_plan_does_not_lose_the_one_before(
    small_base: Base, doubled: Changed, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = _Task.plan

    def late(task: _Task, attempt: str, found: Answer | None, stop: Stop) -> Answer | None:
        if found is not None:
            raise DeadlineError("late")
        return plan(task, attempt, found, stop)  # type: ignore[arg-type]

    monkeypatch.setattr(_Task, "plan", late)
    assert replan(with_gap(small_base, -1.0), doubled, engine="fast").verdict.violations == ()


def test_who_draws_a_little_on_pools_that_lost_files_is_served_anew(
    linkless_base: Base, tmp_path: Path
) -> None:
    """Regions outside of the part keep their serving, but not from files that are gone."""
    # Next to nobody is in the part.
    nearby = Parameters(change=ChangeParameters(near_from=0, largest=1.0, used=0.9))
    line = "scale_demand: {regions: [gb-riverfibre-london], factor: 3}"
    (tmp_path / "s.yaml").write_text(change(line), encoding="utf-8")
    made = apply_scenario(read_scenarios([tmp_path / "s.yaml"])[0], linkless_base.inputs)
    changed = rebuild(linkless_base, made.inputs, made.lost)
    task = _Task(linkless_base, changed, None, "fast", 1, 0, no_progress, nearby)
    found = task.plan("near", None, Stop())
    assert found is not None  # a plan that breaks a limit is none
    assert found.verdict.violations == ()


def test_what_a_tree_proves_is_the_judges_word(tmp_path: Path) -> None:
    """Planned anew where prices prove little: the bound is that of the tree, as the judge counts it."""
    base = load_base(plan(knapsack_request(tmp_path)).folder)
    (tmp_path / "s.yaml").write_text(change("scale_demand: {factor: 1.1}"), encoding="utf-8")
    made = apply_scenario(read_scenarios([tmp_path / "s.yaml"])[0], base.inputs)
    found = replan(base, rebuild(base, made.inputs, made.lost), engine="fast")
    assert found.proof == "tree"
    assert found.verdict.priced is not None and found.lower is not None
    assert found.verdict.priced < found.lower <= found.verdict.cost.total
    assert found.lower == found.verdict.bound
    assert found.verdict.gap_ratio is not None and found.verdict.gap_ratio < 0.01
