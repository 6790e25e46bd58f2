"""How a method's gap closes over time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

THRESHOLDS = (0.01, 0.005, 0.002, 0.001)
"""Gap ratios whose times are reported."""

Point = tuple[float, float]
"""Seconds, and the gap ratio proven by then."""


class Trace:
    """Takes the place of an engine's `progress` and keeps (seconds, gap) whenever the gap got smaller.

    Parameters
    ----------
    ideal : float
        Cost that no plan avoids.
    clock : callable
        Seconds that only grow; counted from now.
    """

    def __init__(self, ideal: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self.ideal = ideal
        self.points: list[Point] = []
        self._clock, self._begun = clock, clock()
        self._lower, self._upper = -float("inf"), float("inf")

    def __call__(self, phase: str, done: float, lower: float | None, upper: float | None) -> None:
        """Take note of the best bound and the best cost so far."""
        self._lower = self._lower if lower is None else max(self._lower, lower)
        self._upper = self._upper if upper is None else min(self._upper, upper)
        if self._lower == -float("inf") or self._upper == float("inf"):
            return
        gap = gap_ratio(self._upper - self.ideal, self._lower - self.ideal)
        if not self.points or gap < self.points[-1][1]:
            self.points.append((self._clock() - self._begun, gap))


def gap_ratio(cost: float, lower: float) -> float:
    """``(cost − lower) / cost``, both above the ideal; 0 where the cost is the ideal."""
    return max(0.0, cost - lower) / cost if cost > 0 else 0.0


def seconds_to(points: Sequence[Sequence[float]], gap: float) -> float | None:
    """When a gap was first reached; None: never."""
    return next((seconds for seconds, reached in points if reached <= gap), None)
