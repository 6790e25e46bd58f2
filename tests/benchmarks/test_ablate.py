"""Plans without a part: switched off in truth, compared with the whole, and only where it was at work."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.ablate import DOCS, MORE, WHOLE, Ablated, ablated, main, table
from benchmarks.documents import fill
from benchmarks.instances import choose
from cdnplan.errors import InputError
from cdnplan.optimize.fast.fast import solve_fast
from cdnplan.optimize.problem.outcome import Stop
from cdnplan.parameters.parameters import Parameters
from cdnplan.parameters.parts import Parts
from tests.optimize.test_closing import large_file


def test_only_parts_at_work_are_left_out(tmp_path: Path) -> None:
    """The sample has no thousands of files: no passes over samples of them. Its bound is the master's."""
    results = {
        one.part: one for one in ablated(lambda: None, choose("sample:1")[0], tmp_path, ["samples", "master"])
    }
    assert results.keys() == {WHOLE, "master"}
    whole, without = results[WHOLE], results["master"]
    assert whole.cost is not None and whole.lower is not None and without.lower is not None
    assert without.lower < whole.lower - 0.01 * whole.cost
    assert whole.lower <= whole.cost


def test_tight_networks_are_planned_for_a_second_week(tmp_path: Path) -> None:
    """The week after begins with what is held, so that staying is tried."""
    chosen = choose("tight-again:1", more=MORE)[0]
    results = [one.part for one in ablated(lambda: None, chosen, tmp_path, ["staying", "samples"])]
    assert results == [WHOLE, "staying"]


@pytest.mark.parametrize(("part", "phase"), [("cuts", "cut"), ("tree", "tree"), ("rounding", "round")])
def test_a_part_that_is_off_is_not_entered(part: str, phase: str) -> None:
    instance, stop, entered = large_file(5), Stop(gap_ratio=1e-6), set[str]()

    def noted(phase: str, done: float, lower: float | None, upper: float | None) -> None:
        entered.add(phase)

    solve_fast(instance, stop=stop, progress=noted)
    assert phase in entered, "never at work, so nothing is tested"
    entered.clear()
    solve_fast(instance, stop=stop, progress=noted, parameters=Parameters(parts=Parts.without(part)))
    assert entered
    assert phase not in entered


def test_the_table_says_what_is_worse_without() -> None:
    results = [
        Ablated("sample", 1, WHOLE, 90.0, 100.0, 2.0),
        Ablated("sample", 1, "master", 80.0, 110.0, 1.0),
        Ablated("sample", 1, "cuts", None, None, 1.0),
        Ablated("sample", 2, WHOLE, None, None, 1.0),
        Ablated("sample", 2, "cuts", None, None, 1.0),
    ]
    rows = {row[0]: row[1:] for row in table(results).rows}
    assert rows["master"] == ["+10.00%", "+10.00%", "0.50 ×"]
    assert rows["cuts"][1] == "1 without plan"
    assert rows["tree"] == ["–", "–", "–"]
    assert "+10.00%" in fill(DOCS.read_text(encoding="utf-8"), [table(results)])


def test_unknown_parts_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--parts", "mastr"]) == 2
    assert "did you mean 'master'" in capsys.readouterr().err
    with pytest.raises(InputError, match="no part 'mastr'"):
        Parts.without("mastr")
