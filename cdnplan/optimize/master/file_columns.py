"""Columns of the master program: one file with its holders, what it costs and what it uses of every limit.

A file's problem is solved to its integer optimum (`exact_file_kernels`), which proves a bound for the prices
asked about, and its holders with their cheapest serving are a new column.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.lanes import in_even_lanes
from cdnplan.model.instance.instance import Floats, Instance, Ints, Ints32
from cdnplan.model.plan.cuts import Cuts
from cdnplan.model.plan.placement import Prices, Serving
from cdnplan.optimize.file.bound import FileSolver, summed
from cdnplan.optimize.file.exact_file_kernels import Found, solve_files_exactly
from cdnplan.optimize.file.problem_kernels import N_CHUNKS
from cdnplan.optimize.master.column_kernels import Splits, TrueCosts, column_loads
from cdnplan.optimize.problem.arrays import Network, RateUse
from cdnplan.optimize.problem.limits import LimitVector, volume_use
from cdnplan.optimize.problem.priced import Priced
from cdnplan.parameters.parameters import DEFAULTS

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """All files solved under some prices.

    Parameters
    ----------
    ascent, value, cost : (n_files,) float64
        Bound by dual ascent alone, bound by branch and bound, cost of the holders found, all under the
        prices [currency].
    holds : (n_files, n_pools) bool
        The holders found.
    nodes : (n_files,) int64
        Nodes searched.
    bound : float
        What the prices prove about every plan, lowered against rounding [currency].
    bound_ascent : float
        The same by dual ascent alone [currency].
    """

    ascent: Floats
    value: Floats
    cost: Floats
    holds: Bools
    nodes: Ints
    bound: float
    bound_ascent: float


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Columns as parallel arrays.

    Parameters
    ----------
    file : (n,) int32
        The file each column is about.
    holds : (n, n_pools) bool
        Its holders.
    cost : (n,) float64
        Delivery and fill, without prices [currency].
    use : (n, n_limits) float64
        Of every limit, in the order of `LimitVector`, in its unit.
    """

    file: Ints32
    holds: Bools
    cost: Floats
    use: Floats

    def take(self, which: Ints | Bools) -> Columns:
        """Select columns.

        Parameters
        ----------
        which : (.,) int64 or (n,) bool

        Returns
        -------
        Columns
        """
        return Columns(self.file[which], self.holds[which], self.cost[which], self.use[which])

    @classmethod
    def joined(cls, *parts: Columns) -> Columns:
        """Put sets of columns one after the other.

        Parameters
        ----------
        *parts : Columns
            At least one.

        Returns
        -------
        Columns
        """
        return cls(
            np.concatenate([part.file for part in parts]),
            np.concatenate([part.holds for part in parts]),
            np.concatenate([part.cost for part in parts]),
            np.concatenate([part.use for part in parts]),
        )


def solve_exactly(
    solver: FileSolver, prices: Prices, max_nodes: int = DEFAULTS.master.nodes, guess: Bools | None = None
) -> Answers:
    """Solve all files under given prices to their integer optimum.

    Parameters
    ----------
    solver : FileSolver
    prices : Prices
        Non-negative; those of rates at most `RateRows.overload_cost`.
    max_nodes : int
        Nodes for each file.
    guess : (n_files, n_pools) bool or None
        Holders that may be good ones: a search that begins with the optimum is soon through.

    Returns
    -------
    Answers
    """
    inst = solver.instance
    priced = Priced.of(inst, prices)
    files = np.arange(inst.n_files, dtype=np.int32)
    ascent, value, cost = (np.zeros(files.size) for _ in range(3))
    nodes = np.zeros(files.size, dtype=np.int64)
    holds = np.zeros((files.size, inst.n_pools), dtype=np.bool_) if guess is None else guess.copy()
    in_even_lanes(
        solve_files_exactly,
        N_CHUNKS,
        files,
        max_nodes,
        solver.demand,
        Network.of(inst, solver.columns, priced),
        solver.holding(priced, solver.rewards(prices)),
        Found(ascent, value, cost, nodes, holds),
    )
    bound, by_ascent = (summed(inst, prices, part, solver.cuts) for part in (value, ascent))
    return Answers(ascent, value, cost, holds, nodes, bound, by_ascent)


def columns_of(
    solver: FileSolver,
    prices: Prices,
    files: Ints32,
    holds: Bools,
    *,
    serving: Serving | None = None,
    from_origin: bool = False,
) -> Columns:
    """Columns of listed files with given holders, each request at its cheapest holder under the prices.

    A plan may split what cannot be told apart (requests of a region for files with the same candidates) among
    pools, where throughput is short. Columns that split likewise add up to exactly what the plan costs and
    uses, and what a change of holders would cost is then close to the truth: it is not less, as long as no
    limit is exceeded.

    Parameters
    ----------
    solver : FileSolver
    prices : Prices
    files : (n,) int32
    holds : (n, n_pools) bool
        Holders of the listed files.
    serving : Serving or None
        Requests whose signature it knows are split as in it. It tells no appliances apart.
    from_origin : bool
        Every request goes to the origin: such columns use no throughput, so a placement that keeps all rules
        always has a mixture.

    Returns
    -------
    Columns
        Of size n.
    """
    inst, volumes = solver.instance, solver.instance.volumes.n_rows
    priced = Priced.of(inst, prices)
    net = Network.of(inst, solver.columns, priced)
    if from_origin:
        net = net._replace(origin=np.full(inst.n_regions, -np.inf))
    true = TrueCosts(np.concatenate([inst.cand_cost, inst.origin_cost]), inst.fill_cost, RateUse.of(inst))
    cost, use = np.zeros(files.size), np.zeros((files.size, LimitVector.of(inst).limit.size))
    in_even_lanes(
        column_loads,
        N_CHUNKS,
        files,
        holds,
        solver.demand,
        net,
        solver.holding(priced, solver.rewards(prices)),
        true,
        Splits.of(inst, serving),
        volumes,
        cost,
        use,
    )
    use[:, :volumes] = volume_use(inst, use[:, : 2 * inst.n_pools])
    return with_cuts(Columns(files, holds, cost, use), solver.cuts)


def with_cuts(columns: Columns, cuts: Cuts) -> Columns:
    """Columns that tell, after all limits of the instance, what they use of cuts.

    Parameters
    ----------
    columns : Columns
        Without that.
    cuts : Cuts

    Returns
    -------
    Columns
    """
    if not cuts.n_cuts:
        return columns
    weight = np.zeros((int(max(columns.file.max(initial=0), cuts.file.max())) + 1, cuts.n_cuts))
    weight[cuts.file, np.repeat(np.arange(cuts.n_cuts), np.diff(cuts.ptr))] = cuts.weight
    of_cuts = weight[columns.file] * columns.holds[:, cuts.pool]
    return replace(columns, use=np.concatenate([columns.use, of_cuts], axis=1))


def priced_columns(limits: LimitVector, prices: Prices, columns: Columns) -> Floats:
    """What columns cost under prices of limits and launches.

    Parameters
    ----------
    limits : LimitVector
        Of the instance of the columns.
    prices : Prices
    columns : Columns

    Returns
    -------
    (n,) float64
        [currency]
    """
    held = launch_use(limits.instance, columns) @ prices.launch
    return np.asarray(columns.cost + columns.use @ limits.flat(prices) - held, dtype=np.float64)


def launch_use(instance: Instance, columns: Columns) -> Floats:
    """How many pools of each launch rule hold the file.

    Parameters
    ----------
    instance : Instance
    columns : Columns

    Returns
    -------
    (n, n_launches) float64
        0 where the rule is about another file.
    """
    count = np.zeros((columns.file.size, instance.n_launches))
    for rule in range(instance.n_launches):
        pools = instance.launch_pool[instance.launch_ptr[rule] : instance.launch_ptr[rule + 1]]
        mine = columns.file == instance.launch_file[rule]
        count[mine, rule] = columns.holds[mine][:, pools].sum(axis=1)
    return count
