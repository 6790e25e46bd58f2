"""The best serving after a failure, found by moving only what has to move.

The base's serving is optimal, and its duals say so. After a failure, rows of demand (a region's files with
the same holders) that lost their source are shared out by a linear program, all others staying where they
are. Prices of the limits, from the program where it used them, from the base elsewhere, then tell which of
the others would gain by moving. Those are freed too, until what all of them together could gain, which bounds
the distance to the optimum (weak duality), is next to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.problem.serving_paths import Paths
from cdnplan.optimize.serve.serving_program import Choices, path_gb, solve_program
from cdnplan.parameters.parameters import DEFAULTS
from cdnplan.parameters.questions import ChangeParameters
from cdnplan.whatif.base.detours import FailedPaths
from cdnplan.whatif.steer.resteer_kernels import row_gains
from cdnplan.whatif.steer.rows import Rows
from cdnplan.whatif.steer.steering import Steering, limits_gap, overload_cost, with_detours

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Resteered:
    """The best serving after a failure, as far as it differs from the base's.

    Parameters
    ----------
    paths, rows : Paths, Rows
        The base's, then those of detoured regions.
    limits : tuple of str
        Names of limits beyond the base's.
    dead : (n_paths,) bool
        Paths from pools that are gone.
    before, after : Choices
        What moved: paths that these rows took in the base, and that they or those that stand for them take.
    load : (n_limits, n_slices) float64
        [Gbit/s]
    cost_change : float
        Of delivery and overload [currency].
    gap : float
        No serving of this placement costs less by more than this [currency].
    rounds : int
        Programs solved.
    """

    paths: Paths
    rows: Rows
    limits: tuple[str, ...]
    dead: Bools
    before: Choices
    after: Choices
    load: Floats
    cost_change: float
    gap: float
    rounds: int


def resteer(
    base: Steering, pools: Ints, touched: FailedPaths, parameters: ChangeParameters = DEFAULTS.change
) -> Resteered:
    """Serve all demand at least cost once something has failed, the placement as it is.

    Parameters
    ----------
    base : Steering
    pools : (n,) int64
        Pools that are gone.
    touched : FailedPaths
        Regions that the failure touches.
    parameters : ChangeParameters

    Returns
    -------
    Resteered
        Its cost is proven to be within its gap of the least there is: in general
        `ChangeParameters.steering_gap` of the change, or `steering_gap_of_cost` of the base's cost.
    """
    paths, rows, limits = with_detours(base, touched)
    replaced = base.rows.of_regions(np.array([d.region for d in touched.detours], dtype=np.int64))
    dead = _dead(paths, pools)
    stranded = rows.shares_of(rows.of_regions(touched.thinned))
    freed = np.zeros(rows.gb.size, dtype=np.bool_)
    freed[stranded.row[dead[stranded.path]]] = True
    left = np.concatenate([replaced, np.flatnonzero(freed)])
    freed[base.rows.gb.size :] = True
    state = _State(base, paths, rows, dead, freed, parameters)
    state.leave(left)
    after, gap, rounds = state.settle()
    return Resteered(
        paths=paths,
        rows=rows,
        limits=limits,
        dead=dead,
        before=state.before(),
        after=after,
        load=state.load(after),
        cost_change=state.cost_change(after),
        gap=gap,
        rounds=rounds,
    )


def _dead(paths: Paths, pools: Ints) -> Bools:
    """Paths from pools that are gone."""
    gone = np.zeros(paths.capacity.size, dtype=np.bool_)
    gone[pools] = True
    dead = np.zeros(paths.region.size, dtype=np.bool_)
    dead[paths.use_path[gone[paths.use_limit]]] = True
    return dead


class _State:
    """Rows freed so far, and what all others put on the limits."""

    def __init__(
        self, base: Steering, paths: Paths, rows: Rows, dead: Bools, freed: Bools, numbers: ChangeParameters
    ) -> None:
        self._numbers = numbers
        self._base, self._paths, self._rows, self._dead, self._freed = base, paths, rows, dead, freed
        limits = (paths.capacity.size, base.load.shape[1])
        self._outside, self._dual = np.zeros(limits), np.zeros(limits)
        self._outside[: base.load.shape[0]] = base.load
        self._dual[: base.dual.shape[0]] = base.dual
        self._anchor = self._dual.copy()
        self._known = np.zeros(paths.capacity.size, dtype=np.bool_)
        self._left = np.zeros(0, dtype=np.int64)
        self._spared = 0.0
        self._choices = rows.choices_of(np.zeros(0, dtype=np.int64), dead)

    def leave(self, rows: Ints) -> None:
        """Take rows off the paths that they take in the base."""
        taken = self._rows.shares_of(rows)
        flow = path_gb(self._paths, self._rows.gb, taken)
        self._outside -= self._paths.load(flow)
        self._spared += float((flow * self._paths.cost).sum())
        self._left = np.concatenate([self._left, rows])
        # A limit that they leave may have room now: its price is no longer the base's.
        self._know(taken.path)

    def _know(self, path: Ints) -> None:
        self._known[self._paths.uses(np.unique(path))[1]] = True

    def settle(self) -> tuple[Choices, float, int]:
        """Share out and free, until what all could gain is next to nothing."""
        rounds = 0
        while True:
            after = self._shared_out()
            rounds += 1
            gain, gap = self._gap(after)
            change, cost = abs(self.cost_change(after)), abs(self._base.cost)
            most = max(self._numbers.steering_gap * change, self._numbers.steering_gap_of_cost * cost)
            more = np.flatnonzero(gain > most / gain.size)
            if gap <= most or (more.size == 0 and self._choices.row.size == 0):
                # Nothing is free: what is left is how closely the base's limits are filled.
                return after, gap, rounds
            if more.size == 0:
                # The anchor keeps a millionth of limits back: the prices are right, the serving is not quite.
                after = self._programmed(self._choices, None)[0]
                return after, self._gap(after)[1], rounds + 1
            more = self._keenest(more, gain)
            self._freed[more] = True
            self.leave(more)

    def _keenest(self, rows: Ints, gain: Floats) -> Ints:
        """The rows that gain most for each GB, as many as are freed at a time."""
        most = max(self._numbers.freed, int(self._freed.sum()))
        order = np.argsort(-gain[rows] / self._rows.gb[rows], kind="stable")
        return np.sort(rows[order[:most]])

    def _shared_out(self) -> Choices:
        """Share out the rows that are free; their limits get new prices, as near the base's as can be."""
        free = np.flatnonzero(self._freed)
        choices = self._choices = self._rows.choices_of(free, self._dead)
        if free.size == 0:
            return choices
        self._know(choices.path)
        after, dual = self._programmed(choices, self._anchor)
        self._dual[self._known] = dual[self._known]
        return after

    def _programmed(self, choices: Choices, anchor: Floats | None) -> tuple[Choices, Floats]:
        outside = np.maximum(self._outside, 0.0)
        return solve_program(self._paths, self._rows.gb, choices, outside, anchor)

    def _gap(self, after: Choices) -> tuple[Floats, float]:
        """What rows that are not free would gain, (n_rows,), and all that may still be saved [currency].

        The second adds what free rows would gain and what limits with a price leave unused: both are
        rounding, where the program's prices are those of its optimum.
        """
        base, rows, paths = self._base, self._rows, self._paths
        changed = self._known.copy()
        changed[: base.dual.shape[0]] &= (self._dual[: base.dual.shape[0]] != base.dual).any(axis=1)
        regions = np.unique(paths.region[paths.use_path[changed[paths.use_limit]]])
        price = paths.cost + paths.tolls(self._dual)
        gain = row_gains(regions, rows, price, self._dead, self._freed)
        paid = rows.gb[after.row] * after.share * price[after.path]
        unused = limits_gap(paths, self.load(after), self._dual)
        return gain, float(base.gain + gain.sum() + paid.sum() - self._least(price) + unused)

    def _least(self, price: Floats) -> float:
        """What all free rows would pay on their cheapest paths [currency]."""
        row, path = self._choices.row, self._choices.path
        if row.size == 0:
            return 0.0
        first = np.flatnonzero(np.append(True, np.diff(row) > 0))
        return float((np.minimum.reduceat(price[path], first) * self._rows.gb[row[first]]).sum())

    def before(self) -> Choices:
        """Paths that the rows which left took in the base."""
        return self._rows.shares_of(np.sort(self._left))

    def load(self, after: Choices) -> Floats:
        """Load of all limits, (n_limits, n_slices) [Gbit/s]."""
        return np.maximum(self._outside, 0.0) + self._paths.load(path_gb(self._paths, self._rows.gb, after))

    def cost_change(self, after: Choices) -> float:
        """Change of delivery and overload against the base [currency]."""
        flow = path_gb(self._paths, self._rows.gb, after)
        delivery = float((flow * self._paths.cost).sum()) - self._spared
        overload = overload_cost(self._paths, self.load(after))
        return delivery + overload - overload_cost(self._base.paths, self._base.load)
