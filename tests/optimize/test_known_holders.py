"""The choice among known holders: one for every file, none that another betters, limits nearly met."""

from __future__ import annotations

import numpy as np
import pytest

from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.fast.choice_kernels import charge
from cdnplan.optimize.fast.fast import solve_fast
from cdnplan.optimize.fast.known_holders import KnownHolders
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.master.file_columns import columns_of
from cdnplan.optimize.problem.limits import LimitVector
from cdnplan.parameters.parameters import DEFAULTS, Parameters
from cdnplan.parameters.passes import RunParameters
from cdnplan.parameters.wide_gaps import BetterParameters, ChoiceParameters, RelaxationParameters
from tests.evaluate.unstructured import unstructured_instance
from tests.instances import random_instance
from tests.limits import with_limits

FAMILIES = frozenset({"storage", "throughput", "links", "fill"})


def drawn(seed: int) -> tuple[Instance, Prices, list[np.ndarray]]:
    """An instance, prices, and three sets of holders."""
    inst = random_instance(seed, n_regions=8, n_files=40, n_pools=6, families=FAMILIES)
    rng, limits = np.random.default_rng(seed), LimitVector.of(inst)
    scale = inst.file_gb().sum() * inst.origin_cost.max() / inst.storage_gb.sum()
    flat = np.zeros(limits.limit.size)
    flat[: inst.n_pools] = scale * rng.random(inst.n_pools)
    sets = [
        (rng.random((inst.n_files, inst.n_pools)) < part) & (inst.copies.T > 0) for part in (0.2, 0.4, 0.7)
    ]
    return inst, limits.prices(flat, np.zeros(inst.n_launches)), sets


def test_a_limit_costs_its_price_where_it_is_used_in_full_and_nothing_where_hardly_used() -> None:
    step = 1e-6
    assert charge(10.0, step, 10.0, 3.0, 20.0) / step == pytest.approx(3.0, rel=1e-4)
    assert charge(11.0, step, 10.0, 3.0, 20.0) / step == pytest.approx(3.0 * 3.0, rel=1e-4)
    assert charge(0.0, 1.0, 10.0, 3.0, 20.0) == 0.0
    whole = charge(9.0, 2.0, 10.0, 3.0, 20.0)
    assert whole == pytest.approx(charge(9.0, 0.5, 10.0, 3.0, 20.0) + charge(9.5, 1.5, 10.0, 3.0, 20.0))


@pytest.mark.parametrize("seed", range(8))
def test_no_file_would_rather_have_another_of_its_holders(seed: int) -> None:
    inst, prices, sets = drawn(seed)
    solver, limits = FileSolver.of(inst), LimitVector.of(inst)
    known = KnownHolders(solver)
    for holds in sets:
        known.add(holds)
    chosen = known.choose(prices).T
    files = np.arange(inst.n_files, dtype=np.int32)
    columns = [columns_of(solver, prices, files, holds) for holds in sets]
    number = np.array([[(chosen[f] == holds[f]).all() for holds in sets] for f in files])
    assert number.any(axis=1).all(), "holders of one of the sets each"
    exists = np.isfinite(limits.limit)
    price = np.where(exists, known._at_least(limits.flat(prices)), 0.0)
    limit = np.where(exists, np.maximum(limits.limit, 1e-9), 1.0)

    stiffness = DEFAULTS.choice.stiffness[-1]

    def cost(pick: np.ndarray) -> float:
        use = sum(columns[k].use[f] for f, k in enumerate(pick))
        over = np.maximum(0.0, 1.0 + stiffness * (np.where(exists, use, 0.0) / limit - 1.0))
        paid = (price * limit / (2.0 * stiffness) * over**2).sum()
        return float(paid + sum(columns[k].cost[f] for f, k in enumerate(pick)))

    pick = number.argmax(axis=1)
    least = cost(pick)
    for f in files:
        for k in range(len(sets)):
            other = pick.copy()
            other[f] = k
            assert cost(other) >= least - 1e-5 * abs(least)


def test_holders_that_overfill_different_pools_are_mixed() -> None:
    inst = random_instance(3, n_regions=8, n_files=40, n_pools=2, families=frozenset({"storage"}))
    inst = with_limits(inst, storage_gb=np.full(2, 0.55 * inst.size_gb.sum()))
    known = KnownHolders(FileSolver.of(inst))
    for p in range(2):
        holds = np.zeros((inst.n_files, 2), dtype=np.bool_)
        holds[:, p] = inst.copies[p] > 0
        known.add(holds, taken=p == 0)
    scale = inst.origin_cost.max() * inst.file_gb().sum() / inst.size_gb.sum()
    prices = Prices.zero(inst)
    prices.volume[:2] = scale
    wish = known.choose(prices)
    stored = (wish * inst.size_gb * inst.copies).sum(axis=1)
    assert (stored <= 1.05 * inst.storage_gb).all()
    assert (stored > 0.5 * inst.storage_gb).all()


def test_sets_for_which_there_is_no_memory_are_not_kept() -> None:
    inst, prices, sets = drawn(1)
    known = KnownHolders(FileSolver.of(inst), ChoiceParameters(most_entries=0))
    for holds in sets:
        known.add(holds)
    np.testing.assert_array_equal(known.choose(prices).T, sets[0])


def test_nothing_to_choose_from() -> None:
    inst, prices, _ = drawn(1)
    with pytest.raises(ValueError, match="no holders are known"):
        KnownHolders(FileSolver.of(inst)).choose(prices)


def test_plans_of_chosen_holders_cost_less() -> None:
    saved = []
    for seed in range(3):
        inst = unstructured_instance(2.0, seed)
        inst = with_limits(inst, storage_gb=np.full(inst.n_pools, 3.0))
        costs = []
        for choices in (0, 8):
            parameters = Parameters(
                run=RunParameters(small_up_to=0),
                relaxation=RelaxationParameters(from_gap=1e-9),
                choice=ChoiceParameters(times=choices),
                better=BetterParameters(times=0),
            )
            costs.append(solve_fast(inst, parameters=parameters).upper)
        saved.append(1.0 - costs[1] / costs[0])
    assert min(saved) >= 0.0
    assert max(saved) > 1e-3
