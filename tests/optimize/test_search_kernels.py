"""Steps of the price search on one file: running figures against counting anew, and where requests go."""

from __future__ import annotations

import numpy as np
import pytest

from cdnplan.optimize.file.move_kernels import note_opened, rank_moves
from cdnplan.optimize.price.search_kernels import spread_requests

HEAT = 0.5


class Case:
    """One file on a few regions, each of which may be served by some pools; some pools hold it."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.n_regions, self.n_pools = 7, 5
        may = rng.random((self.n_regions, self.n_pools)) < 0.7
        cost = rng.uniform(1.0, 6.0, may.shape)
        lists = [sorted(np.flatnonzero(row), key=cost[r].__getitem__) for r, row in enumerate(may)]
        self.ptr = np.cumsum([0, *map(len, lists)])
        self.pools = np.array([p for row in lists for p in row], dtype=np.int32)
        self.costs = np.array([cost[r, p] for r, row in enumerate(lists) for p in row])
        self.slots = np.concatenate([rng.permutation(len(row)) for row in lists]).astype(np.int32)
        self.origin = rng.uniform(3.0, 8.0, self.n_regions)
        self.toll = np.append(rng.uniform(0.0, 2.0, self.costs.size), 0.0)
        regions = [np.flatnonzero(may[:, p]) for p in range(self.n_pools)]
        self.pool_ptr = np.cumsum([0, *map(len, regions)])
        self.pool_region = np.concatenate(regions)
        self.v = rng.uniform(0.5, 2.0, self.n_regions)
        self.active = np.arange(self.n_regions)
        self.is_open, self.before = rng.random((2, self.n_pools)) < 0.4

    def ranked(self) -> list[np.ndarray]:
        """Gain and worth of pools, first and second open entries of regions."""
        gain, worth = np.zeros((2, self.n_pools))
        first, second = np.zeros((2, self.n_regions), dtype=np.int64)
        rank_moves(
            self.active, self.n_regions, self.v, self.ptr, self.pools, self.costs, self.origin, self.toll,
            0.3, self.is_open, self.before, gain, worth, first, second,
        )  # fmt: skip
        return [gain, worth, first, second]

    def spread(self, soft: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Served GB, responses, and where each region's begin."""
        widths = np.diff(self.ptr) + 1
        at = np.cumsum([0, *widths**2])
        served, response = np.zeros(self.pools.size + self.n_regions), np.zeros(at[-1])
        spread_requests(
            self.active, self.n_regions, 2.0, self.v, self.ptr, self.pools, self.slots, self.costs,
            self.origin, HEAT, self.is_open, soft, at, np.zeros(65), np.zeros(65, dtype=np.int64), served,
            response,
        )  # fmt: skip
        return served, response, at


@pytest.mark.parametrize("seed", range(20))
def test_worth_after_opening_is_as_if_counted_anew(seed: int) -> None:
    case = Case(seed)
    _, worth, first, second = case.ranked()
    for p in np.flatnonzero(~case.is_open):
        case.is_open[p] = True
        note_opened(
            p, case.v, case.ptr, case.pools, case.costs, case.origin, case.pool_ptr, case.pool_region,
            case.toll, 0.3, case.is_open, case.before, worth, first, second,
        )  # fmt: skip
        _, anew, first_anew, second_anew = case.ranked()
        np.testing.assert_allclose(worth, anew, atol=1e-12)
        np.testing.assert_array_equal(first, first_anew)
        np.testing.assert_array_equal(second, second_anew)


@pytest.mark.parametrize("seed", range(20))
def test_requests_are_spread_by_a_softmin_where_that_is_asked(seed: int) -> None:
    case = Case(seed)
    soft = np.random.default_rng(seed).random(case.n_regions) < 0.6
    served, response, at = case.spread(soft)
    n_cand = case.pools.size
    for r in range(case.n_regions):
        here = slice(case.ptr[r], case.ptr[r + 1])
        width = case.ptr[r + 1] - case.ptr[r]
        cost = np.full(width + 1, np.inf)
        usable = case.is_open[case.pools[here]] & (case.costs[here] < case.origin[r])
        cost[case.slots[here][usable]] = case.costs[here][usable]
        cost[width] = case.origin[r]
        weight = np.exp((cost.min() - cost) / HEAT)
        share = weight / weight.sum() if soft[r] else (np.arange(width + 1) == cost.argmin()) * 1.0
        got = np.append(served[here], served[n_cand + r])
        np.testing.assert_allclose(got, 2.0 * case.v[r] * share, atol=4e-3 * case.v[r])
        matrix = response[at[r] : at[r + 1]].reshape(width + 1, width + 1)
        expected = 2.0 * case.v[r] * (np.diag(share) - np.outer(share, share)) * soft[r]
        np.testing.assert_allclose(matrix, expected, atol=4e-3 * case.v[r])
