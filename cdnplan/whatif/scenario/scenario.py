"""Scenarios: named sequences of changes, each knowing where it is written."""

from __future__ import annotations

from dataclasses import dataclass

from cdnplan.inputs.wire.wire_fields import Wire
from cdnplan.inputs.wire.wire_problems import place_of
from cdnplan.inputs.yamls.yaml_nodes import MapNode, Mark


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a scenario.

    Parameters
    ----------
    kind : str
        Key of `cdnplan.whatif.scenario.wire.ChangeWire`.
    wire : Wire or dict
        What stands under it, checked.
    node : MapNode
        Where it stands.
    """

    kind: str
    wire: Wire | dict[str, Wire]
    node: MapNode

    def mark(self, *keys: str | int) -> Mark:
        """Place of something inside the change; its own where that is not written."""
        return place_of(self.node, keys)[1]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named sequence of changes.

    Parameters
    ----------
    name : str
    changes : tuple of Change
        In the order in which they happen.
    base : str or None
        Name of the network it was written for.
    base_mark : Mark or None
        Where that is written.
    point : tuple of (str, str)
        Axis and point of a grid; empty where there is none.
    """

    name: str
    changes: tuple[Change, ...]
    base: str | None = None
    base_mark: Mark | None = None
    point: tuple[tuple[str, str], ...] = ()

    @property
    def fails(self) -> bool:
        """Whether anything fails in it."""
        return any(change.kind == "fail" for change in self.changes)
