"""The night's inputs as a request to the planner."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

from cdnplan.nightly.gather.demand import Needed
from cdnplan.nightly.gather.gather import FIELD, Gathered
from cdnplan.nightly.guard.in_force import InForce
from cdnplan.nightly.settings.config import NightlyConfig
from cdnplan.planner import PlanRequest


def plan_request(
    config: NightlyConfig,
    gathered: Gathered,
    needed: Needed,
    out: Path,
    before: InForce | None,
    fill_from: dt.datetime,
) -> PlanRequest:
    """Ask for a plan of the night, from the copies in the work folder.

    Parameters
    ----------
    config : NightlyConfig
    gathered : Gathered
    needed : Needed
        Its demand.
    out : Path
    before : InForce or None
        Whose placement appliances hold, and which the engine starts from.
    fill_from : datetime
        When it may be in force: fill windows that begin earlier are not for this plan.

    Returns
    -------
    PlanRequest
    """
    paths = {role: ready.path for role, ready in gathered.ready.items()}
    overrides = sorted(
        (role for role in paths if role.startswith("override")), key=lambda role: int(role.split()[1])
    )
    engine = config.engine
    in_force = None if before is None else before.folder
    return PlanRequest(
        topology=paths["topology"],
        titles=paths["titles"],
        files=paths.get("files"),
        demand=needed.table,
        date=needed.period,
        out=out,
        countries=config.countries,
        # What nobody fetched or reported is not there.
        previous=None if before is None or before.assumed else in_force,
        holdings=paths.get(FIELD),
        cold_start="limited",
        rules_wait=True,
        # A guard decides how many are too many.
        allow_lost_appliances=True,
        fill_from=fill_from,
        start=in_force if engine.warm_start else None,
        engine=engine.name,
        gap_ratio=engine.gap_ratio,
        threads=engine.threads or os.cpu_count() or 1,
        seed=engine.seed,
        settled=True,
        environment=config.environment,
        overrides=tuple(paths[role] for role in overrides),
    )
