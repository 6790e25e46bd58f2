"""The fast engine on many small instances, against their exact optimum.

    python -m tests.oracle.many [--instances N] [--seed S] [--from NUMBER] [--time-limit S] [--log FILE]
                                [--families]

Bound ≤ optimum ≤ plan, the judge finds nothing wrong, and engine and judge count the same cost: every
exception is listed, and then the exit code is 1. The optimum is the exact engine's, as the interval it
proves; where few decisions are open, every placement is tried besides. Gaps are certified (judge's bound
to plan) and true (optimum to plan), in `gap_ratio`; the table has median, 90th percentile and worst.

With ``--log`` each result is added to a file as it comes, and results that are there are not computed again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from cdnplan.cli.terminal.tables import print_table
from cdnplan.errors import NoFeasiblePlanError
from cdnplan.evaluate.count.cost import gap_ratio, ideal_cost
from cdnplan.evaluate.verdict.verdict import Verdict, evaluate
from cdnplan.model.instance.instance import Instance
from cdnplan.optimize.exact.exact import solve_exact
from cdnplan.optimize.fast.fast import solve_fast
from cdnplan.optimize.problem.outcome import Outcome
from tests.oracle.brute_force import brute_force, free_decisions
from tests.oracle.drawn import Drawn, draw

TRY_ALL_UP_TO = 6
"""Open decisions up to which every placement is tried."""
TOLERANCE = 1e-7
"""Part of a cost that floats and solvers' tolerances explain."""
CRASHES = (ArithmeticError, AssertionError, LookupError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True)
class Compared:
    """What came of one instance.

    Parameters
    ----------
    label : str
    families : tuple of str
    wrong : tuple of str
        One clause for everything that must not be.
    certified, true : float or None
        Gaps in `gap_ratio`; None without a plan.
    missed : bool
        There is a plan, but the fast engine found no room for the launches: allowed, and counted.
    seconds : float
        Of the fast engine.
    """

    label: str
    families: tuple[str, ...]
    wrong: tuple[str, ...] = ()
    certified: float | None = None
    true: float | None = None
    missed: bool = False
    seconds: float = 0.0


def compare(drawn: Drawn) -> Compared:
    """Solve an instance by all means there are, and compare.

    Parameters
    ----------
    drawn : Drawn

    Returns
    -------
    Compared
    """
    instance = drawn.instance
    begun = time.perf_counter()
    try:
        outcome: Outcome | None = solve_fast(instance)
    except NoFeasiblePlanError:
        outcome = None
    except CRASHES as error:
        return Compared(drawn.label, drawn.families, (f"crash: {type(error).__name__}: {error}",))
    seconds = time.perf_counter() - begun
    best = optimum_between(instance)
    if best is None or outcome is None:
        wrong = []
        if best is None and outcome is not None:
            wrong.append("a plan where there is none")
        if best is not None and outcome is None and instance.n_launches == 0:
            wrong.append("no plan where there is one")
        missed = best is not None and outcome is None
        return Compared(drawn.label, drawn.families, tuple(wrong), missed=missed, seconds=seconds)
    verdict = evaluate(
        instance,
        outcome.placement,
        outcome.serving.candidate_gb(instance),
        outcome.serving.origin_gb(instance),
        outcome.prices,
        proof=outcome.proof,
    )
    return Compared(
        drawn.label,
        drawn.families,
        tuple(found_wrong(outcome, verdict, *best)),
        verdict.gap_ratio,
        gap_ratio(outcome.upper, min(best[1], outcome.upper), ideal_cost(instance)),
        seconds=seconds,
    )


def optimum_between(instance: Instance) -> tuple[float, float] | None:
    """Two numbers that the cost of the best plan lies between, None where no plan exists.

    Raises
    ------
    AssertionError
        The exact engine and exhaustive search disagree.
    """
    try:
        exact = solve_exact(instance)
        found = (exact.lower, exact.upper)
    except NoFeasiblePlanError:
        found = None
    if free_decisions(instance).sum() > TRY_ALL_UP_TO:
        return found
    cost = brute_force(instance)
    if (cost is None) != (found is None):
        raise AssertionError(f"every placement tried: {cost}; the exact engine: {found}")
    if cost is None or found is None:
        return None
    low, high = found
    if cost < low - TOLERANCE * abs(cost) or cost > high + TOLERANCE * abs(cost):
        raise AssertionError(f"every placement tried: {cost!r}; the exact engine: {low!r} to {high!r}")
    return found


def found_wrong(outcome: Outcome, verdict: Verdict, low: float, high: float) -> Iterator[str]:
    """Everything that must not be, in words."""
    cost = outcome.upper
    for name, bound in (("engine's bound", outcome.lower), ("judge's bound", verdict.bound)):
        if bound is None or bound > high + TOLERANCE * abs(high):
            yield f"{name} {bound!r} above the optimum {high!r}"
    if cost < low - TOLERANCE * abs(low):
        yield f"plan {cost!r} below the optimum {low!r}"
    if abs(verdict.cost.total - cost) > TOLERANCE * abs(cost):
        yield f"cost {cost!r}, but the judge counts {verdict.cost.total!r}"
    yield from (f"the plan breaks a limit: {violation}" for violation in verdict.violations)


def compare_many(
    seed: int, numbers: Sequence[int], log: Path | None = None, time_limit_s: float | None = None
) -> list[Compared]:
    """Compare instances by number.

    Parameters
    ----------
    seed : int
    numbers : sequence of int
    log : Path or None
        Results are read from and added to this file.
    time_limit_s : float or None
        No instance is begun after so long.

    Returns
    -------
    list of Compared
    """
    known = _logged(log)
    results: list[Compared] = []
    begun = time.perf_counter()
    for number in numbers:
        label = f"{seed}:{number}"
        if label not in known:
            if time_limit_s is not None and time.perf_counter() - begun > time_limit_s:
                break
            known[label] = compare(draw(seed, number))
            if log is not None:
                with log.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(known[label])) + "\n")
        results.append(known[label])
    return results


def _logged(log: Path | None) -> dict[str, Compared]:
    if log is None or not log.exists():
        return {}
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return {
        row["label"]: Compared(**{**row, "families": tuple(row["families"]), "wrong": tuple(row["wrong"])})
        for row in rows
    }


COLUMNS = (
    "instances", "count", "no_plan", "missed", "wrong", "optimal", "certified_median", "certified_90",
    "certified_worst", "true_median", "true_90", "true_worst",
)  # fmt: skip


def table(results: Sequence[Compared], *, families: bool) -> list[list[object]]:
    """Rows of `COLUMNS`: all instances, those not at an edge, then family by family."""
    rows = [_row("all", results)]
    if families:
        rows.append(_row("not at an edge", [r for r in results if not _at_edge(r)]))
        names = sorted({name for r in results for name in r.families}, key=lambda n: (n[:5] == "edge:", n))
        rows += [_row(name, [r for r in results if name in r.families]) for name in names]
    return rows


def _at_edge(result: Compared) -> bool:
    return any(name.startswith("edge:") for name in result.families)


def _row(name: str, results: Sequence[Compared]) -> list[object]:
    certified, true = (
        np.array([getattr(r, kind) for r in results if getattr(r, kind) is not None], dtype=np.float64)
        for kind in ("certified", "true")
    )
    counts = [
        len(results),
        sum(r.true is None and not r.missed for r in results),
        sum(r.missed for r in results),
        sum(bool(r.wrong) for r in results),
        int((true <= TOLERANCE).sum()),
    ]
    gaps = [
        f"{float(np.quantile(values, q)):.3%}" if values.size else ""
        for values in (certified, true)
        for q in (0.5, 0.9, 1.0)
    ]
    return [name, *counts, *gaps]


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.many", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--instances", type=int, default=2000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="NUMBER")
    parser.add_argument("--time-limit", type=float, metavar="S", help="begin no instance after so long")
    parser.add_argument("--log", type=Path, metavar="FILE", help="add results here, and go on from there")
    parser.add_argument("--families", action="store_true", help="one row for each family besides")
    given = parser.parse_args(arguments)
    numbers = range(given.first, given.first + given.instances)
    results = compare_many(given.seed, numbers, given.log, given.time_limit)
    print_table(COLUMNS, table(results, families=given.families))
    if len(results) < len(numbers):
        print(f"time was up after {len(results):,} of {len(numbers):,} instances", file=sys.stderr)
    for result in sorted(results, key=lambda r: -(r.true or 0.0))[:5]:
        print(f"worst: {result.label}, true gap {result.true or 0.0:.3%}: {', '.join(result.families)}")
    wrong = [r for r in results if r.wrong]
    for result in wrong:
        print(f"WRONG {result.label}: {'; '.join(result.wrong)}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
