"""Whole `cdnplan plan` commands over many seeds: what an operator waits for, and what is proven then.

    python -m benchmarks.whole_plans [--only NAME[:SEED],…] [--seeds N] [--beside N]

Each command is a process of its own, with reading, dealing to appliances, the judge, report and writing;
time is by the clock, so what else runs counts. One line a plan, the widest gap of each instance first, then
one line an instance: how many end within 0.2%, and gaps and seconds of all its seeds. With `--beside`, so
many commands run at a time: gaps are the same, sooner, but each takes longer than alone.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.first_plan import COMMAND
from benchmarks.instances import Chosen, choose
from cdnplan.cli.terminal.tables import print_table
from cdnplan.errors import CdnplanError
from cdnplan.inputs.plans.plan_json import PLAN_JSON

ONLY, SEEDS = "sample,country,FR-300", 5
GOOD = 2e-3
"""The gap that small networks are to reach."""


@dataclass(frozen=True)
class Planned:
    """A plan: its instance, the gap its folder states, seconds by the clock; or why there is none."""

    chosen: Chosen
    gap_ratio: float
    seconds: float
    trouble: str = ""


def planned(chosen: Chosen, folder: Path) -> Planned:
    """Write the files of an instance, and plan them by the command."""
    folder.mkdir(parents=True)
    inputs, out = chosen.case.make(folder, chosen.seed), folder / "plan"
    words = [*shlex.split(inputs.command())[1:], "--quiet", "--out", str(out)]
    begun = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-c", COMMAND, *words], capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - begun
    if ended.returncode:
        said = ended.stderr.strip() or f"ended with exit code {ended.returncode}"
        return Planned(chosen, np.inf, seconds, said.splitlines()[0])
    record = json.loads((out / PLAN_JSON).read_text(encoding="utf-8"))
    return Planned(chosen, float(record["gap_ratio"]), seconds)


def print_plans(plans: Sequence[Planned]) -> None:
    """One line a plan, the widest gap of each instance first; then one line an instance."""
    names = list(dict.fromkeys(plan.chosen.case.name for plan in plans))
    groups = [
        sorted((p for p in plans if p.chosen.case.name == n), key=lambda p: -p.gap_ratio) for n in names
    ]
    lines = [
        [p.chosen.case.name, p.chosen.seed, f"{p.gap_ratio:.3%}", f"{p.seconds:.1f}", p.trouble]
        for group in groups
        for p in group
    ]
    print_table(("instance", "seed", "gap", "s", "note"), lines)
    print()
    sums = []
    for name, group in zip(names, groups, strict=True):
        gaps, seconds = (np.array([getattr(p, what) for p in group]) for what in ("gap_ratio", "seconds"))
        good = f"{int((gaps <= GOOD).sum())} of {gaps.size}"
        spread = [f"{value:.3%}" for value in (np.median(gaps), gaps.max())]
        sums.append([name, good, *spread, *(f"{value:.1f}" for value in (np.median(seconds), seconds.max()))])
    print_table(("instance", f"within {GOOD:.1%}", "median gap", "worst", "median s", "worst s"), sums)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code: 1 where a command gave no plan."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.whole_plans", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--only", default=ONLY, help=f"instances, see benchmarks.run --list ({ONLY})")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"of each without its own ({SEEDS})")
    parser.add_argument("--beside", type=int, default=1, help="commands at a time (1)")
    given = parser.parse_args(arguments)
    try:
        chosen = [one for one in choose(given.only, seeds=given.seeds) if one.has_inputs()]
        with tempfile.TemporaryDirectory() as work, ThreadPoolExecutor(max(1, given.beside)) as pool:
            folders = [Path(work) / str(number) for number in range(len(chosen))]
            plans = list(pool.map(planned, chosen, folders))
    except CdnplanError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print_plans(plans)
    return int(any(plan.trouble for plan in plans))


if __name__ == "__main__":
    sys.exit(main())
