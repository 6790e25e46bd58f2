"""The master as a program over bases: the plain one's value, and a basis that fits whatever the bases."""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt
import pytest

from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.lp.highs import QuietHighs
from cdnplan.optimize.master.file_columns import Columns
from cdnplan.optimize.master.master_program import Basis, Layout, Shape, program

N_FILES, N_LIMITS, N_RULES = 30, 4, 2


@dataclass(frozen=True)
class Drawn:
    """Columns at random, of some files one only, and limits that not all cheapest columns keep."""

    columns: Columns
    held: Floats
    shape: Shape
    limit: Floats
    least: Floats
    high: Floats

    def program(self, layout: Layout) -> highspy.HighsLp:
        """The program of a layout."""
        left = self.limit - self.columns.use[layout.pick].sum(axis=0)
        lacking = self.least - self.held[layout.pick].sum(axis=0)
        low = np.zeros(N_LIMITS)
        return program(self.columns, self.held, layout, self.shape, left, lacking, low, self.high, 1.0)


def drawn(seed: int) -> Drawn:
    """An example."""
    rng = np.random.default_rng(seed)
    file = np.repeat(np.arange(N_FILES), rng.integers(1, 6, N_FILES)).astype(np.int32)
    use = rng.random((file.size, N_LIMITS)) * (rng.random((file.size, N_LIMITS)) < 0.6)
    cost = 3.0 - use.sum(axis=1) + rng.random(file.size)
    held = np.zeros((file.size, N_RULES))
    for rule in range(N_RULES):
        held[file == rule, rule] = rng.integers(0, 3, int((file == rule).sum()))
    least = np.array([held[file == rule, rule].max() / 2 for rule in range(N_RULES)])
    shape = Shape(np.arange(N_LIMITS), np.full(N_LIMITS, 2.0), np.zeros(0, dtype=np.int64))
    holds = np.zeros((file.size, 1), dtype=np.bool_)
    limit = np.full(N_LIMITS, 0.2 * N_FILES)
    return Drawn(Columns(file, holds, cost, use), held, shape, limit, least, np.full(N_LIMITS, 50.0))


def run(lp: highspy.HighsLp, basis: highspy.HighsBasis | None = None) -> QuietHighs:
    """Solve, from a basis or from nothing."""
    solver = QuietHighs()
    solver.setOptionValue("presolve", "off")
    solver.passModel(lp)
    if basis is not None:
        solver.setOptionValue("simplex_strategy", 4)
        solver.setBasis(basis)
    solver.run()
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return solver


def plain(example: Drawn) -> float:
    """Value of the program with a row for each file."""
    columns, solver = example.columns, QuietHighs()
    n = columns.file.size
    shares = [solver.addVariable(0.0, highspy.kHighsInf, float(cost)) for cost in columns.cost]
    bought = [solver.addVariable(0.0, highspy.kHighsInf, float(price)) for price in example.high]
    for f in range(N_FILES):
        solver.addConstr(sum(shares[i] for i in range(n) if columns.file[i] == f) == 1.0)
    for e in range(N_LIMITS):
        used = sum(float(columns.use[i, e]) * shares[i] for i in range(n))
        solver.addConstr(used - bought[e] <= float(example.limit[e]))
    for rule in range(N_RULES):
        holding = sum(float(example.held[i, rule]) * shares[i] for i in range(n))
        solver.addConstr(holding >= float(example.least[rule]))
    solver.run()
    return float(solver.getObjectiveValue())


def any_picks(file: npt.NDArray[np.int32], seed: int) -> Ints:
    """A column of each file."""
    rng = np.random.default_rng(seed)
    return np.array([rng.choice(np.flatnonzero(file == f)) for f in range(N_FILES)])


@pytest.mark.parametrize("seed", range(12))
def test_value_and_shares_are_those_of_the_plain_program(seed: int) -> None:
    """Whichever columns are the bases."""
    example = drawn(seed)
    columns = example.columns
    layout = Layout.of(columns, any_picks(columns.file, seed), np.ones(columns.file.size, dtype=np.bool_))
    solver = run(example.program(layout))
    value = solver.getObjectiveValue() + columns.cost[layout.pick].sum()
    assert value == pytest.approx(plain(example), rel=1e-7)
    x = np.asarray(solver.getSolution().col_value)
    share = layout.shares(x[: layout.inside.size], columns.file.size)
    np.testing.assert_allclose(np.bincount(columns.file, share), 1.0, rtol=1e-9)
    paid = np.maximum(0.0, share @ columns.use - example.limit) @ example.high
    assert share @ columns.cost + paid == pytest.approx(value, rel=1e-7)


@pytest.mark.parametrize("seed", range(12))
def test_an_optimal_basis_is_optimal_with_other_bases(seed: int) -> None:
    """Carried over to the same problem with other columns as bases, it needs no further iteration."""
    example = drawn(seed)
    columns, everything = example.columns, np.ones(example.columns.file.size, dtype=np.bool_)
    names = np.arange(columns.file.size)
    first = Layout.of(columns, any_picks(columns.file, seed), everything)
    solver = run(example.program(first))
    assert solver.getInfo().simplex_iteration_count > 0
    basis = Basis.of(solver.getBasis(), first, names, N_LIMITS, example.shape)
    for other in range(3):
        layout = Layout.of(columns, any_picks(columns.file, 100 + other), everything)
        again = run(example.program(layout), basis.carried(layout, names, example.shape))
        assert again.getInfo().simplex_iteration_count == 0
        value = again.getObjectiveValue() + columns.cost[layout.pick].sum()
        assert value == pytest.approx(solver.getObjectiveValue() + columns.cost[first.pick].sum(), rel=1e-9)
