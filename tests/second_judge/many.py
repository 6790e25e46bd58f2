"""Plans of many tight networks, recomputed by the second judge, and held against the cheapest plan there is.

    python -m tests.second_judge.many [--instances N] [--cheapest N] [--seed S] [--from NUMBER] [--engine E]

Each network is planned twice, the second time after the first plan. The second judge must find the costs and
figures that the plans claim, every limit kept, and the paths that their topology gives. Of the first ``N``
networks of ``--cheapest`` it looks for the cheapest plan by a program of its own: `lower` may not be above,
and a plan called optimal not dearer than it. Every exception is listed, and then the exit code is 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cdnplan.planner import PlanRequest, plan
from tests.oracle.tight_networks import tight_network, write_tight_network
from tests.second_judge.cheapest import cheapest
from tests.second_judge.judge import Judged, disagreements, wrong_paths
from tests.second_judge.reading import read_plan

LIMITS_PASSED = 1e-6
"""Plans may pass limits by so much, and be cheaper than one that does not by about as much."""


@dataclass(frozen=True)
class Seen:
    """What came of one plan: `wrong` has a clause for everything that must not be."""

    label: str
    wrong: tuple[str, ...]
    compared: bool


def plan_twice(folder: Path, seed: int, number: int, engine: str) -> tuple[Path, Path]:
    """Plan a tight network and its next week; gives both plan folders."""
    files = write_tight_network(tight_network(seed, number), folder)
    first = PlanRequest(
        topology=files.topology,
        titles=files.titles,
        demand=files.demand,
        out=folder / "first",
        engine=engine,  # type: ignore[arg-type]
    )
    plan(first)
    plan(replace(first, demand=files.next_demand, previous=first.out, out=folder / "second"))
    return first.out, folder / "second"


def too_dear(folder: Path) -> list[str]:
    """Whether there is a plan below `lower`, or a cheaper one than an optimal plan."""
    judged = Judged(read_plan(folder))
    claims = judged.plan.claims
    scale = LIMITS_PASSED * max(1.0, claims["upper"])
    said = []
    by_pool = cheapest(judged, by_appliance=False)
    by_appliance = cheapest(judged, by_appliance=True)
    if by_pool is None or by_appliance is None:
        return ["no plan keeps all limits, but there is one"]
    if claims["lower_priced"] > by_pool + scale:
        said.append(f"prices prove {claims['lower_priced']}, pools can do with {by_pool}")
    if claims["lower"] > by_appliance + scale:
        said.append(f"lower is {claims['lower']}, appliances can do with {by_appliance}")
    if claims["status"] == "optimal" and claims["upper"] > by_appliance + scale:
        said.append(f"an optimal plan costs {claims['upper']}, appliances can do with {by_appliance}")
    return said


def look(seed: int, numbers: range, compare: int, engine: str) -> Iterator[Seen]:
    """Plan, recompute, and of the first `compare` networks look for the cheapest plan."""
    with tempfile.TemporaryDirectory() as scratch:
        for i, number in enumerate(numbers):
            folder = Path(scratch) / str(number)
            for out in plan_twice(folder, seed, number, engine):
                found = read_plan(out)
                wrong = [*disagreements(found), *wrong_paths(found), *(too_dear(out) if i < compare else ())]
                yield Seen(f"{seed}:{number} {out.name}", tuple(wrong), i < compare)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 1 where anything is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--instances", type=int, default=300, help="networks")
    parser.add_argument("--cheapest", type=int, default=60, help="of these, looked for the cheapest plan")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", dest="first", type=int, default=0, help="number of the first network")
    parser.add_argument("--engine", default="auto", choices=("auto", "exact", "fast"))
    options = parser.parse_args(arguments)
    started, plans, compared, wrong = time.perf_counter(), 0, 0, 0
    numbers = range(options.first, options.first + options.instances)
    for seen in look(options.seed, numbers, options.cheapest, options.engine):
        plans, compared, wrong = plans + 1, compared + seen.compared, wrong + bool(seen.wrong)
        for clause in seen.wrong:
            print(f"{seen.label}: {clause}")
    seconds = time.perf_counter() - started
    print(f"{plans} plans recomputed, {compared} against the cheapest, {wrong} with faults; {seconds:.0f} s")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
