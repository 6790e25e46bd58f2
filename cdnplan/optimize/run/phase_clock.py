"""Wall-clock time of a run, by phase, and what is left of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(slots=True)
class PhaseClock:
    """Wall-clock time, by phase."""

    limit_s: float | None
    now: Callable[[], float]
    seconds: dict[str, float] = field(default_factory=dict)
    started: float = 0.0
    reserve_s: float = 0.0
    """What ending will take."""

    def __post_init__(self) -> None:
        self.started = self.now()

    def used_ratio(self) -> float:
        """How much of the time limit has passed; 0 without one."""
        return 0.0 if self.limit_s is None else (self.now() - self.started) / max(self.limit_s, 1e-9)

    def expired(self) -> bool:
        """Whether the time limit has passed, less what ending will take."""
        return self.limit_s is not None and self.now() - self.started >= self.limit_s - self.reserve_s

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count what runs inside towards a phase."""
        begun = self.now()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + self.now() - begun

    def each(self, name: str, items: Iterator[Item]) -> Iterator[Item]:
        """Count what it takes to come by each item towards a phase."""
        while True:
            with self.phase(name):
                try:
                    item = next(items)
                except StopIteration:
                    return
            yield item
