"""Networks with few files or few pools: better prices by a master program, and a plan from its mixture.

There the price search and its dual ascent leave a gap of several percent, most of it because a file's
problem has an integer optimum well above its LP bound. Here every file is solved to that optimum under each
set of prices asked about, which raises the bound, and the holders found become columns of a restricted
master program (Dantzig-Wolfe [1]_). Its duals are the next prices, kept in a box around the best prices so
far and drawn a little towards them [2]_. At the end its mixture is rounded to a placement: at an optimum
few files are mixed, not more than there are tight limits.

References
----------
.. [1] G. B. Dantzig, P. Wolfe, "Decomposition Principle for Linear Programs",
   Operations Research 8(1), 1960.
.. [2] P. Wentges, "Weighted Dantzig-Wolfe decomposition for linear mixed-integer programming",
   International Transactions in Operational Research 4(2), 1997.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.model.plan.cuts import Cuts
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.master.column_ranks import largest
from cdnplan.optimize.master.file_columns import Columns, columns_of, priced_columns, solve_exactly
from cdnplan.optimize.master.master import Master, Mixed
from cdnplan.optimize.problem.limits import LimitVector
from cdnplan.parameters.closing import MasterParameters
from cdnplan.parameters.parameters import DEFAULTS

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class FewFiles:
    """What the master program brought.

    Parameters
    ----------
    bound : float
        Best bound, by the integer optima of the files' problems [currency].
    prices : Prices
        Prove `bound`.
    mixture : float
        Cost of the last master: where the bound of these columns can go at most [currency].
    wish : (n_pools, n_files) bool
        The mixture rounded: each file as in the column with the largest share.
    columns, share : Columns, (n,) float64
        The columns and their shares in the best mixture.
    rounds : int
        Masters solved.
    last : bool
        Whether more rounds would bring next to nothing.
    cuts : Cuts
        Priced as well.
    """

    bound: float
    prices: Prices
    mixture: float
    wish: Bools
    columns: Columns
    share: Floats
    rounds: int
    last: bool
    cuts: Cuts


class _Known:
    """All columns seen, each once."""

    def __init__(self) -> None:
        self._parts: list[Columns] = []
        self.names: Ints = np.zeros(0, dtype=np.int64)
        self._seen = np.zeros(0, dtype=np.uint64)
        self._count = 0

    @property
    def columns(self) -> Columns:
        """All of them, in the order found."""
        if len(self._parts) > 1:
            self._parts = [Columns.joined(*self._parts)]
        return self._parts[0]

    def add(self, new: Columns) -> int:
        """Take in the columns not seen before; returns how many."""
        marks = _fingerprints(new)
        _, first = np.unique(marks, return_index=True)
        chosen = np.sort(first[~np.isin(marks[first], self._seen)])
        self._seen = np.concatenate([self._seen, marks[chosen]])
        self._parts.append(new if chosen.size == new.file.size else new.take(chosen))
        names = np.arange(self._count, self._count + chosen.size)
        self.names = np.concatenate([self.names, names])
        self._count += chosen.size
        return int(chosen.size)


def _fingerprints(columns: Columns) -> npt.NDArray[np.uint64]:
    """A number for each column, of files, holders and use; different columns share one by rare chance only.

    That chance costs a column and no more.
    """
    # Rounded: the same column under other prices may differ in the last bits of its sums.
    words = columns.use.astype(np.float32).view(np.uint32)
    factors = np.random.default_rng(0).integers(1, 1 << 63, 1 + columns.holds.shape[1] + words.shape[1])
    parts = (columns.file[:, None], columns.holds, words)
    each = np.split(factors.astype(np.uint64), [1, 1 + columns.holds.shape[1]])
    return np.asarray(
        sum(part.astype(np.uint64) @ factor for part, factor in zip(parts, each, strict=True)),
        dtype=np.uint64,
    )


def improve_few_files(
    solver: FileSolver,
    limits: LimitVector,
    prices: Prices,
    incumbent: Bools,
    span: float,
    expired: Callable[[], bool],
    columns: Sequence[Columns] = (),
    *,
    rough: bool = True,
    parameters: MasterParameters = DEFAULTS.master,
) -> Iterator[FewFiles]:
    """Raise the bound of given prices round by round, by a master program over columns of all files.

    Parameters
    ----------
    solver : FileSolver
    limits : LimitVector
    prices : Prices
        Where to start.
    incumbent : (n_pools, n_files) bool
        A placement that keeps every rule; its holders are the first columns.
    span : float
        Cost of the incumbent above the ideal: what gaps are measured by [currency].
    expired : callable
        Ends the rounds early once it returns True.
    columns : sequence of Columns
        More columns to start with.
    rough : bool
        Whether the first rounds are rough ones.
    parameters : MasterParameters

    Yields
    ------
    FewFiles
        After each round, at most `MasterParameters.rounds`; at least one.
    """
    inst = solver.instance
    files = np.arange(inst.n_files, dtype=np.int32)
    exists = np.isfinite(limits.limit)
    master, known = Master(inst, limits, prices, span, parameters), _Known()
    holders = np.ascontiguousarray(incumbent.T)
    known.add(columns_of(solver, prices, files, holders, from_origin=True))
    known.add(columns_of(solver, prices, files, holders))
    for more in columns:
        known.add(more)
    centre = at = limits.flat(prices)
    launch = best_launch = prices.launch
    best = -np.inf
    width, floor = np.full_like(centre, parameters.box), parameters.box_floor
    if columns:
        mixed = master.solve(known.columns, known.names, *_box(limits, inst.n_pools, centre, width, floor))
        at, launch = np.where(exists, mixed.price, 0.0), mixed.launch
    towards_best, guess, free = 0.0, holders, False
    for number in range(1, parameters.rounds + 1):
        now = limits.prices(at, launch)
        cut = rough and number <= parameters.rough_rounds
        answers = solve_exactly(solver, now, parameters.rough_nodes if cut else parameters.nodes, guess)
        guess = answers.holds
        new = known.add(columns_of(solver, now, files, answers.holds))
        if answers.bound > best:
            best, centre, best_launch = answers.bound, at, launch
        mixed = master.solve(known.columns, known.names, *_box(limits, inst.n_pools, centre, width, floor))
        width = np.where(mixed.boxed, parameters.wider * width, width)
        # No new column proves nothing on the way to the master's prices, at the edge of a box, or in a tree
        # cut short.
        exhausted = new == 0 and not cut and towards_best == 0.0 and free
        free = not mixed.boxed.any()
        close = mixed.value - best <= parameters.settled * span or exhausted
        last = (close and free) or number == parameters.rounds or expired()
        yield FewFiles(
            bound=best,
            prices=limits.prices(centre, best_launch),
            mixture=mixed.value,
            wish=_rounded(known.columns, mixed, inst.n_files),
            columns=known.columns,
            share=mixed.share,
            rounds=number,
            last=last,
            cuts=solver.cuts,
        )
        if last:
            return
        towards_best = 0.0 if new == 0 else parameters.towards_best
        at = np.where(exists, towards_best * centre + (1 - towards_best) * mixed.price, 0.0)
        launch = towards_best * best_launch + (1 - towards_best) * mixed.launch


def nearest(limits: LimitVector, found: FewFiles, most: int, room: float) -> Bools:
    """Columns that further masters may need: those in the mixture, and the nearest of each file.

    Parameters
    ----------
    limits : LimitVector
    found : FewFiles
    most : int
        So many of each file.
    room : float
        Columns dearer by more than this are in no better plan [currency].

    Returns
    -------
    (n_columns,) bool
    """
    columns = found.columns
    value = priced_columns(limits, found.prices, columns)
    order = np.lexsort((value, columns.file))
    first = np.flatnonzero(np.diff(columns.file[order], prepend=-1))
    begin = np.repeat(first, np.diff(np.append(first, order.size)))
    dearer = value[order] - value[order[begin]]
    keep = np.zeros(order.size, dtype=np.bool_)
    keep[order] = (dearer <= room) & (np.arange(order.size) - begin < most)
    return np.asarray(keep | (found.share > 0.0))


def _box(
    limits: LimitVector, n_pools: int, centre: Floats, width: Floats, least: float
) -> tuple[Floats, Floats]:
    """Lowest and highest price of each limit in the master, as if none were below a part of the mean."""
    half = np.full_like(centre, np.inf)  # that of cuts: their first prices are no guess
    for part in (slice(0, n_pools), slice(n_pools, limits.n_own)):
        positive = centre[part][centre[part] > 0]
        floor = least * float(positive.mean()) if positive.size else np.inf
        half[part] = width[part] * np.maximum(centre[part], floor)
    return np.maximum(0.0, centre - half), np.minimum(centre + half, limits.cap)


def _rounded(columns: Columns, mixed: Mixed, n_files: int) -> Bools:
    """Each file's holders in the column with the largest share, ties to the column found last."""
    pick = largest(columns.file, mixed.share, n_files)
    return np.ascontiguousarray(columns.holds[pick].T)
