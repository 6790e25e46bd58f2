"""What batches of files use at given prices: by the relaxations of their problems.

Prices that balance the use of whole holders are not those that prove most where files are many times split
in their relaxations: there, each file's bound is that of its relaxation at best, and the sum of these is
highest where what the relaxations use meets the limits.
"""

from __future__ import annotations

import numpy as np

from cdnplan.lanes import in_even_lanes
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.bound import FileSolver, summed
from cdnplan.optimize.price.relaxed_kernels import Relaxed, relax_files
from cdnplan.optimize.price.search_kernels import Pass
from cdnplan.optimize.price.totals import CHUNKS, Batch, Totals
from cdnplan.optimize.price.visits import Use
from cdnplan.optimize.problem.arrays import Network
from cdnplan.optimize.problem.priced import Priced
from cdnplan.parameters.parameters import DEFAULTS
from cdnplan.parameters.wide_gaps import RelaxationParameters


class RelaxedVisits:
    """Shares of files in pools, nearly those of their relaxations, and what they use.

    Parameters
    ----------
    instance : Instance
    solver : FileSolver
    parameters : RelaxationParameters
    """

    def __init__(
        self,
        instance: Instance,
        solver: FileSolver,
        parameters: RelaxationParameters = DEFAULTS.relaxation,
    ) -> None:
        self._instance, self._solver, self._numbers = instance, solver, parameters
        self._kept = Relaxed(
            np.zeros((instance.n_files, instance.n_regions), dtype=np.float32),
            np.zeros((instance.n_files, instance.n_pools), dtype=np.float32),
            np.zeros(instance.n_files, dtype=np.bool_),
        )

    @staticmethod
    def fits(instance: Instance, parameters: RelaxationParameters) -> bool:
        """Whether there is memory enough for networks of that size."""
        return instance.n_files * (instance.n_regions + instance.n_pools) <= parameters.most_kept

    def visit(self, batch: Batch, prices: Prices, priced: Priced, at: Pass) -> Use:
        """Step towards the relaxations of a batch, and tell what they use."""
        del at
        values = np.zeros(self._instance.n_files)
        return Use(self._relax(batch, self._numbers.steps, prices, priced, self._kept, values), None)

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
        kept = Relaxed(self._kept.u.copy(), self._kept.share.copy(), self._kept.seen.copy())
        everything = Batch(np.arange(values.size, dtype=np.int32), np.ones(values.size))
        self._relax(everything, self._numbers.last_steps, prices, priced, kept, values)
        return summed(self._instance, prices, values, self._solver.cuts)

    def _relax(
        self, batch: Batch, steps: int, prices: Prices, priced: Priced, kept: Relaxed, values: Floats
    ) -> Floats:
        solver, totals = self._solver, Totals.none(self._instance)
        net = Network.of(self._instance, solver.columns, priced)
        holding = solver.holding(priced, solver.rewards(prices))
        in_even_lanes(
            relax_files,
            CHUNKS,
            batch,
            self._numbers.first_steps,
            steps,
            solver.demand,
            net,
            holding,
            kept,
            totals,
            values,
        )
        return totals.loads()
