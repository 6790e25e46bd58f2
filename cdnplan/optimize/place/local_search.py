"""From a rough placement to a good one.

`refit` drops what does not fit and fills the room left, pool by pool: a placement that the price search
left balanced stays so. `improve` goes further and re-chooses each pool's files given all others, a knapsack
by marginal value; that pays on small networks, where few files decide. Values use the prices of rates
as part of delivery costs, for a placement alone does not show where bytes pile up. Between
rounds those prices are moved towards the duals of the exact serving program of the placement in hand, and
the placement with the lowest exact cost is kept. Nothing is promised about how close it ends: that is what
the bound is for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.lanes import in_lanes
from cdnplan.model.instance.instance import Instance, Ints
from cdnplan.model.plan.placement import Prices, Serving
from cdnplan.optimize.place.knapsack_kernels import sweep
from cdnplan.optimize.place.nearest_kernels import Nearest, nearest_holders
from cdnplan.optimize.place.pool_kernels import Place, Stock, Volumes
from cdnplan.optimize.place.refit_kernels import refit
from cdnplan.optimize.problem.arrays import Network, RowDemand
from cdnplan.optimize.problem.columns import Columns
from cdnplan.optimize.problem.limits import volume_prices
from cdnplan.optimize.problem.objective import plan_cost
from cdnplan.optimize.problem.priced import Priced
from cdnplan.optimize.problem.rules import Room, quotas
from cdnplan.optimize.serve.serving import Served, best_serving
from cdnplan.parameters.parameters import DEFAULTS, Parameters

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Incumbent:
    """A plan within every limit.

    Parameters
    ----------
    holds : (n_pools, n_files) bool
    served : Served
        Its best serving.
    cost : float
        [currency]
    """

    holds: Bools
    served: Served
    cost: float

    @property
    def serving(self) -> Serving:
        """Who serves whom."""
        return self.served.serving


def forced_holders(instance: Instance, wish: Bools | None = None) -> Bools:
    """Pins, and for each launch rule pools that will hold its file come what may.

    Pools that the wish already has come first, then those with most room; rules with the least choice
    choose first.

    Parameters
    ----------
    instance : Instance
    wish : (n_pools, n_files) bool or None
        A placement to stay close to.

    Returns
    -------
    (n_pools, n_files) bool

    Raises
    ------
    NoFeasiblePlanError
        Room for a launch rule was not found; another choice might still find some.
    """
    forced = instance.pinned.copy()
    room = Room(instance, forced)
    choice = np.diff(instance.launch_ptr) - instance.launch_min
    for rule in np.argsort(choice, kind="stable"):
        f, least = int(instance.launch_file[rule]), int(instance.launch_min[rule])
        pools = instance.launch_pool[instance.launch_ptr[rule] : instance.launch_ptr[rule + 1]]
        lacking = least - int(forced[pools, f].sum())
        able = pools[~forced[pools, f]].astype(np.int64)
        able = able[room.fits(able, f)]
        wished = np.zeros(able.size, dtype=np.bool_) if wish is None else wish[able, f]
        # Where pools share a limit, one may leave no room for the next.
        for p in able[np.lexsort((-room.storage_gb(able), ~wished))].tolist():
            if lacking > 0 and room.take(p, f):
                forced[p, f] = True
                lacking -= 1
        if lacking > 0:
            message = f"no room was found for the launch of {instance.files[f]!r} in {least} pools"
            raise NoFeasiblePlanError(message)
    return forced


class LocalSearch:
    """Improves placements of one instance.

    Parameters
    ----------
    instance : Instance
    columns : Columns
    parameters : Parameters
    """

    def __init__(self, instance: Instance, columns: Columns, parameters: Parameters = DEFAULTS) -> None:
        self._instance, self._parts, self._numbers = instance, parameters.parts, parameters.refit
        self._columns = columns
        self._order: Ints = np.arange(instance.n_pools)

    def improve(self, wish: Bools, prices: Prices, rounds: int, expired: Callable[[], bool]) -> Incumbent:
        """Make a placement fit, then better it.

        Parameters
        ----------
        wish : (n_pools, n_files) bool
            Where to start; limits need not hold.
        prices : Prices
            Where the prices of rates start.
        rounds : int
            How often prices move and pools are re-chosen.
        expired : callable
            Ends the search early once it returns True.

        Returns
        -------
        Incumbent
            The best plan seen.

        Raises
        ------
        NoFeasiblePlanError
            See `forced_holders`.
        """
        if not self._parts.rechoosing:
            return self.refit(wish, prices, expired, rounds)
        forced = forced_holders(self._instance, wish)
        holds = wish | forced
        self._sweeps(holds, prices, forced)
        best: Incumbent | None = None
        for number in range(rounds):
            served = best_serving(self._instance, holds)
            plan = self._incumbent(holds.copy(), served)
            if best is None or plan.cost < best.cost:
                best = plan
            if number == rounds - 1 or expired():
                break
            prices = towards_duals(prices, served, 1.0 / (number + 2))
            self._sweeps(holds, prices, forced)
        if best is None:
            raise ValueError("at least one round is needed")
        return best

    def refit(
        self, wish: Bools, prices: Prices, expired: Callable[[], bool], rounds: int | None = None
    ) -> Incumbent:
        """Make a placement fit, and fill the room left.

        Parameters
        ----------
        wish, prices, expired
            See `improve`.
        rounds : int
            Refits, with prices moving towards the serving program's duals in between; by default
            `RefitParameters.rounds`.

        Returns
        -------
        Incumbent
            The best plan seen.

        Raises
        ------
        NoFeasiblePlanError
            See `forced_holders`.
        """
        rounds = self._numbers.rounds if rounds is None else rounds
        forced = forced_holders(self._instance, wish)
        holds = wish | forced
        best: Incumbent | None = None
        for number in range(rounds):
            changes = self._refit(holds, prices, forced)
            if best is not None and changes == 0:
                break
            served = best_serving(self._instance, holds)
            plan = self._incumbent(holds.copy(), served)
            if best is not None and plan.cost >= best.cost:
                break
            best = plan
            if number == rounds - 1 or expired() or not self._parts.towards_duals:
                break
            prices = towards_duals(prices, served, self._numbers.towards_duals)
        if best is None:
            raise ValueError("at least one round is needed")
        return best

    def _refit(self, holds: Bools, prices: Prices, forced: Bools) -> int:
        """One round, in place; returns the number of changes."""
        inst = self._instance
        place, stock = self._place(holds, prices), Stock.of(inst, forced)
        limit, price = Volumes(*quotas(inst, holds, forced)), Volumes(*volume_prices(inst, prices.volume))
        return int(refit(self._order, place, stock, limit, price))

    def _place(self, holds: Bools, prices: Prices) -> Place:
        """A placement under prices as kernels take it, with the two nearest holders of all that is asked."""
        inst = self._instance
        entries = np.diff(inst.demand_ptr)[inst.region_row]
        start = np.concatenate([[0], np.cumsum(entries)]).astype(np.int64)
        nearest = Nearest(start, np.empty(start[-1], dtype=np.uint16), np.empty(start[-1], dtype=np.uint16))
        demand, net = RowDemand.of(inst), Network.of(inst, self._columns, Priced.of(inst, prices))
        in_lanes(nearest_holders, np.arange(inst.n_regions), entries, demand, net, holds, nearest)
        return Place(demand, net, nearest, holds)

    def serve(self, holds: Bools) -> Incumbent:
        """Serve a placement that keeps all limits at least cost."""
        return self._incumbent(holds, best_serving(self._instance, holds))

    def _incumbent(self, holds: Bools, served: Served) -> Incumbent:
        return Incumbent(holds, served, plan_cost(self._instance, holds, served.serving))

    def _sweeps(self, holds: Bools, prices: Prices, forced: Bools) -> None:
        """Re-choose all pools, in place, until that saves next to nothing."""
        inst = self._instance
        place, stock = self._place(holds, prices), Stock.of(inst, forced)
        most = 0.0
        for number in range(self._numbers.sweeps):
            saved = sweep(self._order, place, stock, Volumes(*quotas(inst, holds, forced)))
            most = max(most, abs(saved)) if number == 0 else most
            if number > 0 and saved <= self._numbers.settled * most:
                return


def towards_duals(prices: Prices, served: Served, weight: float) -> Prices:
    """Move prices of rates part of the way to the duals of a serving program.

    Parameters
    ----------
    prices : Prices
    served : Served
        A solution of the program.
    weight : float
        The part, in [0, 1].

    Returns
    -------
    Prices
    """
    return replace(prices, rate=(1.0 - weight) * prices.rate + weight * served.rate)
