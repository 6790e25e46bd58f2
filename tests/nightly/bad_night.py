"""A bad night: what is wrong with it, and how it has to end."""

from __future__ import annotations

from dataclasses import dataclass

from tests.nightly.spoils import Spoil

PUBLISHED, NOT = "published", "not-published"


@dataclass(frozen=True)
class Bad:
    """A bad night.

    `exit_code`, `state`: how it ends. `reason`: part of the status's reason. `demand_from`: where demand is
    taken from, if it comes so far.
    """

    name: str
    spoil: Spoil
    exit_code: int
    state: str
    reason: str
    demand_from: str = "history"
