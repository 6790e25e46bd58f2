"""The exact engine's manners: status, time limits, silence, determinism, awkward numbers, prices."""

from __future__ import annotations

import itertools
import warnings
from dataclasses import fields, replace

import numpy as np
import pytest

from cdnplan.errors import CdnplanError, DeadlineError, NoFeasiblePlanError
from cdnplan.model.instance.instance import Instance
from cdnplan.optimize.exact.exact import solve_exact
from cdnplan.optimize.exact.exact_decode import broken_covers, rounded_holds
from cdnplan.optimize.exact.exact_variables import Variables
from cdnplan.optimize.problem.objective import gap_ratio, ideal_cost
from cdnplan.optimize.problem.outcome import Stop
from tests.instances import FAMILIES, random_instance
from tests.limits import limits_of, with_limits
from tests.oracle.brute_force import brute_force, free_decisions
from tests.oracle.feasible import broken_limits

LIMITS = frozenset({"storage", "throughput", "links"})


def middling() -> Instance:
    """Enough to need a search of several seconds for a proof."""
    return random_instance(2, n_regions=20, n_files=150, n_pools=10, slices=2, families=LIMITS)


def small() -> Instance:
    return random_instance(2, n_regions=5, n_files=20, n_pools=4, slices=2, families=LIMITS)


def test_nothing_is_written_to_stdout_or_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        solve_exact(small())
    shown = capfd.readouterr()
    assert shown.out == ""
    assert shown.err == ""


def test_same_seed_gives_the_same_plan_with_any_number_of_threads() -> None:
    first = solve_exact(small(), threads=1, seed=7)
    again = solve_exact(small(), threads=1, seed=7)
    other = solve_exact(small(), threads=2, seed=7)
    assert (first.placement.holds == again.placement.holds).all()
    assert (first.serving.ratio == again.serving.ratio).all()
    assert (first.prices.volume == again.prices.volume).all()
    assert first.upper == again.upper
    assert other.upper == pytest.approx(first.upper, rel=1e-9)


def test_a_time_limit_ends_the_search_with_a_sound_plan_and_a_true_bound() -> None:
    instance = middling()
    outcome = solve_exact(instance, stop=Stop(time_limit_s=0.3))
    assert outcome.status == "time-limit"
    assert broken_limits(instance, outcome.placement, outcome.serving) == []
    assert outcome.lower_priced <= outcome.lower < outcome.upper
    assert sum(outcome.seconds.values()) < 5.0


def test_a_time_limit_of_nothing_still_gives_a_plan() -> None:
    instance = small()
    best = solve_exact(instance).upper
    outcome = solve_exact(instance, stop=Stop(time_limit_s=0.0))
    assert outcome.status == "time-limit"
    assert broken_limits(instance, outcome.placement, outcome.serving) == []
    assert outcome.lower <= best <= outcome.upper
    assert outcome.placement.holds.any()


def test_launch_rules_that_rounding_cannot_keep_together() -> None:
    """Room for one file in each pool: the first rule takes the only room that the second could use."""
    instance = competing_launches()
    variables = Variables.of(instance)
    assert rounded_holds(instance, variables, np.zeros(variables.n_holds)) is None
    assert solve_exact(instance).placement.holds.tolist() == [[False, True], [True, False]]


def test_no_plan_in_time_is_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cdnplan.optimize.exact.exact.rounded_holds", lambda *_: None)
    with pytest.raises(DeadlineError, match="no plan was found within 0 s"):
        solve_exact(small(), stop=Stop(time_limit_s=0.0))


def test_asked_to_end_it_gives_the_best_plan_so_far_and_a_true_bound() -> None:
    instance = middling()
    costs: list[float | None] = []
    outcome = solve_exact(
        instance,
        stop=Stop(asked=lambda: bool(costs) and costs[-1] is not None),
        progress=lambda _phase, _done, _lower, upper: costs.append(upper),
    )
    assert outcome.status == "interrupted"
    assert broken_limits(instance, outcome.placement, outcome.serving) == []
    assert outcome.lower_priced <= outcome.lower < outcome.upper
    first = next(i for i, cost in enumerate(costs) if cost is not None)
    assert outcome.upper <= min(cost for cost in costs if cost is not None) * (1 + 1e-6)
    assert None not in costs[first:]


def test_asked_to_end_from_the_start_it_still_gives_a_plan() -> None:
    instance = middling()
    outcome = solve_exact(instance, stop=Stop(asked=lambda: True))
    assert outcome.status == "interrupted"
    assert broken_limits(instance, outcome.placement, outcome.serving) == []
    assert outcome.lower_priced <= outcome.lower < outcome.upper
    assert outcome.placement.holds.any()
    assert not outcome.prices.volume.any()


def test_asked_to_end_before_there_is_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cdnplan.optimize.exact.exact.rounded_holds", lambda *_: None)
    with pytest.raises(DeadlineError, match="no plan was found before the search was asked to end"):
        solve_exact(middling(), stop=Stop(asked=lambda: True))


def competing_launches() -> Instance:
    base = random_instance(0, n_regions=1, n_pools=2, n_files=2, slices=1, families=frozenset())
    return with_limits(
        base,
        size_gb=np.array([10.0, 10.0]),
        storage_gb=np.array([10.0, 10.0]),
        fill_cost=np.zeros(2),
        demand_ptr=np.array([0, 1]),
        demand_file=np.array([0], dtype=np.int32),
        demand_gb=np.array([5.0], dtype=np.float32),
        cand_ptr=np.array([0, 1]),
        cand_pool=np.array([0], dtype=np.int32),
        cand_cost=np.array([1.0]),
        origin_cost=np.array([9.0]),
        cand_link_ptr=np.zeros(2, dtype=np.int64),
        launch_ptr=np.array([0, 2, 3]),
        launch_pool=np.array([0, 1, 0], dtype=np.int32),
        launch_file=np.array([0, 1], dtype=np.int32),
        launch_min=np.array([1, 1], dtype=np.int32),
    )


def test_a_gap_asked_for_is_kept() -> None:
    instance = small()
    outcome = solve_exact(instance, stop=Stop(gap_ratio=0.02))
    assert outcome.status in {"within-gap", "optimal"}
    assert gap_ratio(outcome.lower, outcome.upper, ideal_cost(instance)) <= 0.02 + 1e-9


def test_progress_reports_phases_in_order() -> None:
    seen: list[tuple[str, float]] = []
    ticks = itertools.count()

    def watch(phase: str, done: float, lower: float | None, upper: float | None) -> None:
        assert lower is None or upper is None or lower <= upper * (1 + 1e-9)
        seen.append((phase, done))

    outcome = solve_exact(small(), progress=watch, clock=lambda: float(next(ticks)))
    phases = list(dict.fromkeys(phase for phase, _ in seen))
    assert phases == ["build", "relaxation", "search", "serving", "certificate"]
    assert list(outcome.seconds) == phases
    assert all(0.0 <= done <= 1.0 for _, done in seen)


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_units_do_not_matter(factor: float) -> None:
    """Volumes in other units, costs the other way: the same decisions cost the same."""
    for seed in range(40, 60):
        instance = random_instance(seed, families=FAMILIES - {"launches"})
        if free_decisions(instance).sum() > 10:
            continue
        scaled = with_limits(
            instance,
            demand_gb=(instance.demand_gb * np.float32(factor)).astype(np.float32),
            size_gb=instance.size_gb * factor,
            storage_gb=instance.storage_gb * factor,
            fill_limit_gb=limits_of(instance)["fill_limit_gb"] * factor,
            churn_limit_gb=limits_of(instance)["churn_limit_gb"] * factor,
            fill_cost=instance.fill_cost / factor,
            cand_cost=instance.cand_cost / factor,
            origin_cost=instance.origin_cost / factor,
            gbps_per_gb=instance.gbps_per_gb / factor,
        )
        assert solve_exact(scaled).upper == pytest.approx(brute_force(instance), rel=1e-6), seed


def test_demand_over_twelve_orders_of_magnitude() -> None:
    rng = np.random.default_rng(3)
    for seed in range(10):
        instance = random_instance(seed, n_pools=2, n_files=5, families=frozenset({"storage", "fill"}))
        gb = (10.0 ** rng.uniform(-6, 6, instance.demand_gb.size)).astype(np.float32)
        instance = with_limits(instance, demand_gb=gb, throughput_gbps=np.full(2, 1e9))
        outcome = solve_exact(instance)
        assert outcome.upper == pytest.approx(brute_force(instance), rel=1e-6, abs=1e-6)
        assert broken_limits(instance, outcome.placement, outcome.serving) == []


def one_pool(size_gb: list[float], storage_gb: float, demand_gb: list[float]) -> Instance:
    """One region, one pool: what is held costs 1 per GB, the rest 2."""
    n = len(size_gb)
    base = random_instance(0, n_regions=1, n_pools=1, n_files=n, slices=1, families=frozenset())
    return with_limits(
        base,
        size_gb=np.array(size_gb),
        storage_gb=np.array([storage_gb]),
        throughput_gbps=np.array([1e6]),
        demand_ptr=np.array([0, n]),
        demand_file=np.arange(n, dtype=np.int32),
        demand_gb=np.array(demand_gb, dtype=np.float32),
        region_share=np.ones(1),
        cand_ptr=np.array([0, 1]),
        cand_pool=np.zeros(1, dtype=np.int32),
        cand_cost=np.array([1.0]),
        origin_cost=np.array([2.0]),
        cand_link_ptr=np.zeros(2, dtype=np.int64),
        fill_cost=np.zeros(1),
    )


@pytest.mark.parametrize("excess_gb", [7e-9, 3e-8, 1e-6])
def test_files_that_miss_a_limit_by_less_than_solvers_notice(excess_gb: float) -> None:
    instance = one_pool([1.0, 1.0, 1.0 + excess_gb], 3.0, [10.0, 20.0, 30.0])
    outcome = solve_exact(instance)
    assert outcome.placement.holds.tolist() == [[False, True, True]]
    assert outcome.upper == pytest.approx(20 + 50)
    assert outcome.lower == pytest.approx(20 + 50)
    assert broken_limits(instance, outcome.placement, outcome.serving) == []


def test_a_cover_names_the_fewest_heavy_files_that_exceed_a_limit() -> None:
    instance = one_pool([1.0, 5.0, 4.0, 2.0], 8.0, [1.0, 1.0, 1.0, 1.0])
    variables = Variables.of(instance)
    everything = np.ones((1, 4), dtype=bool)
    (cover,) = broken_covers(instance, variables, everything)
    assert sorted(instance.size_gb[variables.hold_file[cover]]) == [4.0, 5.0]
    assert broken_covers(instance, variables, np.array([[True, True, False, True]])) == []


def test_limits_that_rounding_breaks_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a sloppy solver, rounded placements exceed storage at first; what comes out does not."""
    cuts = []

    def counted(instance: Instance, variables: Variables, holds: np.ndarray) -> list[np.ndarray]:
        covers = broken_covers(instance, variables, holds)
        cuts.extend(covers)
        return covers

    monkeypatch.setattr("cdnplan.optimize.exact.exact.FEASIBILITY_TOLERANCE", 1e-2)
    monkeypatch.setattr("cdnplan.optimize.exact.exact.broken_covers", counted)
    for seed in (4, 10, 17, 82, 91, 97, 99):
        instance = random_instance(seed, n_files=12, n_pools=3, n_regions=3, families=frozenset({"storage"}))
        outcome = solve_exact(instance)
        assert broken_limits(instance, outcome.placement, outcome.serving) == []
    assert cuts


def test_contradicting_rules_are_named() -> None:
    base = random_instance(3, n_regions=2, n_pools=2, n_files=2, families=frozenset())
    pinned = with_limits(base, pinned=np.ones((2, 2), dtype=bool), storage_gb=np.array([1.0, 1e6]))
    with pytest.raises(
        NoFeasiblePlanError, match=r"pool 's0/m': pinned files need .* GB, its usable storage is 1.0 GB"
    ):
        solve_exact(pinned)
    launch = replace(
        base,
        copies=np.array([[1, 1], [0, 1]], dtype=np.uint8),
        launch_ptr=np.array([0, 2]),
        launch_pool=np.array([0, 1], dtype=np.int32),
        launch_file=np.array([0], dtype=np.int32),
        launch_min=np.array([2], dtype=np.int32),
    )
    with pytest.raises(NoFeasiblePlanError, match="launch of 'f0': 2 pools must hold it, only 1 of 2 can"):
        solve_exact(launch)
    with pytest.raises(NoFeasiblePlanError, match="no placement keeps all pins and launch rules"):
        solve_exact(with_limits(competing_launches(), storage_gb=np.array([10.0, 0.0])))


def test_a_network_nobody_uses_costs_nothing() -> None:
    base = random_instance(5, families=frozenset())
    empty = replace(
        base,
        demand_ptr=np.zeros_like(base.demand_ptr),
        demand_file=np.zeros(0, dtype=np.int32),
        demand_gb=np.zeros(0, dtype=np.float32),
    )
    outcome = solve_exact(empty)
    assert (outcome.upper, outcome.lower, outcome.status) == (0.0, 0.0, "optimal")
    assert not outcome.placement.holds.any()


def test_the_instance_is_not_changed() -> None:
    instance = small()
    names = [field.name for field in fields(Instance) if field.name not in {"rates", "volumes"}]
    before = {name: np.copy(getattr(instance, name)) for name in names}
    solve_exact(instance)
    for name, value in before.items():
        assert np.array_equal(getattr(instance, name), value), name


def test_prices_are_valid_and_prove_nearly_what_the_relaxation_does() -> None:
    """Where the relaxation has no gap, its duals put through docs/bound.md prove the cost itself."""
    tight = 0
    for seed in range(60):
        instance = random_instance(seed, families=FAMILIES - {"pins"})
        try:
            outcome = solve_exact(instance)
        except CdnplanError:
            continue
        prices = outcome.prices
        for price in (prices.volume, prices.rate, prices.launch):
            assert (price >= 0).all()
            assert np.isfinite(price).all()
        assert (prices.rate <= instance.rates.overload_cost[:, None]).all()
        assert not prices.volume[np.isinf(instance.volumes.capacity_gb)].any()
        tight += (
            outcome.bound_proof == "prices" or outcome.upper - outcome.lower_priced < 1e-6 * outcome.upper
        )
    assert tight >= 15
