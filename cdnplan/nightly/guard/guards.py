"""What stands between a plan and its publication: figures with limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cdnplan.inputs.plans.plan_folder import ADD, EVICT, KEEP, PLACEMENT, TABLES
from cdnplan.inputs.tables.parquet_columns import read_columns
from cdnplan.nightly.guard.in_force import InForce, Standing, lost_appliances_ratio
from cdnplan.nightly.settings.guard_limits import DEFAULT_LIMITS, Limit
from cdnplan.planner.inputs.load import Loaded

_WORDS = {
    "implausible_factor": "times that an input is beyond what is usual",
    "silent_regions_ratio": "share of regions without demand",
    "demand_factor": "demand per day against the plan in force, times more or less",
    "lost_appliances_ratio": "share of the appliances that hold something which the topology lacks",
    "field_differs_ratio": "copies in which field and plan disagree, as a share of those planned",
    "unfilled_ratio": "share of the bytes to fill that cannot be fetched in the night",
    "churn_ratio": "share of the bytes held that would be filled",
    "fill_gb": "GB to fill",
    "offload_drop_ratio": "byte offload below that of the plan in force on today's demand",
    "offload_fall_ratio": "byte offload below what the plan in force promised",
    "cost_rise_ratio": "cost above that of the plan in force on today's demand",
    "gap_ratio": "gap of the plan",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One guard and what it found: `verdict` is ``ok``, ``warn`` or ``refuse``."""

    guard: str
    value: float
    limit: Limit
    verdict: str

    def __str__(self) -> str:
        allowed = self.limit.refuse if self.verdict == "refuse" else self.limit.warn
        return f"{_WORDS[self.guard]}: {self.value:.6g}, limit {allowed:.6g} ({self.guard})"


def read_guards(values: Mapping[str, float], limits: Mapping[str, Limit]) -> tuple[Reading, ...]:
    """Hold figures against their limits.

    Parameters
    ----------
    values : mapping of str to float
        By guard; a figure that is no number is above every limit.
    limits : mapping of str to Limit

    Returns
    -------
    tuple of Reading

    Examples
    --------
    >>> [reading.verdict for reading in read_guards({"churn_ratio": 0.4}, {"churn_ratio": Limit(0.3, 0.6)})]
    ['warn']
    """
    readings = []
    for guard, value in values.items():
        limit = limits[guard]
        verdict = "ok"
        if limit.warn is not None and not value <= limit.warn:
            verdict = "warn"
        if limit.refuse is not None and not value <= limit.refuse:
            verdict = "refuse"
        readings.append(Reading(guard, value, limit, verdict))
    return tuple(readings)


def before_planning(loaded: Loaded, before: InForce | None) -> dict[str, float]:
    """Figures of the inputs alone.

    Parameters
    ----------
    loaded : Loaded
    before : InForce or None

    Returns
    -------
    dict of str to float
        Those that need a plan in force are missing without one.
    """
    instance = loaded.instance
    region_gb = instance.region_gb()
    values = {"implausible_factor": max((doubt.factor for doubt in loaded.doubts), default=0.0)}
    values |= {"silent_regions_ratio": float(np.mean(region_gb <= 0))}
    if before is not None:
        day, other = float(region_gb.sum()) / instance.period_days, before.gb_per_day
        values["demand_factor"] = max(day, other) / min(day, other) if min(day, other) > 0 else np.inf
        values["field_differs_ratio"] = loaded.before.trusted_field / max(1, before.holdings.file.size)
    told = [before.holdings] if before is not None else []
    told += [loaded.holdings] if loaded.holdings is not None else []
    if told:
        values["lost_appliances_ratio"] = max(lost_appliances_ratio(instance, held) for held in told)
    return values


def after_planning(
    figures: Mapping[str, float], before: InForce | None, standing: Standing | None
) -> dict[str, float]:
    """Figures of a plan.

    Parameters
    ----------
    figures : mapping of str to float
        `fill_figures` of a plan, and of its record ``gap_ratio``, ``offload_byte_ratio``, ``upper`` and
        ``unfilled_gb``.
    before : InForce or None
    standing : Standing or None
        What the plan in force is worth on today's inputs.

    Returns
    -------
    dict of str to float
        Those that need a plan in force, or one that today's limits allow, are missing without one. While
        caches are being filled much is fetched, and windows are too short: what counts then is what is
        replaced.
    """
    values = {"gap_ratio": figures["gap_ratio"]}
    if before is not None:
        values["churn_ratio"] = figures["replaced_ratio"]
        if not is_filling(figures, before):
            values["churn_ratio"] = figures["churn_ratio"]
            values["fill_gb"] = figures["fill_gb"]
            wanted = figures["fill_gb"] + figures["unfilled_gb"]
            values["unfilled_ratio"] = figures["unfilled_gb"] / wanted if wanted > 0 else 0.0
    if before is not None and not before.assumed:
        promised = before.plan.numbers["offload_byte_ratio"]
        values["offload_fall_ratio"] = max(0.0, promised - figures["offload_byte_ratio"])
    if standing is not None and standing.holds:
        kept_ratio = standing.verdict.offload_byte_ratio
        values["offload_drop_ratio"] = max(0.0, kept_ratio - figures["offload_byte_ratio"])
        kept_cost = standing.verdict.cost.total
        rise, scale = figures["upper"] - kept_cost, abs(kept_cost)
        values["cost_rise_ratio"] = max(0.0, rise) / scale if scale > 0 else float(np.inf if rise > 0 else 0)
    return values


def is_filling(figures: Mapping[str, float], before: InForce | None) -> bool:
    """Whether this is one of the nights that fill caches: the first, or one that follows too short a window.

    Parameters
    ----------
    figures : mapping of str to float
        As for `after_planning`.
    before : InForce or None
    """
    return figures["held_gb"] <= 0 or (before is not None and before.plan.to_fill_gb > 0)


def limits_while_filling(limits: Mapping[str, Limit]) -> dict[str, Limit]:
    """The same limits, but for the gap if nobody set it: the bound knows windows as volumes only."""
    default = DEFAULT_LIMITS["gap_ratio"]
    return {**limits, "gap_ratio": Limit() if limits["gap_ratio"] == default else limits["gap_ratio"]}


def fill_figures(folder: Path) -> dict[str, float]:
    """Bytes that a plan adds, bytes held before, and what is added to and goes from these as shares."""
    table = read_columns(folder / PLACEMENT, TABLES[PLACEMENT])
    action, size = table.texts["action"], table.values["size_gb"]
    code = action.positions({ADD: 0, KEEP: 1, EVICT: 2})
    fill_gb, held_gb = float(size[code == 0].sum()), float(size[(code == 1) | (code == 2)].sum())
    gone_gb = float(size[code == 2].sum())
    return {
        "fill_gb": fill_gb,
        "held_gb": held_gb,
        "churn_ratio": fill_gb / held_gb if held_gb > 0 else 0.0,
        "replaced_ratio": gone_gb / held_gb if held_gb > 0 else 0.0,
    }
