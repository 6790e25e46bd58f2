"""Near columns and the rounded mixture: against all holder sets, and against the optimum."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.master.few_files import FewFiles, improve_few_files
from cdnplan.optimize.master.file_columns import columns_of, launch_use
from cdnplan.optimize.place.local_search import Incumbent, LocalSearch
from cdnplan.optimize.problem.columns import Columns
from cdnplan.optimize.problem.limits import LimitVector
from cdnplan.optimize.problem.objective import ideal_cost, plan_cost
from cdnplan.optimize.problem.rules import broken_rules, keeps_rules
from cdnplan.optimize.round.near_columns import near_columns
from cdnplan.optimize.round.rounding import Rounding
from cdnplan.parameters.closing import RoundingParameters
from cdnplan.parameters.parameters import DEFAULTS, Parameters
from tests.instances import random_instance
from tests.oracle.brute_force import brute_force, free_decisions


def mixture(inst: Instance) -> tuple[FileSolver, LimitVector, Incumbent, FewFiles]:
    solver, limits, local = FileSolver.of(inst), LimitVector.of(inst), LocalSearch(inst, Columns.of(inst))
    start = Prices.zero(inst)
    plan = local.improve(inst.pinned.copy(), start, 2, lambda: False)
    span = max(plan.cost - ideal_cost(inst), 1e-9)
    *_, found = improve_few_files(solver, limits, start, plan.holds, span, lambda: False)
    return solver, limits, plan, found


@pytest.mark.parametrize("seed", range(8))
def test_the_nearest_of_all_holder_sets_are_found(seed: int) -> None:
    inst = random_instance(seed, n_regions=3, n_files=4, n_pools=4)
    solver, limits = FileSolver.of(inst), LimitVector.of(inst)
    rng = np.random.default_rng(seed)
    flat = np.where(np.isfinite(limits.limit), rng.uniform(0.0, 5.0, limits.limit.size), 0.0)
    prices = limits.prices(flat, rng.uniform(0.0, 5.0, inst.n_launches))
    flat = limits.flat(prices)
    known = columns_of(solver, prices, np.arange(4, dtype=np.int32), np.ascontiguousarray(solver.pinned))
    near = near_columns(solver, limits, prices, known, np.full(4, 3), np.ones(4, dtype=np.bool_))
    for f in range(inst.n_files):
        sets = np.array(list(itertools.product([False, True], repeat=4)))
        sets = sets[~(sets & (solver.copies[f] == 0)).any(axis=1) & (sets | ~solver.pinned[f]).all(axis=1)]
        every = columns_of(solver, prices, np.full(len(sets), f, dtype=np.int32), sets)
        cost = every.cost + every.use @ flat - launch_use(inst, every) @ prices.launch
        mine = near.take(near.file == f)
        assert len(np.unique(mine.holds, axis=0)) == mine.file.size
        found = mine.cost + mine.use @ flat - launch_use(inst, mine) @ prices.launch
        nearest = np.sort(cost)[: min(3, mine.file.size)]
        assert found[: nearest.size] == pytest.approx(nearest, rel=1e-9, abs=1e-9)
        assert (mine.holds == solver.pinned[f]).all(axis=1).any(), "the set with nothing but pins"


FEW = RoundingParameters(starts=4, repairs=16)
"""Enough to see what they do."""
SOME = frozenset({"storage", "throughput"})


def rounding_of(
    inst: Instance, threads: int = 1, numbers: RoundingParameters = DEFAULTS.rounding
) -> tuple[Rounding, Incumbent, FewFiles]:
    solver, limits, plan, found = mixture(inst)
    local = LocalSearch(inst, Columns.of(inst))
    parameters = Parameters(rounding=numbers)
    rounding = Rounding(solver, limits, local, found.prices, found.columns, threads, parameters=parameters)
    return rounding, plan, found


def test_rounding_is_close_to_the_optimum_where_all_is_tried() -> None:
    """Tiny networks: changes among near sets end at the optimum for most, below it for none."""
    optimal = tried = better = 0
    for seed in range(50):
        inst = random_instance(seed)
        if broken_rules(inst) or free_decisions(inst).sum() > 10:
            continue
        optimum = brute_force(inst)
        if optimum is None:
            continue
        try:
            rounding, plan, found = rounding_of(inst, numbers=FEW)
        except NoFeasiblePlanError:
            continue
        costs = [each.cost for each in rounding.plans(plan, min(found.bound, plan.cost))]
        assert costs == sorted(costs, reverse=True)
        slack = 1e-6 * max(1.0, abs(optimum))
        assert costs[-1] >= optimum - slack
        tried += 1
        optimal += costs[-1] <= optimum + slack
        better += costs[-1] < plan.cost - slack
    assert tried > 20
    assert optimal > 0.8 * tried
    assert better > 0


@pytest.mark.parametrize("seed", range(4))
def test_plans_keep_all_rules_and_cost_what_their_serving_does(seed: int) -> None:
    """With pins, bans, launches, fill windows and links."""
    inst = random_instance(seed, n_regions=6, n_files=60, n_pools=5)
    try:
        rounding, plan, found = rounding_of(inst, numbers=FEW)
    except NoFeasiblePlanError:
        pytest.skip("no plan at all")
    for each in rounding.plans(plan, found.bound):
        assert keeps_rules(inst, each.holds)
        assert each.cost == pytest.approx(plan_cost(inst, each.holds, each.serving), rel=1e-12)
        assert each.cost >= found.bound - 1e-6 * abs(found.bound)


def test_dives_and_repairs_narrow_the_gap() -> None:
    """On the mean over networks: the first dives leave a part of the gap, all that follows a part of that."""
    first, last = [], []
    for seed in range(12):
        inst = random_instance(seed, n_regions=5, n_files=40, n_pools=4, families=SOME)
        rounding, plan, found = rounding_of(inst, numbers=FEW)
        gaps = [each.cost - found.bound for each in rounding.plans(plan, found.bound)]
        first.append(gaps[0] / (plan.cost - found.bound))
        last.append(gaps[-1] / gaps[0])
    assert np.mean(first) < 0.75
    assert np.mean(last) < 0.9


def test_rounding_is_the_same_for_any_number_of_threads() -> None:
    inst = random_instance(1, n_regions=6, n_files=60, n_pools=5, families=SOME)
    runs = []
    for threads in (1, 2):
        rounding, plan, found = rounding_of(inst, threads, FEW)
        runs.append(list(rounding.plans(plan, found.bound)))
    assert len(runs[0]) > FEW.starts
    for one, two in zip(*runs, strict=True):
        np.testing.assert_array_equal(one.holds, two.holds)
        assert one.cost == two.cost


def test_repairs_end_where_columns_are_many() -> None:
    inst = random_instance(3, n_regions=6, n_files=60, n_pools=5, families=frozenset({"storage"}))
    rounding, plan, found = rounding_of(inst, numbers=FEW)
    assert len(list(rounding.plans(plan, found.bound))) == FEW.starts + FEW.repairs
    rounding, plan, found = rounding_of(inst, numbers=replace(FEW, work=1))
    assert len(list(rounding.plans(plan, found.bound))) == FEW.starts + 1
    rounding, plan, found = rounding_of(inst, numbers=replace(DEFAULTS.rounding, work=1, vain_work=1))
    costs = [each.cost for each in rounding.plans(plan, found.bound)]
    assert len(costs) < DEFAULTS.rounding.starts, "the first dives that better nothing are the last"
    assert costs[:-1] == sorted(set(costs[:-1]), reverse=True)


def test_keeps_rules_finds_each_broken_rule() -> None:
    for seed in range(200):
        inst = random_instance(seed)
        if inst.n_launches and inst.pinned.any() and (inst.copies == 0).any() and not broken_rules(inst):
            break
    none = np.zeros((inst.n_pools, inst.n_files), dtype=np.bool_)
    assert not keeps_rules(inst, none), "pins and launches are missing"
    everything = np.ones_like(none)
    assert not keeps_rules(inst, everything), "bans and storage"
    try:
        plan = LocalSearch(inst, Columns.of(inst)).improve(
            inst.pinned.copy(), Prices.zero(inst), 2, lambda: False
        )
    except NoFeasiblePlanError:
        pytest.fail("another instance is needed")
    assert keeps_rules(inst, plan.holds)
    for pool, file in np.argwhere(inst.pinned):
        less = plan.holds.copy()
        less[pool, file] = False
        assert not keeps_rules(inst, less)
