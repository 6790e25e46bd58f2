"""The linear relaxation of a small placement problem with limits as given, and its prices.

Other than the relaxation that the exact engine begins with, nothing is left out because of what a limit is
at the moment: a pool without room still has a price, which tells what room there would be worth.
"""

from __future__ import annotations

from dataclasses import replace

import highspy
import numpy as np

from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.lp.highs import QuietHighs
from cdnplan.optimize.lp.linear_program import Matrix, linear_program
from cdnplan.optimize.problem.serving_paths import Paths

SMALLEST = 1e-12


def relaxation_prices(
    instance: Instance, storage_gb: Floats, throughput_gbps: Floats
) -> tuple[Prices, float] | None:
    """Solve the relaxation [1]_ without limits on new bytes and launch rules.

    Parameters
    ----------
    instance : Instance
        Pairs that may be held are those with copies.
    storage_gb, throughput_gbps : (n_pools,) float64
        Limits, in place of the instance's.

    Returns
    -------
    prices : Prices
    cost : float
        Optimum of the relaxation.
    None
        Where pins alone pass a limit, or the solver found no optimum.

    References
    ----------
    .. [1] D. Applegate, A. Archer, V. Gopalakrishnan, S. Lee, K. K. Ramakrishnan, "Optimal Content Placement
       for a Large-Scale VoD System", CoNEXT 2010.
    """
    program = _Program(instance, storage_gb, throughput_gbps)
    return program.solve()


class _Program:
    """Columns: x by (pool, file) that may be held, y by demand entry and candidate, the origin, overload."""

    def __init__(self, instance: Instance, storage_gb: Floats, throughput_gbps: Floats) -> None:
        self._instance = instance
        self._rows: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []
        self._cols: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []
        self._values: list[Floats] = []
        self._lower: list[Floats] = []
        self._upper: list[Floats] = []
        self._scales: list[Floats] = []
        self._n_rows = 0
        held = instance.copies > 0
        self._x = np.full(held.shape, -1, dtype=np.int64)
        self._x[held] = np.arange(int(held.sum()))
        self._serving()
        pool, file = np.nonzero(held)
        size = instance.size_gb[file] * instance.copies[pool, file]
        self._storage = self._add(pool, self._x[pool, file], size, storage_gb)
        self._rates(throughput_gbps)
        low = np.zeros(self._cost.size)
        low[: pool.size] = instance.pinned[pool, file]
        high = np.full(self._cost.size, np.inf)
        high[: pool.size] = 1.0
        self._low, self._high = low, high

    def _serving(self) -> None:
        """Variables of serving with their cost, that all is served, and only from where the file is."""
        inst = self._instance
        region: list[int] = []
        file: list[int] = []
        gb: list[float] = []
        for r in range(inst.n_regions):
            entries = slice(*inst.demand_ptr[inst.region_row[r] : inst.region_row[r] + 2])
            region += [r] * (entries.stop - entries.start)
            file += inst.demand_file[entries].tolist()
            gb += (inst.demand_gb[entries].astype(np.float64) * inst.region_share[r]).tolist()
        self._region, asked_file, asked_gb = (
            np.array(region, dtype=np.int64),
            np.array(file, dtype=np.int64),
            np.array(gb),
        )
        width = np.diff(inst.cand_ptr)[self._region] if self._region.size else np.zeros(0, dtype=np.int64)
        row = np.repeat(np.arange(self._region.size), width)
        slot = np.arange(row.size) - np.repeat(np.cumsum(width) - width, width)
        entry = inst.cand_ptr[self._region[row]] + slot
        able = self._x[inst.cand_pool[entry], asked_file[row]] >= 0
        row, entry = row[able], entry[able]
        n_x = int(self._x.max(initial=-1)) + 1
        self._y_entry, self._y_gb, self._y_row = entry, asked_gb[row], row
        self._y = n_x + np.arange(row.size)
        self._o = n_x + row.size + np.arange(self._region.size)
        self._o_gb = asked_gb
        soft = np.flatnonzero(np.repeat(np.isfinite(inst.rates.overload_cost), inst.n_slices))
        self._w, self._soft = n_x + row.size + self._region.size + np.arange(soft.size), soft
        self._cost = np.concatenate(
            [
                np.zeros(n_x),
                inst.cand_cost[entry] * self._y_gb,
                inst.origin_cost[self._region] * asked_gb,
                np.repeat(inst.rates.overload_cost, inst.n_slices)[soft],
            ]
        )
        ones = np.ones(row.size + self._region.size)
        rows = np.concatenate([row, np.arange(self._region.size)])
        every = np.ones(self._region.size)
        self._add(rows, np.concatenate([self._y, self._o]), ones, every, every)
        number = np.arange(row.size)
        held = self._x[inst.cand_pool[entry], asked_file[row]]
        self._add(
            np.concatenate([number, number]),
            np.concatenate([self._y, held]),
            np.concatenate([np.ones(row.size), -np.ones(row.size)]),
            np.zeros(row.size),
        )

    def _rates(self, throughput_gbps: Floats) -> None:
        """Rate rows, in every slice."""
        inst = self._instance
        slices = np.arange(inst.n_slices)
        path = np.concatenate([self._y_entry, inst.cand_pool.size + self._region])
        column, gb = np.concatenate([self._y, self._o]), np.concatenate([self._y_gb, self._o_gb])
        region = np.concatenate([self._region[self._y_row], self._region])
        at, row, weight = Paths.of(inst).uses(path)
        rate = inst.gbps_per_gb[region[at]] * (gb[at] * weight)[:, None]
        capacity = np.concatenate([throughput_gbps, inst.rates.capacity[inst.n_pools :]])
        self._rate = self._add(
            np.concatenate([(row[:, None] * inst.n_slices + slices).ravel(), self._soft]),
            np.concatenate([np.repeat(column[at], inst.n_slices), self._w]),
            np.concatenate([rate.ravel(), -np.ones(self._w.size)]),
            np.repeat(capacity, inst.n_slices),
        )

    def _add(
        self,
        rows: np.ndarray[tuple[int], np.dtype[np.int64]],
        cols: np.ndarray[tuple[int], np.dtype[np.int64]],
        values: Floats,
        upper: Floats,
        lower: Floats | None = None,
    ) -> slice:
        """Add rows, each divided by its largest coefficient, and say which they are."""
        largest = np.zeros(upper.size)
        np.maximum.at(largest, rows, np.abs(values))
        scale = np.where(largest > SMALLEST, largest, 1.0)
        self._rows.append(self._n_rows + rows)
        self._cols.append(cols)
        self._values.append(values / scale[rows])
        self._upper.append(upper / scale)
        self._lower.append(np.full(upper.size, -np.inf) if lower is None else lower / scale)
        added = slice(self._n_rows, self._n_rows + upper.size)
        self._scales.append(scale)
        self._n_rows = added.stop
        return added

    def solve(self) -> tuple[Prices, float] | None:
        """Solve; None without an optimum."""
        inst = self._instance
        unit = max(float(np.abs(self._cost).max(initial=0.0)), 1e-300)
        rows, cols = np.concatenate(self._rows), np.concatenate(self._cols)
        values = np.concatenate(self._values)
        lp = linear_program(
            self._cost / unit,
            (self._low, self._high),
            (np.concatenate(self._lower), np.concatenate(self._upper)),
            Matrix.of_entries(rows, cols, values, self._cost.size),
        )
        solver = QuietHighs()
        solver.setOptionValue("threads", 1)
        solver.passModel(lp)
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        scale = np.concatenate(self._scales)
        dual = np.maximum(0.0, -np.asarray(solver.getSolution().row_dual)) * unit / scale
        zero = Prices.zero(inst)
        zero.volume[: inst.n_pools] = dual[self._storage]
        rate = np.minimum(dual[self._rate].reshape(zero.rate.shape), inst.rates.overload_cost[:, None])
        prices = replace(zero, rate=rate)
        return prices, float(solver.getInfo().objective_function_value) * unit
