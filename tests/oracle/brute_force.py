"""The optimum of a tiny instance: every placement is tried, each with its best serving.

Shares no code with the engines beyond a way to keep HiGHS silent. The model is written file by file and
candidate by candidate, as in the instance's definition; only the serving of a fixed placement is left to a
solver, as a plain LP.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.optimize.lp.highs import QuietHighs
from tests.instances import to_dense

MAX_FREE = 14
"""Open decisions at most: 2^14 placements."""

TOLERANCE = 1e-9
"""Limits may be exceeded by this ratio: sums of floats are not exact."""

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Optimum:
    """Best cost, a placement that reaches it, and how many of each kind of limit it presses against."""

    cost: float
    holds: Bools
    placements: int
    servings: int


def brute_force(instance: Instance) -> float | None:
    """Cost of the best plan, None when no placement satisfies every rule.

    Raises
    ------
    ValueError
        More than `MAX_FREE` decisions are open.

    Examples
    --------
    >>> from tests.instances import random_instance
    >>> brute_force(random_instance(4, n_files=2, n_pools=2)) is not None
    True
    """
    found = best_plan(instance)
    return None if found is None else found.cost


def free_decisions(instance: Instance) -> Bools:
    """Which x[p, f] are open: allowed, not pinned, and of use to some demand or launch rule.

    A copy that nobody may use and no rule asks for only takes space, so leaving it out loses nothing.

    Returns
    -------
    (n_pools, n_files) bool
    """
    useful = np.zeros(instance.copies.shape, dtype=bool)
    v = to_dense(instance)
    for region in range(instance.n_regions):
        for entry in range(int(instance.cand_ptr[region]), int(instance.cand_ptr[region + 1])):
            useful[instance.cand_pool[entry]] |= v[region] > 0
    for rule in range(instance.n_launches):
        pools = instance.launch_pool[instance.launch_ptr[rule] : instance.launch_ptr[rule + 1]]
        useful[pools, instance.launch_file[rule]] = True
    return useful & (instance.copies > 0) & ~instance.pinned


def best_plan(instance: Instance) -> Optimum | None:
    """As `brute_force`, with the placement and the work done."""
    holds = _feasible_placements(instance)
    fixed, cheapest = _relaxed_costs(instance, holds)
    order = np.argsort(fixed + cheapest, kind="stable")
    serving = _ServingLP(instance)
    best, best_holds = np.inf, None
    for index in order:
        # Nobody can be served for less than without limits, so nothing later can be better.
        if fixed[index] + cheapest[index] >= best:
            break
        cost = float(fixed[index]) + serving.cost(holds[index])
        if cost < best:
            best, best_holds = cost, holds[index]
    if best_holds is None:
        return None
    return Optimum(best, best_holds, len(holds), serving.solved)


def _feasible_placements(instance: Instance) -> Bools:
    """All placements within storage, fill, churn and launch rules, (n, n_pools, n_files)."""
    free = free_decisions(instance)
    n_free = int(free.sum())
    if n_free > MAX_FREE:
        raise ValueError(f"{n_free} open decisions, at most {MAX_FREE}")
    bits = (np.arange(2**n_free)[:, None] >> np.arange(n_free)) & 1
    holds = np.broadcast_to(instance.pinned, (2**n_free, *instance.pinned.shape)).copy()
    holds[:, free] = bits.astype(bool)

    stored = instance.size_gb * instance.copies
    new = instance.size_gb * np.maximum(0, instance.copies.astype(int) - instance.held)
    ok = np.ones(len(holds), dtype=bool)
    volumes = instance.volumes
    for row in range(volumes.n_rows):
        pools, weight = volumes.pools_of(row), new if volumes.fresh[row] else stored
        used = (holds[:, pools] * weight[pools]).sum(axis=(1, 2))
        ok &= used <= volumes.capacity_gb[row] * (1 + TOLERANCE)
    for rule in range(instance.n_launches):
        pools = instance.launch_pool[instance.launch_ptr[rule] : instance.launch_ptr[rule + 1]]
        ok &= holds[:, pools, instance.launch_file[rule]].sum(axis=1) >= instance.launch_min[rule]
    return holds[ok]


def _relaxed_costs(instance: Instance, holds: Bools) -> tuple[Floats, Floats]:
    """Fill cost of each placement, and the cost of serving if throughput and links had no limits."""
    new = instance.size_gb * np.maximum(0, instance.copies.astype(int) - instance.held)
    fill = (holds * (instance.fill_cost[:, None] * new)).sum(axis=(1, 2))
    v = to_dense(instance)
    delivery = np.zeros(len(holds))
    for region in range(instance.n_regions):
        unit = np.full((len(holds), instance.n_files), instance.origin_cost[region])
        for entry in range(int(instance.cand_ptr[region]), int(instance.cand_ptr[region + 1])):
            held = holds[:, instance.cand_pool[entry], :]
            unit = np.where(held, np.minimum(unit, instance.cand_cost[entry]), unit)
        delivery += unit @ v[region]
    return fill, delivery


class _ServingLP:
    """The best serving of a placement: one LP, kept warm, whose columns open and close with the placement.

    Columns: the share of (region, file) from each candidate and from the origin, and the overload of each
    link and slice. Rows: every request is served; throughput and links by slice, divided by their largest
    coefficient.
    """

    def __init__(self, instance: Instance) -> None:
        self.solved = 0
        self._memory: dict[bytes, float] = {}
        self._columns = _share_columns(instance)
        self._scale = max(1e-12, float((to_dense(instance) @ np.ones(instance.n_files)).max(initial=0.0)))
        cost, rows = _serving_rows(instance, self._columns)
        self._solver = _solver(cost / self._scale, rows, len(self._columns))
        self._empty = cost.size == 0

    def cost(self, holds: Bools) -> float:
        """Cost of delivery and overload."""
        if self._empty:
            return 0.0
        opened = np.array([pool < 0 or holds[pool, file] for _, file, pool, _ in self._columns])
        key = np.packbits(opened).tobytes()
        if key not in self._memory:
            self._memory[key] = self._solve(opened)
        return self._memory[key]

    def _solve(self, opened: Bools) -> float:
        n = opened.size
        columns = np.arange(n, dtype=np.int32)
        self._solver.changeColsBounds(n, columns, np.zeros(n), opened.astype(np.float64))
        self._solver.run()
        assert self._solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        self.solved += 1
        return float(self._solver.getInfo().objective_function_value) * self._scale


Column = tuple[int, int, int, int]
"""Region, file, pool, candidate entry; pool and entry are −1 for the origin."""

Row = tuple[dict[int, float], float, float]
"""Coefficients by column, lower and upper side."""


def _share_columns(instance: Instance) -> list[Column]:
    columns: list[Column] = []
    for region, file in np.argwhere(to_dense(instance) > 0):
        columns.append((int(region), int(file), -1, -1))
        for entry in range(int(instance.cand_ptr[region]), int(instance.cand_ptr[region + 1])):
            pool = int(instance.cand_pool[entry])
            if instance.copies[pool, file] > 0:
                columns.append((int(region), int(file), pool, entry))
    return columns


def _serving_rows(instance: Instance, columns: list[Column]) -> tuple[Floats, list[Row]]:
    """Cost of every column, overload columns last, and all rows."""
    v = to_dense(instance)
    served: dict[tuple[int, int], dict[int, float]] = {}
    rates, on_row = instance.rates, dict[tuple[int, int], dict[int, float]]()
    cost: list[float] = []
    for column, (region, file, _, entry) in enumerate(columns):
        gb = v[region, file]
        if entry < 0:
            cost.append(gb * instance.origin_cost[region])
        else:
            cost.append(gb * instance.cand_cost[entry])
        path = instance.cand_pool.size + region if entry < 0 else entry
        served.setdefault((region, file), {})[column] = 1.0
        for t in range(instance.n_slices):
            rate = gb * instance.gbps_per_gb[region, t]
            for use in range(int(rates.use_ptr[path]), int(rates.use_ptr[path + 1])):
                terms = on_row.setdefault((int(rates.use_row[use]), t), {})
                terms[column] = rate * float(rates.use_weight[use])

    rows: list[Row] = [(terms, 1.0, 1.0) for terms in served.values()]
    for (limit, _), terms in on_row.items():
        row, lower, upper = _scaled(terms, float(rates.capacity[limit]))
        if np.isfinite(rates.overload_cost[limit]):
            row[len(cost)] = -1.0
            cost.append(float(rates.overload_cost[limit]) * (max(terms.values()) or 1.0))
        rows.append((row, lower, upper))
    return np.array(cost), rows


def _scaled(terms: dict[int, float], limit: float) -> Row:
    largest = max(terms.values()) or 1.0
    return {column: value / largest for column, value in terms.items()}, -np.inf, limit / largest


def _solver(cost: Floats, rows: list[Row], n_shares: int) -> highspy.Highs:
    """A silent HiGHS with the model loaded; shares lie in [0, 1], overload has no upper side."""
    solver = QuietHighs()
    for option, value in (
        ("threads", 1),
        ("presolve", "off"),
        ("primal_feasibility_tolerance", 1e-9),
        ("dual_feasibility_tolerance", 1e-9),
    ):
        solver.setOptionValue(option, value)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = cost.size, len(rows)
    lp.col_cost_ = cost
    lp.col_lower_ = np.zeros(cost.size)
    lp.col_upper_ = np.where(np.arange(cost.size) < n_shares, 1.0, np.inf)
    lp.row_lower_ = np.array([lower for _, lower, _ in rows])
    lp.row_upper_ = np.array([upper for _, _, upper in rows])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.cumsum([0, *(len(terms) for terms, _, _ in rows)])
    lp.a_matrix_.index_ = np.array([column for terms, _, _ in rows for column in terms], dtype=np.int32)
    lp.a_matrix_.value_ = np.array([value for terms, _, _ in rows for value in terms.values()])
    solver.passModel(lp)
    return solver
