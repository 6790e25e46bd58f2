"""The harness of `make bench` on tiny cases: processes, methods, tables, documents, command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from benchmarks.documents import DOCUMENT, all_tables, fill, machine_table
from benchmarks.growth import growth_table
from benchmarks.highs_lp import solve_lp, solve_mip
from benchmarks.methods import METHODS, Options, measured
from benchmarks.process_answers import answer, dying, endless, refusing
from benchmarks.processes import LostProcessError, OutOfTimeError, in_own_process
from benchmarks.results import Result, Run, Sizes, read_run, write_run
from benchmarks.run import compare, main
from benchmarks.tables import Column, Table, highs_table, methods_table, seeds_table
from benchmarks.traces import Trace, gap_ratio, seconds_to
from cdnplan.errors import CdnplanError, InputError
from tests.conftest import ROOT
from tests.instances import random_instance

T = TypeVar("T")
TINY = partial(
    random_instance, 7, n_regions=3, n_files=5, n_pools=4, families=frozenset({"storage", "throughput"})
)
QUICK = Options(time_limit_s=5.0, limit_s=10.0)


def one(name: str) -> Result:
    """A method on the tiny instance, in this process."""
    return measured(lambda: None, name, "tiny", 1, TINY, QUICK)


@pytest.fixture(scope="module")
def tiny_run() -> Run:
    return Run(tuple(one(name) for name in METHODS), {"cores": 2})


def test_every_method_on_a_tiny_instance(tiny_run: Run) -> None:
    by_method = {result.method: result for result in tiny_run.results}
    assert list(by_method) == list(METHODS)
    optimum = by_method["exact"].cost
    assert optimum is not None
    assert by_method["exact"].gap == pytest.approx(0, abs=1e-6)
    assert by_method["mip"].cost == pytest.approx(optimum)
    for name in ("fast", "greedy", "popularity", "knapsack"):
        result = by_method[name]
        assert result.cost is not None
        assert result.cost >= optimum * (1 - 1e-6)
        assert result.offload_byte_ratio is not None
        assert 0 <= result.offload_byte_ratio <= 1
        assert result.lower is None or result.lower <= optimum * (1 + 1e-6)
    assert by_method["lp"].value == pytest.approx(by_method["lp-ipm"].value)
    assert by_method["lp"].lower <= optimum * (1 + 1e-6)
    assert by_method["lp-pdlp"].lower is None, "a loose answer proves nothing"
    for result in tiny_run.results:
        assert result.seconds is not None
        assert result.peak_memory_gb >= result.read_memory_gb > 0
        assert result.sizes is not None
        assert result.sizes.regions == 3


@pytest.mark.parametrize("seed", range(12))
def test_highs_from_arrays_agrees_with_the_exact_engine(seed: int) -> None:
    from cdnplan.errors import NoFeasiblePlanError
    from cdnplan.optimize.exact.exact import solve_exact
    from cdnplan.optimize.problem.objective import ideal_cost

    instance = random_instance(seed, n_files=4)
    ideal = ideal_cost(instance)
    mip = solve_mip(instance, 10.0, 1, Trace(ideal))
    try:
        optimum = solve_exact(instance).upper - ideal
    except NoFeasiblePlanError:
        assert mip.holds is None
        return
    assert mip.status == "Optimal"
    assert mip.value == pytest.approx(optimum, rel=1e-5, abs=1e-6)
    relaxed = solve_lp(instance, "choose", 10.0, 1)
    assert relaxed.value is not None
    assert relaxed.value <= optimum * (1 + 1e-6) + 1e-6


def test_each_method_has_a_process_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    [result] = compare("tiny", 3, TINY, ["popularity"], QUICK)
    assert result.key == ("tiny", 3, "popularity")
    assert result.cost is not None
    assert result.cost >= 0
    assert "tiny:3: popularity" in capsys.readouterr().err


def test_a_method_that_is_too_large_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "mip", replace(METHODS["mip"], up_to=1))
    result = one("mip")
    assert result.cost is None
    assert result.note.startswith("not tried: ")


def test_own_process() -> None:
    number, pid = in_own_process(answer, 5)
    assert number == 5
    assert pid != os.getpid()


def test_processes_that_give_no_answer() -> None:
    with pytest.raises(OutOfTimeError, match=r"not finished in 0\.1 s"):
        in_own_process(endless, limit_s=0.1)
    with pytest.raises(CdnplanError, match="not like this"):
        in_own_process(refusing)
    with pytest.raises(LostProcessError, match="ended with code 7"):
        in_own_process(dying)


def test_a_process_ends_with_the_one_that_began_it(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    code = (
        "import sys; from pathlib import Path; from benchmarks.process_answers import telling; "
        "from benchmarks.processes import in_own_process; in_own_process(telling, Path(sys.argv[1]))"
    )
    runner = subprocess.Popen([sys.executable, "-c", code, str(told)], cwd=ROOT)
    pid = int(_soon(lambda: told.exists() and told.read_text(encoding="utf-8")))
    runner.kill()
    runner.wait()
    assert _soon(lambda: not _runs(pid))


def _soon(found: Callable[[], T]) -> T:
    """What is found once there is something; within half a minute."""
    for _ in range(600):
        if value := found():
            return value
        time.sleep(0.05)
    raise AssertionError("nothing came")


def _runs(pid: int) -> bool:
    """Whether a process is there, and not only its exit code."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    told = Path(f"/proc/{pid}/stat")
    # Where nobody waits for orphans, they stay as zombies.
    return not told.exists() or told.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"


def test_trace_keeps_the_best_of_both() -> None:
    seconds = iter([0.0, 1.0, 2.0, 3.0, 4.0])
    trace = Trace(ideal=100.0, clock=lambda: next(seconds))
    for lower, upper in ((None, 300.0), (150.0, None), (120.0, 200.0), (190.0, 250.0), (190.0, 200.0)):
        trace("any", 0.0, lower, upper)
    assert trace.points == [(1.0, 0.75), (2.0, 0.5), (3.0, pytest.approx(0.1))]
    assert seconds_to(trace.points, 0.5) == 2.0
    assert seconds_to(trace.points, 0.05) is None
    assert gap_ratio(0.0, -1.0) == 0.0


SIZES = Sizes(3, 4, 5, 1, 0, 9, 12, 30)


def result(instance: str, seed: int, method: str = "fast", **more: object) -> Result:
    return Result(instance, seed, method, SIZES, **more)  # type: ignore[arg-type]


def cells(table: Table, heading: str) -> list[str]:
    column = [c.heading for c in table.columns].index(heading)
    return [row[column] for row in table.cells()]


def test_worst_seed_first() -> None:
    run = Run(
        (
            result("a", 1, cost=100.0, lower=99.0, trace=[(1.0, 0.02), (4.0, 0.01)]),
            result("a", 2, cost=100.0, lower=95.0),
            result("a", 3, note="no room"),
            result("b", 1, cost=100.0, lower=99.5),
        )
    )
    table = seeds_table(run)
    assert cells(table, "seed") == ["3", "2", "1", "1"]
    assert cells(table, "gap") == ["–", "5.00%", "1.00%", "0.50%"]
    assert cells(table, "s to 1%") == ["–", "–", "4.00", "–"]


def test_methods_are_held_to_the_best_bound() -> None:
    run = Run(
        (
            result("a", 1, cost=110.0, lower=90.0, seconds=2.0, trace=[(0.5, 0.01)]),
            result("a", 1, "popularity", cost=220.0, seconds=1.0),
            result(
                "a", 1, "lp", lower=100.0, value=100.0, phases={"build": 1.0, "solve": 50.0}, note="Optimal"
            ),
            result("a", 1, "lp-ipm", phases={"build": 1.0, "solve": 30.0}, note="Time limit reached"),
            result("a", 1, "mip", note="not finished in 30 s"),
            result("b", 1, cost=1.0, lower=1.0),
        )
    )
    table = methods_table(run)
    assert cells(table, "method") == ["fast", "popularity"]
    assert cells(table, "gap") == ["9.09%", "54.55%"]
    assert cells(table, "× fast's cost") == ["1", "2"]
    against = highs_table(run)
    assert cells(against, "HiGHS") == ["lp", "lp-ipm", "mip"]
    assert cells(against, "solve / fast to 1%") == ["100", "> 60", "–"]


def test_growth() -> None:
    run = Run(
        (
            result("world", 1, seconds=100.0, peak_memory_gb=2.0, trace=[(50.0, 0.005)]),
            result("world-titles2", 1, seconds=190.0, peak_memory_gb=3.0, trace=[(100.0, 0.004)]),
            result("world-titles2", 2, seconds=190.0),
        )
    )
    table = growth_table(run)
    assert cells(table, "twice the") == ["titles"]
    assert cells(table, "time") == ["1.9"]
    assert cells(table, "time to 0.5%") == ["2"]
    assert cells(table, "memory") == ["1.5"]


def test_results_are_kept_and_replaced(tmp_path: Path, tiny_run: Run) -> None:
    path = tmp_path / "results.json"
    write_run(tiny_run, path)
    assert read_run(path) == tiny_run
    newer = replace(tiny_run.results[0], cost=1.0)
    merged = read_run(path).with_results([newer, result("other", 1)])
    assert len(merged.results) == len(tiny_run.results) + 1
    assert merged.find("tiny", 1, "fast") == newer


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 99}', '{"format": 1, "results": [{}], "about": {}}'])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"results\.json"):
        read_run(path)


def test_tables_of_the_document(tiny_run: Run) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    growing = Run((result("world", 1, seconds=1.0), result("world-titles2", 1, seconds=2.0)))
    tables = [machine_table(tiny_run), *all_tables(tiny_run)[:-1], growth_table(growing)]
    filled = fill(text, tables)
    assert fill(filled, tables) == filled, "filling again changes nothing"
    for table in tables:
        assert table.markdown() in filled
    assert "| tiny |" in filled
    kept = filled.split("<!-- table: machine -->")[1]
    assert kept.split("<!-- table: instances -->")[0].count("cores") == 1


def test_markers_that_fit_no_table() -> None:
    table = Table("seeds", (Column("a"),), [["x"]])
    with pytest.raises(InputError, match=r"no table 'sedes'; .*'seeds'"):
        fill("<!-- table: sedes -->\n<!-- end of table -->\n", [table])
    twice = "<!-- table: seeds -->\n<!-- end of table -->\n" * 2
    with pytest.raises(InputError, match="found 2 places for table 'seeds'"):
        fill(twice, [table])


def test_markdown() -> None:
    columns = (Column("what"), Column("share", "percent"), Column("n", "count"))
    table = Table("t", columns, [["a|b", 0.5, 1234], ["c", None, 1]])
    assert table.markdown() == (
        "| what | share | n |\n|---|---|---|\n| a\\|b | 50.00% | 1,234 |\n| c | – | 1 |\n"
    )


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "results.json"
    arguments = ["--only", "sample:2", "--methods", "popularity", "--threads", "1", "--json", str(path)]
    assert main(arguments) == 0
    [kept] = json.loads(path.read_text(encoding="utf-8"))["results"]
    assert (kept["instance"], kept["seed"], kept["method"]) == ("sample", 2, "popularity")
    assert kept["sizes"]["regions"] == 14
    assert kept["cost"] > 0
    assert "popularity" in capsys.readouterr().out


def test_mistakes_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "sampel,country:0"]) == 2
    errors = capsys.readouterr().err
    assert "no instance 'sampel'; did you mean 'sample'?" in errors
    assert "found seed '0'" in errors
    assert main(["--only", "sample", "--methods", "fats"]) == 2
    assert "did you mean 'fast'?" in capsys.readouterr().err
    assert main(["--write-docs", "--json", str(tmp_path / "none.json")]) == 2
    assert "no such file" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--write-docs"])
    assert "needs --json" in capsys.readouterr().err
