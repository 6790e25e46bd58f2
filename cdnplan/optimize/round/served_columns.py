"""Columns whose requests are split as a plan splits them.

A column of the master program sends every request to one holder. A plan may split what cannot be told apart
(requests of a region for files with the same candidates) among pools, where throughput is short. Columns that
split likewise add up to exactly what the plan costs and uses, and what a change of holders would cost is
then close to the truth: it is not less, as long as no limit is exceeded.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.lanes import in_even_lanes
from cdnplan.model.instance.instance import Ints32
from cdnplan.model.plan.placement import Prices, Serving
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.file.file_kernels import N_CHUNKS
from cdnplan.optimize.master.column_kernels import served_loads
from cdnplan.optimize.master.file_columns import Columns, completed, path_costs
from cdnplan.optimize.problem.limits import LimitVector
from cdnplan.optimize.problem.priced import Priced

Bools = npt.NDArray[np.bool_]


def columns_as_served(
    solver: FileSolver, prices: Prices, serving: Serving, files: Ints32, holds: Bools
) -> Columns:
    """Columns of listed files with given holders, requests split as in a serving.

    Parameters
    ----------
    solver : FileSolver
    prices : Prices
        Requests whose signature the serving does not know go to their cheapest holder under these.
    serving : Serving
        That tells no appliances apart.
    files : (n,) int32
    holds : (n, n_pools) bool

    Returns
    -------
    Columns
        Of size n.
    """
    inst, cols = solver.instance, solver.columns
    priced = Priced.of(inst, prices)
    cost = np.zeros(files.size)
    use = np.zeros((files.size, LimitVector.of(inst).limit.size))
    in_even_lanes(
        served_loads, N_CHUNKS, files, inst.region_row, inst.region_share,
        cols.file_ptr, cols.file_row, cols.file_gb, inst.demand_ptr.size - 1, inst.cand_ptr, priced.order,
        inst.cand_pool, priced.cand_cost, priced.origin_cost, path_costs(inst), inst.size_gb,
        solver.copies, solver.held, inst.fill_cost, holds, inst.gbps_per_gb, inst.rates.use_ptr,
        inst.rates.use_row, inst.rates.use_weight, inst.volumes.n_rows, serving.ptr, serving.mask,
        serving.share_ptr, serving.slot, serving.ratio, cost, use,
    )  # fmt: skip
    return completed(Columns(files, holds, cost, use), solver)
