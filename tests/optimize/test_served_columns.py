"""Columns that split requests as a plan does: they add up to that plan, and promise nothing untrue."""

from __future__ import annotations

import numpy as np
import pytest

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Prices, Serving
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.master.file_columns import columns_of
from cdnplan.optimize.place.local_search import Incumbent, LocalSearch
from cdnplan.optimize.problem.columns import Columns
from cdnplan.optimize.problem.limits import LimitVector
from cdnplan.optimize.problem.objective import new_gb, stored_gb
from tests.instances import random_instance
from tests.optimize.limit_use import limit_use

FAMILIES = frozenset({"storage", "throughput", "links"})


def planned(seed: int, n_pools: int = 5, **options: int) -> tuple[Instance, FileSolver, Incumbent]:
    inst = random_instance(seed, n_regions=6, n_files=40, n_pools=n_pools, families=FAMILIES, **options)
    local = LocalSearch(inst, Columns.of(inst))
    return inst, FileSolver.of(inst), local.improve(inst.pinned.copy(), Prices.zero(inst), 2, lambda: False)


def holders(plan: Incumbent) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(plan.holds.shape[1], dtype=np.int32), np.ascontiguousarray(plan.holds.T)


@pytest.mark.parametrize("seed", range(12))
def test_columns_of_a_plan_add_up_to_it(seed: int) -> None:
    try:
        inst, solver, plan = planned(seed)
    except NoFeasiblePlanError:
        pytest.skip("no plan at all")
    limits = LimitVector.of(inst)
    columns = columns_of(solver, Prices.zero(inst), *holders(plan), serving=plan.serving)
    served = np.concatenate([plan.serving.candidate_gb(inst), plan.serving.origin_gb(inst)])
    use = limit_use(inst, stored_gb(inst, plan.holds), new_gb(inst, plan.holds), served)
    np.testing.assert_allclose(columns.use.sum(axis=0), use, rtol=1e-9, atol=1e-9)
    soft = np.isfinite(limits.cap)
    overload = float(limits.cap[soft] @ np.maximum(use[soft] - limits.limit[soft], 0.0))
    assert columns.cost.sum() + overload == pytest.approx(plan.cost, rel=1e-9)


def test_some_plans_split_requests() -> None:
    """Else the test above would show nothing."""
    split = 0
    for seed in range(12):
        try:
            inst, solver, plan = planned(seed)
        except NoFeasiblePlanError:
            continue
        whole = columns_of(solver, Prices.zero(inst), *holders(plan))
        columns = columns_of(solver, Prices.zero(inst), *holders(plan), serving=plan.serving)
        split += int(not np.allclose(whole.use.sum(axis=0), columns.use.sum(axis=0)))
    assert split > 3


@pytest.mark.parametrize("n_pools", [5, 160])
def test_unknown_signatures_go_to_the_cheapest_holder(n_pools: int) -> None:
    """With a serving that knows none, columns are those of the master program; also beyond 64 candidates."""
    inst, solver, plan = planned(1, n_pools)
    rng = np.random.default_rng(0)
    limits = LimitVector.of(inst)
    flat = np.where(np.isfinite(limits.limit), rng.uniform(0.0, 5.0, limits.limit.size), 0.0)
    prices = limits.prices(flat, np.zeros(inst.n_launches))
    file = np.repeat(np.arange(inst.n_files, dtype=np.int32), 3)
    holds = (rng.random((file.size, n_pools)) < 0.4) & (solver.copies[file] > 0) | solver.pinned[file]
    none = Serving(
        ptr=np.zeros(inst.n_regions + 1, dtype=np.int64),
        mask=np.zeros((0, plan.serving.mask.shape[1]), dtype=np.uint64),
        gb=np.zeros(0),
        share_ptr=np.zeros(1, dtype=np.int64),
        slot=np.zeros(0, dtype=np.int32),
        ratio=np.zeros(0),
    )
    mine, whole = (
        columns_of(solver, prices, file, holds, serving=none),
        columns_of(solver, prices, file, holds),
    )
    np.testing.assert_allclose(mine.cost, whole.cost, rtol=1e-12)
    np.testing.assert_allclose(mine.use, whole.use, rtol=1e-12, atol=1e-12)
    assert (plan.serving.mask.shape[1] > 1) == (n_pools > 64)


def test_other_holders_cost_no_less_in_truth_than_columns_say() -> None:
    """Without excess: the columns' serving is one of those that the exact one chooses from."""
    seen = 0
    for seed in range(12):
        try:
            inst, solver, plan = planned(seed)
        except NoFeasiblePlanError:
            continue
        limits, local = LimitVector.of(inst), LocalSearch(inst, Columns.of(inst))
        files, holds = holders(plan)
        for pool, f in np.argwhere(plan.holds & ~inst.pinned)[:40]:
            other = holds.copy()
            other[f, pool] = False
            columns = columns_of(solver, Prices.zero(inst), files, other, serving=plan.serving)
            excess = columns.use.sum(axis=0) - limits.limit
            if (excess > 1e-9).any():
                continue
            seen += 1
            true = local.serve(np.ascontiguousarray(other.T)).cost
            assert true <= columns.cost.sum() + 1e-6 * abs(true)
    assert seen > 30
