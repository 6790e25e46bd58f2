"""Google Hash Code 2017, "Streaming Videos", as a placement problem.

    python -m benchmarks.hashcode FILE.in --out SOLUTION [--engine auto|exact|fast] [--time-limit S]
        [--threads N]

writes a solution in the contest's format and prints one JSON object: instance, score, bound, requests,
seconds, engine. The score is counted from the solution file, by code that knows nothing of the engines;
the bound is the best score that the engine's lower bound leaves possible.

Endpoints become regions with a demand of their own, latencies costs, and caches that no endpoint can tell
apart a pool, whose videos are dealt to its caches afterwards. Nothing limits throughput, and filling is free.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.hashcode_score import Streaming, read_streaming, score_of
from cdnplan.errors import CdnplanError, InputError, Problem
from cdnplan.model.instance.instance import Floats, Instance, Ints, Ints32
from cdnplan.optimize.engine import EngineName, solve
from cdnplan.optimize.problem.outcome import Stop
from cdnplan.planner.decide.dealing import deal
from tests.limits import instance_of

EXACT_COUNTS_BELOW = 2**24
"""Demand is float32: it counts exactly below this."""
ROUNDING_RATIO = 1e-9
"""The engine's bound is a float: whole numbers this close to it are not ruled out."""


@dataclass(frozen=True)
class Pools:
    """Caches that no endpoint can tell apart: ids of each group's caches, increasing."""

    caches: tuple[Ints, ...]

    @classmethod
    def of(cls, problem: Streaming) -> Pools:
        """Group the caches that are connected at all, by their latencies."""
        groups: dict[bytes, list[int]] = {}
        for cache in np.flatnonzero((problem.cache_ms >= 0).any(axis=0)).tolist():
            groups.setdefault(problem.cache_ms[:, cache].tobytes(), []).append(cache)
        return cls(tuple(np.array(group, dtype=np.int64) for group in groups.values()))


def streaming_instance(problem: Streaming, pools: Pools) -> Instance:
    """Translate a problem; 1 GB stands for a request in demand, and for 1 MB in sizes.

    Raises
    ------
    InputError
        An endpoint has more requests for a video than are counted exactly.
    """
    endpoints, videos = problem.origin_ms.size, problem.size_mb.size
    ptr, pool, cost = _candidates(problem, pools)
    demand_ptr, demand_file, requests = _demand(problem)
    count = np.array([group.size for group in pools.caches], dtype=np.int32)
    single = np.full(count.size, float(problem.cache_mb))
    ample = np.full(count.size, 2.0 * problem.requests)  # a throughput that all requests together leave idle
    shape = (count.size, videos)
    fits = problem.size_mb <= problem.cache_mb
    none = np.zeros(0, dtype=np.int32)
    return instance_of(
        regions=tuple(f"endpoint {e}" for e in range(endpoints)),
        pools=tuple(f"caches from {group[0]}" for group in pools.caches),
        files=tuple(f"video {v}" for v in range(videos)),
        region_row=np.arange(endpoints, dtype=np.int32),
        region_share=np.ones(endpoints),
        demand_ptr=demand_ptr,
        demand_file=demand_file,
        demand_gb=requests.astype(np.float32),
        gbps_per_gb=np.ones((endpoints, 1)),
        cand_ptr=ptr,
        cand_pool=pool,
        cand_cost=cost,
        origin_cost=problem.origin_ms.astype(np.float64),
        storage_gb=single * count,
        throughput_gbps=ample,
        fill_cost=np.zeros(count.size),
        size_gb=problem.size_mb.astype(np.float64),
        copies=np.broadcast_to(fits, shape).astype(np.uint8),
        held=np.zeros(shape, dtype=np.uint8),
        pinned=np.zeros(shape, dtype=np.bool_),
        launch_ptr=np.zeros(1, dtype=np.int64),
        launch_pool=none,
        launch_file=none,
        launch_min=none,
        pool_appliances=count,
        appliance_storage_gb=single,
        appliance_throughput_gbps=ample,
        period_days=1.0,
    )


def _candidates(problem: Streaming, pools: Pools) -> tuple[Ints, Ints32, Floats]:
    """Pools that serve an endpoint faster than the data centre, nearest first."""
    ptr, pool, cost = [0], [], []
    first = np.array([group[0] for group in pools.caches], dtype=np.int64)
    for e, origin in enumerate(problem.origin_ms):
        latency = problem.cache_ms[e, first]
        near = np.flatnonzero((latency >= 0) & (latency < origin))
        near = near[np.argsort(latency[near], kind="stable")]
        pool += near.tolist()
        cost += latency[near].tolist()
        ptr.append(len(pool))
    return np.array(ptr, dtype=np.int64), np.array(pool, dtype=np.int32), np.array(cost, dtype=np.float64)


def _demand(problem: Streaming) -> tuple[Ints, Ints32, Ints]:
    """Requests by endpoint and video, those of the same pair summed."""
    endpoints, videos = problem.origin_ms.size, problem.size_mb.size
    pair, inverse = np.unique(problem.endpoint * videos + problem.video, return_inverse=True)
    requests = np.zeros(pair.size, dtype=np.int64)
    np.add.at(requests, inverse, problem.count)
    if requests.max() >= EXACT_COUNTS_BELOW:
        message = f"{requests.max()} requests of one endpoint for one video, expected below 2^24"
        raise InputError([Problem(message)])
    ptr = np.searchsorted(pair, np.arange(endpoints + 1) * videos).astype(np.int64)
    return ptr, (pair % videos).astype(np.int32), requests


class _Goal:
    """Whether bound and plan known by now are of the same score."""

    def __init__(self, problem: Streaming) -> None:
        self._problem = problem
        self.reached = False

    def progress(self, phase: str, done: float, lower: float | None, upper: float | None) -> None:
        """Take note of bound and plan."""
        if lower is not None and upper is not None:
            self.reached = _best_score(self._problem, lower) <= _best_score(self._problem, upper)


def solve_streaming(
    path: Path, out: Path, engine: EngineName, time_limit_s: float | None = None, threads: int = 1
) -> dict[str, object]:
    """Solve one problem, write the solution, and report it; see the module's text for the keys."""
    problem = read_streaming(path)
    pools = Pools.of(problem)
    instance = streaming_instance(problem, pools)
    start, goal = time.perf_counter(), _Goal(problem)
    # What counts is the score: no gap is small enough to end with, but a score that no plan can better is.
    stop = Stop(gap_ratio=0.0, time_limit_s=time_limit_s, asked=lambda: goal.reached)
    outcome = solve(instance, engine, stop=stop, threads=threads, progress=goal.progress)
    dealt = deal(instance, outcome.placement, outcome.serving, outcome.prices, None).assignment
    seconds = time.perf_counter() - start
    cache = [int(pools.caches[p][a - 1]) for p, a in zip(dealt.pool, dealt.appliance, strict=True)]
    _write_solution(out, cache, dealt.file.tolist())
    return {
        "instance": path.stem,
        "score": score_of(problem, out),
        "bound": _best_score(problem, outcome.lower),
        "requests": problem.requests,
        "seconds": round(seconds, 3),
        "engine": outcome.engine,
    }


def _best_score(problem: Streaming, lower: float) -> int:
    """Best score that a total latency of at least `lower` allows; latency saved is a whole number."""
    all_from_origin = int(problem.origin_ms[problem.endpoint] @ problem.count)
    saved = int(np.floor(all_from_origin - lower + ROUNDING_RATIO * all_from_origin))
    return 1000 * saved // problem.requests


def _write_solution(out: Path, cache: Sequence[int], video: Sequence[int]) -> None:
    held: dict[int, list[int]] = {}
    for c, v in sorted(zip(cache, video, strict=True)):
        held.setdefault(c, []).append(v)
    lines = [str(len(held)), *(" ".join(map(str, [c, *videos])) for c, videos in held.items())]
    try:
        out.write_text("\n".join(lines) + "\n", encoding="ascii")
    except OSError as error:
        raise InputError([Problem(f"cannot be written: {error}", file=str(out))]) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hashcode", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("file", type=Path, help="problem of the contest")
    parser.add_argument("--out", type=Path, required=True, metavar="SOLUTION", help="solution to write")
    parser.add_argument("--engine", choices=("auto", "exact", "fast"), default="auto")
    parser.add_argument("--time-limit", type=float, default=None, metavar="S")
    parser.add_argument("--threads", type=int, default=1, metavar="N")
    options = parser.parse_args(arguments)
    try:
        report = solve_streaming(
            options.file, options.out, options.engine, options.time_limit, options.threads
        )
    except CdnplanError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
