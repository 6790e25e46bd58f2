"""What a plan may claim as its bound, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.evaluate.verdict.verdict import Verdict
from cdnplan.model.plan.proof import Proof
from cdnplan.optimize.problem.outcome import BoundProof, Outcome


@dataclass(frozen=True, slots=True, eq=False)
class Proven:
    """A bound and what it rests on.

    Parameters
    ----------
    lower, priced : float
        No plan costs less, and what prices prove of that on their own [currency].
    rests_on : BoundProof
    tree : Proof or None
        To be stored with the plan, where the bound rests on it.
    """

    lower: float
    priced: float
    rests_on: BoundProof
    tree: Proof | None

    @classmethod
    def of(cls, outcome: Outcome, verdict: Verdict) -> Proven:
        """Take the judge's word for what prices and cases prove; only branch and bound is the engine's.

        Parameters
        ----------
        outcome : Outcome
            With prices and cases that the judge was given as they are stored.
        verdict : Verdict
        """
        upper = verdict.cost.total
        priced = min(-np.inf if verdict.priced is None else verdict.priced, upper)
        lower = min(-np.inf if verdict.bound is None else verdict.bound, upper)
        if outcome.bound_proof == "branch-and-bound":
            return cls(min(max(outcome.lower, lower), upper), priced, "branch-and-bound", None)
        if outcome.proof is not None and lower > priced:
            return cls(lower, priced, "tree", outcome.proof)
        return cls(priced, priced, "prices", None)
