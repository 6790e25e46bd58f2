"""Exchange of a file's pools: against all sets of pools, and where opening or closing alone does not pay."""

from __future__ import annotations

import itertools

import numpy as np

from cdnplan.optimize.file.exchange_kernels import exchange_pools
from cdnplan.optimize.file.problem_kernels import File, room_for_moves
from cdnplan.optimize.problem.arrays import Network


class Case:
    """Regions, pools and what opening costs; every pool may serve every region."""

    def __init__(self, cost: np.ndarray, opening: np.ndarray, origin: float) -> None:
        self.cost, self.opening = cost, opening
        self.n_regions, self.n_pools = cost.shape
        self.origin = np.full(self.n_regions, origin)
        order = np.argsort(cost, axis=1, kind="stable")
        self.ptr = self.n_pools * np.arange(self.n_regions + 1)
        self.pools = order.ravel().astype(np.int32)
        self.costs = np.take_along_axis(cost, order, axis=1).ravel()

    def value(self, is_open: np.ndarray) -> float:
        served = np.where(is_open, self.cost, np.inf).min(axis=1, initial=np.inf)
        return float(np.minimum(served, self.origin).sum() + self.opening[is_open].sum())

    def exchanged(self, start: np.ndarray, fixed: np.ndarray | None = None) -> np.ndarray:
        n, regions = self.n_pools, self.n_regions
        is_open, every = start.copy(), np.arange(regions)
        entry = np.arange(self.costs.size, dtype=np.int32)
        net = Network(
            self.ptr,
            self.pools,
            entry,
            self.costs,
            np.zeros(self.costs.size + 1),
            self.origin,
            regions * np.arange(n + 1),
            np.tile(every, n).astype(np.int32),
        )
        held = np.zeros(n, dtype=np.bool_) if fixed is None else fixed
        file = File(every, np.ones(regions), self.origin, self.opening, np.ones(n, dtype=np.bool_), held)
        exchange_pools(net, file, is_open, room_for_moves(regions, n))
        return is_open


def test_one_pool_takes_the_place_of_two() -> None:
    """Each of two serves half the regions well; the third serves all, and costs as much as one of them."""
    cost = np.array([[1.0, 9.0, 1.5], [1.0, 9.0, 1.5], [9.0, 1.0, 1.5], [9.0, 1.0, 1.5]])
    case = Case(cost, np.array([4.0, 4.0, 4.0]), origin=20.0)
    start = np.array([True, True, False])
    # Neither opening the third nor closing one of the two pays by itself.
    assert case.value(np.array([True, True, True])) > case.value(start)
    assert case.value(np.array([True, False, False])) > case.value(start)
    np.testing.assert_array_equal(case.exchanged(start), [False, False, True])
    kept = case.exchanged(start, fixed=np.array([True, False, False]))
    assert kept[0], "pinned pools stay"


def test_exchanges_never_cost_and_often_reach_the_best() -> None:
    best = better = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        case = Case(rng.uniform(1.0, 10.0, (8, 5)), rng.uniform(2.0, 12.0, 5), origin=12.0)
        start = rng.random(5) < 0.5
        end = case.exchanged(start)
        assert case.value(end) <= case.value(start) + 1e-9
        better += case.value(end) < case.value(start) - 1e-9
        least = min(case.value(np.array(s)) for s in itertools.product([False, True], repeat=5))
        best += case.value(end) <= least + 1e-9
    assert better > 100
    assert best > 60
