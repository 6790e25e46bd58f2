"""What batches of files use at given prices: by the relaxations of their problems.

Prices that balance the use of whole holders are not those that prove most where files are many times split
in their relaxations: there, each file's bound is that of its relaxation at best, and the sum of these is
highest where what the relaxations use meets the limits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.lanes import in_even_lanes
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.bound import FileSolver, summed
from cdnplan.optimize.price.relaxed_kernels import RELAXED_CHUNKS, relax_files
from cdnplan.optimize.price.response import ResponseLayout
from cdnplan.optimize.price.visits import Batch, Pass, Use
from cdnplan.optimize.problem.priced import Priced
from cdnplan.parameters.parameters import DEFAULTS
from cdnplan.parameters.wide_gaps import RelaxationParameters

Floats32 = npt.NDArray[np.float32]


class RelaxedVisits:
    """Shares of files in pools, nearly those of their relaxations, and what they use.

    Parameters
    ----------
    instance : Instance
    solver : FileSolver
    layout : ResponseLayout
    parameters : RelaxationParameters
    """

    def __init__(
        self,
        instance: Instance,
        solver: FileSolver,
        layout: ResponseLayout,
        parameters: RelaxationParameters = DEFAULTS.relaxation,
    ) -> None:
        self._instance, self._solver, self._layout, self._numbers = instance, solver, layout, parameters
        self._u = np.zeros((instance.n_files, instance.n_regions), dtype=np.float32)
        self._share = np.zeros((instance.n_files, instance.n_pools), dtype=np.float32)
        self._seen = np.zeros(instance.n_files, dtype=np.bool_)

    @staticmethod
    def fits(instance: Instance, parameters: RelaxationParameters) -> bool:
        """Whether there is memory enough for networks of that size."""
        return instance.n_files * (instance.n_regions + instance.n_pools) <= parameters.most_kept

    def visit(self, batch: Batch, prices: Prices, priced: Priced, at: Pass) -> Use:
        """Step towards the relaxations of a batch, and tell what they use."""
        del at
        values, kept = np.zeros(self._instance.n_files), (self._u, self._share, self._seen)
        return Use(self._relax(batch, self._numbers.steps, prices, priced, kept, values), None)

    def bound(self, prices: Prices) -> float:
        """Bound of prices, a few steps from where the files' u are, which stay there.

        Parameters
        ----------
        prices : Prices

        Returns
        -------
        float
            Lowered as that of `priced_bound`.
        """
        priced, values = Priced.of(self._instance, prices), np.zeros(self._instance.n_files)
        kept = self._u.copy(), self._share.copy(), self._seen.copy()
        everything = Batch(np.arange(values.size, dtype=np.int32), np.ones(values.size))
        self._relax(everything, self._numbers.last_steps, prices, priced, kept, values)
        return summed(self._instance, prices, values, self._solver.cuts)

    def _relax(
        self, batch: Batch, steps: int, prices: Prices, priced: Priced, kept: Any, values: Floats
    ) -> Floats:  # fmt: skip
        inst, cols, solver, order = self._instance, self._solver.columns, self._solver, priced.order
        stored = np.zeros((RELAXED_CHUNKS, inst.n_pools))
        fresh = np.zeros_like(stored)
        served = np.zeros((RELAXED_CHUNKS, inst.cand_pool.size + inst.n_regions))
        in_even_lanes(
            relax_files, RELAXED_CHUNKS, *batch, self._numbers.first_steps, steps,
            inst.region_row, inst.region_share, cols.file_ptr, cols.file_row, cols.file_gb,
            inst.demand_ptr.size - 1, inst.cand_ptr, inst.cand_pool[order], self._layout.slots(order),
            priced.cand_cost[order], priced.origin_cost, cols.pool_ptr, cols.pool_region, inst.size_gb,
            priced.store, priced.new, solver.copies, solver.held, solver.pinned, solver.reward_ptr,
            solver.reward_pool, solver.rewards(prices), *kept, stored, fresh, served, values,
        )  # fmt: skip
        return np.concatenate([stored.sum(axis=0), fresh.sum(axis=0), served.sum(axis=0)])
