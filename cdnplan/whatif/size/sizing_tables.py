"""A sizing answer as plain data: one dictionary, and tables of options, curve and candidates."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from cdnplan.whatif.size.size import CurvePoint, SizingResult, curve_goals, worst
from cdnplan.whatif.size.sizing_problem import Counts, SizingProblem
from cdnplan.whatif.size.sizing_search import Planned
from cdnplan.whatif.size.sizing_targets import Reached

Table = Literal["options", "curve", "candidates", "goals"]
TABLES: tuple[Table, ...] = ("options", "curve", "candidates", "goals")
Rows = list[dict[str, Any]]


def additions(problem: SizingProblem, counts: Counts) -> str:
    """Say what is added: ``2 × storage-2u at ixp-berlin, 1 × flash-1u at ixp-paris``; ``nothing``."""
    listed = [
        f"{count} × {candidate.model} at {candidate.site}"
        for candidate, count in zip(problem.sizing.candidates, counts, strict=True)
        if count
    ]
    return ", ".join(listed) or "nothing"


def table_rows(result: SizingResult, table: Table) -> Rows:
    """Rows of one of the tables, all with the same keys."""
    return {"options": _options, "curve": _curve, "candidates": _candidates, "goals": _goals}[table](result)


def _options(result: SizingResult) -> Rows:
    """What is there now, the answer, and the next dearer ways."""
    best = result.best.best
    named = [("now", result.now)]
    named += [] if best is None else [("cheapest", best)]
    named += [(f"runner-up {i}", found) for i, found in enumerate(result.runner_ups, start=1)]
    return [{"option": name, **_planned(result, found)} for name, found in named]


def _planned(result: SizingResult, found: Planned) -> dict[str, Any]:
    group = curve_goals(result.problem.sizing)
    saved = result.now.cost - found.cost
    known = np.isfinite(saved)
    return {
        "price": found.price,
        "appliances": sum(found.counts),
        "reached": worst(found, group) if found.reached else None,
        "reaches_target": found.reaches(result.problem.sizing.goals),
        "offload_ratio": found.offload_ratio if found.reached else None,
        "plan_cost": found.cost if np.isfinite(found.cost) else None,
        "saved_per_period": saved if known else None,
        "paid_back_periods": found.price / saved if known and saved > 0 and found.price > 0 else None,
        "added": additions(result.problem, found.counts),
    }


def _curve(result: SizingResult) -> Rows:
    return [_point(result, point) for point in result.curve]


def _point(result: SizingResult, point: CurvePoint) -> dict[str, Any]:
    found = point.found
    best = found.best
    return {
        "wanted": point.wanted,
        "price": None if best is None else best.price,
        "price_at_least": found.lower if np.isfinite(found.lower) else None,
        "proven": found.proven,
        "closed": found.proven or found.closed,
        "reached": None if best is None else worst(best, curve_goals(result.problem.sizing)),
        "plan_cost": None if best is None else best.cost,
        "added": None if best is None else additions(result.problem, best.counts),
    }


def _candidates(result: SizingResult) -> Rows:
    """Everything that may be bought, by what the prices say of it."""
    best = result.best.best
    counts = best.counts if best is not None else tuple(0 for _ in result.guide)
    listed = zip(result.problem.sizing.candidates, result.guide, counts, strict=True)
    rows = [
        {
            "site": candidate.site,
            "model": candidate.model,
            "price": candidate.price,
            "most": candidate.most,
            "saves_at_most_per_period": guide,
            "bought": count,
        }
        for candidate, guide, count in listed
    ]
    return sorted(rows, key=lambda row: (-row["saves_at_most_per_period"], row["site"], row["model"]))


def _goals(result: SizingResult) -> Rows:
    """Each goal: wanted, now, and with the answer."""
    best = result.best.best
    after: tuple[Reached, ...] = () if best is None else best.reached
    if result.verified is not None:
        after = result.verified.reached
    now = {item.goal: item for item in result.now.reached}
    then = {item.goal: item for item in after}
    return [
        {
            "goal": goal.label,
            "unit": goal.unit,
            "wanted": goal.wanted,
            "now": now[goal].value if goal in now else None,
            "reached": then[goal].value if goal in then else None,
            "ok": then[goal].ok if goal in then else False,
        }
        for goal in result.problem.sizing.goals
    ]


def as_dict(result: SizingResult) -> dict[str, Any]:
    """Everything, for JSON."""
    best, verified = result.best.best, result.verified
    return {
        "name": result.problem.sizing.name,
        "status": status(result),
        "price": None if best is None else best.price,
        "price_at_least": result.best.lower if np.isfinite(result.best.lower) else None,
        "added": [] if best is None else _added(result.problem, best.counts),
        **{table: table_rows(result, table) for table in TABLES},
        "verified": None
        if verified is None
        else {
            "ok": verified.ok,
            "checks": verified.checks,
            "cost": verified.record["cost"],
            "lower": verified.record["lower"],
            "gap_ratio": verified.record["gap_ratio"],
            "offload_byte_ratio": verified.record["offload_byte_ratio"],
            "engine": verified.record["engine"],
        },
        "engine": result.engine,
        "sets_planned": result.planned,
        "bounds_made": result.cuts,
        "seconds": round(result.seconds, 3),
    }


def _added(problem: SizingProblem, counts: Counts) -> Rows:
    return [
        {"site": c.site, "model": c.model, "count": count, "price": c.price * count}
        for c, count in zip(problem.sizing.candidates, counts, strict=True)
        if count
    ]


def status(result: SizingResult) -> str:
    """One word for how sure the answer is.

    Returns
    -------
    str
        ``proven``: no set is cheaper. ``closed``: none is, if more hardware never reaches less. ``found``:
        perhaps there is a cheaper set, the time was up. ``unanswered``: none was found in time.
    """
    found = result.best
    if found.best is None:
        return "unanswered"
    return "proven" if found.proven else "closed" if found.closed else "found"
