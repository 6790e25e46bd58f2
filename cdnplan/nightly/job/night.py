"""The steps of a night, in order; each may end it, and then the plan in force stays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cdnplan.errors import CdnplanError, InputError
from cdnplan.model.network.period import first_day
from cdnplan.nightly.gather.demand import Needed, demand_of_the_night
from cdnplan.nightly.gather.gather import DEMAND_ROLES, FIELD, Gathered, gather
from cdnplan.nightly.gather.requests import plan_request
from cdnplan.nightly.guard.guards import (
    Reading,
    after_planning,
    before_planning,
    fill_figures,
    is_filling,
    limits_while_filling,
    read_guards,
)
from cdnplan.nightly.guard.in_force import InForce, Standing, listed, plan_in_force, standing
from cdnplan.nightly.guard.status import Status, figures_of, moment
from cdnplan.nightly.keep.disk import sync_tree
from cdnplan.nightly.keep.log import RunLog
from cdnplan.nightly.keep.publish import PLANS, Publication
from cdnplan.nightly.keep.store import Good, Store
from cdnplan.nightly.settings.clocks import Clocks
from cdnplan.nightly.settings.config import NightlyConfig
from cdnplan.nightly.settings.deadline import Deadline, deadline_of
from cdnplan.nightly.settings.failures import NotPublishedError
from cdnplan.optimize.problem.outcome import Progress
from cdnplan.planner import PlanRequest, plan
from cdnplan.planner.decide.as_held import Weighed
from cdnplan.planner.inputs.waiting import Waiting, waiting_words

TAIL = "after search"
"""Key of the time that follows the search: the next deadline's reserve comes from it."""
NEVER_FETCHED = (
    "the plan in force, {}, took appliances as stocked: nothing of it was fetched, nothing counts as held"
)
FILLING = (
    "caches are being filled: bytes to fill are held against no limit, churn_ratio counts what is replaced"
)
CUT_SHORT = ("time-limit", "interrupted")


@dataclass(slots=True)
class Night:
    """A run that holds the lock. `run` raises what ends it; `tidy` is for after that.

    Parameters
    ----------
    config : NightlyConfig
    publication : Publication
    store : Store
    status : Status
        Filled on the way.
    log : RunLog
    clocks : Clocks
    date : datetime.date or None
        Day of the run, where it is not to be the clock's.
    last : dict
        ``status.json`` of the last run; may be empty.
    """

    config: NightlyConfig
    publication: Publication
    store: Store
    status: Status
    log: RunLog
    clocks: Clocks
    date: dt.date | None
    last: dict[str, Any]
    _inputs_are_good: Needed | None = None

    def run(self, progress: Progress, asked: Callable[[], bool]) -> None:
        """Do all steps, up to the publication of a plan.

        Raises
        ------
        CdnplanError
            Why nothing is published; `exit_code` says what kind of reason it is.
        OSError
            A disk is full, a folder may not be written to.
        """
        config, status = self.config, self.status
        self.publication.prepare()
        before, trouble = plan_in_force(config.publish)
        if trouble:
            self._warn(trouble)
        status.in_force = None if before is None else before.folder.name
        status.in_force_figures = None if before is None else figures_of(before.plan)
        deadline = self._deadline()
        self._look_at_the_clock()
        self.log.info("start", job=config.name, in_force=status.in_force, deadline=str(deadline.at))
        good = self.store.good()
        with self._phase("fetch"):
            gathered = self._gathered(good)
        if before is not None and before.assumed and FIELD not in gathered.ready:
            self._warn(NEVER_FETCHED.format(before.folder.name))
        with self._phase("forecast"), _as_named_by_people(gathered):
            needed = self._demand(gathered, good)
        self._refuse_the_past(needed, before)
        request = plan_request(
            config, gathered, needed, self._staged(needed), before, self._fill_from(deadline)
        )
        with _as_named_by_people(gathered):
            with self._phase("read"):
                found = self._before_planning(request, before)
            self._inputs_are_good = needed
            record = self._plan(request, deadline, progress, asked)
        self._check(request.out, record, before, found, deadline)
        self._publish(request.out, record, deadline)

    def tidy(self, error: CdnplanError | OSError | None) -> None:
        """Keep what the next night may need, drop what no night needs; failures are warnings.

        Parameters
        ----------
        error : CdnplanError, OSError or None
            What ended the run.
        """
        status, config = self.status, self.config
        if status.dry_run:
            return
        try:
            if status.state == "published":
                status.removed = self.publication.drop_old(config.keep)
            if self._inputs_are_good is not None and not isinstance(error, OSError):
                needed = self._inputs_are_good
                self.store.keep_as_good(status.inputs, needed.table, needed.made)
            self.store.drop_old_logs(config.keep_logs)
        except OSError as failed:
            self._warn(f"old files cannot be tidied away: {failed.strerror or failed}")

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        begun = self.clocks.monotonic()
        self.log.info("phase", phase=name)
        try:
            yield
        finally:
            self.status.seconds[name] = self.clocks.monotonic() - begun

    def _warn(self, text: str) -> None:
        self.status.warnings.append(text)
        self.log.warning("warning", text=text)

    def _deadline(self) -> Deadline:
        seconds = self.last.get("seconds")
        tail = seconds.get(TAIL) if isinstance(seconds, dict) else None
        wire, now = self.config.deadline, self.status.started
        deadline = deadline_of(wire, now, self.clocks.monotonic, tail if isinstance(tail, float) else None)
        self.status.deadline = deadline.at
        return deadline

    def _look_at_the_clock(self) -> None:
        """A clock that was set back is told; what matters is looked at where it matters."""
        then = moment(self.last, "started")
        if then is not None and self.date is None and then > self.status.started:
            self._warn(f"the clock is behind: the last run started at {then.isoformat()}")

    def _today(self) -> dt.date:
        return self.date or self.status.started.astimezone(ZoneInfo(self.config.calendar.timezone)).date()

    def _gathered(self, good: Good | None) -> Gathered:
        gathered = gather(self.config, self.store, good, self.status.started, self.clocks, self.log)
        self.status.inputs = gathered.ready
        for warning in gathered.warnings:
            self._warn(warning)
        fatal = [trouble for trouble in gathered.troubles if trouble.role not in (*DEMAND_ROLES, FIELD)]
        for trouble in gathered.troubles:
            if trouble.role == FIELD:
                self._warn(f"{trouble.reason}; the plan in force is taken for what appliances hold")
        if fatal:
            raise NotPublishedError(listed(tuple(trouble.reason for trouble in gathered.troubles)))
        return gathered

    def _demand(self, gathered: Gathered, good: Good | None) -> Needed:
        needed = demand_of_the_night(
            self.config,
            gathered.ready,
            tuple(trouble for trouble in gathered.troubles if trouble.role in DEMAND_ROLES),
            good,
            today=self._today(),
            now=self.status.started,
            run=self.store.run,
        )
        self.status.planned_for, self.status.planned_from = (
            needed.period,
            first_day(needed.period, needed.days),
        )
        self.status.demand_from = needed.source
        self.status.notes += needed.notes
        for warning in needed.warnings:
            self._warn(warning)
        return needed

    def _refuse_the_past(self, needed: Needed, before: InForce | None) -> None:
        """A clock that was set back must not put a plan for an earlier day in force."""
        if before is None or needed.period >= before.plan.end:
            return
        told = f"the plan in force is for {before.plan.period}, later than {needed.span}"
        if self.date is None:
            raise NotPublishedError(f"{told}: is the clock right? --date plans for a day gone by")
        self._warn(told)

    def _fill_from(self, deadline: Deadline) -> dt.datetime:
        """From the deadline on the plan may be carried out; on the day that it is made for."""
        real = self.status.started.astimezone(ZoneInfo(self.config.calendar.timezone)).date()
        return deadline.at + (self._today() - real)

    def _staged(self, needed: Needed) -> Path:
        if self.status.dry_run:
            return self.store.run / "plan"
        return self.publication.staged(needed.period.isoformat())

    def _before_planning(self, request: PlanRequest, before: InForce | None) -> Standing | None:
        """Judge inputs, and the plan in force on them, before time is spent on a plan."""
        from cdnplan.planner.inputs.load import load

        loaded = load(request)
        holdings = loaded.holdings
        found = None if before is None or holdings is None else standing(loaded.instance, holdings)
        self.status.standing = found
        if found is not None and not found.holds:
            self.log.warning("the plan in force no longer holds", faults=listed(found.faults))
        for doubt in loaded.doubts:
            self._warn(doubt.text)
        self._hold(read_guards(before_planning(loaded, before), self.config.limits), found)
        return found

    def _hold(self, readings: tuple[Reading, ...], found: Standing | None) -> None:
        """Warn, or refuse."""
        self.status.guards += readings
        for reading in readings:
            self.log.info("guard", guard=reading.guard, value=reading.value, verdict=reading.verdict)
            if reading.verdict == "warn":
                self._warn(str(reading))
        refused = tuple(str(reading) for reading in readings if reading.verdict == "refuse")
        if refused:
            raise NotPublishedError(listed(refused) + _unsound(found))

    def _plan(
        self, request: PlanRequest, deadline: Deadline, progress: Progress, asked: Callable[[], bool]
    ) -> dict[str, Any]:
        """Make the plan in the time there is."""
        from cdnplan.report.pages.report import report_of_plan

        # Inputs are read once more before the search begins.
        left = deadline.search_s() - self.status.seconds["read"]
        if left <= 0:
            over = "no time is left for a search before the deadline"
            raise NotPublishedError(over + _unsound(self.status.standing))
        budget = self.config.engine.time_limit_s
        limit = left if budget is None else min(budget, left)
        with self._phase("plan"):
            result = plan(
                replace(request, time_limit_s=limit),
                progress=progress,
                asked=lambda: asked() or deadline.search_is_over(),
                now=self.clocks.monotonic,
                more=report_of_plan(request.previous, always=False, warn=self.status.notes.append),
            )
        record = result.record
        seconds = record["seconds"]
        self.status.seconds[TAIL] = max(
            0.0, self.status.seconds["plan"] - seconds["read"] - seconds["optimise"]
        )
        if record["status"] in CUT_SHORT and (asked() or limit != budget):
            who = "someone" if asked() else "the deadline"
            self._warn(f"{who} ended the search, at a gap of {record['gap_ratio']:.3%}")
        waiting = waiting_words([Waiting(**one) for one in record["waiting"]])
        for text in waiting:
            self._warn(text)
        self.status.notes += [text for text in record["warnings"] if text not in waiting]
        self.log.info("to fill", **record["to_fill"])
        weighed = None if record["as_held"] is None else Weighed(**record["as_held"])
        if weighed is not None and weighed.stays:
            self.status.notes.append(weighed.told)
            self.log.info("kept", **record["as_held"])
        return record

    def _check(
        self,
        staged: Path,
        record: dict[str, Any],
        before: InForce | None,
        found: Standing | None,
        deadline: Deadline,
    ) -> None:
        """See that the plan is on disk, that the judge agrees, and that guards do."""
        from cdnplan.evaluate.verify import verify

        with self._phase("verify"):
            sync_tree(staged)
            report = verify(staged)
        self.status.seconds[TAIL] += self.status.seconds["verify"]
        if not report.ok:
            raise NotPublishedError(
                f"the plan does not verify: {listed(tuple(str(check) for check in report.failed))}"
            )
        if report.outcome == "unproven":
            self.status.notes.append(
                f"the bound is only claimed: the plan's folder proves a gap of {report.proven_gap_ratio:.3%},"
                f" the search claims {report.gap_ratio:.3%}"
            )
        fills = fill_figures(staged)
        self.status.plan = {
            "folder": staged.name,
            "period": record["period"]["end"],
            "period_from": record["period"]["start"],
            "status": record["status"],
            "engine": record["engine"],
            **{
                key: record[key] for key in ("upper", "lower", "gap_ratio", "offload_byte_ratio", "demand_gb")
            },
            "verified": report.outcome,
            "proven_gap_ratio": report.proven_gap_ratio,
            **fills,
            "fills": record["fills"],
            "to_fill": record["to_fill"],
            "as_held": record["as_held"],
        }
        figures = fills | {"unfilled_gb": record["fills"]["unfilled"]["gb"]}
        figures |= {key: record[key] for key in ("gap_ratio", "offload_byte_ratio", "upper")}
        limits = self.config.limits
        if is_filling(figures, before):
            limits = limits_while_filling(limits)
            self.status.notes.append(FILLING)
        self._hold(read_guards(after_planning(figures, before, found), limits), found)
        late = -deadline.left_s()
        if late > 0:
            raise NotPublishedError(f"the plan was ready {late:.1f} s after the deadline" + _unsound(found))

    def _publish(self, staged: Path, record: dict[str, Any], deadline: Deadline) -> None:
        if self.status.dry_run:
            self.status.state = "dry-run"
            return
        with self._phase("publish"):
            try:
                place = self.publication.publish(staged)
            except OSError as error:
                if not self.publication.is_in_force(staged.name):
                    raise
                place = self.config.publish / PLANS / staged.name
                self._warn(f"published, but perhaps not yet on disk: {error.strerror or error}")
        self.status.seconds[TAIL] += self.status.seconds["publish"]
        self.status.state, self.status.in_force = "published", place.name
        self.status.in_force_figures = self.status.plan
        self.status.last_published = self.clocks.now()
        self.log.info("published", plan=place.name, gap_ratio=record["gap_ratio"], left_s=deadline.left_s())


def _unsound(found: Standing | None) -> str:
    """What is to be known of the plan in force where it has to go on although it should not."""
    if found is None or found.holds:
        return ""
    return f"; the plan in force breaks today's limits, too: {listed(found.faults)}"


@contextmanager
def _as_named_by_people(gathered: Gathered) -> Iterator[None]:
    """Name inputs in problems as the config does, not as the copies in the work folder are called."""
    try:
        yield
    except InputError as error:
        origins = gathered.origins
        raise InputError(
            replace(problem, file=origins.get(problem.file, problem.file)) for problem in error.problems
        ) from None
