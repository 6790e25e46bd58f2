"""Steps of the price search on one file: running figures against counting anew, and where requests go."""

from __future__ import annotations

import numpy as np
import pytest

from cdnplan.optimize.file.move_kernels import note_opened, rank_moves
from cdnplan.optimize.file.problem_kernels import Moves, room_for_file, room_for_moves
from cdnplan.optimize.price.search_kernels import spread_requests
from cdnplan.optimize.problem.arrays import Network

HEAT = 0.5


class Case:
    """One file on a few regions, each of which may be served by some pools; some pools hold it."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.n_regions, self.n_pools = 7, 5
        may = rng.random((self.n_regions, self.n_pools)) < 0.7
        cost = rng.uniform(1.0, 6.0, may.shape)
        lists = [sorted(np.flatnonzero(row), key=cost[r].__getitem__) for r, row in enumerate(may)]
        ptr = np.cumsum([0, *map(len, lists)])
        costs = np.array([cost[r, p] for r, row in enumerate(lists) for p in row])
        slots = np.concatenate([rng.permutation(len(row)) for row in lists])
        origin = rng.uniform(3.0, 8.0, self.n_regions)
        toll = np.append(rng.uniform(0.0, 2.0, costs.size), 0.0)
        regions = [np.flatnonzero(may[:, p]) for p in range(self.n_pools)]
        self.net = Network(
            ptr,
            np.array([p for row in lists for p in row], dtype=np.int32),
            (np.repeat(ptr[:-1], np.diff(ptr)) + slots).astype(np.int32),
            costs,
            toll,
            origin,
            np.cumsum([0, *map(len, regions)]),
            np.concatenate(regions).astype(np.int32),
        )
        room = room_for_file(self.n_regions, self.n_pools)
        self.file = room._replace(active=np.arange(self.n_regions), v=rng.uniform(0.5, 2.0, self.n_regions))
        self.is_open, self.before = rng.random((2, self.n_pools)) < 0.4

    def ranked(self) -> Moves:
        """Gain and worth of pools, first and second open entries of regions."""
        moves = room_for_moves(self.n_regions, self.n_pools)
        rank_moves(self.net, self.file, 0.3, self.is_open, self.before, moves)
        return moves

    def spread(self, soft: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Served GB, responses, and where each region's begin."""
        widths = np.diff(self.net.ptr) + 1
        at = np.cumsum([0, *widths**2])
        served, response = np.zeros(self.net.pools.size + self.n_regions), np.zeros(at[-1])
        spread_requests(2.0, self.net, self.file, self.is_open, HEAT, soft, at, served, response)
        return served, response, at


@pytest.mark.parametrize("seed", range(20))
def test_worth_after_opening_is_as_if_counted_anew(seed: int) -> None:
    case = Case(seed)
    moves = case.ranked()
    for p in np.flatnonzero(~case.is_open):
        case.is_open[p] = True
        note_opened(p, case.net, case.file, 0.3, case.is_open, case.before, moves)
        anew = case.ranked()
        np.testing.assert_allclose(moves.worth, anew.worth, atol=1e-12)
        np.testing.assert_array_equal(moves.first, anew.first)
        np.testing.assert_array_equal(moves.second, anew.second)


@pytest.mark.parametrize("seed", range(20))
def test_requests_are_spread_by_a_softmin_where_that_is_asked(seed: int) -> None:
    case = Case(seed)
    soft = np.random.default_rng(seed).random(case.n_regions) < 0.6
    served, response, at = case.spread(soft)
    net, v = case.net, case.file.v
    n_cand = net.pools.size
    for r in range(case.n_regions):
        here = slice(net.ptr[r], net.ptr[r + 1])
        width = net.ptr[r + 1] - net.ptr[r]
        cost = np.full(width + 1, np.inf)
        usable = case.is_open[net.pools[here]] & (net.costs[here] < net.origin[r])
        cost[net.entry[here][usable] - net.ptr[r]] = net.costs[here][usable]
        cost[width] = net.origin[r]
        weight = np.exp((cost.min() - cost) / HEAT)
        share = weight / weight.sum() if soft[r] else (np.arange(width + 1) == cost.argmin()) * 1.0
        got = np.append(served[here], served[n_cand + r])
        np.testing.assert_allclose(got, 2.0 * v[r] * share, atol=4e-3 * v[r])
        matrix = response[at[r] : at[r + 1]].reshape(width + 1, width + 1)
        expected = 2.0 * v[r] * (np.diag(share) - np.outer(share, share)) * soft[r]
        np.testing.assert_allclose(matrix, expected, atol=4e-3 * v[r])
