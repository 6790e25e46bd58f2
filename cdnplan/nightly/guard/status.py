"""What a run says about itself: `status.json`, for people and for monitors."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cdnplan import __version__
from cdnplan.errors import InputError
from cdnplan.inputs.plans.plan_json import PLAN_JSON, PlanJson, read_plan_json
from cdnplan.model.network.period import first_day
from cdnplan.nightly.guard.guards import Reading
from cdnplan.nightly.guard.in_force import MOST_LISTED, Standing
from cdnplan.nightly.keep.disk import write_whole
from cdnplan.nightly.keep.publish import CURRENT
from cdnplan.nightly.keep.store import Ready

STATUS_JSON = "status.json"
FORMAT = 1
FIGURES = ("upper", "lower", "gap_ratio", "offload_byte_ratio", "demand_gb")


@dataclass(slots=True)
class Status:
    """Filled while a run goes on, written at its end.

    Parameters
    ----------
    job, run_id : str
    started : datetime
    """

    job: str
    run_id: str
    started: dt.datetime
    dry_run: bool = False
    state: str = "running"
    exit_code: int = 0
    reason: str = ""
    warnings: list[str] = field(default_factory=list)
    ended: dt.datetime | None = None
    deadline: dt.datetime | None = None
    planned_for: dt.date | None = None
    planned_from: dt.date | None = None
    demand_from: str = ""
    inputs: Mapping[str, Ready] = field(default_factory=dict)
    guards: list[Reading] = field(default_factory=list)
    in_force: str | None = None
    in_force_figures: dict[str, Any] | None = None
    standing: Standing | None = None
    plan: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    killed_before: str | None = None
    last_published: dt.datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain data; the keys are documented in docs/nightly.md."""
        return {
            "format": FORMAT,
            "cdnplan": __version__,
            "job": self.job,
            "run_id": self.run_id,
            "state": self.state,
            "exit_code": self.exit_code,
            "reason": self.reason,
            "warnings": self.warnings,
            "dry_run": self.dry_run,
            "started": _when(self.started),
            "ended": _when(self.ended),
            "deadline": _when(self.deadline),
            "planned_for": None if self.planned_for is None else self.planned_for.isoformat(),
            "planned_from": None if self.planned_from is None else self.planned_from.isoformat(),
            "demand_from": self.demand_from,
            "inputs": {role: _input(ready, self.started) for role, ready in self.inputs.items()},
            "guards": [
                {
                    "guard": reading.guard,
                    "value": _finite(reading.value),
                    "warn": reading.limit.warn,
                    "refuse": reading.limit.refuse,
                    "verdict": reading.verdict,
                }
                for reading in self.guards
            ],
            "in_force": self.in_force,
            "in_force_figures": self.in_force_figures,
            "in_force_today": None if self.standing is None else _standing(self.standing),
            "plan": self.plan,
            "notes": self.notes,
            "removed": self.removed,
            "seconds": {phase: round(value, 3) for phase, value in self.seconds.items()},
            "killed_before": self.killed_before,
            "last_published": _when(self.last_published),
        }

    def write(self, folder: Path) -> None:
        """Write ``status.json``, whole or not at all."""
        write_whole(folder / STATUS_JSON, json.dumps(self.as_dict(), indent=2, ensure_ascii=False) + "\n")


def figures_of(plan: PlanJson) -> dict[str, Any]:
    """Figures of a published plan, for the status."""
    return {
        "period": plan.end.isoformat(),
        "period_from": first_day(plan.end, plan.days).isoformat(),
        "days": plan.days,
        "status": plan.status,
        **{key: plan.numbers[key] for key in FIGURES},
    }


def told_in_force(publish: Path) -> tuple[str | None, dict[str, Any] | None]:
    """Name and figures of the plan that ``current`` names, for a run that does not look at it any closer."""
    current = publish / CURRENT
    if not current.is_symlink():
        return None, None
    try:
        return current.readlink().name, figures_of(read_plan_json(current / PLAN_JSON))
    except InputError:
        return current.readlink().name, None


def read_status(folder: Path) -> dict[str, Any]:
    """Read the last ``status.json``; empty where there is none, or it cannot be read."""
    try:
        found = json.loads((folder / STATUS_JSON).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def moment(said: Mapping[str, Any], key: str) -> dt.datetime | None:
    """A time of an earlier status; None where there is none: nobody promises that the file is as written."""
    try:
        found = dt.datetime.fromisoformat(said[key])
    except (KeyError, TypeError, ValueError):
        return None
    return found if found.tzinfo is not None else None


def _when(time: dt.datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="seconds")


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None


def _input(ready: Ready, now: dt.datetime) -> dict[str, Any]:
    return {
        "from": ready.where,
        "sha256": ready.sha256,
        "modified": _when(ready.modified),
        "fetched": _when(ready.fetched),
        "age_hours": round((now - ready.modified).total_seconds() / 3600, 3),
        "fallback": ready.is_fallback,
    }


def _standing(standing: Standing) -> dict[str, Any]:
    verdict = standing.verdict
    return {
        "holds": standing.holds,
        "faults": list(standing.faults[:MOST_LISTED]),
        "n_faults": len(standing.faults),
        "cost": verdict.cost.total,
        "offload_byte_ratio": verdict.offload_byte_ratio,
    }
