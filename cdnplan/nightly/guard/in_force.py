"""The plan in force: which one it is, whether it is whole, and what it is worth on today's inputs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cdnplan.errors import InputError, Problem
from cdnplan.evaluate.count.limits import exceeds
from cdnplan.evaluate.verdict.verdict import Verdict, evaluate
from cdnplan.folders import real_path
from cdnplan.inputs.plans.plan_folder import holdings_of, sha256
from cdnplan.inputs.plans.plan_json import PLAN_JSON, PlanJson, read_plan_json
from cdnplan.model.instance.holdings import Holdings, appliance_name, lost_appliances
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.nightly.keep.disk import numbered
from cdnplan.nightly.keep.publish import CURRENT, PLANS

MOST_LISTED = 5


@dataclass(frozen=True, slots=True, eq=False)
class InForce:
    """A published plan.

    Parameters
    ----------
    folder : Path
        Its folder itself, not ``current``.
    plan : PlanJson
    holdings : Holdings
        What appliances hold once it is carried out; nothing where that is assumed.
    assumed : bool
        Whether it rests on appliances that were taken as stocked: nobody fetched what it says they hold.
    """

    folder: Path
    plan: PlanJson
    holdings: Holdings
    assumed: bool = False

    @property
    def gb_per_day(self) -> float:
        """Demand it was made for [GB per day]."""
        return self.plan.numbers["demand_gb"] / self.plan.days


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """A placement judged on today's inputs.

    Parameters
    ----------
    verdict : Verdict
    faults : tuple of str
        Limits of today that it breaks; none: it holds.
    """

    verdict: Verdict
    faults: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether it may go on."""
        return not self.faults


def plan_in_force(publish: Path) -> tuple[InForce | None, str]:
    """Find the plan that ``current`` names.

    Parameters
    ----------
    publish : Path
        Publication folder.

    Returns
    -------
    InForce or None
        Where ``current`` is damaged, the newest plan that is whole; None where there is none.
    str
        What is wrong with ``current``; empty when nothing is.

    Raises
    ------
    InputError
        ``current`` is not the link that this job makes.
    """
    current = publish / CURRENT
    if current.exists() and not current.is_symlink():
        raise InputError([Problem("expected a symbolic link to a plan: it is left alone", str(current))])
    trouble = ""
    if current.is_symlink():
        found, trouble = _whole(real_path(current))
        if found is not None:
            return found, ""
        trouble = f"the plan in force is damaged: {trouble}"
    plans = numbered(publish / PLANS)
    for _, folder in reversed(plans):
        found, _ = _whole(folder)
        if found is not None:
            trouble = trouble or f"{current} is gone"
            return found, f"{trouble}; {folder.name} is taken for what appliances hold"
    return None, trouble or (f"{current} is gone, and no plan is whole" if plans else "")


def _whole(folder: Path) -> tuple[InForce | None, str]:
    """Read a plan; None and the reason unless every file is as it was written."""
    try:
        plan = read_plan_json(folder / PLAN_JSON)
        for name, digest in plan.files.items():
            if not (folder / name).is_file():
                return None, f"{name} is missing"
            if sha256(folder / name) != digest:
                return None, f"{name} was changed"
        assumed = _is_assumed(plan, folder.parent)
        return InForce(folder, plan, Holdings.empty() if assumed else holdings_of(folder), assumed), ""
    except InputError as error:
        return None, str(error.problems[0])


def _is_assumed(plan: PlanJson, plans: Path) -> bool:
    """Whether a plan, or one that it follows, took appliances as stocked; earlier releases do not say so.

    As far back as plans are kept: a table of the field on the way ends the search.
    """
    others: dict[str, Path] = {}
    if plan.assumed is None:
        paths = [folder / PLAN_JSON for _, folder in numbered(plans)]
        others = {sha256(path): path for path in paths if path.is_file()}
    while plan.assumed is None and "holdings" not in plan.input_hashes:
        path = others.pop(plan.input_hashes.get("previous", ""), None)
        if path is None:
            return False
        plan = read_plan_json(path)
    return plan.assumed is True


def standing(instance: Instance, holdings: Holdings) -> Standing:
    """Judge what appliances hold now on today's demand and limits, served as well as appliances can.

    As plans are judged: the same copies, rates of appliances and rules count.

    Parameters
    ----------
    instance : Instance
        Built with these holdings.
    holdings : Holdings

    Returns
    -------
    Standing
    """
    from cdnplan.planner.decide.as_held import as_held

    held = as_held(instance, holdings)
    counted, serving = held.assignment.counted(instance), held.serving
    verdict = evaluate(
        counted, held.placement, serving.candidate_gb(instance), serving.origin_gb(instance), bounded=instance
    )
    faults = [str(violation) for violation in verdict.violations]
    faults += _without_room(instance, holdings)
    return Standing(verdict, tuple(faults))


def _without_room(instance: Instance, holdings: Holdings) -> list[str]:
    """Appliances that hold more than they may today."""
    pool, file = holdings.numbers(instance.pools, instance.files)
    there = (pool >= 0) & (file >= 0)
    pool, file, number = pool[there].astype(np.int64), file[there], holdings.appliance[there]
    most = int(number.max(initial=0)) + 1
    flat = np.bincount(pool * most + number, instance.size_gb[file], minlength=instance.n_pools * most)
    stored: Floats = flat.reshape(instance.n_pools, most).astype(np.float64)
    over = exceeds(stored, instance.appliance_storage_gb[:, None])
    return [
        f"storage {appliance_name(instance.pools[p], int(n))}: {stored[p, n]:.9g} GB, allowed"
        f" {instance.appliance_storage_gb[p]:.9g}"
        for p, n in np.argwhere(over)
    ]


def lost_appliances_ratio(instance: Instance, holdings: Holdings) -> float:
    """Share of the appliances that hold something which the network no longer has."""
    lost, held = lost_appliances(
        holdings, dict(zip(instance.pools, instance.pool_appliances.tolist(), strict=True))
    )
    return len(lost) / held if held else 0.0


def listed(faults: tuple[str, ...]) -> str:
    """Name the first few, and count the rest."""
    more = f"; and {len(faults) - MOST_LISTED} more" if len(faults) > MOST_LISTED else ""
    return "; ".join(faults[:MOST_LISTED]) + more
