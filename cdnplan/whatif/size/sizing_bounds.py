"""What no set of additions can beat: for each goal, a bound on all plans that is linear in the additions.

With prices on storage, throughput and links, a bound on the goal's sum over all plans follows as in
docs/bound.md. Of its terms only the limits' depend on what is bought, so one set of prices bounds every set
of additions: a cut of Benders' kind [1]_, from the Lagrangian dual instead of a linear program's.

References
----------
.. [1] A. M. Geoffrion, "Generalized Benders Decomposition", Journal of Optimization Theory and Applications
   10(4), 1972.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.evaluate.proof.bound import dual_bound
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.limits.limits import with_capacity
from cdnplan.model.network.topology import Topology
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.engine import serving_variables
from cdnplan.optimize.file.bound import FileSolver, priced_bound
from cdnplan.optimize.lp.linear_relaxation import relaxation_prices
from cdnplan.optimize.price.pricing import PriceSearch
from cdnplan.optimize.problem.warm_start import WarmStart
from cdnplan.parameters.parameters import DEFAULTS, Parameters
from cdnplan.whatif.size.sizing_problem import Relaxed
from cdnplan.whatif.size.sizing_targets import Distances, Goal, most, tolerance, weights


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Σ weight · GB of every plan ≥ at_least − gain · units.

    Parameters
    ----------
    at_least : float
        The bound without additions.
    gain : (n_units,) float64
        What a unit may lower it by.
    """

    at_least: float
    gain: Floats

    def bound(self, units: Floats) -> float:
        """Bound of a set of additions."""
        return self.at_least - float(self.gain @ units)


class GoalBounds:
    """Makes cuts of one goal.

    Parameters
    ----------
    goal : Goal
    relaxed : Relaxed
        Of the network that the goal is about: without the site whose failure it speaks of.
    network : Topology
        The same as a topology.
    parameters : Parameters
    """

    def __init__(
        self, goal: Goal, relaxed: Relaxed, network: Topology, parameters: Parameters = DEFAULTS
    ) -> None:
        self.goal, self._parameters = goal, parameters
        self._relaxed = relaxed
        counted = weights(goal, relaxed.instance, Distances(network))
        self._instance = _unruled(
            with_costs(relaxed.instance, counted.candidate, counted.origin, counted.overload)
        )
        self.most = most(goal, relaxed.instance)
        self.tolerance = tolerance(goal, relaxed.instance)
        self.cuts: list[Cut] = []
        self._small = serving_variables(self._instance) <= parameters.sizing.linear_up_to
        self._solver: FileSolver | None = None
        self._start: WarmStart | None = None

    def bound(self, units: Floats) -> float:
        """Best bound that the cuts give for a set of additions; -inf without cuts."""
        return max((cut.bound(units) for cut in self.cuts), default=-np.inf)

    def add_cut(self, units: Floats) -> Cut | None:
        """Make the cut that is best, or nearly so, for a set of additions, perhaps of parts of units."""
        storage, throughput = self._relaxed.limits(units)
        prices = self._linear(storage, throughput) if self._small else self._searched(storage, throughput)
        if prices is None:
            return None
        cut = self._cut(prices)
        self.cuts.append(cut)
        return cut

    def _linear(self, storage: Floats, throughput: Floats) -> Prices | None:
        found = relaxation_prices(self._instance, storage, throughput)
        return None if found is None else found[0]

    def _searched(self, storage: Floats, throughput: Floats) -> Prices:
        """Prices by passes over the files, from those of the last time.

        Pools that have next to nothing would drive their prices up without end. They stand aside, and are
        priced like a pool of their site that is there: at such prices none of them is of any use beside it.
        """
        numbers = self._parameters.sizing
        there = storage >= numbers.least_part * self._relaxed.instance.appliance_storage_gb
        copies = np.where(there[:, None], self._instance.copies, 0).astype(np.uint8)
        own, rows = self._instance, self._instance.volumes
        inst = replace(
            own,
            copies=copies,
            volumes=replace(rows, capacity_gb=np.append(storage, rows.capacity_gb[own.n_pools :])),
            rates=with_capacity(own.rates, slice(own.n_pools), np.where(there, throughput, 0.0)),
        )
        search = PriceSearch(
            inst, FileSolver.of(inst), numbers.passes, self._start, parameters=self._parameters
        )
        states = search.passes()
        for _ in range(search.planned):
            state = next(states)
        self._start = WarmStart(state.prices, state.holds.T.copy())
        return self._like_siblings(state.prices, there)

    def _like_siblings(self, prices: Prices, there: npt.NDArray[np.bool_]) -> Prices:
        """Price pools that stand aside like the sibling that makes them cheapest."""
        one, site = self._relaxed.instance, self._instance.pool_site
        volume, rate = prices.volume.copy(), prices.rate.copy()
        for p in np.flatnonzero(~there):
            siblings = np.flatnonzero(there & (site == site[p]))
            if siblings.size:
                worth = prices.volume[siblings] * one.appliance_storage_gb[p]
                worth += prices.rate[siblings].sum(axis=1) * one.appliance_throughput_gbps[p]
                like = siblings[int(np.argmin(worth))]
                volume[p], rate[p] = prices.volume[like], prices.rate[like]
        return replace(prices, volume=volume, rate=rate)

    def _cut(self, prices: Prices) -> Cut:
        inst, relaxed = self._instance, self._relaxed
        if self._solver is None and not self._small:
            self._solver = FileSolver.of(inst)
        whole = dual_bound(inst, prices) if self._small else priced_bound(inst, prices, self._solver)
        gain = prices.volume[relaxed.pool] * relaxed.storage_gb
        gain += prices.rate[relaxed.pool].sum(axis=1) * relaxed.throughput_gbps
        # The bound holds with all units; each one less than that raises it by its gain.
        return Cut(whole + float(gain.sum()), gain)


def with_costs(instance: Instance, candidate: Floats, origin: Floats, overload: Floats) -> Instance:
    """Replace all costs; candidates of each region are sorted anew, cheapest first."""
    n_cand, pools = instance.cand_pool.size, np.arange(instance.n_pools)
    order = np.lexsort((np.arange(n_cand), candidate, instance.path_region[:n_cand]))
    paths = np.append(order, n_cand + np.arange(instance.n_regions))
    cand_pool = instance.cand_pool[order]
    rates = instance.rates.taken(pools.size, pools, instance.pools, paths, cand_pool)
    return replace(
        instance,
        cand_pool=cand_pool,
        cand_cost=candidate[order],
        origin_cost=origin,
        rates=replace(rates, overload_cost=overload),
        fill_cost=np.zeros(instance.n_pools),
    )


def _unruled(instance: Instance) -> Instance:
    """Without launch rules and limits on new bytes: a bound without them holds with them, too."""
    none, rows = np.zeros(0, dtype=np.int32), instance.volumes
    return replace(
        instance,
        launch_ptr=np.zeros(1, dtype=np.int64),
        launch_pool=none,
        launch_file=none,
        launch_min=none,
        volumes=replace(rows, capacity_gb=np.where(rows.fresh, np.inf, rows.capacity_gb)),
    )
