"""Instances of the sizes of Hash Code's larger problems and of OR-Library's larger files, drawn at random.

    python -m benchmarks.contest_like NAME --out FILE [--seed N]

writes one for the runners `hashcode` and `ufl`. The sizes are the published ones; everything else is made up.

kittens, videos_worth_spreading, trending_today
    Problems of the contest. Endpoints see from none to all of the caches; in `trending_today` all see all
    caches and cannot tell them apart.
cap_euclidean, cap_random
    OR-Library's format at the size of capa, capb and capc. Costs of serving grow with distance and the
    customer's demand, or have nothing to do with each other.
cap_real
    The same size, with distances that are no whole numbers, weighted by demand.
simple_euclidean, simple_random
    As the first two, in UflLib's simple format.
kg_a, kg_b, kg_c and the same with _asymmetric
    UflLib's form of the problems of Körkel and Ghosh: 250 x 250, costs of serving between 1,000 and 2,000
    without any structure, and opening costs of 100 to 200, ten and a hundred times that.
kg_500_a, kg_750_a and so on
    The same at their two larger sizes.
uniform
    100 x 1,000: costs of serving between 0 and 1,000, all opening costs 3,000.

Further families of UflLib are in `ufllib_like`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.hashcode_score import Streaming
from benchmarks.ufl import Ufl
from benchmarks.ufllib_like import FAMILIES, Drawn


@dataclass(frozen=True)
class StreamingSizes:
    """Counts of a problem of the contest, and the capacity of its caches [MB]."""

    videos: int
    endpoints: int
    requests: int
    caches: int
    cache_mb: int
    alike: bool = False


STREAMING = {
    "kittens": StreamingSizes(10_000, 1_000, 200_000, 500, 6_000),
    "videos_worth_spreading": StreamingSizes(10_000, 100, 100_000, 100, 10_000),
    "trending_today": StreamingSizes(10_000, 100, 100_000, 100, 50_000, alike=True),
}
FACILITIES, CUSTOMERS = 100, 1_000
KG, KG_SIZES = {"a": 100, "b": 1_000, "c": 10_000}, (250, 500, 750)
"""Lowest opening cost of each class."""


def draw_streaming(sizes: StreamingSizes, seed: int) -> Streaming:
    """Draw a problem of the contest.

    Caches and endpoints lie in the plane: an endpoint sees its nearest caches, at latencies that grow with
    distance. Half of an endpoint's requests go to videos that are popular everywhere.
    """
    rng = np.random.default_rng([seed, sizes.videos, sizes.endpoints])
    size_mb = np.clip(rng.lognormal(4.5, 0.8, sizes.videos), 1, min(1_000, sizes.cache_mb)).astype(np.int64)
    cache_ms = np.full((sizes.endpoints, sizes.caches), -1, dtype=np.int64)
    origin_ms = rng.integers(500, 4_000, sizes.endpoints)
    where, caches = rng.random((sizes.endpoints, 2)), rng.random((sizes.caches, 2))
    degree = np.rint(sizes.caches * rng.random(sizes.endpoints) ** 2).astype(np.int64)
    for e in range(sizes.endpoints):
        far = np.hypot(*(caches - where[e]).T)
        seen = np.argsort(far)[: degree[e]]
        cache_ms[e, seen] = np.rint(5 + 400 * far[seen] + rng.exponential(30, seen.size)).astype(np.int64)
    if sizes.alike:
        origin_ms[:], cache_ms[:] = 600, 100
    endpoint = rng.integers(0, sizes.endpoints, sizes.requests)
    rank = (sizes.videos * rng.random(sizes.requests) ** 3).astype(np.int64)
    # The same ranks stand for other videos where tastes are local.
    shift = np.where(rng.random(sizes.requests) < 0.5, 0, endpoint * 37)
    order = rng.permutation(sizes.videos)
    return Streaming(
        cache_mb=sizes.cache_mb,
        size_mb=size_mb,
        origin_ms=origin_ms,
        cache_ms=cache_ms,
        video=order[(rank + shift) % sizes.videos],
        endpoint=endpoint,
        count=rng.integers(1, 1_000, sizes.requests),
    )


def streaming_text(problem: Streaming) -> str:
    """Write a problem in the contest's format."""
    endpoints, caches = problem.cache_ms.shape
    head = (problem.size_mb.size, endpoints, problem.video.size, caches, problem.cache_mb)
    lines = [" ".join(map(str, head)), " ".join(map(str, problem.size_mb.tolist()))]
    for e in range(endpoints):
        seen = np.flatnonzero(problem.cache_ms[e] >= 0).tolist()
        lines.append(f"{problem.origin_ms[e]} {len(seen)}")
        lines += [f"{cache} {problem.cache_ms[e, cache]}" for cache in seen]
    rows = zip(problem.video.tolist(), problem.endpoint.tolist(), problem.count.tolist(), strict=True)
    lines += [f"{video} {endpoint} {count}" for video, endpoint, count in rows]
    return "\n".join(lines) + "\n"


def draw_ufl(facilities: int, customers: int, seed: int, *, euclidean: bool) -> Ufl:
    """Draw whole costs; opening costs are such that a tenth or so of the facilities are worth it."""
    rng = np.random.default_rng([seed, facilities, customers, int(euclidean)])
    if euclidean:
        one, other = rng.random((customers, 1, 2)), rng.random((1, facilities, 2))
        demand = rng.uniform(1, 20, (customers, 1))
        allocation = np.rint(1_000 * demand * np.hypot(*np.moveaxis(one - other, 2, 0)))
    else:
        allocation = np.rint(rng.uniform(0, 20_000, (customers, facilities)))
    usual = 0.02 * float(allocation.mean()) * customers / max(1.0, np.sqrt(facilities / 10))
    return Ufl(opening=np.rint(usual * rng.uniform(0.5, 1.5, facilities)), allocation=allocation)


def draw_real(facilities: int, customers: int, seed: int) -> Ufl:
    """Draw points in the plane with customers of different weight; costs are no whole numbers."""
    rng = np.random.default_rng([seed, facilities, customers, 2])
    one, other = rng.random((customers, 1, 2)), rng.random((1, facilities, 2))
    weight = rng.uniform(1, 100, (customers, 1))
    allocation = 1_000 * weight * np.hypot(*np.moveaxis(one - other, 2, 0))
    return Ufl(opening=np.rint(1e6 * rng.uniform(0.8, 1.2, facilities)), allocation=allocation)


def draw_koerkel_ghosh(size: int, opening: int, seed: int, *, symmetric: bool) -> Ufl:
    """Draw costs without structure: no better than a few percent can be proven of the harder ones."""
    rng = np.random.default_rng([seed, size, opening, int(symmetric)])
    allocation = rng.integers(1_000, 2_001, (size, size))
    if symmetric:
        allocation = np.triu(allocation) + np.triu(allocation, 1).T
    return Ufl(
        opening=rng.integers(opening, 2 * opening + 1, size).astype(np.float64),
        allocation=allocation.astype(np.float64),
    )


def draw_uniform(facilities: int, customers: int, seed: int) -> Ufl:
    """Draw costs of serving; opening costs are all the same."""
    rng = np.random.default_rng([seed, facilities, customers, 3])
    return Ufl(np.full(facilities, 3_000.0), rng.uniform(0, 1_000, (customers, facilities)))


def or_library_text(ufl: Ufl) -> str:
    """Write a file of OR-Library, with the word that its large files have for capacities."""
    customers, facilities = ufl.allocation.shape
    lines = [f" {facilities} {customers}", *(f" capacity {cost:.0f}." for cost in ufl.opening)]
    for costs in ufl.allocation.tolist():
        lines.append(" 1")
        lines += [" " + " ".join(f"{cost:.5f}" for cost in costs[k : k + 7]) for k in range(0, facilities, 7)]
    return "\n".join(lines) + "\n"


def simple_text(ufl: Ufl, name: str) -> str:
    """Write a file in UflLib's simple format."""
    customers, facilities = ufl.allocation.shape
    lines = [f"FILE: {name}", f"{facilities} {customers} 0"]
    for i, costs in enumerate(ufl.allocation.T.tolist()):
        lines.append(" ".join([str(i + 1), f"{ufl.opening[i]:.0f}", *(f"{cost:.0f}" for cost in costs)]))
    return "\n".join(lines) + "\n"


def _streaming(name: str, seed: int) -> str:
    return streaming_text(draw_streaming(STREAMING[name], seed))


def _cap(seed: int, *, euclidean: bool) -> str:
    return or_library_text(draw_ufl(FACILITIES, CUSTOMERS, seed, euclidean=euclidean))


def _koerkel_ghosh(size: int, opening: int, seed: int, *, kind: str) -> str:
    return simple_text(draw_koerkel_ghosh(size, opening, seed, symmetric=not kind), "drawn")


def _ufllib(drawn: Drawn, seed: int) -> str:
    return simple_text(drawn(seed), "drawn")


def _simple(seed: int, *, euclidean: bool) -> str:
    return simple_text(draw_ufl(FACILITIES, CUSTOMERS, seed, euclidean=euclidean), "drawn")


TEXTS: dict[str, Callable[[int], str]] = {
    **{name: partial(_streaming, name) for name in STREAMING},
    "cap_euclidean": partial(_cap, euclidean=True),
    "cap_random": partial(_cap, euclidean=False),
    "cap_real": lambda seed: or_library_text(draw_real(FACILITIES, CUSTOMERS, seed)),
    "simple_euclidean": partial(_simple, euclidean=True),
    "simple_random": partial(_simple, euclidean=False),
    **{
        f"kg_{'' if size == KG_SIZES[0] else f'{size}_'}{name}{kind}": partial(
            _koerkel_ghosh, size, opening, kind=kind
        )
        for kind in ("", "_asymmetric")
        for name, opening in KG.items()
        for size in KG_SIZES
    },
    **{name: partial(_ufllib, drawn) for name, drawn in FAMILIES.items()},
    "uniform": lambda seed: or_library_text(draw_uniform(FACILITIES, CUSTOMERS, seed)),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.contest_like", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("name", choices=sorted(TEXTS))
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    options = parser.parse_args(arguments)
    options.out.write_text(TEXTS[options.name](options.seed), encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
