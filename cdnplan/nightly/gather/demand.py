"""The demand of the night: forecast from the history, or from a table, or the last good forecast."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cdnplan.errors import InputError
from cdnplan.inputs.tables.together import both
from cdnplan.model.network.period import first_day, span_text
from cdnplan.nightly.gather.gather import DEMAND_ROLES, Trouble
from cdnplan.nightly.keep.store import FORECAST, Good, Ready
from cdnplan.nightly.settings.config import NightlyConfig, Source
from cdnplan.nightly.settings.failures import NotPublishedError

if TYPE_CHECKING:
    from cdnplan.inputs.demand.history import History

STALE_PERIODS = 2
"""A history whose last date lies further back than so many periods is stale, unless the config says else."""


@dataclass(frozen=True, slots=True)
class Needed:
    """Demand of one period.

    Parameters
    ----------
    table : Path
        Demand table.
    period : datetime.date
        The last day of the period, which names it.
    days : float
        Its length [days].
    source : str
        ``history``, ``demand`` or ``last good forecast``.
    made : datetime
        When the table was made, or fetched.
    warnings : tuple of str
    notes : tuple of str
        What the forecaster says: for the record.
    """

    table: Path
    period: dt.date
    days: float
    source: str
    made: dt.datetime
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def span(self) -> str:
        """Both ends of the period, for people."""
        return span_text(self.period, self.days)


class _StaleError(Exception):
    """What there is does not reach to the day planned for."""


def demand_of_the_night(
    config: NightlyConfig,
    ready: Mapping[str, Ready],
    troubles: tuple[Trouble, ...],
    good: Good | None,
    *,
    today: dt.date,
    now: dt.datetime,
    run: Path,
) -> Needed:
    """Find the demand to plan for.

    Parameters
    ----------
    config : NightlyConfig
    ready : mapping of str to Ready
    troubles : tuple of Trouble
        Missing and stale inputs; none but the history or the demand table.
    good : Good or None
        Whose forecast may stand in.
    today : datetime.date
        Day of the run; nothing named by it or later is taken for known.
    now : datetime
    run : Path
        Folder for the forecast.

    Returns
    -------
    Needed

    Raises
    ------
    InputError
        All problems of the tables.
    NotPublishedError
        History or demand is missing or stale, and so is the last good forecast.
    OSError
        The forecast cannot be written.
    """
    target = today + dt.timedelta(days=config.calendar.lead_days)
    reason = "; ".join(trouble.reason for trouble in troubles)
    if not troubles:
        source = next(source for source in config.sources if source.role in DEMAND_ROLES)
        try:
            if source.role == "history":
                return _forecast(config, source, ready, today, target, now, run)
            return _from_table(ready["demand"], target)
        except _StaleError as error:
            reason = str(error)
    if good is None or good.forecast is None or good.forecast_made is None:
        raise NotPublishedError(f"{reason}; there is no earlier forecast to fall back on")
    age = (now - good.forecast_made).total_seconds() / 86_400
    if age > config.fallback.forecast_days:
        raise NotPublishedError(
            f"{reason}; the last good forecast was made {age:.1f} days ago, at most"
            f" {config.fallback.forecast_days:g} are allowed"
        )
    try:
        period, days = _period(good.forecast, "the last good forecast", target)
    except _StaleError as error:
        raise NotPublishedError(f"{reason}; {error}") from None
    told = f"{reason}; the last good forecast, made {age:.1f} days ago, is used"
    return Needed(good.forecast, period, days, "last good forecast", good.forecast_made, (told,))


def _from_table(ready: Ready, target: dt.date) -> Needed:
    return Needed(ready.path, *_period(ready.path, "demand", target), "demand", ready.fetched)


def _period(table: Path, name: str, target: dt.date) -> tuple[dt.date, float]:
    """The period of a demand table that a day falls into, by its last day, and its length [days]."""
    from cdnplan.inputs.demand.demand_reader import demand_periods

    ends, days = demand_periods(table)
    period = next((end for end in ends if end >= target), None)
    if period is None:
        raise _StaleError(
            f"{name} does not reach to {target}: its last period is {span_text(ends[-1], days)}"
        )
    if first_day(period, days) > target:
        span = span_text(period, days)
        raise _StaleError(f"{name} has nothing for {target}, the next period is {span}: is the clock right?")
    return period, days


def _forecast(
    config: NightlyConfig,
    source: Source,
    ready: Mapping[str, Ready],
    today: dt.date,
    target: dt.date,
    now: dt.datetime,
    run: Path,
) -> Needed:
    from cdnplan.forecast.asked.demand_table import write_forecast
    from cdnplan.forecast.asked.run import forecast_demand
    from cdnplan.inputs.demand.catalog_reader import read_catalog
    from cdnplan.inputs.demand.change_reader import read_changes
    from cdnplan.inputs.demand.event_reader import read_events
    from cdnplan.inputs.demand.history_reader import read_history
    from cdnplan.inputs.demand.launch_reader import read_launches
    from cdnplan.inputs.demand.titles_reader import read_titles

    path = {role: one.path for role, one in ready.items()}
    titles, files = path["titles"], path.get("files")
    (history, (listed, parts)), (launches, (changes, events)) = both(
        lambda: both(
            lambda: read_history(path["history"]),
            lambda: both(lambda: read_titles(titles), lambda: read_catalog(titles, files) if files else None),
        ),
        lambda: both(
            lambda: read_launches(path["launches"]) if "launches" in path else None,
            lambda: both(
                lambda: read_changes(path["changes"]) if "changes" in path else (),
                lambda: read_events(path["events"]) if "events" in path else (),
            ),
        ),
    )
    yesterday = today - dt.timedelta(days=1)
    cutoff = _fresh(history, source, yesterday, target)
    steps = max(1, math.ceil((target - cutoff).days / history.period_days))
    made = forecast_demand(
        history,
        listed,
        yesterday,
        steps + config.forecast.spare_periods,
        config.forecast.model,
        launches=launches,
        changes=changes,
        events=events,
        files=parts,
    )
    table = run / FORECAST
    try:
        write_forecast(made, table)
    except InputError as error:
        # Its content has been checked: what is wrong is the disk.
        raise OSError(None, str(error)) from None
    warnings: tuple[str, ...] = ()
    if history.last_day >= today + dt.timedelta(days=history.period_days):
        warnings = (f"history goes on to {history.last_day}, past {today}: that part is left out",)
    return Needed(table, made.day(steps), made.period_days, "history", now, warnings, made.warnings)


def _fresh(history: History, source: Source, yesterday: dt.date, target: dt.date) -> dt.date:
    """The last date that counts as known; raises where that is too long before the day planned for."""
    if yesterday < history.first_day:
        begins = f"history begins with {history.span(0)}"
        message = f"{begins}, nothing was known on {yesterday}: is the clock right?"
        raise _StaleError(message)
    last = history.until(yesterday).last_day
    age = (target - last).days
    allowed = source.max_age_days
    if allowed is None:
        allowed = STALE_PERIODS * history.period_days + (target - yesterday).days
    if age > allowed:
        raise _StaleError(
            f"history is stale: its last date {last} is {age} days before {target}, at most"
            f" {allowed:g} are allowed"
        )
    return last
