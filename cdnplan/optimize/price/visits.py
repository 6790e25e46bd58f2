"""What batches of files use at given prices: by the holders that a search finds for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from cdnplan.lanes import in_even_lanes
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.price.response import ResponseLayout
from cdnplan.optimize.price.search_kernels import Pass, Search, search_files
from cdnplan.optimize.price.totals import CHUNKS, Batch, Totals
from cdnplan.optimize.price.twins import twin_pools
from cdnplan.optimize.problem.arrays import Network
from cdnplan.optimize.problem.priced import Priced
from cdnplan.parameters.parameters import DEFAULTS

Bools = npt.NDArray[np.bool_]


class Use(NamedTuple):
    """What a batch uses.

    Stored and new GB by pool, then GB served by entry and from the origin, (2 * n_pools + n_cand +
    n_regions,); and how that responds to costs, see `ResponseLayout`, None where it is not known.
    """

    loads: Floats
    response: Floats | None


class Visitor(Protocol):
    """Looks at the files of a batch at given prices."""

    def visit(self, batch: Batch, prices: Prices, priced: Priced, at: Pass) -> Use:
        """Tell what they use."""
        ...


@dataclass(slots=True, eq=False)
class Visits:
    """What each batch used when it was last visited, and at which costs.

    Parameters
    ----------
    loads : (n_batches, 2 * n_pools + n_cand + n_regions) float64
        See `Use`.
    costs : (n_batches, n_cand + n_regions) float64
    response : (size,) float64
        Running total over batches, see `ResponseLayout`.
    """

    loads: Floats
    costs: Floats
    response: Floats

    def dealt_anew(self, batches: int) -> Visits:
        """Spread evenly over another number of batches: the old ones stand in until they are visited."""
        loads = np.tile(self.loads.sum(axis=0) / batches, (batches, 1))
        return Visits(loads, np.tile(self.costs.mean(axis=0), (batches, 1)), self.response)

    def note(self, b: int, use: Use, cost: Floats, *, first: bool) -> None:
        """Put a batch's new use, and the costs it was found at, in the place of its old ones."""
        self.loads[b] = use.loads
        self.costs[b] = cost
        if use.response is not None:
            kept = 1.0 if first else 1.0 - 1.0 / len(self.loads)
            self.response = kept * self.response + use.response


class HolderVisits:
    """Holders of files, and what they use.

    Parameters
    ----------
    instance : Instance
    solver : FileSolver
    layout : ResponseLayout
    band : float
        Around ties, in which holders stay, as a part of the heat.

    Attributes
    ----------
    holds : (n_files, n_pools) bool
        Holders of each file at its last visit.
    seen : (n_files,) bool
        Files that were visited.
    steps : int
        Steps of the volume algorithm by which holders are sought from nothing at each visit; 0: by dual
        ascent, and only now and then.
    """

    def __init__(
        self,
        instance: Instance,
        solver: FileSolver,
        layout: ResponseLayout,
        band: float = DEFAULTS.prices.band,
    ) -> None:
        self._instance, self._solver, self._layout, self._band = instance, solver, layout, band
        self._twin = twin_pools(instance, solver.columns)
        self.holds = np.zeros((instance.n_files, instance.n_pools), dtype=np.bool_)
        self.seen = np.zeros(instance.n_files, dtype=np.bool_)
        self.steps = 0

    def visit(self, batch: Batch, prices: Prices, priced: Priced, at: Pass) -> Use:
        """Find holders for the files of a batch, and tell what they use."""
        inst, solver = self._instance, self._solver
        tolled = prices.rate[: inst.n_pools].max(axis=1, initial=0.0) > 0.0
        search = Search(self.holds, self.seen, self.steps, self._band * at.heat, self._twin, tolled)
        totals, response = Totals.none(inst), np.zeros((CHUNKS, self._layout.size))
        in_even_lanes(
            search_files,
            CHUNKS,
            batch,
            search,
            at,
            solver.demand,
            Network.of(inst, solver.columns, priced),
            solver.holding(priced, solver.rewards(prices)),
            self._layout.ptr,
            totals,
            response,
        )
        return Use(totals.loads(), response.sum(axis=0))
