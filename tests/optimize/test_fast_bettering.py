"""When the fast engine betters a plan, and when it leaves that be."""

from __future__ import annotations

import pytest

from cdnplan.optimize.fast import fast
from cdnplan.optimize.place.local_search import LocalSearch
from cdnplan.optimize.problem.outcome import Stop
from tests.instances import random_instance


def betters(monkeypatch: pytest.MonkeyPatch, stop: Stop) -> bool:
    """Whether a run chose pools anew."""
    taken: list[object] = []
    method = LocalSearch.improve

    def noted(self: LocalSearch, *args: object) -> object:
        taken.append(args)
        return method(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(LocalSearch, "improve", noted)
    fast.solve_fast(random_instance(1, n_regions=12, n_files=40, n_pools=8), stop=stop)
    monkeypatch.undo()
    return bool(taken)


def test_a_plan_that_reaches_the_gap_asked_for_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not betters(monkeypatch, Stop(gap_ratio=0.9))
    assert betters(monkeypatch, Stop(gap_ratio=0.0))
