"""The one interface of all engines: what they are asked, and what they answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from cdnplan.model.plan.placement import Placement, Prices, Serving
from cdnplan.model.plan.proof import Proof

Status = Literal["optimal", "within-gap", "time-limit", "interrupted", "feasible"]
"""``optimal``: proven to the precision of floats; ``within-gap``: the gap asked for was reached;
``time-limit``: stopped by the clock; ``interrupted``: `Stop.asked` ended it; ``feasible``: stopped for
another reason with a usable plan."""

BoundProof = Literal["prices", "tree", "branch-and-bound"]
"""``prices``: the prices alone prove `Outcome.lower`; ``tree``: a tree of decisions does, perhaps
of one case, with prices for each case and cuts that all may price, `Outcome.proof`; ``branch-and-bound``: a
search does, whose tree (or prices of more than the shared limits) the plan does not store."""

GOOD_GAP_RATIO = 2e-3
"""A plan of a small network, and one that dealing and night have been through, is worked on further above
this gap, if none is asked for."""


Fits = Callable[[npt.NDArray[np.bool_]], bool]
"""Whether a placement, (n_pools, n_files) bool, is one that the appliances of pools can carry out: what pools
have room for by their sums may have none in pieces."""


def never() -> bool:
    """Do not ask for an end."""
    return False


@dataclass(frozen=True, slots=True)
class Stop:
    """When an engine may stop; the first that holds.

    Parameters
    ----------
    gap_ratio : float or None
        Stop at this gap (`objective.gap_ratio`). None: the engine's own default; for the exact one: 0.
    time_limit_s : float or None
        Wall-clock time [s]. None: no limit.
    asked : callable
        Asked often while an engine works; from True on it ends soon, with the best plan and bound so far.
        Default: never.
    """

    gap_ratio: float | None = None
    time_limit_s: float | None = None
    asked: Callable[[], bool] = never


class Progress(Protocol):
    """Called now and then while an engine works.

    Parameters
    ----------
    phase : str
        What the engine is doing, one or two words.
    done : float
        How much of the phase is done, in [0, 1].
    lower, upper : float or None
        Best bound and best cost so far, where known. From the first cost on, until the engine ends, there
        is a plan to end with, and a cost in every call.
    """

    def __call__(self, phase: str, done: float, lower: float | None, upper: float | None) -> None:
        """Take note."""


def no_progress(phase: str, done: float, lower: float | None, upper: float | None) -> None:
    """Ignore progress."""


def within(part: str, progress: Progress, lower: float, upper: float) -> Progress:
    """Progress of an engine that runs as part of something larger: bound and cost are those known there.

    Parameters
    ----------
    part : str
        Put before the names of phases.
    progress : Progress
    lower, upper : float
        [currency]

    Returns
    -------
    Progress

    Examples
    --------
    >>> within("again", lambda *told: print(told), 1.0, 2.0)("prices", 0.5, None, None)
    ('again: prices', 0.5, 1.0, 2.0)
    """
    known = lower, upper

    def tell(phase: str, done: float, lower: float | None, upper: float | None) -> None:
        del lower, upper
        progress(f"{part}: {phase}", done, *known)

    return tell


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What a step of an engine took and brought.

    Parameters
    ----------
    name : str
    seconds : float
        Wall-clock time [s].
    bound_gained : float
        By how much it raised the bound, from the ideal on [currency].
    cost_gained : float or None
        By how much it lowered the cost of the plan [currency]; None for the step that made the first one.
    """

    name: str
    seconds: float
    bound_gained: float
    cost_gained: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A plan with its proof: incumbent and bound.

    Parameters
    ----------
    placement, serving : Placement, Serving
        The plan; within every limit that is not priced.
    prices : Prices
        Dual prices; with docs/bound.md they prove `lower_priced`.
    upper : float
        Cost of the plan: delivery, fill and overload [currency].
    lower : float
        No plan costs less; never above `upper`.
    lower_priced : float
        What the prices alone prove; never above `lower`.
    status : Status
    bound_proof : BoundProof
        What `lower` rests on.
    engine : str
        ``exact`` or ``fast``.
    seconds : mapping of str to float
        Wall-clock time by phase [s].
    warnings : tuple of str
        For the user, one sentence each.
    proof : Proof or None
        What `lower` rests on where that is a tree.
    steps : tuple of StepRecord
        Of the fast engine, in the order in which they were done.
    """

    placement: Placement
    serving: Serving
    prices: Prices
    upper: float
    lower: float
    lower_priced: float
    status: Status
    bound_proof: BoundProof
    engine: str
    seconds: Mapping[str, float]
    warnings: tuple[str, ...]
    proof: Proof | None = None
    steps: tuple[StepRecord, ...] = ()
