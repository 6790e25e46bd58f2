"""How near to the optimum the command `ufl` proves its plans, over families of drawn instances.

    python -m benchmarks.ufllib [NAME ...] [--seeds 1,2,3] [--time-limit S]

draws each instance with `contest_like`, runs `python -m benchmarks.ufl` on it as a process of its own,
and prints a row for each as it ends: cost, bound, gap of the cost, seconds by the clock (loading the program
and reading included) and of processor time. At the end, the worst seed of each family, worst first.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import contest_like
from benchmarks.tables import Column, Table

NAMES = (
    *("gap_a", "gap_b", "gap_c", "projective_11", "projective_17", "chess", "codes", "euclid", "uniform_100"),
    *("bilde_b", "bilde_c", "bilde_d1", "bilde_d10", "bilde_e1", "bilde_e10", "galvao_100", "galvao_200"),
    *(f"kratica_{kind}" for kind in "opqrst"),
    *(
        f"kg_{size}{kind}{way}"
        for size in ("", "500_", "750_")
        for kind in "abc"
        for way in ("", "_asymmetric")
    ),
    *(f"median_{size}{kind}" for size in (500, 1_000, 2_000, 3_000) for kind in ("_dear", "", "_cheap")),
    *("cap_euclidean", "cap_random", "cap_real", "inverse_1000", "inverse_2000", "uniform"),
)
COLUMNS = (
    Column("drawn"),
    Column("seed"),
    Column("cost", "cost"),
    Column("bound", "cost"),
    Column("gap of the cost"),
    Column("s", "seconds"),
    Column("CPU s", "seconds"),
)


@dataclass(frozen=True)
class Proven:
    """What a run of the command printed, and the seconds it took."""

    name: str
    seed: int
    cost: float
    bound: float
    seconds: float
    cpu_seconds: float

    @property
    def gap_ratio(self) -> float:
        """What may be left to save, as a part of the cost."""
        return (self.cost - self.bound) / self.cost

    def row(self) -> list[object]:
        """Cells of the table."""
        gap = f"{100 * self.gap_ratio:.3f}%"
        return [self.name, str(self.seed), self.cost, self.bound, gap, self.seconds, self.cpu_seconds]


def proven(name: str, seed: int, more: Sequence[str]) -> Proven:
    """Draw an instance and run the command on it.

    Raises
    ------
    subprocess.CalledProcessError
        The command failed.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.txt"
        contest_like.main([name, "--seed", str(seed), "--out", str(path)])
        command = [sys.executable, "-m", "benchmarks.ufl", str(path), *more]
        before, start = _cpu_seconds(), time.perf_counter()
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        seconds = time.perf_counter() - start
        found = json.loads(done.stdout)
    return Proven(name, seed, found["cost"], found["bound"], seconds, _cpu_seconds() - before)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def worst(results: Sequence[Proven]) -> Table:
    """The worst seed of each family, the widest gaps first, then the longest runs."""
    by_name: dict[str, Proven] = {}
    for result in results:
        other = by_name.setdefault(result.name, result)
        by_name[result.name] = max(result, other, key=_badness)
    return Table("UFL", COLUMNS, [one.row() for one in sorted(by_name.values(), key=_badness, reverse=True)])


def _badness(result: Proven) -> tuple[float, float]:
    # Gaps that are not seen in the table count as none.
    return round(result.gap_ratio, 5), result.seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ufllib", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("names", nargs="*", metavar="NAME", help="of `contest_like`; else all families")
    parser.add_argument("--seeds", default="1,2,3", metavar="N,N")
    parser.add_argument("--time-limit", metavar="S", help="of solving alone, instead of 55 s in all")
    options = parser.parse_args(arguments)
    more = [] if options.time_limit is None else ["--time-limit", options.time_limit]
    results = []
    for name in options.names or NAMES:
        for seed in map(int, options.seeds.split(",")):
            results.append(proven(name, seed, more))
            print(*Table("UFL", COLUMNS, [results[-1].row()]).cells()[0], flush=True)
    print(worst(results).markdown(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
