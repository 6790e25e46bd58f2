"""Uncapacitated facility location: files of OR-Library and UflLib as one-file placement problems.

    python -m benchmarks.ufl FILE [--engine auto|exact|fast] [--time-limit S] [--threads N] [--seed N]

prints one JSON object: instance, cost, bound, seconds, engine. Where no time limit is given, the file is done
with after 55 s at the latest, reading included. All cores are used by default; what is found before the limit
does not depend on their number. Two formats are told apart by their first word; both are free of line
structure otherwise.

- OR-Library [1]_: the number of facilities and of customers; capacity (ignored, in the large files a word)
  and opening cost of each facility; for each customer its demand (ignored) and the cost of serving all of it
  from each facility.
- UflLib's simple format [2]_: a line ``FILE: name``; the numbers of facilities and customers, and a 0; for
  each facility its number, its opening cost, and the cost of serving each customer from it.

References
----------
.. [1] J. E. Beasley, "OR-Library: distributing test problems by electronic mail", Journal of the
   Operational Research Society 41(11), 1990.
.. [2] M. Hoefer, "UflLib, benchmark instances for the uncapacitated facility location problem", Max-Planck-
   Institut für Informatik, 2003.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cdnplan.errors import CdnplanError, InputError, Problem
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.optimize.engine import EngineName, solve
from cdnplan.optimize.problem.outcome import Stop
from tests.limits import instance_of

TOTAL_S = 55.0
"""By default for reading and solving: loading the program and ending included, a file takes a minute."""


@dataclass(frozen=True)
class Ufl:
    """Opening costs (n_facilities,) and allocation costs (n_customers, n_facilities)."""

    opening: Floats
    allocation: Floats


def read_ufl(path: Path) -> Ufl:
    """Read a file of either format.

    Raises
    ------
    InputError
        The file is missing, is no text, or does not hold the numbers its first line promises.
    """
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError([Problem(f"cannot be read: {error}", file=str(path))]) from error
    if text.startswith("FILE:"):
        return _simple(text.partition("\n")[2].split(), path)
    return _or_library(text.split(), path)


def _or_library(words: Sequence[str], path: Path) -> Ufl:
    n_facilities, n_customers = _sizes(words, path)
    expected = 2 + 2 * n_facilities + n_customers * (1 + n_facilities)
    _check_count(words, expected, n_facilities, n_customers, path)
    split = 2 + 2 * n_facilities
    opening = _numbers(words[3:split:2], path)
    customers = _numbers(words[split:], path).reshape(n_customers, 1 + n_facilities)
    return Ufl(opening=opening, allocation=customers[:, 1:])


def _simple(words: Sequence[str], path: Path) -> Ufl:
    n_facilities, n_customers = _sizes(words, path)
    expected = 3 + n_facilities * (2 + n_customers)
    _check_count(words, expected, n_facilities, n_customers, path)
    facilities = _numbers(words[3:], path).reshape(n_facilities, 2 + n_customers)
    first = facilities[0, 0]
    wrong = np.flatnonzero(facilities[:, 0] != first + np.arange(n_facilities))
    if words[2] != "0" or first not in {0, 1} or wrong.size:
        found = f"{words[2]!r} and facilities counted from {first:g}"
        if wrong.size:
            found = f"facility {facilities[wrong[0], 0]:g} after {facilities[wrong[0] - 1, 0]:g}"
        message = (
            f"{found}, expected a 0 after the numbers of facilities and customers, and facilities in order"
        )
        raise InputError([Problem(message, file=str(path))])
    return Ufl(opening=facilities[:, 1], allocation=np.ascontiguousarray(facilities[:, 2:].T))


def _sizes(words: Sequence[str], path: Path) -> tuple[int, int]:
    """Numbers of facilities and customers, both positive."""
    try:
        n_facilities, n_customers = int(words[0]), int(words[1])
    except (IndexError, ValueError):
        n_facilities = n_customers = 0
    if n_facilities < 1 or n_customers < 1:
        start = " ".join(words[:2])
        message = f"starts with {start!r}, expected the numbers of facilities and customers"
        raise InputError([Problem(message, file=str(path))])
    return n_facilities, n_customers


def _check_count(words: Sequence[str], expected: int, facilities: int, customers: int, path: Path) -> None:
    if len(words) != expected:
        message = f"holds {len(words)} numbers, expected {expected} for {facilities} x {customers}"
        raise InputError([Problem(message, file=str(path))])


def _numbers(words: Sequence[str], path: Path) -> Floats:
    try:
        values = np.fromiter(map(float, words), dtype=np.float64, count=len(words))
    except ValueError as error:
        raise InputError([Problem(f"not a number: {error}", file=str(path))]) from None
    if not (np.isfinite(values) & (values >= 0)).all():
        raise InputError([Problem("costs must be finite and not negative", file=str(path))])
    return values


def ufl_instance(ufl: Ufl) -> Instance:
    """Facilities become pools that may hold the one file; customers become regions that ask for 1 GB of it.

    Opening a facility is filling the file, of 1 GB, at the opening cost. The origin is so dear that opening
    any facility for a single customer is cheaper, so no optimum uses it.
    """
    customers, facilities = ufl.allocation.shape
    order = np.argsort(ufl.allocation, axis=1, kind="stable")
    one, none = np.ones(facilities), np.zeros(0, dtype=np.int32)
    shape = (facilities, 1)
    return instance_of(
        regions=tuple(f"customer {i}" for i in range(customers)),
        pools=tuple(f"facility {j}" for j in range(facilities)),
        files=("service",),
        region_row=np.zeros(customers, dtype=np.int32),
        region_share=np.ones(customers),
        demand_ptr=np.array([0, 1], dtype=np.int64),
        demand_file=np.zeros(1, dtype=np.int32),
        demand_gb=np.ones(1, dtype=np.float32),
        gbps_per_gb=np.zeros((customers, 1)),
        cand_ptr=np.arange(customers + 1, dtype=np.int64) * facilities,
        cand_pool=order.ravel().astype(np.int32),
        cand_cost=np.take_along_axis(ufl.allocation, order, axis=1).ravel(),
        origin_cost=2.0 * ufl.allocation.max(axis=1) + ufl.opening.max() + 1.0,
        storage_gb=one,
        throughput_gbps=one,
        fill_cost=ufl.opening,
        size_gb=np.ones(1),
        copies=np.ones(shape, dtype=np.uint8),
        held=np.zeros(shape, dtype=np.uint8),
        pinned=np.zeros(shape, dtype=np.bool_),
        launch_ptr=np.zeros(1, dtype=np.int64),
        launch_pool=none,
        launch_file=none,
        launch_min=none,
        pool_appliances=np.ones(facilities, dtype=np.int32),
        appliance_storage_gb=one,
        appliance_throughput_gbps=one,
        period_days=1.0,
    )


def solve_ufl(ufl: Ufl, engine: EngineName, stop: Stop, threads: int, seed: int) -> dict[str, object]:
    """Solve a problem and report it; see the module's text for the keys."""
    start = time.perf_counter()
    outcome = solve(ufl_instance(ufl), engine, stop=stop, threads=threads, seed=seed)
    return {
        "cost": outcome.upper,
        "bound": outcome.lower,
        "seconds": round(time.perf_counter() - start, 3),
        "engine": outcome.engine,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ufl", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("file", type=Path, help="file of OR-Library, or of UflLib in its simple format")
    parser.add_argument("--engine", choices=("auto", "exact", "fast"), default="auto")
    parser.add_argument("--time-limit", type=float, metavar="S", help="of solving alone")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    try:
        ufl = read_ufl(options.file)
        limit: float | None = options.time_limit
        if limit is None:
            limit = max(1.0, TOTAL_S - (time.perf_counter() - started))
        # What counts is the cost: no gap is small enough to end with.
        stop = Stop(gap_ratio=0.0, time_limit_s=limit)
        solved = solve_ufl(ufl, options.engine, stop, options.threads, options.seed)
    except CdnplanError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(json.dumps({"instance": options.file.stem, **solved}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
