"""Branch and bound on the problem of one file: its optimum, and never more where the search is cut off."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cdnplan.evaluate.proof import bound, facility_kernels
from cdnplan.evaluate.proof.bound import dual_bound, file_bounds, search_nodes
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.plan.placement import Prices
from tests.evaluate.prices import best_holders, random_prices
from tests.evaluate.unstructured import unstructured_instance
from tests.instances import random_instance

SCALES = (0.0, 0.05, 0.5, 5.0)


def test_the_optimum_on_all_kinds_of_files() -> None:
    """Pins, bans, copies, launch rewards and opening costs below zero among them."""
    raised = 0
    for seed in range(60):
        instance = random_instance(seed, n_regions=30, n_files=5, n_pools=9)
        dear = np.random.default_rng(seed).uniform(1.0, 30.0, instance.n_pools)
        instance = dataclasses.replace(instance, fill_cost=dear)
        for scale in SCALES:
            prices = random_prices(instance, seed, scale)
            found = file_bounds(instance, prices)
            assert found == pytest.approx(_optima(instance, prices), rel=1e-9, abs=1e-9), (seed, scale)
            raised += int((found > _lifted(file_bounds(instance, prices, nodes=0))).sum())
    assert raised > 40, "the search should have had something to do"


@pytest.mark.parametrize("opening", [0.3, 1.0, 2.0, 4.0])
def test_the_optimum_where_the_relaxation_is_far_from_it(opening: float) -> None:
    instance = unstructured_instance(opening)
    prices = Prices.zero(instance)
    optima = _optima(instance, prices)
    assert file_bounds(instance, prices) == pytest.approx(optima, rel=1e-9)
    assert (optima > _lifted(file_bounds(instance, prices, nodes=0))).sum() >= 3


def test_cut_off_below_the_optimum_and_above_the_root() -> None:
    instance = unstructured_instance(2.0)
    prices = Prices.zero(instance)
    optima, root = _optima(instance, prices), file_bounds(instance, prices, nodes=0)
    between, total = 0, root.sum()
    for nodes in (1, 2, 3, 5, 8, 20, 200):
        found = file_bounds(instance, prices, nodes)
        assert (found >= root).all()
        assert (found <= optima * (1 + 1e-12)).all()
        between += int(((found > _lifted(root)) & (_lifted(found) < optima)).sum())
        assert found.sum() >= total * (1 - 1e-9), "more nodes, no less"
        total = found.sum()
    assert between > 5, "some searches should have been cut off on the way"


@pytest.mark.parametrize("plain_nodes", [0, 3])
def test_the_same_optimum_without_a_plain_search_or_with_one_cut_off(
    plain_nodes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = unstructured_instance(2.0)
    prices = Prices.zero(instance)
    plain = file_bounds(instance, prices)
    monkeypatch.setattr(bound, "COMPILED_FROM", np.inf)
    monkeypatch.setattr(facility_kernels, "PLAIN_NODES", plain_nodes)
    assert file_bounds(instance, prices) == pytest.approx(plain, rel=1e-9)
    assert plain == pytest.approx(_optima(instance, prices), rel=1e-9)


def test_left_open_below_the_deepest_node(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = unstructured_instance(2.0)
    prices = Prices.zero(instance)
    optima, root = _optima(instance, prices), file_bounds(instance, prices, nodes=0)
    monkeypatch.setattr(bound, "COMPILED_FROM", np.inf)
    monkeypatch.setattr(facility_kernels, "MAX_DEPTH", 2)
    found = file_bounds(instance, prices)
    assert (found >= root).all()
    assert (found <= optima * (1 + 1e-12)).all()
    assert (found > _lifted(root)).any()
    assert (_lifted(found) < optima).any()


def test_compiled_and_interpreted_agree_to_the_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = unstructured_instance(1.0)
    prices = random_prices(instance, 3, 0.2)
    found = []
    for compiled_from in (0, np.inf):
        monkeypatch.setattr(bound, "COMPILED_FROM", compiled_from)
        found.append(file_bounds(instance, prices, nodes=30))
    assert found[0].tolist() == found[1].tolist()


def test_in_the_whole_bound_on_small_networks_only(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = unstructured_instance(2.0)
    prices = Prices.zero(instance)
    size = instance.cand_pool.size * instance.n_files
    searched, root = dual_bound(instance, prices), dual_bound(instance, prices, nodes=0)
    assert searched > root * (1 + 1e-6)
    assert searched == pytest.approx(_optima(instance, prices).sum(), rel=3e-9)
    assert search_nodes(instance) == bound.NODE_LIMIT
    monkeypatch.setattr(bound, "SEARCH_EFFORT", 60 * size)
    assert search_nodes(instance) == 60
    monkeypatch.setattr(bound, "SEARCH_EFFORT", bound.FEWEST_NODES * size - 1)
    monkeypatch.setattr(bound, "STEP_EFFORT", bound.FEWEST_STEPS * size - 1)
    assert search_nodes(instance) == 0
    assert dual_bound(instance, prices) == root


def test_no_pool_no_demand() -> None:
    instance = random_instance(3, n_regions=3, n_files=2, n_pools=2, families=frozenset())
    prices = Prices.zero(instance)
    banned = dataclasses.replace(instance, copies=np.zeros_like(instance.copies))
    assert file_bounds(banned, prices) == pytest.approx(_optima(banned, prices), rel=1e-12)
    rows = np.zeros_like(instance.demand_ptr)
    idle = dataclasses.replace(
        instance, demand_ptr=rows, demand_file=instance.demand_file[:0], demand_gb=instance.demand_gb[:0]
    )
    assert file_bounds(idle, prices).tolist() == [0.0, 0.0]


def _optima(instance: Instance, prices: Prices) -> Floats:
    return np.array([best_holders(instance, prices, file) for file in range(instance.n_files)])


def _lifted(values: Floats) -> Floats:
    """A little more, so that a comparison with it shows more than rounding."""
    return np.asarray(values + 1e-7 * np.abs(values), dtype=np.float64)
