"""Instances of the further families of UflLib [1]_, drawn at random in its simple format.

    python -m benchmarks.contest_like NAME --out FILE [--seed N]

The sizes and the rules they are drawn by are the published ones.

gap_a, gap_b, gap_c, projective_11, projective_17, chess, codes
    Problems of Kochetov and Ivanenko [2]_, whose relaxation says little: each customer can be served from
    few facilities, at costs of 0 to 4, and a facility costs 3,000. Which serve whom: ten drawn at random
    (for each customer, for each facility, for both), points and lines of a finite projective plane (133 and
    307), neighbours on a chess board that is a torus (144), words of 7 bits that differ in one at most (128).
euclid, uniform_100
    100 x 100: costs are distances in a square of side 7,000, or up to 10,000 without structure; a facility
    costs 3,000.
bilde_b, bilde_c, bilde_d1 to bilde_d10, bilde_e1 to bilde_e10
    Problems of Bilde and Krarup: costs up to 1,000 without structure; 50 facilities that cost 1,000 to
    10,000 or to 2,000 and 100 customers; 30 and 80, or 50 and 100, that cost 1,000, 2,000, ... 10,000 each.
galvao_50 to galvao_200
    Problems of Galvão and Raggi: nodes of a sparse graph with lengths of 1 to n on its arcs, costs are
    lengths of shortest paths; opening costs are normally distributed.
kratica_o to kratica_t
    100 x 100, 200, 300, 500, 1,000 and 2,000: customers' demand of 1 to 5 times a cost of 2 to 10; opening
    costs from n / 2 to 3 n, the more the less a facility costs to be served from, so that many sets of them
    are nearly as good as the best. The rule is read off the published files up to 300; larger ones follow it
    here.
inverse_1000, inverse_2000
    No published ones, and harder: facilities differ more in what they cost to be served from, and many open.
median_500, median_1000 and so on to median_3000, and the same with _dear and _cheap
    Points in the unit square that are customers and facilities; a facility costs sqrt(n) / 100, / 10 or
    / 1,000 times the square's side.

References
----------
.. [1] M. Hoefer, "UflLib, benchmark instances for the uncapacitated facility location problem", Max-Planck-
   Institut für Informatik, 2003.
.. [2] Y. Kochetov, D. Ivanenko, "Computationally Difficult Instances for the Uncapacitated Facility Location
   Problem", Metaheuristics: Progress as Real Problem Solvers, Springer 2005.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.ufl import Ufl

Bools = npt.NDArray[np.bool_]
Drawn = Callable[[int], Ufl]

OPENING = 3_000.0
NEVER = 50_000.0
"""Cost of serving a customer from where it cannot be served: more than opening one facility more."""
GAP_SIZE, GAP_DEGREE = 100, 10
KRATICA = {"o": 100, "p": 200, "q": 300, "r": 500, "s": 1_000, "t": 2_000}
GALVAO = {
    50: (0.061, 25.1, 14.1),
    70: (0.043, 42.3, 20.7),
    100: (0.025, 51.7, 28.9),
    150: (0.018, 186.1, 101.5),
    200: (0.015, 149.5, 94.4),
}
"""Density of the graph, mean of opening costs and their standard deviation."""
MEDIAN = range(500, 3_001, 500)
UNIT = 10_000
"""Side of the unit square, and what one is elsewhere, so that costs are whole numbers."""


def draw_reachable(reachable: Bools, rng: np.random.Generator) -> Ufl:
    """Draw costs of 0 to 4 where a facility can serve a customer, (customers, facilities)."""
    allocation = np.where(reachable, rng.integers(0, 5, reachable.shape), NEVER)
    return Ufl(np.full(reachable.shape[1], OPENING), allocation)


def gap(kind: str, seed: int) -> Ufl:
    """Ten facilities for each customer (a), ten customers for each facility (b), or both (c)."""
    rng = np.random.default_rng([seed, ord(kind)])
    if kind == "c":
        # A ring of ten neighbours, both sides shuffled, and then edges exchanged pair by pair.
        offset = (np.arange(GAP_SIZE) - np.arange(GAP_SIZE)[:, None]) % GAP_SIZE
        reachable = offset < GAP_DEGREE
        for _ in range(100 * GAP_SIZE):
            (a, b), (p, q) = rng.integers(0, GAP_SIZE, 2), rng.integers(0, GAP_SIZE, 2)
            if reachable[a, p] and reachable[b, q] and not reachable[a, q] and not reachable[b, p]:
                reachable[[a, b], [p, q]], reachable[[a, b], [q, p]] = False, True
    else:
        reachable = rng.random((GAP_SIZE, GAP_SIZE)).argsort(axis=1) < GAP_DEGREE
        reachable = reachable.T if kind == "b" else reachable
    return draw_reachable(reachable, rng)


def projective(order: int, seed: int) -> Ufl:
    """Points and lines of the projective plane over the integers modulo a prime."""
    numbers = range(order)
    points = [(1, y, z) for y in numbers for z in numbers] + [(0, 1, z) for z in numbers] + [(0, 0, 1)]
    product = np.array(points) @ np.array(points).T
    return draw_reachable(product % order == 0, np.random.default_rng([seed, order]))


def chess(seed: int, side: int = 12) -> Ufl:
    """Squares that a king reaches in one move or none."""
    row, column = np.divmod(np.arange(side * side), side)
    far = [np.abs(at - at[:, None]) for at in (row, column)]
    near = [np.minimum(apart, side - apart) <= 1 for apart in far]
    return draw_reachable(near[0] & near[1], np.random.default_rng([seed, side]))


def codes(seed: int, bits: int = 7) -> Ufl:
    """Words that differ in one bit at most."""
    differ = np.arange(2**bits) ^ np.arange(2**bits)[:, None]
    return draw_reachable((differ & (differ - 1)) == 0, np.random.default_rng([seed, bits]))


def euclid(seed: int) -> Ufl:
    """Points in a square are customers and facilities."""
    at = np.random.default_rng([seed, GAP_SIZE]).uniform(0, 7_000, (GAP_SIZE, 2))
    return Ufl(np.full(GAP_SIZE, OPENING), _distances(at))


def uniform(seed: int) -> Ufl:
    """Costs without structure."""
    rng = np.random.default_rng([seed, GAP_SIZE, 1])
    return Ufl(np.full(GAP_SIZE, OPENING), rng.integers(0, 10_001, (GAP_SIZE, GAP_SIZE)).astype(float))


def bilde_krarup(facilities: int, customers: int, opening: tuple[int, int], seed: int) -> Ufl:
    """Costs without structure, opening costs between two numbers."""
    rng = np.random.default_rng([seed, facilities, *opening])
    costs = rng.integers(0, 1_001, (customers, facilities)).astype(float)
    return Ufl(rng.integers(opening[0], opening[1] + 1, facilities).astype(float), costs)


def galvao_raggi(size: int, seed: int) -> Ufl:
    """Nodes of a graph whose arcs are a ring, so that all are reached, and others drawn by density."""
    density, mean, spread = GALVAO[size]
    rng = np.random.default_rng([seed, size, 5])
    near = np.triu(rng.random((size, size)) < density, 1)
    near[np.arange(size - 1), np.arange(1, size)] = near[0, -1] = True
    length = np.where(near, rng.integers(1, size + 1, (size, size)), np.inf)
    length = np.minimum(length, length.T)
    np.fill_diagonal(length, 0.0)
    for k in range(size):
        length = np.minimum(length, length[:, k, None] + length[k])
    return Ufl(np.rint(np.maximum(1.0, rng.normal(mean, spread, size))), length)


def kratica(size: int, seed: int) -> Ufl:
    """What a facility serves for less it costs more to open."""
    rng = np.random.default_rng([seed, size])
    allocation = rng.integers(1, 6, (size, 1)) * rng.uniform(2, 10, (size, size))
    return Ufl(np.rint(UNIT * size * (0.5 + 2.5 * _cheapness(allocation))), np.rint(UNIT * allocation))


def _cheapness(allocation: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """From 0 for the facility that costs most to be served from to 1 for the one that costs least."""
    total = allocation.sum(axis=0)
    cheap: npt.NDArray[np.float64] = (total.max() - total) / (total.max() - total.min())
    return cheap


def inverse(size: int, seed: int) -> Ufl:
    """As `kratica`, of facilities that differ more."""
    rng = np.random.default_rng([seed, size])
    allocation = rng.uniform(0, 1, (size, size)) + rng.uniform(0.5, 1.5, size)
    opening = UNIT * (1.0 + _cheapness(allocation)) * np.sqrt(size) / 10
    return Ufl(np.rint(opening), np.rint(UNIT * allocation))


def median(size: int, part: int, seed: int) -> Ufl:
    """Points in the unit square; opening costs are a part of the square root of their number."""
    at = np.random.default_rng([seed, size, 3]).random((size, 2)) * UNIT
    return Ufl(np.full(size, np.rint(UNIT * np.sqrt(size) / part)), _distances(at))


def _distances(at: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    return np.rint(np.hypot(*np.moveaxis(at[:, None] - at, 2, 0)))


FAMILIES: dict[str, Drawn] = {
    **{f"gap_{kind}": partial(gap, kind) for kind in "abc"},
    **{f"projective_{order}": partial(projective, order) for order in (11, 17)},
    "chess": chess,
    "codes": codes,
    "euclid": euclid,
    "uniform_100": uniform,
    **{f"kratica_{kind}": partial(kratica, size) for kind, size in KRATICA.items()},
    **{f"inverse_{size}": partial(inverse, size) for size in (1_000, 2_000)},
    "bilde_b": partial(bilde_krarup, 50, 100, (1_000, 10_000)),
    "bilde_c": partial(bilde_krarup, 50, 100, (1_000, 2_000)),
    **{f"bilde_d{q}": partial(bilde_krarup, 30, 80, (1_000 * q, 1_000 * q)) for q in range(1, 11)},
    **{f"bilde_e{q}": partial(bilde_krarup, 50, 100, (1_000 * q, 1_000 * q)) for q in range(1, 11)},
    **{f"galvao_{size}": partial(galvao_raggi, size) for size in GALVAO},
    **{f"median_{size}": partial(median, size, 100) for size in MEDIAN},
    **{f"median_{size}_dear": partial(median, size, 10) for size in MEDIAN},
    **{f"median_{size}_cheap": partial(median, size, 1_000) for size in MEDIAN},
}
