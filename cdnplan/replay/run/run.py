"""Replay a plan, and caches that fill themselves, on the demand that came."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan import __version__
from cdnplan.errors import InputError, Problem
from cdnplan.folders import claimed
from cdnplan.inputs.plans.plan_folder import sha256
from cdnplan.optimize.problem.outcome import Progress, no_progress
from cdnplan.replay.caches.caches import SLOW, check_policies
from cdnplan.replay.cases.cases import Case, plan_case, rolling_case
from cdnplan.replay.cases.request import ReplayRequest
from cdnplan.replay.figures.misses import CAUSES, REMEDIES
from cdnplan.replay.figures.ways import RUNNABLE, Compared, Way
from cdnplan.replay.run.compare import compare
from cdnplan.replay.run.folder import REPLAY, write_replay


@dataclass(frozen=True, slots=True, eq=False)
class ReplayResult:
    """A replay that was written.

    Parameters
    ----------
    folder : Path
    record : dict
        The content of ``replay.json``.
    compared : Compared
        What is in the tables.
    case : Case
        What was replayed.
    """

    folder: Path
    record: dict[str, Any]
    compared: Compared
    case: Case

    def held(self, number: int) -> npt.NDArray[np.bool_]:
        """What the plan of a period holds, (n_pools, n_files)."""
        return self.case.met[number].planned.holds


def replay(request: ReplayRequest, *, progress: Progress = no_progress) -> ReplayResult:
    """Replay a plan, or a rolling sequence of plans, beside reactive caches.

    Parameters
    ----------
    request : ReplayRequest
    progress : Progress
        Called at each phase.

    Returns
    -------
    ReplayResult

    Raises
    ------
    InputError
        All problems of the options and inputs.
    MissingLibraryError
        Reactive caches are asked for, and libcachesim is not installed.
    NoFeasiblePlanError, DeadlineError
        As `cdnplan.planner.plan`.
    """
    with claimed(request.out, REPLAY, replace=request.replace) as place:
        _check(request)
        check_policies((*request.policies, *((request.hybrid_policy,) if request.hybrid_policy else ())))
        progress("read", 0.0, None, None)
        if request.plan is not None:
            case = plan_case(request, request.plan, progress)
        elif request.topology is not None and request.titles is not None and request.history is not None:
            case = rolling_case(request, request.topology, request.titles, request.history, progress)
        else:
            raise InputError([Problem("give --plan and what came, or --topology, --titles and --history")])
        compared = compare(request, case, progress)
        record = make_record(request, case, compared)
        progress("write", 0.0, None, None)
        write_replay(place, record, case, compared)
        return ReplayResult(request.out, record, compared, case)


def _check(request: ReplayRequest) -> None:
    """Check options that no reader checks."""
    problems: list[Problem] = []
    came = request.actual or request.logged
    one = (request.plan, came)
    rolling = (request.topology, request.history)
    if any(one) == any(rolling) or (any(one) and not all(one)):
        problems.append(
            Problem(
                "give --plan with --actual or --logged (one plan),"
                " or --topology with --titles and --history (rolling)"
            )
        )
    elif any(rolling) and not all((*rolling, request.titles)):
        problems.append(Problem("a rolling replay needs --topology, --titles and --history"))
    if request.actual is not None and request.logged is not None:
        problems.append(Problem("give one of --actual and --logged"))
    if request.sample is not None and request.requests is not None:
        problems.append(Problem("give one of --sample and --requests"))
    checks: tuple[tuple[str, float | None, bool], ...] = (
        ("sample", request.sample, request.sample is None or 0 < request.sample <= 1),
        ("requests", request.requests, request.requests is None or request.requests > 0),
        ("play-gb", request.play_gb, request.play_gb > 0),
        ("days", request.days, request.days is None or request.days > 0),
        ("turnovers", request.turnovers, request.turnovers >= 0),
        ("periods", request.periods, request.periods >= 1),
        *(("hybrid", ratio, 0 < ratio < 1) for ratio in request.hybrid),
        *(("prefill", ratio, 0 < ratio <= 1) for ratio in request.prefill),
    )
    expected = {
        "sample": "more than 0, at most 1",
        "hybrid": "between 0 and 1",
        "prefill": "more than 0, at most 1",
        "turnovers": "0 or more",
    }
    problems += [
        Problem(f"found {value:g}, expected {expected.get(name, 'more than 0')}", path=name)
        for name, value, ok in checks
        if not ok
    ]
    if problems:
        raise InputError(problems)


def make_record(request: ReplayRequest, case: Case, compared: Compared) -> dict[str, Any]:
    """Content of ``replay.json``."""
    paths = {
        "plan": None if request.plan is None else request.plan / "plan.json",
        "actual": request.actual,
        "logged": request.logged,
        "topology": request.topology,
        "titles": request.titles,
        "history": request.history,
        "files": request.files,
    }
    best = compared.best(RUNNABLE)
    return {
        "format": 1,
        "cdnplan": __version__,
        "input_hashes": {role: sha256(path) for role, path in paths.items() if path is not None},
        "seed": request.seed,
        "periods": [str(period.end) for period in compared.periods],
        "period_days": compared.periods[0].instance.period_days,
        "hours": compared.periods[0].stream.hours,
        "known_before": case.known_is,
        "play_gb": request.play_gb,
        "turnovers": request.turnovers,
        "plays": compared.plays,
        "requests": compared.requests,
        "sample_ratio": {"least": compared.sample_ratio[0], "most": compared.sample_ratio[1]},
        "sites_with_parent": int((compared.places.parent >= 0).sum()),
        "policies": [_way_record(compared, way) for way in compared.ways()],
        "best": None if best is None else _way(best),
        "best_planned_ratio": _best_ratio(compared),
        "best_prefilled": _best_prefilled(compared),
        "forecast_strength_requests": [None if np.isnan(x) else x for x in compared.strength],
        "expected_byte_offload_ratio": list(compared.expected_offload_ratio),
        "regret": _regret_record(compared),
        "misses_gb": _misses_record(compared),
        "warnings": [*case.warnings, *_warnings(request, compared)],
    }


def _way(way: Way) -> dict[str, Any]:
    return {
        "policy": way.policy,
        "kind": way.kind,
        "planned_ratio": way.planned_ratio,
        "parent": way.parent,
    }


def _way_record(compared: Compared, way: Way) -> dict[str, Any]:
    """A way over all periods: bytes add up, peaks are the largest."""
    mine = [row.figures for row in compared.rows if row.way == way]
    demand, plays = sum(one.demand_gb for one in mine), sum(one.plays for one in mine)
    return {
        **_way(way),
        "byte_offload_ratio": compared.offload(way),
        "request_offload_ratio": 1.0 - sum(one.origin_plays for one in mine) / plays if plays > 0 else 1.0,
        "demand_gb": demand,
        "origin_gb": sum(one.origin_gb for one in mine),
        "origin_peak_gbps": max(one.origin.peak_gbps for one in mine),
        "origin_p95_gbps": max(one.origin.p95_gbps for one in mine),
        "fill_window_gb": sum(one.fill.window_gb for one in mine),
        "fill_outside_gb": sum(one.fill.outside_gb for one in mine),
        "fill_waste_gb": sum(one.fill.waste_gb for one in mine),
    }


def _best_ratio(compared: Compared) -> dict[str, Any] | None:
    """Planned share of storage with the highest offload, from none to all; without and with parents."""
    hybrid = next((way for way in compared.ways() if way.kind == "hybrid"), None)
    if hybrid is None:
        return None
    found: dict[str, Any] = {"policy": hybrid.policy}
    for name, parent in (("alone", False), ("with_parent", True)):
        ways = [
            way
            for way in compared.ways()
            if way.kind == "plan"
            or (way.policy == hybrid.policy and way.kind in ("live", "hybrid") and way.parent == parent)
        ]
        if any(way.kind == "hybrid" for way in ways):
            best = max(ways, key=compared.offload)
            found[name] = {
                "planned_ratio": best.planned_ratio,
                "byte_offload_ratio": compared.offload(best),
            }
    return found


def _best_prefilled(compared: Compared) -> dict[str, Any] | None:
    """The best of the caches that a plan fills when a period begins."""
    best = compared.best(("prefilled",))
    return None if best is None else {**_way(best), "byte_offload_ratio": compared.offload(best)}


def _regret_record(compared: Compared) -> dict[str, float] | None:
    """Parts of the regret over all periods [currency]."""
    if not compared.regret:
        return None
    return {
        name: float(sum(getattr(one, part) for one in compared.regret))
        for name, part in (
            ("cost", "cost"),
            ("bound", "bound"),
            ("total", "total"),
            ("forecast_error", "forecast"),
            ("fill_limits", "fill"),
            ("optimisation_gap", "gap"),
        )
    }


def _misses_record(compared: Compared) -> dict[str, Any]:
    """Bytes missed by cause, by where they came from, and by what would have avoided them [GB]."""
    by_cause: dict[str, float] = {}
    by_remedy: dict[str, float] = {}
    farther = 0.0
    for one in compared.missed:
        for names, codes, target in ((CAUSES, one.cause, by_cause), (REMEDIES, one.remedy, by_remedy)):
            sums = np.bincount(codes, one.gb, minlength=len(names))
            for name, gb in zip(names, sums.tolist(), strict=True):
                if gb > 0:
                    target[name] = target.get(name, 0.0) + gb
        farther += float(one.gb[~one.from_origin].sum())
    return {"by_cause": by_cause, "by_remedy": by_remedy, "farther": farther}


def _warnings(request: ReplayRequest, compared: Compared) -> list[str]:
    found: list[str] = []
    if request.policies and not compared.places.has_parents:
        found.append("no embedded site has an exchange point after it: no shared parent tier was run")
    slow = [name for name in request.policies if name in SLOW]
    if slow:
        found.append(f"{', '.join(slow)}: the library does not tell what it holds, so there is no lagged row")
    return found
