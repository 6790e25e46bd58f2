"""The master program: what it solves of the files in doubt is the solution for all files."""

from __future__ import annotations

from dataclasses import replace

import highspy
import numpy as np
import pytest

from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.lp.highs import QuietHighs
from cdnplan.optimize.master.file_columns import Columns as FileColumns
from cdnplan.optimize.master.file_columns import columns_of, solve_exactly
from cdnplan.optimize.master.master import Master, Mixed
from cdnplan.optimize.place.local_search import LocalSearch
from cdnplan.optimize.problem.columns import Columns
from cdnplan.optimize.problem.limits import LimitVector
from cdnplan.optimize.problem.objective import ideal_cost
from cdnplan.parameters.closing import MasterParameters
from cdnplan.parameters.parameters import DEFAULTS
from tests.instances import random_instance

FAMILIES = frozenset({"storage", "throughput", "links", "launches"})


def offers(inst: Instance, seed: int) -> list[FileColumns]:
    """Columns in three batches: a placement, and the files' optima under prices drawn at random."""
    solver, rng = FileSolver.of(inst), np.random.default_rng(seed)
    files = np.arange(inst.n_files, dtype=np.int32)
    local = LocalSearch(inst, Columns.of(inst))
    start = np.ascontiguousarray(
        local.improve(inst.pinned.copy(), Prices.zero(inst), 1, lambda: False).holds.T
    )
    found = [columns_of(solver, Prices.zero(inst), files, start, from_origin=True)]
    scale = inst.file_gb().sum() * inst.origin_cost.max() / inst.storage_gb.sum()
    for _ in range(2):
        prices = Prices.zero(inst)
        prices.volume[: inst.n_pools] = scale * rng.random(inst.n_pools)
        found.append(columns_of(solver, prices, files, solve_exactly(solver, prices).holds))
    return found


def solved(
    inst: Instance, batches: list[FileColumns], parameters: MasterParameters = DEFAULTS.master
) -> list[Mixed]:
    """A master after each batch, without a box."""
    limits = LimitVector.of(inst)
    solve = Master(inst, limits, Prices.zero(inst), ideal_cost(inst), parameters)
    low, high = np.zeros(limits.limit.size), np.where(np.isinf(limits.cap), 1e9, limits.cap)
    columns, mixed = batches[0], []
    for k, batch in enumerate(batches):
        columns = batch if k == 0 else FileColumns.joined(columns, batch)
        mixed.append(solve.solve(columns, np.arange(columns.file.size), low, high))
    return mixed


@pytest.mark.parametrize("seed", range(12))
def test_files_left_out_change_nothing(seed: int) -> None:
    """Sifted from next to no files and columns, or all of them in the program from the start: one value."""
    inst = random_instance(seed, n_regions=5, n_files=60, n_pools=4, families=FAMILIES)
    batches = offers(inst, seed)
    few = MasterParameters(undecided=2, undecided_per_limit=0, nearest=1)
    sifted = solved(inst, batches, few)
    whole = solved(inst, batches, replace(few, undecided=inst.n_files))
    span = ideal_cost(inst)
    for one, other in zip(sifted, whole, strict=True):
        assert one.value == pytest.approx(other.value, abs=2 * few.exact_to * span)
        assert one.value >= other.value - 1e-7 * span


@pytest.mark.parametrize("seed", range(6))
def test_a_mixture_takes_every_file_whole_and_keeps_limits(seed: int) -> None:
    """Shares of a file's columns add up to 1, and nothing is bought where the box has no edge in reach."""
    inst = random_instance(seed, n_regions=5, n_files=60, n_pools=4, families=FAMILIES)
    batches = offers(inst, seed)
    mixed = solved(inst, batches, MasterParameters(undecided=3))[-1]
    columns = FileColumns.joined(FileColumns.joined(batches[0], batches[1]), batches[2])
    np.testing.assert_allclose(np.bincount(columns.file, mixed.share), 1.0, rtol=1e-7)
    limits = LimitVector.of(inst)
    use = mixed.share @ columns.use
    bounded = np.isinf(limits.cap) & np.isfinite(limits.limit) & ~mixed.boxed
    assert (use[bounded] <= limits.limit[bounded] * (1 + 1e-6) + 1e-9).all()
    assert (
        mixed.value == pytest.approx(float(mixed.share @ columns.cost), rel=1e-6)
        or (use > limits.limit * (1 + 1e-9)).any()
    )


def test_programs_that_end_without_an_optimum_are_solved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    inst = random_instance(2, n_regions=5, n_files=60, n_pools=4, families=FAMILIES)
    batches = offers(inst, 2)
    usual, run, stopped = solved(inst, batches), QuietHighs.run, set[int]()

    def first_one_stops_at_once(solver: QuietHighs) -> highspy.HighsStatus:
        first = id(solver) not in stopped
        stopped.add(id(solver))
        alive.append(solver)
        solver.setOptionValue("simplex_iteration_limit", 0 if first else 1_000_000)
        return run(solver)

    alive: list[QuietHighs] = []
    monkeypatch.setattr(QuietHighs, "run", first_one_stops_at_once)
    again = solved(inst, batches)
    assert len(alive) > len(stopped), "some were run again"
    for one, other in zip(again, usual, strict=True):
        assert one.value == pytest.approx(other.value, rel=1e-9)
