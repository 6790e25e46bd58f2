"""Entries pool by pool: what nodes leave out never counts."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.contest_like import draw_koerkel_ghosh
from benchmarks.ufl import Ufl, ufl_instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.one_file.one_file import Facility, relaxation_bound, settled_holders
from cdnplan.optimize.one_file.one_file_bound_kernels import CLOSED, FREE, OPEN
from cdnplan.optimize.one_file.one_file_rows import Rows
from cdnplan.optimize.one_file.one_file_split_kernels import Pace, Sides, split_nodes
from tests.optimize.test_one_file import never

STEPS, PATIENCE, LENGTH = 15, 5, 0.5


def priced(ufl: Ufl, u: np.ndarray, state: np.ndarray) -> float:
    """The bound at u, from all costs there are."""
    over = np.maximum(0.0, u[:, None] - ufl.allocation).sum(axis=0)
    free, held = state == FREE, state == OPEN
    assert (over[held] == 0.0).all()  # open pools cap u
    return float(u.sum() + np.minimum(0.0, ufl.opening - over)[free].sum() + ufl.opening[held].sum())


@pytest.mark.parametrize("dear", [100, 1_000, 10_000])
def test_the_bound_of_a_node_is_that_of_all_entries(dear: int) -> None:
    size = 60
    ufl = draw_koerkel_ghosh(size, dear, 2, symmetric=False)
    instance = ufl_instance(ufl)
    facility = Facility.of(FileSolver.of(instance), Prices.zero(instance))
    _, cost = settled_holders(facility, np.zeros(size, dtype=bool))
    _, u = relaxation_bound(facility, cost, never)
    rows = Rows.around(facility, u)
    assert rows.region.size < facility.level.size or dear == 10_000
    rng = np.random.default_rng(dear)
    count = 30
    states = rng.choice([FREE, FREE, FREE, CLOSED, OPEN], (count, size)).astype(np.int8)
    split = rng.integers(0, size, count)
    states[np.arange(count), split] = FREE
    found = Sides.of(2 * count, size, size)
    without_overlaps = Pace(np.full(2 * count, LENGTH), np.ones(2 * count), np.zeros(2 * count))
    split_nodes(
        np.arange(count),
        STEPS,
        PATIENCE,
        rows.by_pool,
        rows.reach,
        facility.opening,
        states,
        split,
        cost,
        without_overlaps,
        np.tile(u, (count, 1)),
        found,
    )
    sides = np.repeat(states, 2, axis=0)
    sides[::2][np.arange(count), split], sides[1::2][np.arange(count), split] = OPEN, CLOSED
    assert (found.looks > 0).all()
    for row, state in enumerate(sides):
        assert found.bound[row] == pytest.approx(priced(ufl, found.u[row], state), rel=1e-12)
