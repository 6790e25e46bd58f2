"""Leaving things as they are, as a plan among others: whether another one is worth what it moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.evaluate.count.limits import exceeds
from cdnplan.fill.deal.appliances import Assignment
from cdnplan.fill.loads.loads import pointers
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Placement
from cdnplan.optimize.problem.objective import gap_ratio, ideal_cost, plan_cost
from cdnplan.optimize.problem.outcome import Outcome
from cdnplan.optimize.problem.rules import keeps_pins_and_launches, volumes_used_gb
from cdnplan.optimize.serve.serving import best_serving
from cdnplan.parameters.dealing import DealingParameters
from cdnplan.parameters.parameters import DEFAULTS
from cdnplan.planner.decide.dealing import Dealt
from cdnplan.planner.decide.night_copies import counts, held_copies
from cdnplan.planner.relieve.changed import Changed
from cdnplan.planner.relieve.spreading import serve_changed


@dataclass(frozen=True, slots=True)
class Weighed:
    """What was found and leaving things as they are, side by side.

    Parameters
    ----------
    stays : bool
        Whether things are left as they are.
    as_held_cost, found_cost : float
        Of both [currency per period]; what is fetched counts in the second.
    unsure : float
        What the plan found has to save beyond that, to be worth it [currency per period].
    """

    stays: bool
    as_held_cost: float
    found_cost: float
    unsure: float

    @property
    def told(self) -> str:
        """What is to be known of it where things are left as they are."""
        return (
            f"what appliances hold stays as it is, at a cost of {self.as_held_cost:,.2f}: the other plan"
            f" found costs {self.found_cost:,.2f} with its fills and has to save more than {self.unsure:,.2f}"
        )


def as_held(
    instance: Instance, holdings: Holdings, parameters: DealingParameters = DEFAULTS.dealing
) -> Dealt:
    """Leave every copy where it is, and serve today's demand from them as well as appliances can.

    Copies of files of which a pool has fewer than are asked for, or which it may no longer hold, serve
    nothing and are not part of it; nothing is fetched.

    Parameters
    ----------
    instance : Instance
        Built with these holdings.
    holdings : Holdings
    parameters : DealingParameters

    Returns
    -------
    Dealt
        Within what appliances can serve, like every plan; whether they have room for it, and whether it keeps
        the rules, is for others to see (`may_stay`).
    """
    blank = _no_copies(instance)
    keys = held_copies(instance, blank, holdings)
    appliance, file = keys // instance.n_files, keys % instance.n_files
    pool = np.repeat(np.arange(instance.n_pools), instance.pool_appliances)[appliance]
    cell = pool * instance.n_files + file
    there = counts(cell, instance.n_pools * instance.n_files)[cell]
    asked = instance.copies[pool, file]
    stays = (asked > 0) & (there >= asked)
    appliance, pool, file = appliance[stays], pool[stays], file[stays]
    holds = np.zeros((instance.n_pools, instance.n_files), dtype=np.bool_)
    holds[pool, file] = True
    stored = np.bincount(appliance, instance.size_gb[file], minlength=blank.storage_gb.size)
    assignment = Assignment(
        pool=pool.astype(np.int32),
        appliance=(appliance - blank.appliance_ptr[pool] + 1).astype(np.int32),
        file=file.astype(np.int32),
        kept=np.ones(file.size, dtype=np.bool_),
        appliance_ptr=blank.appliance_ptr,
        storage_gb=stored.astype(np.float64),
        peak_gbps=blank.peak_gbps,
        dropped_pool=blank.dropped_pool,
        dropped_file=blank.dropped_file,
        overloaded_pool=blank.overloaded_pool,
        overloaded_ratio=blank.overloaded_ratio,
        imbalance_ratio=blank.imbalance_ratio,
        moved_gb=blank.moved_gb,
    )
    counted, placement = assignment.counted(instance), Placement(holds)
    serving = best_serving(counted, holds).serving
    change = Changed(counted, placement, assignment, placement, serving)
    spread = serve_changed(change, parameters.free)
    none = np.zeros(0, dtype=np.int64)
    return Dealt(
        placement,
        spread.serving,
        spread.assignment(assignment),
        dropped=0,
        added=0,
        exchanged=0,
        slowed=int(spread.slowed.sum()),
        unplaced_pool=none,
        unplaced_file=none,
    )


def _no_copies(instance: Instance) -> Assignment:
    """Appliances that hold nothing."""
    none, no = np.zeros(0, dtype=np.int32), np.zeros(0)
    n = int(instance.pool_appliances.sum())
    return Assignment(
        pool=none,
        appliance=none,
        file=none,
        kept=np.zeros(0, dtype=np.bool_),
        appliance_ptr=pointers(instance.pool_appliances.astype(np.int64)),
        storage_gb=np.zeros(n),
        peak_gbps=np.zeros(n),
        dropped_pool=none,
        dropped_file=none,
        overloaded_pool=none,
        overloaded_ratio=no,
        imbalance_ratio=np.zeros(instance.n_pools),
        moved_gb=np.zeros(instance.n_pools),
    )


def may_stay(instance: Instance, held: Dealt) -> bool:
    """Whether leaving things as they are keeps today's limits and rules."""
    limit = np.repeat(instance.appliance_storage_gb, instance.pool_appliances)
    room = not exceeds(held.assignment.storage_gb, limit).any()
    counted, holds = held.assignment.counted(instance), held.placement.holds
    room &= not exceeds(volumes_used_gb(counted, holds), instance.volumes.capacity_gb).any()
    return room and keeps_pins_and_launches(instance, holds)


def weigh(
    instance: Instance, outcome: Outcome, found: Dealt, held: Dealt, *, enough_ratio: float | None
) -> Weighed:
    """Hold a plan against leaving things as they are.

    A plan that costs no less than leaving things is never worth its fills. With `enough_ratio` it has to save
    more than its gap leaves unsure: another search as long might have ended anywhere between the bound and
    the plan, so what differs by less is no reason to replace what is held. Of a gap above the one asked for
    only that one counts, as that is what was to be good enough. And it counts for the share of the bytes
    fetched that take the place of others: what comes into free space is worth all that it saves. Copies that
    move within a pool, to even out loads, have to pay as if they were new to it.

    Parameters
    ----------
    instance : Instance
    outcome : Outcome
        With the bound.
    found, held : Dealt
        Both with their nights.
    enough_ratio : float or None
        Gap that was to be good enough; None: whatever it saves is worth it.

    Returns
    -------
    Weighed
    """
    costs = [
        plan_cost(dealt.assignment.counted(instance), dealt.placement.holds, dealt.serving)
        for dealt in (held, found)
    ]
    kept = keeps_pins_and_launches(instance, found.placement.holds)
    unsure = float(found.assignment.moved_gb @ instance.fill_cost)
    if enough_ratio is not None:
        ideal = ideal_cost(instance)
        gap = min(enough_ratio, gap_ratio(outcome.lower, costs[1], ideal))
        unsure += gap * (costs[1] - ideal) * _replacing(instance, found)
    stays = not kept or costs[0] - costs[1] <= unsure
    return Weighed(stays, costs[0], costs[1], unsure)


def _replacing(instance: Instance, dealt: Dealt) -> float:
    """Share of the bytes that a plan fetches which take the place of others."""
    fetched = float(instance.size_gb[dealt.fills.copies.file].sum())
    removed = float(instance.size_gb[dealt.fills.removed.file].sum())
    return min(1.0, removed / fetched) if fetched > 0 else 1.0
