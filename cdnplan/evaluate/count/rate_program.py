"""Can all appliances keep what they may serve, all together and in every slice? A linear program decides.

What an appliance serves depends on which files its pool serves to which region, see
`cdnplan.evaluate.count.appliance_rates`; peaks that are possible one by one may ask for different ones. So
the judge looks for GB of each file, from each pool to each region, with which no appliance passes its rate
in any slice. Files that the same appliances hold are one to it. Pools that serve none of the same regions
have nothing to do with each other and make programs of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.evaluate.count.appliance_rates import ApplianceRates, Open
from cdnplan.evaluate.count.assignment import Assignment
from cdnplan.evaluate.count.limits import ABSOLUTE, RELATIVE, exceeds
from cdnplan.model.instance.instance import Floats, Ints

LARGEST = 100_000
"""Programs with more variables are taken apart by pool: different pools may then serve the same GB."""
MORE_ASKED = 2 * RELATIVE
"""Part by which more may be served of a file than is asked: rounding that the check of servings allows."""


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """Files of an open region that the same appliances hold.

    Parameters
    ----------
    region : Open
    asked_gb : (n_groups,) float64
    sets : (n_groups, n_pools) int64
        Which set of its appliances each pool holds these files on, -1 for none.
    """

    region: Open
    asked_gb: Floats
    sets: Ints


class _Sets:
    """Sets of appliances that hold the same file, pool by pool."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._ptr = np.searchsorted(assignment.appliance, assignment.fleet.ptr)
        self._of: dict[int, tuple[Ints, tuple[Ints, ...]]] = {}

    def of(self, pool: int) -> tuple[Ints, tuple[Ints, ...]]:
        """Set of each file, -1 for none, (n_files,); and the appliances of each set."""
        if pool not in self._of:
            part = slice(int(self._ptr[pool]), int(self._ptr[pool + 1]))
            appliance, file = self._assignment.appliance[part], self._assignment.file[part]
            order = np.lexsort((appliance, file))
            files, first, count = np.unique(file[order], return_index=True, return_counts=True)
            members = np.full((files.size, int(count.max(initial=0))), -1, dtype=np.int64)
            row = np.repeat(np.arange(files.size), count)
            members[row, np.arange(order.size) - first[row]] = appliance[order]
            distinct, which = np.unique(members, axis=0, return_inverse=True)
            number = np.full(self._assignment.fleet.instance.n_files, -1, dtype=np.int64)
            number[files] = which.ravel()
            self._of[pool] = number, tuple(line[line >= 0] for line in distinct)
        return self._of[pool]

    def groups(self, region: Open) -> _Groups:
        """Put files of a region together that the same appliances hold."""
        held = np.stack([self.of(int(p))[0][region.file] for p in region.pools], axis=1)
        sets, which = np.unique(held, axis=0, return_inverse=True)
        asked = np.bincount(which.ravel(), region.asked_gb, sets.shape[0]).astype(np.float64)
        return _Groups(region, asked, sets)


def overloaded_together(assignment: Assignment, rates: ApplianceRates, allowed: Floats) -> dict[int, float]:
    """Find pools whose appliances cannot all keep their rates in every slice, however files are served.

    Parameters
    ----------
    assignment : Assignment
    rates : ApplianceRates
    allowed : (n_appliances,) float64
        What each appliance may serve in any slice [Gbit/s].

    Returns
    -------
    dict of int to float
        By pool, how much above them one of its appliances has to serve at least [Gbit/s]. Where several pools
        serve the same regions it may be another one of these instead.
    """
    fleet = assignment.fleet
    several = fleet.instance.pool_appliances[fleet.pools()] > 1
    tight = exceeds(rates.most, allowed[:, None]) & several[:, None]
    binding = np.zeros(fleet.instance.n_pools, dtype=np.bool_)
    np.logical_or.at(binding, fleet.pools(), tight.any(axis=1))
    regions = [region for region in rates.open if binding[region.pools].any()]
    sets, over = _Sets(assignment), dict[int, float]()
    for part in _apart(regions, binding):
        groups = [sets.groups(region) for region in part]
        if sum(int((group.sets >= 0).sum()) for group in groups) <= LARGEST:
            over |= _solve(assignment, rates, allowed, tight, sets, groups)
            continue
        for p in sorted({int(p) for region in part for p in region.pools if binding[p]}):
            own = [sets.groups(only) for region in part for only in _only(region, p)]
            over |= _solve(assignment, rates, allowed, tight, sets, own)
    return over


def _only(region: Open, pool: int) -> list[Open]:
    """An open region seen from one of its pools; nothing where it is none of them."""
    return [
        Open(region.region, region.pools[i : i + 1], region.gb[i : i + 1], region.file, region.asked_gb)
        for i in np.flatnonzero(region.pools == pool).tolist()
    ]


def _apart(regions: Sequence[Open], binding: npt.NDArray[np.bool_]) -> list[list[Open]]:
    """Regions that share pools whose appliances may be overloaded, together."""
    leader: dict[int, int] = {}

    def find(pool: int) -> int:
        while leader.setdefault(pool, pool) != pool:
            leader[pool] = pool = leader[leader[pool]]
        return pool

    first = [[int(p) for p in region.pools if binding[p]] for region in regions]
    for pools in first:
        for p in pools[1:]:
            leader[find(p)] = find(pools[0])
    parts: dict[int, list[Open]] = {}
    for region, pools in zip(regions, first, strict=True):
        parts.setdefault(find(pools[0]), []).append(region)
    return list(parts.values())


def _solve(
    assignment: Assignment,
    rates: ApplianceRates,
    allowed: Floats,
    tight: npt.NDArray[np.bool_],
    sets: _Sets,
    groups: Sequence[_Groups],
) -> dict[int, float]:
    """Serve the regions so that the appliances of each pool pass their rates by as little as possible.

    Variables are the parts of what a pool serves to a region that come from a group of files, and by how much
    the appliances of each pool pass their rates, as a part of the highest of these, which is minimised.
    """
    # HiGHS takes long to load, and few plans need it.
    from cdnplan.evaluate.count.linear_program import LinearProgram

    fleet, program = assignment.fleet, LinearProgram()
    owner = fleet.pools()
    scale = np.zeros(fleet.instance.n_pools)
    np.maximum.at(scale, owner, np.where(allowed > 0, allowed, ABSOLUTE))
    rows: dict[tuple[int, int], int] = {}
    above: dict[int, int] = {}

    def capacity(a: int, t: int) -> int:
        """Row of an appliance's rate in a slice."""
        if (a, t) not in rows:
            pool = int(owner[a])
            if pool not in above:
                above[pool] = program.column(cost=1.0)
            rows[a, t] = program.row(-np.inf, float(allowed[a] - rates.known[a, t]) / scale[pool])
            program.entries.append((rows[a, t], above[pool], -1.0))
        return rows[a, t]

    for group in groups:
        region = group.region
        gbps = fleet.instance.gbps_per_gb[region.region]
        served = [program.row(1.0, 1.0) for _ in region.pools]
        for g in range(group.asked_gb.size):
            holders = np.flatnonzero(group.sets[g] >= 0)
            limit = group.asked_gb[g] * (1 + MORE_ASKED) / region.gb
            shared = program.row(-np.inf, 1.0 + MORE_ASKED) if holders.size > 1 else -1
            for i in holders.tolist():
                x = program.column(float(limit[i]))
                program.entries.append((served[i], x, 1.0))
                if shared >= 0:
                    program.entries.append((shared, x, float(region.gb[i] / group.asked_gb[g])))
                pool = int(region.pools[i])
                members = sets.of(pool)[1][group.sets[g, i]]
                part = region.gb[i] / members.size / scale[pool]
                for a in members.tolist():
                    for t in np.flatnonzero(tight[a] & (gbps > 0)).tolist():
                        program.entries.append((capacity(a, t), x, float(part * gbps[t])))
    values = program.solve() if rows else None
    if values is None:
        # Where no serving adds up at all, the check of the serving says so.
        return {}
    gbps_above = {pool: float(values[x] * scale[pool]) for pool, x in above.items()}
    slack = {pool: RELATIVE * scale[pool] + ABSOLUTE for pool in above}
    return {pool: gbps for pool, gbps in sorted(gbps_above.items()) if gbps > slack[pool]}
