"""The cheapest plan there is, by a program of one's own: a plain mixed-integer one over all placements.

Written from docs/recompute.md, and solved by HiGHS through PuLP. Two problems:

- by *pools*: copies of a pool share its storage and throughput; nothing is dealt out to appliances.
- by *appliances*: each copy is on one of them, within its storage, copies of a file on different ones; each
  serves within the throughput of its appliance. Copies may share their load unevenly, which makes this plan
  no dearer than the best of those with even shares.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import pulp

from tests.second_judge import network
from tests.second_judge.judge import Judged
from tests.second_judge.reading import ORIGIN, Pool

Cell = tuple[str, str]
MIP_GAP = 1e-9
"""How far HiGHS may stay from the optimum: as little as it can tell from rounding."""


@dataclass
class _Program:
    """The problem while it is written down.

    `holds` says by (pool, file) whether a pool holds it, `copies` how many, and `shares` by (region, file,
    pool or `ORIGIN`) which part of what the region asks of the file comes from there.
    """

    judged: Judged
    problem: pulp.LpProblem = field(default_factory=lambda: pulp.LpProblem("cheapest", pulp.LpMinimize))
    holds: dict[Cell, pulp.LpVariable] = field(default_factory=dict)
    copies: dict[Cell, pulp.LpVariable] = field(default_factory=dict)
    shares: dict[tuple[str, str, str], pulp.LpVariable] = field(default_factory=dict)
    costs: list[pulp.LpAffineExpression] = field(default_factory=list)

    number: Iterator[int] = field(default_factory=count)

    def variable(self, most: float | None, *, whole: bool = False) -> pulp.LpVariable:
        """A variable from 0 to `most`."""
        category = pulp.LpInteger if whole else pulp.LpContinuous
        return self.problem.add_variable(f"v{next(self.number)}", 0, most, category)


def cheapest(judged: Judged, *, by_appliance: bool) -> float | None:
    """Cost of the cheapest plan that keeps every limit and policy; None if there is none.

    Parameters
    ----------
    judged : Judged
        A plan of the network; only its inputs are used.
    by_appliance : bool
        Whether pools are dealt out to appliances.

    Returns
    -------
    float or None
        [currency], to `MIP_GAP`.
    """
    program = _Program(judged)
    _place(program)
    _serve(program)
    _pool_limits(program)
    _link_limits(program)
    if by_appliance:
        for pool in judged.plan.pools.values():
            _deal(program, pool)
    program.problem += pulp.lpSum(program.costs)
    solver = pulp.HiGHS(msg=False, gapRel=MIP_GAP, threads=1, primal_feasibility_tolerance=1e-9)
    status = program.problem.solve(solver)
    if status == pulp.LpStatusInfeasible:
        return None
    assert status == pulp.LpStatusOptimal, pulp.LpStatus[status]
    return float(pulp.value(program.problem.objective))


def _place(program: _Program) -> None:
    """Copies, pins, launches; what is new to a pool costs and is limited."""
    judged, problem = program.judged, program.problem
    plan, rules = judged.plan, judged.rules
    for (pool, file), k in rules.copies.items():
        most = plan.pools[pool].appliances
        holds = program.variable(1 if k else 0, whole=True)
        copies = program.variable(most, whole=True)
        problem += copies >= k * holds
        problem += copies <= most * holds
        if (pool, file) in rules.pinned:
            problem += holds == 1
        program.holds[pool, file], program.copies[pool, file] = holds, copies
    for file, least, pools in rules.launches:
        problem += pulp.lpSum(program.holds[pool, file] for pool in pools) >= least
    for pool in plan.pools.values():
        new: list[pulp.LpAffineExpression] = []
        for file, gb in plan.size_gb.items():
            held = plan.held.get((pool.name, file), 0)
            copies = program.variable(None)
            problem += copies >= program.copies[pool.name, file] - held
            new.append(gb * copies)
        most = min(pool.fill_gb, pool.churn_gb)
        if math.isfinite(most):
            problem += pulp.lpSum(new) <= most
        if plan.fill_counts:
            program.costs.append(plan.policy["costs"]["fill_per_gb"] * pulp.lpSum(new))


def _serve(program: _Program) -> None:
    """All that is asked for is served by those who hold it."""
    judged = program.judged
    for region, row in judged.demand.items():
        for file, gb in row.items():
            places = [pool for pool in judged.candidates(region) if judged.rules.copies[pool, file]]
            for pool in (*places, ORIGIN):
                share = program.variable(1)
                program.shares[region, file, pool] = share
                program.costs.append(gb * judged.way(region, pool)[1] * share)
                if pool != ORIGIN:
                    program.problem += share <= program.holds[pool, file]
            served = pulp.lpSum(program.shares[region, file, pool] for pool in (*places, ORIGIN))
            program.problem += served == 1


def _pool_limits(program: _Program) -> None:
    """Storage and throughput of pools."""
    judged = program.judged
    for pool in judged.plan.pools.values():
        stored = [gb * program.copies[pool.name, file] for file, gb in judged.plan.size_gb.items()]
        program.problem += pulp.lpSum(stored) <= pool.storage_gb
        for at in range(judged.slices):
            rate = [
                judged.demand[region][file] * judged.rates[region][at] * share
                for (region, file, place), share in program.shares.items()
                if place == pool.name
            ]
            program.problem += pulp.lpSum(rate) <= pool.throughput_gbps


def _link_limits(program: _Program) -> None:
    """What passes a link or an origin beyond its capacity costs, in every slice."""
    judged = program.judged
    price = network.overload_price(judged.plan)
    on_way = {
        (region, place): network.passed(judged.way(region, place), judged.capacity)
        for region, _, place in program.shares
    }
    for limit, capacity in judged.capacity.items():
        for at in range(judged.slices):
            rate = [
                judged.demand[region][file] * judged.rates[region][at] * share
                for (region, file, place), share in program.shares.items()
                if limit in on_way[region, place]
            ]
            if rate:
                above = program.variable(None)
                program.problem += pulp.lpSum(rate) - above <= capacity
                program.costs.append(price * above)


def _deal(program: _Program, pool: Pool) -> None:
    """Copies on appliances, each within its storage and, in every slice, its throughput."""
    judged, problem = program.judged, program.problem
    plan = judged.plan
    if pool.appliances == 1:
        return
    has = {
        (box, file): program.variable(1, whole=True)
        for box in range(pool.appliances)
        for file in plan.size_gb
    }
    for file in plan.size_gb:
        on_any = pulp.lpSum(has[box, file] for box in range(pool.appliances))
        problem += on_any == program.copies[pool.name, file]
    rate: dict[tuple[int, int], list[pulp.LpAffineExpression]] = {}
    for (region, file, place), share in program.shares.items():
        if place == pool.name:
            parts = [program.variable(1) for _ in range(pool.appliances)]
            problem += pulp.lpSum(parts) == share
            for box, part in enumerate(parts):
                problem += part <= has[box, file]
                for at, per_gb in enumerate(judged.rates[region]):
                    rate.setdefault((box, at), []).append(judged.demand[region][file] * per_gb * part)
    for box in range(pool.appliances):
        stored = [gb * has[box, file] for file, gb in plan.size_gb.items()]
        problem += pulp.lpSum(stored) <= pool.appliance_gb
        for at in range(judged.slices):
            problem += pulp.lpSum(rate.get((box, at), [])) <= pool.appliance_gbps
