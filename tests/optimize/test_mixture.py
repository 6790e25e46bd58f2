"""Programs that begin where others ended, and the gap that columns are measured by."""

from __future__ import annotations

import numpy as np
import pytest

from cdnplan.optimize.lp.highs import BASIC, LOWER
from cdnplan.optimize.lp.mixture import Ended, Mixture
from cdnplan.optimize.round.diving import dive
from cdnplan.parameters.parameters import DEFAULTS
from tests.instances import random_instance
from tests.optimize.test_rounding import rounding_of

FAMILIES = frozenset({"storage", "throughput", "links", "fill", "launches"})


def optimum(mixture: Mixture) -> tuple[float, int]:
    """Cost of a mixture, and how many steps it took to solve it."""
    program = mixture.program()
    info = program.getInfo()
    return info.objective_function_value * mixture.unit, info.simplex_iteration_count


@pytest.mark.parametrize("seed", range(4))
def test_where_it_begins_does_not_change_the_optimum(seed: int) -> None:
    """From where a program of other columns and another serving ended."""
    inst = random_instance(seed, n_regions=6, n_files=80, n_pools=5, families=FAMILIES)
    rounding, plan, found = rounding_of(inst)
    gap = plan.cost - found.bound
    for reach, other in ((0.05, 0.5), (0.5, 0.05), (0.5, 5.0)):
        at = rounding._model(plan, gap, other, plan.serving)
        expected, _ = optimum(at.mixed())
        rounding._ended = None
        rounding._with_mixture(rounding._model(plan, gap, reach, None))
        again, steps = optimum(rounding._with_mixture(at).mixed())
        assert again == pytest.approx(expected, rel=1e-7)
        assert steps == 0, "all programs of a mixture that was solved begin at its optimum"


def test_beginning_elsewhere_saves_steps() -> None:
    begun = from_nothing = 0
    for seed in range(4):
        inst = random_instance(seed, n_regions=6, n_files=80, n_pools=5, families=frozenset({"storage"}))
        rounding, plan, found = rounding_of(inst)
        at = rounding._model(plan, plan.cost - found.bound, 0.5, plan.serving)
        from_nothing += optimum(at.mixed())[1]
        rounding._with_mixture(rounding._model(plan, plan.cost - found.bound, 0.4, None))
        assert rounding._ended is not None
        mixture = at.mixed()
        mixture._basis = rounding._ended.on(rounding._names(at))
        begun += optimum(mixture)[1]
    assert begun < 0.5 * from_nothing


def test_a_program_that_a_basis_does_not_fit_is_solved_all_the_same() -> None:
    """Anything may be basic where a program begins: a basis is where to look first, and no more."""
    inst = random_instance(2, n_regions=6, n_files=60, n_pools=5, families=frozenset({"storage"}))
    rounding, plan, found = rounding_of(inst)
    at = rounding._model(plan, plan.cost - found.bound, 0.5, plan.serving)
    expected, _ = optimum(at.mixed())
    names = rounding._names(at)
    for status in (LOWER, BASIC):
        nonsense = Ended(
            np.full(names.n_columns, status), np.full(names.n_limits, status), np.full(60, status),
            np.full(names.n_limits, status),
        )  # fmt: skip
        mixture = at.mixed()
        ended = mixture.begin_from(nonsense, names)
        assert optimum(mixture)[0] == pytest.approx(expected, rel=1e-7)
        assert ended is not None
        assert (ended.column == BASIC).any()


def test_a_dive_of_all_files_decides_each_once_in_any_order() -> None:
    inst = random_instance(2, n_regions=6, n_files=60, n_pools=5, families=frozenset({"storage"}))
    rounding, plan, found = rounding_of(inst)
    at = rounding._with_mixture(rounding._model(plan, plan.cost - found.bound, 0.5, plan.serving))
    for order in (np.arange(60), np.arange(60)[::-1], np.random.default_rng(0).permutation(60)):
        choice = dive(at.columns, at.rows, at.choice, order, at.mixture)
        assert at.columns.file[choice].tolist() == list(range(60))
    few = np.array([7, 3, 50])
    choice = dive(at.columns, at.rows, at.choice, few)
    assert set(np.flatnonzero(choice != at.choice)) <= set(few.tolist())


def test_a_wide_gap_is_not_the_columns() -> None:
    """Columns are measured by a part of a wide gap, by all of a narrow one."""
    inst = random_instance(2, n_regions=6, n_files=60, n_pools=5, families=frozenset({"storage"}))
    rounding, plan, _ = rounding_of(inst)
    assert rounding._expected(plan.cost, plan.cost - 9.0) == pytest.approx(9.0), "no gap is wide by default"
    rounding._good = 2.0
    for gap, expected in ((90.0, 90.0 / DEFAULTS.rounding.closing), (3.0, 2.0), (1.0, 1.0)):
        assert rounding._expected(100.0, 100.0 - gap) == pytest.approx(expected)
