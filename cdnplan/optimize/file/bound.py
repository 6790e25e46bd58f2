"""The lower bound that prices prove, exactly as docs/bound.md says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.lanes import in_even_lanes
from cdnplan.model.instance.instance import Floats, Instance, Ints, Ints32
from cdnplan.model.plan.cuts import Cuts
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.ascent_kernels import solve_files
from cdnplan.optimize.file.problem_kernels import N_CHUNKS
from cdnplan.optimize.problem.arrays import Demand, Holding, Network
from cdnplan.optimize.problem.columns import Columns
from cdnplan.optimize.problem.priced import Priced, limits_worth
from cdnplan.optimize.problem.rules import possible_copies

ROUNDING_RATIO = 1e-9
"""The bound is lowered by so much of the sum of its terms' absolute values: rounding cannot lift it."""


@dataclass(frozen=True, slots=True, eq=False)
class FileSolver:
    """Solves the problems of single files of one instance, under any prices.

    Parameters
    ----------
    instance : Instance
    columns : Columns
    cuts : Cuts
        Are priced too.
    reward_ptr, reward_pool, reward_rule : (n_files + 1,) int64, (.,) int32, (.,) int32
        Launch rules by file: the pools they reward and the rule's number. Cuts follow as further rules, whose
        rewards are negative.
    reward_weight : (.,) float64
        How often the rule's price is the reward.
    copies, held, pinned : (n_files, n_pools) uint8, uint8, bool
        The instance's matrices by file, for kernels that go through all pools of a file; copies are 0 also
        where the file alone does not fit, see `possible_copies`.
    """

    instance: Instance
    columns: Columns
    cuts: Cuts
    reward_ptr: Ints
    reward_pool: Ints32
    reward_rule: Ints32
    reward_weight: Floats
    copies: npt.NDArray[np.uint8]
    held: npt.NDArray[np.uint8]
    pinned: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, instance: Instance, columns: Columns | None = None, cuts: Cuts | None = None) -> FileSolver:
        """Index the launch rules, and cuts if there are any, by file."""
        cuts = Cuts.none() if cuts is None else cuts
        launch = np.repeat(np.arange(instance.n_launches, dtype=np.int32), np.diff(instance.launch_ptr))
        cut = np.repeat(np.arange(cuts.n_cuts, dtype=np.int32), np.diff(cuts.ptr))
        rule = np.concatenate([launch, np.int32(instance.n_launches) + cut])
        pool = np.concatenate([instance.launch_pool, cuts.pool[cut]])
        weight = np.concatenate([np.ones(launch.size), -cuts.weight.astype(np.float64)])
        file = np.concatenate([instance.launch_file[launch], cuts.file])
        order = np.argsort(file, kind="stable")
        counts = np.bincount(file, minlength=instance.n_files)
        return cls(
            instance=instance,
            columns=columns if columns is not None else Columns.of(instance),
            cuts=cuts,
            reward_ptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            reward_pool=pool[order],
            reward_rule=rule[order],
            reward_weight=weight[order],
            copies=np.ascontiguousarray(possible_copies(instance).T),
            held=np.ascontiguousarray(instance.held.T),
            pinned=np.ascontiguousarray(instance.pinned.T),
        )

    def rewards(self, prices: Prices) -> Floats:
        """What holding files saves by launch prices, less what it costs by those of cuts, (.,) [currency]."""
        price = np.concatenate([prices.launch, prices.cut])
        return np.asarray(self.reward_weight * price[self.reward_rule])

    @property
    def demand(self) -> Demand:
        """What is asked of the instance, for kernels."""
        return Demand.of(self.instance, self.columns)

    def holding(self, priced: Priced, reward: Floats) -> Holding:
        """What holding files takes and costs, for kernels; for `reward` see `rewards`."""
        return Holding(
            self.instance.size_gb,
            self.copies,
            self.held,
            self.pinned,
            priced.store,
            priced.new,
            self.reward_ptr,
            self.reward_pool,
            reward,
        )

    def solve(self, files: Ints32, priced: Priced, reward: Floats) -> Floats:
        """Bound the problems of some files.

        Parameters
        ----------
        files : (n,) int32
        priced : Priced
        reward : (.,) float64
            See `rewards`.

        Returns
        -------
        (n,) float64
            Under the prices.
        """
        values = np.zeros(files.size)
        net, holding = Network.of(self.instance, self.columns, priced), self.holding(priced, reward)
        in_even_lanes(solve_files, N_CHUNKS, files, self.demand, net, holding, values)
        return values


def priced_bound(instance: Instance, prices: Prices, solver: FileSolver | None = None) -> float:
    """Lower bound on the cost of every possible plan.

    Parameters
    ----------
    instance : Instance
    prices : Prices
        Any non-negative prices; those of rates at most `RateRows.overload_cost`.
    solver : FileSolver or None
        Reused when given.

    Returns
    -------
    float
        The bound, lowered by `ROUNDING_RATIO` of its terms' absolute values.
    """
    solver = solver if solver is not None else FileSolver.of(instance)
    priced = Priced.of(instance, prices)
    values = solver.solve(np.arange(instance.n_files, dtype=np.int32), priced, solver.rewards(prices))
    return summed(instance, prices, values, solver.cuts)


def summed(instance: Instance, prices: Prices, values: Floats, cuts: Cuts) -> float:
    """The bound that the values of all files' problems add up to.

    Parameters
    ----------
    instance : Instance
    prices : Prices
        Those the values were found at.
    values : (n_files,) float64
        [currency]
    cuts : Cuts
        That the prices price.

    Returns
    -------
    float
        Lowered by `ROUNDING_RATIO` of its terms' absolute values.
    """
    worth, magnitude = limits_worth(instance, prices)
    cut = float(prices.cut @ cuts.limit)
    worth, magnitude = worth - cut, magnitude + cut
    return float(values.sum()) + worth - ROUNDING_RATIO * (float(np.abs(values).sum()) + magnitude)
