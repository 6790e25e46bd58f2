"""A hundred drawn instances against their exact optimum; `python -m tests.oracle.many` runs 2,000."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cdnplan.optimize.fast.fast import solve_fast
from tests.instances import FAMILIES, check_instance
from tests.limits import with_limits
from tests.oracle import many
from tests.oracle.drawn import EDGES, draw
from tests.oracle.many import compare_many, found_wrong

NUMBERS = range(100)


def test_bound_optimum_plan_and_judge_agree(capsys: pytest.CaptureFixture[str]) -> None:
    results = compare_many(1, NUMBERS)
    assert [r for r in results if r.wrong] == []
    assert many.main(["--instances", "3", "--families"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[1].split()[:2] == ["all", "3"]
    solved = [r.true for r in results if r.true is not None]
    assert len(solved) >= 90
    assert np.median(solved) <= 1e-6
    assert sum(r.missed for r in results) <= 1


def test_every_family_kind_and_edge_is_drawn() -> None:
    seen = Counter(name for number in NUMBERS for name in draw(1, number).families)
    kinds = {"sparse demand", "dense demand", "shared rows", "own rows", "several slices"}
    for name in FAMILIES | kinds:
        assert seen[name] >= 10, name
    assert {f"edge: {name}" for name in EDGES} <= set(seen)
    for number in NUMBERS:
        check_instance(draw(1, number).instance)


def test_what_is_wrong_is_found() -> None:
    """A bound too high, a plan too cheap and a broken limit would not go unseen."""
    from cdnplan.evaluate.verdict.verdict import evaluate

    instance = draw(1, 0).instance
    outcome = solve_fast(instance)
    served, origin = outcome.serving.candidate_gb(instance), outcome.serving.origin_gb(instance)
    verdict = evaluate(instance, outcome.placement, served, origin, outcome.prices)
    low = high = outcome.upper
    assert list(found_wrong(outcome, verdict, low, high)) == []
    assert len(list(found_wrong(replace(outcome, lower=1.1 * high), verdict, low, high))) == 1
    assert len(list(found_wrong(outcome, replace(verdict, bound=None), low, high))) == 1
    assert len(list(found_wrong(replace(outcome, upper=0.9 * low), verdict, low, high))) == 2
    less = with_limits(instance, storage_gb=np.zeros(instance.n_pools))
    broken = evaluate(less, outcome.placement, served, origin)
    assert any("breaks a limit" in text for text in found_wrong(outcome, broken, low, high))


def test_a_log_is_gone_on_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "many.jsonl"
    assert compare_many(1, range(5), log, time_limit_s=0.0) == []
    first = compare_many(1, range(3), log)
    monkeypatch.setattr(many, "compare", lambda drawn: many.Compared(drawn.label, ("new",)))
    both = compare_many(1, range(4), log)
    assert both[:3] == first
    assert both[3].families == ("new",)
