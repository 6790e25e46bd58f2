"""Check that the files of a plan folder are all there, its own, and those that were written."""

from __future__ import annotations

import datetime as dt
from pathlib import Path, PurePosixPath

from cdnplan.errors import InputError, Problem
from cdnplan.evaluate.verdict.report import Check, Ledger
from cdnplan.folders import real_path
from cdnplan.inputs.plans.manifest_files import INDEX, MANIFESTS, plan_id
from cdnplan.inputs.plans.plan_folder import (
    HOLDINGS,
    NIGHT,
    PATHS,
    PROOF_CUTS,
    TABLES,
    TOPOLOGY,
    TREE,
    sha256,
)
from cdnplan.inputs.plans.plan_inputs import demand_period
from cdnplan.inputs.plans.plan_json import PLAN_JSON, PlanJson

NO_NIGHT = (
    "the night of filling: the plan has none, as plans of early releases; whether copies can be fetched in"
    " time is known for whole pools only"
)
NO_PERIOD = "the period: only plan.json says it, as in plans of earlier releases"
NO_MANIFESTS = "manifests: the plan has none, as plans of early releases"


def check_own(folder: Path) -> None:
    """See that no file that is read is a link out of the folder: a plan is judged by its own files.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    InputError
        Some are; none of them was opened.
    """
    inside = real_path(folder)
    links = [
        name
        for name in (PLAN_JSON, TOPOLOGY, INDEX, *TABLES)
        if not real_path(folder / name).is_relative_to(inside)
    ]
    if links:
        raise InputError(
            Problem("a link that leads out of the plan's folder", file=str(folder / name)) for name in links
        )


def check_files(folder: Path, plan: PlanJson, ledger: Ledger) -> tuple[str, ...]:
    """Check that what a plan consists of is listed, there, and unchanged.

    Parameters
    ----------
    folder : Path
    plan : PlanJson
    ledger : Ledger
        Takes the checks.

    Returns
    -------
    tuple of str
        Parts that a plan of an early release lacks, and what is not checked for it.
    """
    failures = [
        Check("checksum", False, PLAN_JSON, key=name, detail="not listed in files")
        for name in _needed(folder, plan)
        if name not in plan.files
    ]
    for name, digest in sorted(plan.files.items()):
        path = folder / PurePosixPath(name)
        if not path.is_file():
            failures.append(Check("checksum", False, name, claimed=digest, detail="listed, but missing"))
        elif (found := sha256(path)) != digest:
            failures.append(Check("checksum", False, name, claimed=digest, found=found))
    count = f"{len(plan.files)} files"
    ledger.rows("checksum", PLAN_JSON, range(len(failures)), failures.__getitem__, count)
    return _check_parts(folder, plan, ledger)


def _needed(folder: Path, plan: PlanJson) -> list[str]:
    """Files that have to be listed: all that every plan has, and what else is there or said to be there."""
    optional = (HOLDINGS, PATHS, *NIGHT, *TREE, PROOF_CUTS)
    needed = [TOPOLOGY, *(name for name in TABLES if name not in optional or (folder / name).is_file())]
    if plan.id or (folder / MANIFESTS).exists():
        needed.append(INDEX)
    return needed


def _check_parts(folder: Path, plan: PlanJson, ledger: Ledger) -> tuple[str, ...]:
    """A plan that has an id has a night and manifests: all releases that wrote one wrote the others."""
    later = bool(plan.id) or (folder / MANIFESTS).exists()
    if later:
        found = plan_id(plan.files)
        ledger.checks.append(
            Check("plan id", plan.id == found, PLAN_JSON, key="id", claimed=plan.id, found=found)
        )
        if plan.fills is None:
            ledger.failed("night of filling", PLAN_JSON, "fills is missing, though the plan has an id")
        else:
            ledger.passed("night of filling", PLAN_JSON, "there is one")
        return ()
    return (NO_MANIFESTS,) if plan.fills is not None else (NO_NIGHT, NO_MANIFESTS)


def check_period(folder: Path, plan: PlanJson, ledger: Ledger) -> tuple[str, ...]:
    """Check that the period is the one that the demand is of, and that the night does not come after it.

    Parameters
    ----------
    folder : Path
    plan : PlanJson
    ledger : Ledger
        Takes the checks.

    Returns
    -------
    tuple of str
        As of `check_files`: what is not checked.

    Raises
    ------
    InputError
        The table of demand cannot be read.
    """
    if plan.fills is not None:
        # The night after the last day still belongs to it: a job of that evening is done after midnight.
        end = dt.datetime.combine(plan.start, dt.time(), dt.UTC) + dt.timedelta(days=plan.days + 1)
        begin = plan.fills.begin
        ledger.checks.append(
            Check(
                "the night",
                begin < end,
                PLAN_JSON,
                key="fills.from",
                claimed=begin.isoformat(),
                found=end.isoformat(),
                detail="fills begin before the period ends, or in the night after",
            )
        )
    told = demand_period(folder)
    if told is None:
        return (NO_PERIOD,)
    due = {"start": plan.start.isoformat(), "days": repr(plan.days)}
    for (key, claimed), found in zip(due.items(), told, strict=True):
        ledger.checks.append(
            Check("period", claimed == found, PLAN_JSON, key=f"period.{key}", claimed=claimed, found=found)
        )
    return ()
