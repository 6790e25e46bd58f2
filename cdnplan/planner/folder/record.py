"""The content of ``plan.json``."""

from __future__ import annotations

import platform
import resource
from dataclasses import asdict
from importlib import metadata
from typing import Any

import numpy as np

from cdnplan import __version__
from cdnplan.evaluate.count.loads import pool_gbps
from cdnplan.evaluate.verdict.verdict import Verdict
from cdnplan.fill.deal.sharing import BUSY_RATIO
from cdnplan.fill.night.fills import Fills
from cdnplan.fill.night.source_kernels import PEER
from cdnplan.fill.night.windows import MS_PER_HOUR, from_ms
from cdnplan.inputs.plans.manifest_files import plan_id
from cdnplan.inputs.plans.plan_json import FORMAT
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.binding import binds, dearest_first
from cdnplan.model.plan.placement import Serving
from cdnplan.optimize.problem.objective import gap_ratio
from cdnplan.optimize.problem.outcome import Outcome, StepRecord
from cdnplan.planner.decide.dealing import Dealt
from cdnplan.planner.decide.deciding import Decided
from cdnplan.planner.decide.to_fill import ToFill
from cdnplan.planner.folder.limit_list import LimitList, limits_used
from cdnplan.planner.folder.proven import Proven
from cdnplan.planner.inputs.load import Loaded
from cdnplan.planner.inputs.request import PlanRequest
from cdnplan.planner.inputs.waiting import waiting_words

PACKAGES = ("highspy", "networkx", "numba", "numpy", "pulp", "pyarrow")
OPTIMAL_RATIO = 1e-6
INTERRUPTED = "interrupted: this is the best plan found until then, a longer search might find a cheaper one"


def plan_record(
    request: PlanRequest,
    loaded: Loaded,
    decided: Decided,
    verdict: Verdict,
    proven: Proven,
    left: ToFill,
    seconds: dict[str, float],
    checksums: dict[str, str],
) -> dict[str, Any]:
    """Everything a plan says about itself; costs are the judge's.

    Parameters
    ----------
    request, loaded, decided, verdict, proven, left
        From the steps of `cdnplan.planner.plan`.
    seconds : dict of str to float
        Time by phase [s].
    checksums : dict of str to str
        SHA-256 of the folder's files.
    """
    instance, outcome, dealt = loaded.instance, decided.outcome, decided.dealt
    counted = dealt.assignment.counted(instance)
    gap = gap_ratio(proven.lower, verdict.cost.total, verdict.ideal)
    return {
        "format": FORMAT,
        "cdnplan": __version__,
        "id": plan_id(checksums),
        "status": _status(outcome, gap, request.gap_ratio),
        "engine": outcome.engine,
        "engine_reason": decided.reason,
        **_costs(verdict, proven, gap),
        "period": {
            "start": loaded.demand.start.isoformat(),
            "end": loaded.demand.end.isoformat(),
            "days": loaded.demand.period_days,
        },
        "fill_counted": loaded.topology.fill_counted(loaded.holdings),
        "held_before": {"from": loaded.before.origin, "assumed": loaded.before.assumed},
        "counts": _counts(loaded),
        "full": _full(counted, dealt, outcome),
        "appliances": _appliances(instance, counted, decided, verdict),
        "fills": _fills(loaded, dealt.fills),
        "to_fill": left.record(),
        "waiting": [asdict(one) for one in loaded.waiting],
        "as_held": None if decided.weighed is None else asdict(decided.weighed),
        "steps": [_step(step) for step in outcome.steps],
        "seconds": {phase: round(value, 3) for phase, value in seconds.items()},
        "peak_memory_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 3),
        "warnings": [
            *loaded.warnings,
            *waiting_words(loaded.waiting),
            *left.words(),
            *_engine_warnings(outcome),
            *_dealing_warnings(dealt),
            *_fill_warnings(instance, dealt),
        ],
        "seed": request.seed,
        "versions": {"python": platform.python_version()} | {p: metadata.version(p) for p in PACKAGES},
        "input_hashes": loaded.hashes,
        "files": checksums,
    }


def _costs(verdict: Verdict, proven: Proven, gap: float) -> dict[str, Any]:
    """What the plan costs, what is proven of that, and what it serves."""
    cost, lower = verdict.cost, proven.lower
    return {
        "cost": {
            "total": cost.total,
            "delivery": cost.delivery,
            "fill": cost.fill,
            "overload": cost.overload,
        },
        "upper": cost.total,
        "lower": lower,
        "lower_priced": proven.priced,
        "bound_proof": proven.rests_on,
        "ideal": verdict.ideal,
        "gap_ratio": gap,
        "gap_to_upper_ratio": max(0.0, cost.total - lower) / cost.total if cost.total > 0 else 0.0,
        "offload_byte_ratio": verdict.offload_byte_ratio,
        "demand_gb": verdict.demand_gb,
        "overload": [
            {"link": over.link, "slice": over.slice, "gbps": over.gbps} for over in verdict.overloads
        ],
    }


def _appliances(instance: Instance, counted: Instance, decided: Decided, verdict: Verdict) -> dict[str, Any]:
    """What dealing the plan out to appliances changed; `counted`: with more copies than are asked for."""
    outcome, dealt = decided.outcome, decided.dealt
    return {
        "busiest_over_mean_ratio": _busiest_over_mean(instance, dealt),
        "moved_within_pools_gb": float(dealt.assignment.moved_gb.sum()),
        "files_without_room": dealt.dropped,
        "files_instead": dealt.added,
        "files_exchanged": dealt.exchanged,
        "more_copies": int((counted.copies - instance.copies)[dealt.placement.holds].sum()),
        "diverted_gb": _diverted_gb(instance, outcome.serving, dealt.serving),
        "cost_of_dealing": verdict.cost.total - outcome.upper,
        "pools_slowed": dealt.slowed,
        "planned_again": dealt.planned_again,
    }


def _status(outcome: Outcome, gap: float, wanted: float | None) -> str:
    """The engine's status, unless appliances made the plan dearer than it says."""
    if outcome.status == "optimal" and gap > OPTIMAL_RATIO:
        return "within-gap" if wanted is not None and gap <= wanted else "feasible"
    if outcome.status == "within-gap" and wanted is not None and gap > wanted:
        return "feasible"
    return outcome.status


def _step(step: StepRecord) -> dict[str, Any]:
    return asdict(step) | {"seconds": round(step.seconds, 3)}


def _counts(loaded: Loaded) -> dict[str, int]:
    instance = loaded.instance
    return {
        "regions": instance.n_regions,
        "sites": len(loaded.topology.sites),
        "pools": instance.n_pools,
        "appliances": int(instance.pool_appliances.sum()),
        "files": instance.n_files,
        "titles": len(loaded.catalog.titles),
        "links": instance.n_links,
        "slices": instance.n_slices,
    }


def _diverted_gb(instance: Instance, planned: Serving, served: Serving) -> float:
    """Demand that another pool serves, or the origin, than in the engine's plan [GB]."""
    pools = np.abs(served.candidate_gb(instance) - planned.candidate_gb(instance)).sum()
    origin = np.abs(served.origin_gb(instance) - planned.origin_gb(instance)).sum()
    return float(pools + origin) / 2.0


def _busiest_over_mean(instance: Instance, dealt: Dealt) -> float:
    """Load of the busiest appliance divided by the mean, in the most uneven pool that has some load.

    In nearly idle ones one file more or less on an appliance makes all the difference, and matters to nobody.
    """
    mean = pool_gbps(instance, dealt.serving.candidate_gb(instance)).max(axis=1, initial=0.0)
    mean /= instance.pool_appliances
    busy = mean >= BUSY_RATIO * instance.appliance_throughput_gbps
    return 1.0 + float(dealt.assignment.imbalance_ratio[busy & (mean > 0)].max(initial=0.0))


def _full(instance: Instance, dealt: Dealt, outcome: Outcome) -> list[dict[str, Any]]:
    """Limits that bind, with what more of them would be worth; the dearest first."""
    limits, serving = LimitList.of(instance), dealt.serving
    served, origin = serving.candidate_gb(instance), serving.origin_gb(instance)
    used = limits_used(instance, dealt.placement, served, origin)
    worth = limits.worth(outcome.prices)
    rows = [
        {
            "limit": limits.kinds[i].name,
            "name": limits.names[i],
            "used": float(used[i]),
            "allowed": float(limits.allowed[i]),
            "unit": limits.kinds[i].unit,
            "price": float(worth[i]),
            "price_per": limits.kinds[i].priced_per,
        }
        for i in np.flatnonzero(binds(used, limits.allowed, worth))
    ]
    return sorted(rows, key=lambda row: dearest_first(row["limit"], row["name"], row["price"]))


def _fills(loaded: Loaded, fills: Fills) -> dict[str, Any]:
    """What the night moves, and what it leaves undone."""
    size = loaded.instance.size_gb
    outside = fills.copies.file[fills.kind != PEER]
    return {
        "from": from_ms(fills.begin).isoformat(),
        "until": from_ms(fills.until).isoformat(),
        "bytes_gb": fills.bytes_gb(size),
        "origin_peak_gbps": fills.origin_peak_gbps(size),
        "naive_origin_gb": float(size[fills.copies.file].sum()),
        "entered_gb": float(size[outside].sum()),
        "entered_again_gb": fills.entered_again_gb(loaded.instance),
        "unfilled": {
            "count": fills.unfilled.size,
            "gb": float(size[fills.unfilled.file].sum()),
            "value": float(fills.unfilled.value.sum()),
        },
        "away": {
            "count": fills.away_file.size,
            "gb": float(size[fills.away_file].sum()),
            "longest_hours": float(fills.away_ms.max(initial=0)) / MS_PER_HOUR,
        },
        "trusted_field": loaded.before.trusted_field,
    }


def _fill_warnings(instance: Instance, dealt: Dealt) -> list[str]:
    fills = dealt.fills
    lost, warnings = fills.unfilled, []
    if lost.size:
        gb = float(instance.size_gb[lost.file].sum())
        reasons = ", ".join(f"{name} {count}" for name, count in fills.reasons().items())
        warnings.append(
            f"{lost.size} copies, {gb:,.0f} GB, cannot be fetched in this night and are left out, which costs"
            f" {lost.value.sum():,.2f}: {reasons}"
        )
    if dealt.stayed:
        named = ", ".join(f"{instance.files[f]!r} at {instance.pools[p]!r}" for p, f in dealt.stayed[:5])
        more = ", ..." if len(dealt.stayed) > 5 else ""
        warnings.append(
            f"{len(dealt.stayed)} launches stay where they are, as other pools cannot fetch them in time: "
            f"{named}{more}"
        )
    return warnings


def _engine_warnings(outcome: Outcome) -> list[str]:
    return [*outcome.warnings, *([INTERRUPTED] if outcome.status == "interrupted" else [])]


def _dealing_warnings(dealt: Dealt) -> list[str]:
    warnings = []
    if dealt.dropped:
        instead = f"; {dealt.added} others that fit came in instead" if dealt.added else ""
        warnings.append(f"{dealt.dropped} (pool, file) pairs left out: appliances lack room or time{instead}")
    if dealt.slowed:
        warnings.append(f"{dealt.slowed} pools serve less: their load cannot be spread evenly enough")
    moved = float(dealt.assignment.moved_gb.sum())
    if moved > 0:
        warnings.append(f"{moved:,.0f} GB move between appliances of the same pool to balance them")
    return warnings
