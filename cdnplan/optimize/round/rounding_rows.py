"""Limits as rounding sees them: rows of about the same scale, what room is worth and excess costs.

Rates are soft: the exact serving afterwards can split requests, which columns cannot. Volumes are hard.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.master.file_columns import Columns, launch_use
from cdnplan.optimize.master.master import SMALLEST_SCALE
from cdnplan.optimize.problem.limits import LimitVector
from cdnplan.parameters.closing import RoundingParameters

Bools = npt.NDArray[np.bool_]

SPARE = 2e-6
"""Part of limits on volumes left free: linear programs keep their rows to a millionth only."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Limits that columns can pass, as rows of one; launches, of which too few holders are excess, come too.

    Parameters
    ----------
    matrix : (n_columns, n_rows) float64
        What columns use of the rows, dearest row first.
    room, price, charge : (n_rows,) float64
        What there is, what all of it is worth, and what so much excess costs [currency].
    even : (n_rows,) bool
        Rows of which all columns of a file use one amount or nothing: those on volumes of a pool.
    pool : (n_rows,) int64
        The pool whose storage a row is, -1 for all other rows.
    cut_pool : (n_rows,) int64
        The pool that a row is a cut of, -1 for all other rows.
    name : (n_rows,) int64
        The limit that a row is, launches after all others: by it programs know their rows again.
    start : (n_files + 1,) int64
        First column of each file.
    floor : float
        Rows without price count as if they had this one [currency].
    """

    matrix: Floats
    room: Floats
    price: Floats
    charge: Floats
    even: Bools
    pool: Ints
    cut_pool: Ints
    name: Ints
    start: Ints
    floor: float

    @classmethod
    def of(
        cls,
        instance: Instance,
        limits: LimitVector,
        prices: Prices,
        columns: Columns,
        parameters: RoundingParameters,
    ) -> Rows:
        """Rows of the columns, which are sorted by file."""
        start = np.searchsorted(columns.file, np.arange(instance.n_files + 1))
        most = np.maximum.reduceat(columns.use, start[:-1], axis=0).sum(axis=0)
        rows = np.flatnonzero(np.isfinite(limits.limit) & (most > limits.limit))
        # A limit of zero would divide by it: then what is asked of it sets the scale.
        scale = np.maximum(limits.limit[rows], SMALLEST_SCALE * most[rows])
        worth = limits.flat(prices)[rows] * scale
        cut = rows >= limits.n_own
        hard, even = (cut | (rows < last) for last in (limits.n_volumes, 2 * instance.n_pools))
        capped = np.isfinite(limits.cap[rows])
        # What limits that may be passed cost at their cap says nothing about the others.
        least = 1e-9 * float(np.abs(columns.cost).sum())
        dearest = max(float(worth[~capped].max(initial=0.0)), least)
        floor, most = parameters.least_soft * dearest, parameters.hard * dearest
        charge = np.where(hard, most, parameters.soft * worth + floor)
        # Their excess is what the model prices: never dearer than that.
        charge = np.minimum(charge, np.where(capped, limits.cap[rows] * scale, np.inf))
        needed = instance.launch_min.astype(np.float64)
        matrix = np.concatenate([columns.use[:, rows] / scale, -launch_use(instance, columns)], axis=1)
        room = np.concatenate([limits.limit[rows] / scale * np.where(hard & ~cut, 1.0 - SPARE, 1.0), -needed])
        price = np.concatenate([worth, prices.launch])
        charge = np.concatenate([charge, np.full(needed.size, most)])
        order = np.argsort(-price, kind="stable")
        name = np.concatenate([rows, limits.limit.size + np.arange(needed.size)])[order]
        cut_pool = np.full(order.size, -1, dtype=np.int64)
        cut_pool[: rows.size][cut] = limits.cut_pool[rows[cut] - limits.n_own]
        return cls(
            matrix=np.ascontiguousarray(matrix[:, order]),
            room=room[order],
            price=np.minimum(price, charge)[order],
            charge=charge[order],
            even=np.concatenate([even, np.zeros(needed.size, dtype=np.bool_)])[order],
            pool=np.where(name < instance.n_pools, name, -1),
            cut_pool=cut_pool[order],
            name=name,
            start=start,
            floor=floor,
        )

    def take(self, which: Bools, start: Ints) -> Rows:
        """Rows of some of the columns, of which `start` tells the first of each file."""
        return replace(self, matrix=np.ascontiguousarray(self.matrix[which]), start=start)

    def charged(self, most: float) -> Floats:
        """What excess costs if it is charged so many times its price at most, (n_rows,) [currency]."""
        charge = np.minimum(self.charge, most * np.maximum(self.price, self.floor))
        return np.asarray(np.maximum(charge, self.price), dtype=np.float64)

    def cost(self, columns: Columns, choice: Ints) -> float:
        """What a column of each file costs, with excess charged in full [currency]."""
        excess = np.maximum(self.matrix[choice].sum(axis=0) - self.room, 0.0)
        return float(columns.cost[choice].sum() + excess @ self.charge)
