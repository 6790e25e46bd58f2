"""When the fast engine betters a plan, and when it leaves that be."""

from __future__ import annotations

import pytest

from cdnplan.optimize import fast
from cdnplan.optimize.local_search import LocalSearch
from cdnplan.optimize.outcome import Stop
from tests.instances import random_instance


def calls(monkeypatch: pytest.MonkeyPatch, stop: Stop) -> set[str]:
    """Which means of bettering a run took."""
    taken: set[str] = set()
    for name in ("improve", "greedy"):
        method = getattr(LocalSearch, name)

        def noted(self: LocalSearch, *args: object, name: str = name, method: object = method) -> object:
            taken.add(name)
            return method(self, *args)  # type: ignore[operator]

        monkeypatch.setattr(LocalSearch, name, noted)
    fast.solve_fast(random_instance(1, n_regions=12, n_files=40, n_pools=8), stop=stop)
    monkeypatch.undo()
    return taken


def test_a_plan_that_reaches_the_gap_asked_for_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert calls(monkeypatch, Stop(gap_ratio=0.9)) == set()
    assert calls(monkeypatch, Stop(gap_ratio=0.0)) == {"improve", "greedy"}


def test_greedy_placement_is_left_out_where_it_takes_long_and_little_is_to_gain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fast, "ONE_THREAD_UP_TO", 0)
    monkeypatch.setattr(fast, "FAR", 1e9)
    monkeypatch.setattr(fast, "WORTH_IMPROVING", 0.9)
    with monkeypatch.context() as inner:
        assert calls(inner, Stop(gap_ratio=0.0)) == {"improve"}
    monkeypatch.setattr(fast, "WORTH_IMPROVING", 1e-9)
    with monkeypatch.context() as inner:
        assert calls(inner, Stop(gap_ratio=0.0)) == {"improve", "greedy"}
