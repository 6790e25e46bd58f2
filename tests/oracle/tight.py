"""Whole plans of small networks that are tight in several slices and time zones, by every engine.

    python -m tests.oracle.tight [--instances N] [--seed S] [--from NUMBER] [--engines fast,exact,auto]
                                 [--larger] [--one-night]

Each network of `tests.oracle.tight_networks` is planned by each engine, and planned again for the week after,
from what the first plan left on appliances. No command may crash, every plan is verified, no plan costs less
than any engine's bound says, and where one engine finds a plan for what appliances may hold, all do. In the
second week a pin may have no time to be fetched: plans that are refused there are counted, not wrong.
Every exception is listed, and then the exit code is 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from cdnplan.cli.terminal.tables import print_table
from cdnplan.errors import NoFeasiblePlanError
from cdnplan.evaluate.verify import verify
from cdnplan.optimize.engine import EngineName
from cdnplan.planner import PlanRequest, plan
from tests.oracle.many import CRASHES
from tests.oracle.tight_networks import LARGER, SMALL, Size, TightFiles, tight_network, write_tight_network

ENGINES: tuple[EngineName, ...] = ("fast", "exact", "auto")
TIME_LIMIT_S = 60.0
"""Of one plan of a larger network; small ones are proven optimal or searched through."""
TOLERANCE = 1e-7
"""Part of a cost that floats and solvers' tolerances explain."""


@dataclass
class Tally:
    """What came of the plans of one engine."""

    plans: int = 0
    refused: int = 0
    diverted: int = 0
    dearest: float = 0.0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def row(self, engine: str) -> list[object]:
        """A row of `COLUMNS`."""
        counts = [self.plans, self.refused, self.diverted, len(self.wrong)]
        return [engine, *counts, f"{self.dearest:.2%}", f"{self.seconds:.0f}"]


COLUMNS = ("engine", "plans", "refused", "diverted", "wrong", "dearest", "seconds")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.tight", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--instances", type=int, default=300, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="NUMBER")
    parser.add_argument("--engines", default=",".join(ENGINES), metavar="E,E")
    parser.add_argument("--larger", action="store_true", help="up to five sites and thirty files")
    parser.add_argument("--one-night", action="store_true", help="without the week after")
    given = parser.parse_args(arguments)
    engines = tuple(cast(EngineName, name) for name in given.engines.split(","))
    numbers = range(given.first, given.first + given.instances)
    size = LARGER if given.larger else SMALL
    tallies = plan_many(given.seed, numbers, engines, size, again=not given.one_night)
    print_table(COLUMNS, [tally.row(engine) for engine, tally in tallies.items()])
    wrong = [f"{engine} {problem}" for engine, tally in tallies.items() for problem in tally.wrong]
    for problem in wrong:
        print(f"WRONG {problem}", file=sys.stderr)
    return 1 if wrong else 0


def plan_many(
    seed: int,
    numbers: Sequence[int],
    engines: Sequence[EngineName],
    size: Size = SMALL,
    *,
    again: bool = True,
) -> dict[EngineName, Tally]:
    """Plan networks by number with each engine, and if wanted the week after.

    Parameters
    ----------
    seed : int
    numbers : sequence of int
    engines : sequence of str
    size : Size
    again : bool
        Whether the week after is planned as well.

    Returns
    -------
    dict of str to Tally
        By engine; `Tally.wrong` has a clause for everything that must not be.
    """
    tallies = {engine: Tally() for engine in engines}
    for number in numbers:
        network = tight_network(seed, number, size)
        with tempfile.TemporaryDirectory() as folder:
            files = write_tight_network(network, Path(folder) / "network")
            records = {}
            for engine in engines:
                plans = _plans(
                    engine, network.label, files, Path(folder) / engine, tallies[engine], size, again
                )
                records[engine] = plans
        _compare(network.label, records, tallies)
    return tallies


def _plans(
    engine: EngineName, label: str, files: TightFiles, out: Path, tally: Tally, size: Size, again: bool
) -> dict[str, Any] | None:
    """Plan a network and the week after; the record of the first plan, None where there is none."""
    limit_s = TIME_LIMIT_S if size is LARGER else None
    request = PlanRequest(
        files.topology, files.titles, out / "1", demand=files.demand, engine=engine, time_limit_s=limit_s
    )
    record = _plan(request, f"{label} night 1", tally, may_refuse=False)
    if record is not None and again:
        after = PlanRequest(
            files.topology,
            files.titles,
            out / "2",
            demand=files.next_demand,
            previous=request.out,
            engine=engine,
            time_limit_s=limit_s,
        )
        _plan(after, f"{label} night 2", tally, may_refuse=True)
    return record


def _plan(request: PlanRequest, label: str, tally: Tally, *, may_refuse: bool) -> dict[str, Any] | None:
    """Plan and verify; the record, None where no plan was written."""
    begun = time.perf_counter()
    try:
        record = plan(request).record
    except NoFeasiblePlanError as error:
        tally.refused += 1
        if not may_refuse:
            tally.wrong.append(f"{label}: no plan: {error}")
        return None
    except CRASHES as error:
        tally.wrong.append(f"{label}: crash: {type(error).__name__}: {error}")
        return None
    finally:
        tally.seconds += time.perf_counter() - begun
    dealing = record["appliances"]
    tally.plans += 1
    tally.diverted += dealing["diverted_gb"] > 1.0
    tally.dearest = max(tally.dearest, dealing["cost_of_dealing"] / max(1e-9, record["upper"]))
    report = verify(request.out)
    tally.wrong += [f"{label}: not verified: {check}" for check in report.failed]
    return record


def _compare(
    label: str, records: dict[EngineName, dict[str, Any] | None], tallies: dict[EngineName, Tally]
) -> None:
    """No engine's bound is above any engine's plan: all plan the same inputs."""
    for engine, record in records.items():
        for other, plan_of_other in records.items():
            if record is None or plan_of_other is None:
                continue
            lower, upper = record["lower"], plan_of_other["upper"]
            if lower > upper + TOLERANCE * abs(upper):
                tallies[engine].wrong.append(
                    f"{label}: bound {lower!r}, but {other} finds a plan of {upper!r}"
                )


if __name__ == "__main__":
    sys.exit(main())
