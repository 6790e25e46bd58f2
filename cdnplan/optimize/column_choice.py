"""One column for each file: the plan of few, large files.

A plan costs more than its prices prove by the reduced costs of its columns and by what it leaves of limits
that have a price. So columns with small reduced costs (`near_columns`) are exchanged for each other by
annealing [1]_ until they fill the limits. Requests are where prices send them; where the exact serving of
the result finds better ways, it only gets cheaper.

References
----------
.. [1] S. Kirkpatrick, C. D. Gelatt, M. P. Vecchi, "Optimization by Simulated Annealing", Science 220, 1983.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.lanes import in_lanes
from cdnplan.model.instance import Floats, Ints
from cdnplan.model.placement import Prices
from cdnplan.optimize.bound import FileSolver
from cdnplan.optimize.choice_kernels import anneal_columns
from cdnplan.optimize.file_columns import Columns
from cdnplan.optimize.limits import LimitVector
from cdnplan.optimize.near_columns import near_columns

Bools = npt.NDArray[np.bool_]

COLUMNS_PER_FILE = 6
"""On average; more make worse choices, for most of them cost too much."""
MOVES_PER_FILE = 16_000
"""For each choice."""
STARTS = 8
"""Choices made independently of each other, each with other random moves."""
SOFT, FIRM = 3.0, 10.0
"""How many times its price excess is charged, at first and at last."""
STEP_RATIO = 1.0
"""Any excess at all is charged this part of the price of a file of median size as well."""
HOT, COLD = 2.0, 0.02
"""First and last temperature, as parts of the price of a file of median size in a pool."""


def choose_holders(
    solver: FileSolver, limits: LimitVector, prices: Prices, known: Columns, gap: float
) -> list[Bools]:
    """Choose holders for every file, from columns near those of the master program.

    Parameters
    ----------
    solver : FileSolver
    limits : LimitVector
    prices : Prices
        Those that the master program ends with.
    known : Columns
        Its columns.
    gap : float
        Cost of the best plan above the bound: columns with larger reduced costs are of no use [currency].

    Returns
    -------
    list of (n_pools, n_files) bool
        See `choose_columns`.
    """
    inst = solver.instance
    near = near_columns(solver, limits, prices, known, gap, COLUMNS_PER_FILE * inst.n_files)
    return choose_columns(limits, prices, near.columns, MOVES_PER_FILE * inst.n_files)


def choose_columns(limits: LimitVector, prices: Prices, columns: Columns, moves: int) -> list[Bools]:
    """Choose a column for every file, several times.

    Parameters
    ----------
    limits : LimitVector
    prices : Prices
        What excess is measured by.
    columns : Columns
        By file, then by reduced cost; at least one for each file. All keep pins, bans and launch rules.
    moves : int
        Moves tried for each choice.

    Returns
    -------
    list of (n_pools, n_files) bool
        Placements that keep all rules, cheapest first as far as the columns' own serving tells; empty where
        none was found.
    """
    inst = limits.instance
    price = limits.flat(prices)
    rows = _rows(limits, price, columns)
    limit, scaled = limits.limit[rows], ~np.isfinite(limits.cap[rows])
    strict = (rows < inst.n_pools) | (rows >= price.size - inst.n_pools)
    kind = np.searchsorted(_kinds(limits), rows, side="right")
    charged = price[rows]
    for which in np.unique(kind):
        mine = kind == which
        paid = charged[mine & (charged > 0)]
        # A limit may be cheap because the mixture goes around it; a choice of columns cannot always.
        charged[mine] = np.maximum(charged[mine], paid.mean() if paid.size else 0.0)
    unpaid = charged <= 0.0
    worths = np.abs(columns.cost) if unpaid.all() else (charged * limit)[~unpaid]
    worth = float(worths.mean())
    charged[unpaid] = worth / np.maximum(limit[unpaid], 1e-9 * (1.0 + limit.max(initial=0.0)))
    charged = np.where(scaled, charged, limits.cap[rows])
    stored = np.flatnonzero(rows < inst.n_pools)
    file_price = charged[stored] * float(np.median(inst.size_gb))
    typical = float(np.median(file_price)) if stored.size else 0.0
    step = np.zeros(rows.size)
    step[stored] = STEP_RATIO * np.maximum(file_price, typical)
    if typical <= 0.0:
        return []
    ptr = np.concatenate([[0], np.cumsum(np.bincount(columns.file, minlength=inst.n_files))])
    pick = np.zeros((STARTS, inst.n_files), dtype=np.int64)
    cost = np.full(STARTS, np.inf)
    in_lanes(
        anneal_columns, np.arange(STARTS), np.ones(STARTS), ptr, columns.cost,
        np.ascontiguousarray(columns.use[:, rows]), limit, strict, scaled, charged, step, SOFT, FIRM, moves,
        HOT * typical, COLD * typical, pick, cost,
    )  # fmt: skip
    order = np.argsort(cost, kind="stable")
    return [np.ascontiguousarray(columns.holds[pick[k]].T) for k in order if np.isfinite(cost[k])]


def _kinds(limits: LimitVector) -> Ints:
    """Where storage, throughput and links end in the order of `LimitVector`."""
    inst = limits.instance
    return np.cumsum([inst.n_pools, inst.n_pools * inst.n_slices, inst.n_links * inst.n_slices])


def _rows(limits: LimitVector, price: Floats, columns: Columns) -> Ints:
    """Limits that a choice of columns can exceed, and those with a price."""
    most = np.zeros((limits.instance.n_files, limits.limit.size))
    np.maximum.at(most, columns.file, columns.use)
    exists = np.isfinite(limits.limit)
    reached = most.sum(axis=0) > np.where(exists, limits.limit, np.inf)
    return np.flatnonzero(exists & (reached | (price > 0)))
