"""The order of work as a table: when a step applies, what it does, and what it brought."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from cdnplan.optimize.problem.outcome import StepRecord
from cdnplan.optimize.run.run_state import RunState

Work = TypeVar("Work")


@dataclass(frozen=True, slots=True)
class Step(Generic[Work]):
    """A step of an engine.

    Parameters
    ----------
    name : str
    applies : callable
        Whether it is worth the time now; asked only where something is left to be done.
    run : callable
        Takes better plans and bounds.
    plans_last : bool
        It ends with a plan, for which time is kept (`PhaseClock.reserve_s`).
    """

    name: str
    applies: Callable[[Work], bool]
    run: Callable[[Work], object]
    plans_last: bool = False


def run_steps(run: RunState, work: Work, steps: Sequence[Step[Work]]) -> None:
    """Do the steps that apply, one after the other, until the run may end; notes what each brought.

    Parameters
    ----------
    run : RunState
    work : object
        What steps share.
    steps : sequence of Step
        The first that applies is done in any case: it makes a plan.
    """
    for step in steps:
        if not step.plans_last:
            run.clock.reserve_s = 0.0
        if run.planned and run.closed():
            return
        if not step.applies(work):
            continue
        begun, lower = run.clock.now(), max(run.lower, run.ideal)
        cost = run.best.cost if run.planned else None
        step.run(work)
        run.steps.append(
            StepRecord(
                step.name,
                run.clock.now() - begun,
                max(0.0, run.lower - lower),
                None if cost is None else cost - run.best.cost,
            )
        )
