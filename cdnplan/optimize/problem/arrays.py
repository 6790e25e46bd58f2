"""What kernels of all rooms take: a network, what is asked of it, what holding files costs, as few tuples.

Kernels would otherwise be handed dozens of arrays one by one. Tuples are made once for a call of a kernel,
not for each file; within a kernel, loops take the arrays they need out of a tuple before they begin.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance, Ints, Ints32
from cdnplan.optimize.problem.columns import Columns
from cdnplan.optimize.problem.priced import Priced

Bools = npt.NDArray[np.bool_]
Floats32 = npt.NDArray[np.float32]
Copies = npt.NDArray[np.uint8]


class Network(NamedTuple):
    """Candidates of regions under some prices, those of each region by increasing cost.

    Parameters
    ----------
    ptr : (n_regions + 1,) int64
        Candidates of region r are ``ptr[r]:ptr[r + 1]``.
    pools : (n_cand,) int32
    entry : (n_cand,) int32
        Number of each candidate in the instance's order.
    costs : (n_cand,) float64
        With prices of limits on the way [currency/GB].
    toll : (n_cand + 1,) float64
        What of it these prices are; 0 at the end, for the origin [currency/GB].
    origin : (n_regions,) float64
        Cost from the origin [currency/GB].
    pool_ptr, pool_region : (n_pools + 1,) int64, (n_cand,) int32
        Regions that each pool is a candidate of, increasing.
    """

    ptr: Ints
    pools: Ints32
    entry: Ints32
    costs: Floats
    toll: Floats
    origin: Floats
    pool_ptr: Ints
    pool_region: Ints32

    @classmethod
    def of(cls, instance: Instance, columns: Columns, priced: Priced) -> Network:
        """Sort the candidates of an instance by their costs under prices."""
        order = priced.order
        costs = priced.cand_cost[order]
        return cls(
            instance.cand_ptr,
            instance.cand_pool[order],
            order,
            costs,
            np.append(costs - instance.cand_cost[order], 0.0),
            priced.origin_cost,
            columns.pool_ptr,
            columns.pool_region,
        )


class Demand(NamedTuple):
    """Demand by file.

    Parameters
    ----------
    region_row, region_share : (n_regions,) int32, (n_regions,) float64
        Row of the demand matrix each region draws on, and its share of it.
    ptr, row, gb : (n_files + 1,) int64, (n_entries,) int32, (n_entries,) float32
        Rows that ask for each file, increasing, with GB.
    n_rows : int
        Of the demand matrix.
    """

    region_row: Ints32
    region_share: Floats
    ptr: Ints
    row: Ints32
    gb: Floats32
    n_rows: int

    @classmethod
    def of(cls, instance: Instance, columns: Columns) -> Demand:
        """Take the demand of an instance by file."""
        return cls(
            instance.region_row,
            instance.region_share,
            columns.file_ptr,
            columns.file_row,
            columns.file_gb,
            instance.demand_ptr.size - 1,
        )


class Holding(NamedTuple):
    """What it takes and costs to hold files, under some prices.

    Parameters
    ----------
    size : (n_files,) float64
        [GB]
    copies, held, pinned : (n_files, n_pools) uint8, uint8, bool
        Copies that a pool holds if it holds a file (0: it must not), copies that are there, and what it must
        hold.
    store, new : (n_pools,) float64
        Price of storing and of filling one GB [currency/GB].
    reward_ptr, reward_pool, reward : (n_files + 1,) int64, (.,) int32, (.,) float64
        What holding each file saves in some pools besides, by launch prices, less prices of cuts [currency].
    """

    size: Floats
    copies: Copies
    held: Copies
    pinned: Bools
    store: Floats
    new: Floats
    reward_ptr: Ints
    reward_pool: Ints32
    reward: Floats


class RateUse(NamedTuple):
    """Which limits of rates the paths of an instance use: entries in its order, then each region's origin.

    Parameters
    ----------
    ptr : (n_paths + 1,) int64
        Uses of path i are ``ptr[i]:ptr[i + 1]``.
    row, weight : (n_uses,) int32, (n_uses,) float64
        Rate rows that paths use, and what these bear of a path's load.
    rate : (n_regions, n_slices) float64
        Gbit/s for each GB.
    """

    ptr: Ints
    row: Ints32
    weight: Floats
    rate: Floats

    @classmethod
    def of(cls, instance: Instance) -> RateUse:
        """Take the rate rows of an instance."""
        rates = instance.rates
        return cls(rates.use_ptr, rates.use_row, rates.use_weight, instance.gbps_per_gb)


class RowDemand(NamedTuple):
    """Demand by row of the demand matrix: the files of each row, increasing, with GB.

    Parameters
    ----------
    region_row, region_share : (n_regions,) int32, (n_regions,) float64
        Row that each region draws on, and its share of it.
    ptr, file, gb : (n_rows + 1,) int64, (n_entries,) int32, (n_entries,) float32
    """

    region_row: Ints32
    region_share: Floats
    ptr: Ints
    file: Ints32
    gb: Floats32

    @classmethod
    def of(cls, instance: Instance) -> RowDemand:
        """Take the demand matrix of an instance as it is."""
        return cls(
            instance.region_row,
            instance.region_share,
            instance.demand_ptr,
            instance.demand_file,
            instance.demand_gb,
        )
