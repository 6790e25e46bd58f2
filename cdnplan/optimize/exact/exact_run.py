"""One run of the exact engine: its settings, its clock, the time its phases take, what it reports."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cdnplan.optimize.problem.outcome import Progress, Stop

REPORT_EVERY_S = 0.5
"""Bounds are passed on at most this often."""


@dataclass(slots=True)
class Run:
    """Settings of a call and a stopwatch; made at the start of the call.

    Parameters
    ----------
    stop : Stop
    threads, seed : int
    progress : Progress
    clock : callable
        Seconds on a clock that only goes forward.
    """

    stop: Stop
    threads: int
    seed: int
    progress: Progress
    clock: Callable[[], float]
    started: float = field(init=False)
    reported: float = field(init=False)
    seconds: dict[str, float] = field(init=False, default_factory=dict)
    known: tuple[float | None, float | None] = field(init=False, default=(None, None))

    def __post_init__(self) -> None:
        self.started = self.reported = self.clock()

    def remaining(self, ratio: float = 1.0) -> float | None:
        """Seconds left times a ratio, None without a limit."""
        if self.stop.time_limit_s is None:
            return None
        return ratio * max(0.0, self.stop.time_limit_s - (self.clock() - self.started))

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time a phase, and report its start and end."""
        since = self.clock()
        self.progress(name, 0.0, *self.known)
        yield
        self.seconds[name] = self.clock() - since
        self.progress(name, 1.0, *self.known)

    def report(self, phase: str, lower: float, upper: float) -> None:
        """Pass on bounds, at once with the first cost, then now and then; unknown ones are infinite."""
        now, had_cost = self.clock(), self.known[1] is not None
        bound, cost = (value if math.isfinite(value) else None for value in (lower, upper))
        # Another round of the search starts without a cost; the earlier one is kept.
        self.known = (bound, self.known[1] if cost is None else cost)
        first = not had_cost and cost is not None
        if not first and now - self.reported < REPORT_EVERY_S:
            return
        self.reported = now
        limit = self.stop.time_limit_s
        done = min(1.0, (now - self.started) / limit) if limit else 0.0
        self.progress(phase, done, *self.known)
