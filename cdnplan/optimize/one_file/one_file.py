"""One file with many pools: a facility location problem that prices cannot take apart any further.

What is special where a placement is about one file only: a better set of holders is found by exchanging
pools and kicking the result, and a better bound by pricing the demand rows as well, region by region, which
subgradient steps bring to the bound of the linear relaxation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance, Ints, Ints32
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.bound import ROUNDING_RATIO, FileSolver
from cdnplan.optimize.one_file.one_file_bound_kernels import FREE, raise_bound, room_for
from cdnplan.optimize.one_file.one_file_kernels import Entries, descend, kick_and_descend, room_for_exchanges
from cdnplan.optimize.problem.priced import Priced, limits_worth
from cdnplan.optimize.problem.rules import possible_copies
from cdnplan.parameters.one_file import OneFileParameters
from cdnplan.parameters.parameters import DEFAULTS

Bools = npt.NDArray[np.bool_]

SEED = 88172645463325252
"""Of xorshift64 (Marsaglia [1]_)."""


@dataclass(frozen=True, slots=True, eq=False)
class Facility:
    """The file's problem under some prices; see `one_file_kernels`.

    Parameters
    ----------
    ptr, pools, level : (n_regions + 1,) int64, (n,) int32, (n,) float64
        Entries that can matter, regions without demand left out.
    cap : (n_regions,) float64
    opening : (n_pools,) float64
        inf for pools not to be chosen.
    fixed : (n_pools,) bool
        Pools that hold the file in any case: pinned, or cheaper open than closed.
    constant, magnitude : float
        To be added to costs and bounds, and the sum of its terms' absolute values [currency].
    """

    ptr: Ints
    pools: Ints32
    level: Floats
    cap: Floats
    opening: Floats
    fixed: Bools
    constant: float
    magnitude: float

    @property
    def entries(self) -> Entries:
        """The problem, for kernels."""
        return Entries(self.ptr, self.pools, self.level, self.cap, self.opening)

    @staticmethod
    def applies(instance: Instance) -> bool:
        """Whether there is but one file, and no rule on how many pools hold it."""
        return instance.n_files == 1 and instance.n_launches == 0

    @classmethod
    def of(cls, solver: FileSolver, prices: Prices) -> Facility:
        """Take the only file of an instance without launches.

        Raises
        ------
        ValueError
            There are several files, or launches.
        """
        inst = solver.instance
        if not cls.applies(inst):
            raise ValueError("one file and no launches are needed")
        priced, copies = Priced.of(inst, prices), possible_copies(inst)[:, 0].astype(np.int64)
        worth, magnitude = limits_worth(inst, prices)
        fresh = np.maximum(0, copies - inst.held[:, 0])
        opening = inst.size_gb[0] * (priced.store * copies + priced.new * fresh)
        fixed = (inst.pinned[:, 0] | (opening <= 0.0)) & (copies > 0)
        row_gb = np.zeros(inst.demand_ptr.size - 1)
        row_gb[np.flatnonzero(np.diff(inst.demand_ptr))] = inst.demand_gb
        gb = inst.region_share * row_gb[inst.region_row]
        region = solver.columns.cand_region[priced.order]
        pool = inst.cand_pool[priced.order]
        level = gb[region] * priced.cand_cost[priced.order]
        cap = gb * priced.origin_cost
        np.minimum.at(cap, region[fixed[pool]], level[fixed[pool]])
        kept = (copies[pool] > 0) & ~fixed[pool] & (level < cap[region])
        counts = np.bincount(region[kept], minlength=inst.n_regions)
        return cls(
            ptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            pools=pool[kept],
            level=level[kept],
            cap=cap,
            opening=np.where((copies > 0) & ~fixed, opening, np.inf),
            fixed=fixed,
            constant=float(opening[fixed].sum()) + worth,
            magnitude=float(np.abs(opening[fixed]).sum()) + magnitude,
        )


def better_holders(
    facility: Facility,
    holds: Bools,
    ended: Callable[[], bool],
    parameters: OneFileParameters = DEFAULTS.one_file,
) -> Bools:
    """Search around given holders by add, drop and swap, with random kicks out of local optima [1]_.

    Parameters
    ----------
    facility : Facility
    holds : (n_pools,) bool
    ended : callable
        Ends the search early once it returns True.
    parameters : OneFileParameters

    Returns
    -------
    (n_pools,) bool
        Costs no more than `holds`, under the prices of `facility`; the same for the same arguments.

    References
    ----------
    .. [1] M. G. C. Resende, R. F. Werneck, "A Hybrid Multistart Heuristic for the Uncapacitated Facility
       Location Problem", European Journal of Operational Research 174(1), 2006.
    """
    found = holds & np.isfinite(facility.opening)
    if facility.level.size == 0:  # nothing to choose
        return np.asarray(found | facility.fixed)
    state = np.array([SEED, 0], dtype=np.uint64)
    best = np.inf
    kicks = parameters.kicks
    most = min(parameters.most_kicks, parameters.work // max(1, facility.level.size))
    for _ in range(-(-most // kicks)):
        best = kick_and_descend(kicks, state, best, facility.entries, found)
        if ended():
            break
    return np.asarray(found | facility.fixed)


def settled_holders(facility: Facility, holds: Bools) -> tuple[Bools, float]:
    """Open, close and exchange pools from given holders, as long as that saves anything.

    Parameters
    ----------
    facility : Facility
    holds : (n_pools,) bool

    Returns
    -------
    found : (n_pools,) bool
    cost : float
        Under the prices of `facility` [currency].
    """
    found = holds & np.isfinite(facility.opening)
    cost = descend(facility.entries, found, room_for_exchanges(facility.cap.size, holds.size))
    return np.asarray(found | facility.fixed), float(cost) + facility.constant


def relaxation_bound(
    facility: Facility,
    upper: float,
    ended: Callable[[], bool],
    parameters: OneFileParameters = DEFAULTS.one_file,
) -> tuple[float, Floats]:
    """Bound the problem by prices on its demand rows.

    Parameters
    ----------
    facility : Facility
    upper : float
        Cost of a plan: a good guess of the bound, for the length of steps [currency].
    ended : callable
        Ends the search early once it returns True.
    parameters : OneFileParameters

    Returns
    -------
    bound : float
        Valid wherever the search ends, lowered by `ROUNDING_RATIO` of its terms' absolute values [currency].
    u : (n_regions,) float64
        The prices that prove it [currency].
    """
    u = facility.cap.copy()
    some = np.flatnonzero(np.diff(facility.ptr) > 0)
    u[some] = facility.level[facility.ptr[some]]
    n, best, goal = facility.opening.size, -np.inf, upper - facility.constant
    length, steps, patience = parameters.first_length, parameters.steps, parameters.patience
    state, room = np.full(n, FREE, dtype=np.int8), room_for(u.size, n, facility.level.size)
    for _ in range(parameters.most_steps // steps):
        best, length = raise_bound(
            steps, patience, facility.entries, state, goal, length, u, np.empty(n), np.empty(n), room
        )
        if length < parameters.last_length or ended():
            break
    # Every term is at most u of the region or pool it is about: twice their sum holds them all.
    terms = 2.0 * float(np.abs(u).sum()) + facility.magnitude
    return best + facility.constant - ROUNDING_RATIO * terms, u
