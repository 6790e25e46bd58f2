"""The two answers to a scenario, as differences to the base, certified and judged."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cdnplan.errors import InputError
from cdnplan.evaluate.verdict.verdict import evaluate
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.binding import dearest_first
from cdnplan.model.plan.placement import Placement
from cdnplan.optimize.problem.outcome import Stop
from cdnplan.optimize.serve.serving import best_serving
from cdnplan.parameters.parameters import DEFAULTS, Parameters
from cdnplan.parameters.questions import ChangeParameters
from cdnplan.whatif.ask.run import WhatifRequest, WhatifResult, whatif
from cdnplan.whatif.base.base import Base, Flow, fill_gb, load_base, rebuild
from cdnplan.whatif.base.figures import measure
from cdnplan.whatif.scenario.apply import apply_scenario
from cdnplan.whatif.scenario.scenario_reader import read_scenarios
from cdnplan.whatif.steer.at_once import at_once
from cdnplan.whatif.steer.replan import replan
from tests.cli.running import run_cli
from tests.whatif.bad_scenarios import change

FRANKFURT = change("fail: {sites: [ixp-frankfurt-de]}").replace("name: s", "name: frankfurt-out")
GROWTH = change("scale_demand: {countries: [GB], factor: 1.2}").replace("name: s", "name: gb-grows")


@pytest.fixture(scope="module")
def answered(sample_plan: Path, tmp_path_factory: pytest.TempPathFactory) -> WhatifResult:
    """Both scenarios, each by itself."""
    folder = tmp_path_factory.mktemp("scenarios")
    paths = (folder / "a.yaml", folder / "b.yaml")
    for path, text in zip(paths, (FRANKFURT, GROWTH), strict=True):
        path.write_text(text, encoding="utf-8")
    return whatif(WhatifRequest(base=sample_plan, scenarios=paths, engine="fast", gap_ratio=0.01))


def test_the_base_is_what_the_plan_says(sample_base: Base) -> None:
    assert sample_base.verdict.cost.total == pytest.approx(sample_base.plan.cost["total"], rel=1e-9)
    assert sample_base.verdict.violations == ()
    # Pools of a site serve at the same cost: which of them does is open, what each region pays is not.
    instance, flow = sample_base.instance, sample_base.flow
    best = Flow.of(instance, best_serving(instance, sample_base.placement.holds).serving)
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    paid = [np.bincount(region, one.served_gb * instance.cand_cost) for one in (flow, best)]
    assert paid[0] == pytest.approx(paid[1])
    assert flow.origin_gb == pytest.approx(best.origin_gb)
    figures = measure(sample_base.answer(), sample_base.inputs.topology)
    assert figures.total["offload_byte_ratio"] == pytest.approx(
        sample_base.plan.numbers["offload_byte_ratio"]
    )
    assert sum(figures.region_cost.values()) == pytest.approx(figures.total["delivery"])


def test_at_once_is_the_best_serving_of_what_is_left(answered: WhatifResult) -> None:
    item = answered.scenarios[0]
    assert item.changed is not None
    instance = item.changed.instance
    holds = (item.changed.there > 0) & (instance.copies > 0)
    exact = Flow.of(instance, best_serving(instance, holds).serving)
    verdict = evaluate(instance, Placement(holds), exact.served_gb, exact.origin_gb)
    difference = item.answers["at_once"]
    assert difference["cost"].value == pytest.approx(verdict.cost.total)
    assert difference["offload_byte_ratio"].change < 0
    assert difference.fill is None
    assert difference.certificate is None


def test_after_the_fill_it_is_better_and_proven(answered: WhatifResult) -> None:
    for item in answered.scenarios:
        at, after = item.answers["at_once"], item.answers["after_fill"]
        assert after["cost"].value <= at["cost"].value
        certificate = after.certificate
        assert certificate is not None
        assert certificate.lower <= certificate.upper == after["cost"].value
        promised = max(answered.base.plan.numbers["gap_ratio"] + DEFAULTS.change.worse, 0.01)
        assert 0 <= certificate.gap_ratio <= promised
        assert after.broken == ()
        assert after.fill is not None
        assert after.fill.gb > 0
        assert after.fill.nights > 0


def test_parts_of_a_difference_add_up(answered: WhatifResult) -> None:
    for item in answered.scenarios:
        for difference in item.answers.values():
            change = difference["cost"].change
            parts = sum(difference[part].change for part in ("delivery", "fill", "overload"))
            assert change == pytest.approx(parts, abs=1e-6)
            assert difference.regions
            costs = [abs(r.cost - r.cost_base) for r in difference.regions]
            assert costs == sorted(costs, reverse=True)
            full = [(f.limit, f.name, f.price) for f in difference.newly_full]
            assert full == sorted(full, key=lambda row: dearest_first(*row))


def test_no_change_changes_nothing(sample_base: Base) -> None:
    changed = rebuild(sample_base, sample_base.inputs)
    answer = at_once(sample_base, changed)
    assert answer.verdict.cost.total == pytest.approx(sample_base.verdict.cost.total)
    assert fill_gb(changed, sample_base.placement).sum() == 0


def test_overloaded_links_are_named(answered: WhatifResult) -> None:
    """Also those that were full before: more Gbps than they carry have to be somewhere."""
    at_once_ = answered.scenarios[0].answers["at_once"]
    assert at_once_["overload_gbps"].change > 1.0
    assert any(limit.limit == "link" and limit.used > limit.allowed for limit in at_once_.newly_full)


def test_overload_is_priced_as_in_the_base(sample_base: Base, tmp_path: Path) -> None:
    """A price found from the network would rise with a failure, and the costs could not be compared."""
    (tmp_path / "s.yaml").write_text(FRANKFURT, encoding="utf-8")
    (scenario,) = read_scenarios([tmp_path / "s.yaml"])
    made = apply_scenario(scenario, sample_base.inputs)
    assert sample_base.inputs.topology.policy.costs.overload_per_gbps is None
    changed = rebuild(sample_base, made.inputs, made.lost)
    assert link_costs(changed.instance) == link_costs(sample_base.instance)
    (tmp_path / "s.yaml").write_text(
        FRANKFURT + "  - policy: {costs: {overload_per_gbps: 123.0}}\n", encoding="utf-8"
    )
    (scenario,) = read_scenarios([tmp_path / "s.yaml"])
    made = apply_scenario(scenario, sample_base.inputs)
    assert link_costs(rebuild(sample_base, made.inputs, made.lost).instance) == {123.0}


def link_costs(instance: Instance) -> set[float]:
    """Costs of overload of all links."""
    return set(instance.rates.overload_cost[instance.link_rows].tolist())


def test_limited_fills_keep_the_window_and_cost(sample_plan: Path, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(FRANKFURT, encoding="utf-8")
    request = WhatifRequest(
        base=sample_plan, scenarios=(tmp_path / "s.yaml",), fills="limited", engine="fast"
    )
    [item] = whatif(request).scenarios
    after = item.answers["after_fill"]
    assert after.fill is not None
    assert after.fill.nights <= 1 + 1e-9
    assert after["fill"].value == pytest.approx(after.fill.gb * 0.002, rel=1e-6)
    assert after.broken == ()


def test_planning_near_a_change_is_valid_for_the_whole(sample_base: Base, tmp_path: Path) -> None:
    nearby = Parameters(change=ChangeParameters(near_from=0, largest=1.0, used=0.05))
    line = "scale_demand: {regions: [be-*, nl-*], factor: 1.5}".replace("be-*, nl-*", '"be-*", "nl-*"')
    (tmp_path / "s.yaml").write_text(change(line), encoding="utf-8")
    [scenario] = read_scenarios([tmp_path / "s.yaml"])
    made = apply_scenario(scenario, sample_base.inputs)
    changed = rebuild(sample_base, made.inputs, made.lost)
    near = replan(sample_base, changed, engine="fast", parameters=nearby)
    assert near.seconds is not None
    assert "part" in near.seconds  # not planned as a whole
    assert near.verdict.violations == ()
    whole = replan(sample_base, changed, engine="fast", stop=Stop(0.01))
    assert near.lower is not None
    assert whole.lower is not None
    # Each bound holds for the plan of the other.
    assert near.lower <= whole.verdict.cost.total * (1 + 1e-9)
    assert whole.lower <= near.verdict.cost.total * (1 + 1e-9)


@pytest.mark.parametrize(
    "line",
    [
        "fail: {sites: [zephyrtel-amsterdam-nl]}",
        "fail: {sites: [ixp-london-gb]}",
        "fail: {appliances: [coraltel-munich-de/storage-2u/2]}",
        'scale_demand: {regions: ["be-*"], factor: 3}',
        "scale_demand: {countries: [GB], factor: 0.5}",
        "add: {sites: [ixp-frankfurt-de], model: flash-1u, count: 2}",
    ],
)
def test_resteering_from_the_base_is_as_good_as_serving_all_anew(
    linkless_base: Base, tmp_path: Path, line: str
) -> None:
    (tmp_path / "s.yaml").write_text(change(line), encoding="utf-8")
    [scenario] = read_scenarios([tmp_path / "s.yaml"])
    made = apply_scenario(scenario, linkless_base.inputs)
    changed = rebuild(linkless_base, made.inputs, made.lost)
    answer = at_once(linkless_base, changed, ChangeParameters(largest=1.0))
    exact = Flow.of(answer.instance, best_serving(answer.instance, answer.placement.holds).serving)
    cost = evaluate(answer.instance, answer.placement, exact.served_gb, exact.origin_gb).cost
    assert answer.verdict.cost.total == pytest.approx(cost.total, rel=1e-6)
    assert [v for v in answer.verdict.violations if v.limit in ("serving", "throughput")] == []


def test_combined_and_grid(sample_plan: Path, tmp_path: Path) -> None:
    for name, text in (("a.yaml", FRANKFURT), ("b.yaml", GROWTH)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    paths = (tmp_path / "a.yaml", tmp_path / "b.yaml")
    ask = WhatifRequest(base=sample_plan, scenarios=paths, answers=("at_once",))
    both = whatif(replace(ask, mode="combine"))
    assert [item.scenario.name for item in both.scenarios] == ["frankfurt-out + gb-grows"]
    grid = whatif(replace(ask, mode="grid"))
    names = [item.scenario.name for item in grid.scenarios]
    assert names == ["frankfurt-out", "gb-grows", "frankfurt-out + gb-grows"]
    cost = [item.answers["at_once"]["cost"].value for item in grid.scenarios]
    assert cost[2] == both.scenarios[0].answers["at_once"]["cost"].value
    assert cost[2] > max(cost[:2])


def test_a_grid_in_a_file_is_every_combination(small_base: Base, tmp_path: Path) -> None:
    text = (
        "name: g\nchanges: [{scale_demand: {factor: 2}}]\ngrid:\n"
        "  - axis: growth\n    points: {none: [], some: [{scale_demand: {factor: 1.5}}]}\n"
        "  - axis: boxes\n    points: {as is: [], more: [{add: {sites: [bnix], model: box}}]}\n"
    )
    (tmp_path / "g.yaml").write_text(text, encoding="utf-8")
    scenarios = read_scenarios([tmp_path / "g.yaml"])
    assert [s.name for s in scenarios] == [
        *("g (growth: none, boxes: as is)", "g (growth: none, boxes: more)"),
        *("g (growth: some, boxes: as is)", "g (growth: some, boxes: more)"),
    ]
    totals = [
        float(rebuild(small_base, apply_scenario(s, small_base.inputs).inputs).instance.file_gb().sum())
        for s in scenarios
    ]
    assert totals[2] == pytest.approx(1.5 * totals[0])
    assert totals[0] == pytest.approx(2 * small_base.instance.file_gb().sum())


def test_a_scenario_without_an_answer_does_not_stop_the_others(
    small_plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text(
        change("policy: {pins: [{title: Gamma}, {title: Beta}, {title: Alpha}]}")
    )
    (tmp_path / "b.yaml").write_text(change("scale_demand: {factor: 2}").replace("name: s", "name: b"))
    monkeypatch.chdir(tmp_path)
    args = ("whatif", "--base", str(small_plan), "--quiet", "--format", "json")
    outcome = run_cli(monkeypatch, capsys, *args, "a.yaml", "b.yaml")
    assert outcome.code == 0
    first, second = json.loads(outcome.out)["scenarios"]
    assert "error" in first["after_fill"]
    assert second["after_fill"]["certificate"]["gap_ratio"] >= 0
    assert run_cli(monkeypatch, capsys, *args, "a.yaml", "--answer", "after_fill").code == 3


def test_results_are_written_whole_and_not_over_others(
    small_plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.yaml").write_text(change("fail: {sites: [kpn]}"))
    monkeypatch.chdir(tmp_path)
    args = ("whatif", "--base", str(small_plan), "s.yaml", "--quiet", "--out", "out")
    assert run_cli(monkeypatch, capsys, *args).code == 0
    with (tmp_path / "out" / "summary.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["answer"] for row in rows] == ["at_once", "after_fill"]
    stored = json.loads((tmp_path / "out" / "whatif.json").read_text())
    found = stored["scenarios"][0]["at_once"]["figures"]["cost"]["change"]
    assert float(rows[0]["cost_change"]) == pytest.approx(found)
    assert run_cli(monkeypatch, capsys, *args).code == 2
    assert run_cli(monkeypatch, capsys, *args, "--force").code == 0
    assert run_cli(monkeypatch, capsys, *args[:-1], str(small_plan)).code == 2


def test_the_same_answer_every_time(sample_plan: Path, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(GROWTH, encoding="utf-8")
    ask = WhatifRequest(base=sample_plan, scenarios=(tmp_path / "s.yaml",), engine="fast", gap_ratio=0.02)
    one, other = (whatif(replace(ask, threads=n)).scenarios[0].answers for n in (1, 2))
    assert one == other


def test_base_is_refused_where_it_is_no_plan(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such plan folder"):
        load_base(tmp_path / "nowhere")
