"""Sizing: answers equal those of trying every set; bounds hold for every set; rows say what they mean."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.optimize.lp.integer_program import Row
from cdnplan.parameters.parameters import Parameters
from cdnplan.parameters.questions import SizingParameters
from cdnplan.whatif.size.size import size
from cdnplan.whatif.size.sizing_master import Master
from cdnplan.whatif.size.sizing_search import Options, SizingSearch
from tests.whatif.sizing_cases import all_sets, by_trying, draw

SEEDS = (0, 1, 2, 5, 6, 9, 14, 17, 20, 55)
"""Every kind of goal, answers that cost something, two that no set reaches."""


@pytest.mark.parametrize("seed", SEEDS)
def test_answer_is_that_of_trying_every_set(seed: int) -> None:
    case = draw(seed)
    search = SizingSearch(case.problem(), Options(engine="exact"))
    found = search.search(case.sizing.goals)
    price, tried = by_trying(case)
    assert found.proven
    assert (np.inf if found.best is None else found.best.price) == pytest.approx(price, rel=1e-12)
    assert tried > 1 or price == 0.0
    if found.best is not None:
        assert found.best.reaches(case.sizing.goals)
        assert found.lower == pytest.approx(price)


@pytest.mark.parametrize(("seed", "linear"), [(5, True), (14, True), (9, False)])
def test_bounds_hold_for_every_set(seed: int, linear: bool) -> None:
    """No plan reaches more than a cut says that any plan could, whatever set the cut was made for."""
    sizing = SizingParameters() if linear else SizingParameters(linear_up_to=0)
    case = draw(seed)
    problem = case.problem()
    search = SizingSearch(problem, Options(engine="exact", parameters=Parameters(sizing=sizing)))
    search.search(case.sizing.goals)
    cuts = [(goal, cut) for goal in search.bounds for cut in search.bounds[goal].cuts]
    assert cuts
    nearest = np.inf
    for counts in all_sets(problem)[:24]:
        planned, units = search.plan(counts), search.relaxed.units(counts)
        for goal, cut in cuts:
            if planned.reached:
                raw = planned.value(goal).raw
                assert raw >= cut.bound(units) - 1e-6 * max(1.0, abs(raw))
                nearest = min(nearest, (raw - cut.bound(units)) / max(1.0, abs(raw)))
    # They are not only valid: somewhere one comes close to what a plan reaches.
    assert nearest < (0.2 if linear else 0.5)


def test_rows_rule_out_what_they_say() -> None:
    case = draw(0)
    problem = case.problem()
    relaxed = problem.relaxed()
    master = Master(problem, relaxed)
    ranges = [range(candidate.most + 1) for candidate in problem.sizing.candidates]
    sets = list(itertools.product(*ranges))

    def keeps(row: Row, counts: tuple[int, ...]) -> bool:
        value = float(row.coefficients @ relaxed.units(counts)[row.columns])
        return row.lower - 1e-9 <= value <= row.upper + 1e-9

    for one in sets[:: max(1, len(sets) // 7)]:
        for other in sets:
            less = all(b <= a for a, b in zip(one, other, strict=True))
            more = all(b >= a for a, b in zip(one, other, strict=True))
            assert keeps(master.not_this(one), other) == (other != one)
            assert keeps(master.more_than(one), other) == (not less)
            assert keeps(master.without_all_of(one), other) == (not more)


def test_runner_ups_are_other_ways_and_no_cheaper() -> None:
    case = draw(2)
    search = SizingSearch(case.problem(), Options(engine="exact"))
    best = search.search(case.sizing.goals).best
    assert best is not None
    others = [best]
    for _ in range(2):
        found = search.runner_up(case.sizing.goals, others)
        if found.best is None:
            break
        assert found.best.price >= others[-1].price - 1e-9
        assert found.best.reaches(case.sizing.goals)
        for other in others:
            assert not all(a >= b for a, b in zip(found.best.counts, other.counts, strict=True))
        others.append(found.best)
    assert len(others) > 1


def test_a_set_that_nothing_reaches_says_how_far_it_goes() -> None:
    case = draw(3)
    with pytest.raises(NoFeasiblePlanError, match="no set of additions") as raised:
        size(case.topology, case.catalog, case.demand, case.sizing, engine="exact")
    assert "wanted at most" in str(raised.value)
