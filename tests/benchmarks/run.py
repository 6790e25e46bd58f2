"""Engines and simple baselines on the same instances, in one run: `make bench`.

    python -m tests.benchmarks.run [--quick] [--time-limit S] [--threads N]

prints a table. Instances are read from files, generated for the run or real ones where the real data is
found (CDNPLAN_REALDATA, or ../shared/data beside the checkout). Each method gets a fresh process with
the instance in it, solves a tiny instance first, so that no kernel is loaded on the clock, and is then timed.
Costs and bounds are the judge's.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cdnplan.cli.tables import print_table
from cdnplan.errors import CdnplanError, NoFeasiblePlanError
from cdnplan.model.instance import Instance
from cdnplan.model.placement import Placement, Prices, Serving
from tests.conftest import ROOT

EXACT_LIMIT_S = 60.0
EXACT_UP_TO = 30_000
"""Serving variables up to which the exact engine is tried."""

COLUMNS = (
    *("instance", "regions", "pools", "files", "method", "cost above ideal", "lower bound above ideal"),
    *("gap ratio", "offload byte ratio", "seconds", "time over fast", "peak_memory_gb"),
)


@dataclass(frozen=True)
class Options:
    """How long the fast engine may take [s], and on how many threads."""

    time_limit_s: float | None
    threads: int


@dataclass(frozen=True)
class Plan:
    """What a method found: the plan, its prices, and a bound proven by other means than prices."""

    placement: Placement
    serving: Serving
    prices: Prices | None = None
    lower: float | None = None


@dataclass(frozen=True)
class Result:
    """A method on an instance, as the judge counts it; costs are above the ideal."""

    method: str
    cost: float
    lower: float | None
    offload_byte_ratio: float
    seconds: float
    peak_memory_gb: float


def fast(instance: Instance, options: Options) -> Plan:
    """The fast engine, until it ends by itself."""
    from cdnplan.optimize.fast import solve_fast
    from cdnplan.optimize.outcome import Stop

    found = solve_fast(instance, stop=Stop(time_limit_s=options.time_limit_s), threads=options.threads)
    return Plan(found.placement, found.serving, found.prices)


def exact(instance: Instance, options: Options) -> Plan:
    """The exact engine, for a minute."""
    from cdnplan.optimize.exact import solve_exact
    from cdnplan.optimize.outcome import Stop

    found = solve_exact(instance, stop=Stop(time_limit_s=EXACT_LIMIT_S))
    return Plan(found.placement, found.serving, found.prices, found.lower)


def greedy(instance: Instance, options: Options) -> Plan:
    """Greedy placement alone."""
    from cdnplan.optimize.fast import greedy_plan

    found = greedy_plan(instance)
    return Plan(Placement(found.holds), found.serving)


def popularity(instance: Instance, options: Options) -> Plan:
    """Every pool for itself."""
    from tests.benchmarks.baselines import popularity_plan

    found = popularity_plan(instance)
    return Plan(Placement(found.holds), found.serving)


Method = Callable[[Instance, Options], Plan]


def measured(method: Method, instance: Instance, options: Options) -> Result:
    """Run a method in this process, which is all its own, and let the judge count.

    Raises
    ------
    NoFeasiblePlanError
        The plan breaks a limit.
    """
    from cdnplan.evaluate.verdict import evaluate
    from tests.instances import random_instance

    tiny = random_instance(1, n_regions=3, n_files=5, n_pools=4, families=frozenset({"storage"}))
    method(tiny, options)
    start = time.perf_counter()
    plan = method(instance, options)
    seconds = time.perf_counter() - start
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    served, origin = plan.serving.candidate_gb(instance), plan.serving.origin_gb(instance)
    verdict = evaluate(instance, plan.placement, served, origin, plan.prices)
    if verdict.violations:
        raise NoFeasiblePlanError(f"{method.__name__}: {verdict.violations[0]}")
    proven = [bound for bound in (verdict.bound, plan.lower) if bound is not None]
    return Result(
        method=method.__name__,
        cost=verdict.cost.total - verdict.ideal,
        lower=min(max(proven), verdict.cost.total) - verdict.ideal if proven else None,
        offload_byte_ratio=verdict.offload_byte_ratio,
        seconds=seconds,
        peak_memory_gb=peak_gb,
    )


def compare(name: str, instance: Instance, options: Options) -> list[list[object]]:
    """Rows of the table for an instance; methods without a bound of their own are held to the best one."""
    from cdnplan.optimize.engine import serving_variables

    methods: list[Method] = [fast, greedy, popularity]
    if serving_variables(instance) <= EXACT_UP_TO:
        methods.append(exact)
    results = []
    for method in methods:
        sys.stderr.write(f"{name}: {method.__name__}\n")
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as process:
            results.append(process.submit(measured, method, instance, options).result())
    best = max(result.lower for result in results if result.lower is not None)
    sizes = (name, instance.n_regions, instance.n_pools, instance.n_files)
    return [[*sizes, *_cells(result, best, results[0].seconds)] for result in results]


def _cells(result: Result, best: float, fast_seconds: float) -> list[object]:
    lower = best if result.lower is None else result.lower
    return [
        result.method,
        round(result.cost, 1),
        round(lower, 1),
        round(max(0.0, result.cost - lower) / result.cost, 5) if result.cost > 0 else 0.0,
        round(result.offload_byte_ratio, 5),
        round(result.seconds, 3),
        round(result.seconds / fast_seconds, 5),
        round(result.peak_memory_gb, 2),
    ]


def instances(folder: Path, *, quick: bool) -> Iterator[tuple[str, Instance]]:
    """All instances of the benchmark, one at a time; what is left out is said on stderr."""
    for preset in ("sample", "country"):
        yield preset, generated(preset, folder / preset)
    data = Path(os.environ.get("CDNPLAN_REALDATA", ROOT.parent / "shared" / "data"))
    if quick:
        return
    if not (data / "world_week").is_dir():
        sys.stderr.write(f"SKIPPED: real instances, no real data at {data}; set CDNPLAN_REALDATA\n")
        return
    topology = folder / "world.yaml"
    write_world(data, topology)
    yield "real BE,NL,LU", real(data, topology, frozenset({"BE", "NL", "LU"}))
    yield "real world", real(data, topology, frozenset())


def generated(preset: str, folder: Path) -> Instance:
    """Generate a network with demand, with seed 1, and read it."""
    from cdnplan.planner.load import load
    from cdnplan.planner.request import PlanRequest
    from cdnplan.synth.generate import synth
    from cdnplan.synth.request import Request

    synth(Request(preset, seed=1), folder)
    topology, titles, demand = (folder / n for n in ("topology.yaml", "titles.parquet", "demand.parquet"))
    return load(PlanRequest(topology, titles, folder / "plan", demand=demand)).instance


def write_world(data: Path, out: Path) -> None:
    """Import the network of the public appliance list, as `cdnplan topology import` does by default."""
    from cdnplan.inputs.appliance_list import read_appliance_list
    from cdnplan.inputs.topology_import import import_topology
    from cdnplan.inputs.topology_writer import topology_text

    [listed] = sorted((data / "open_connect").glob("*.csv"))
    topology, _ = import_topology(read_appliance_list(listed).appliances)
    out.write_text(topology_text(topology, header="Imported for the benchmark."), encoding="utf-8")


def real(data: Path, topology: Path, countries: frozenset[str]) -> Instance:
    """The real week on the imported network."""
    from cdnplan.planner.load import load
    from cdnplan.planner.request import PlanRequest

    titles, demand = (data / "world_week" / name for name in ("titles.parquet", "demand.parquet"))
    request = PlanRequest(topology, titles, topology.parent / "plan", demand=demand, countries=countries)
    return load(request).instance


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.run", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--quick", action="store_true", help="only the generated instances")
    parser.add_argument(
        "--time-limit", type=float, default=None, metavar="S", help="of the fast engine; default: none"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, metavar="N")
    given = parser.parse_args(arguments)
    options = Options(given.time_limit, given.threads)
    rows: list[list[object]] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            for name, instance in instances(Path(folder), quick=given.quick):
                rows += compare(name, instance, options)
    except CdnplanError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print_table(COLUMNS, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
