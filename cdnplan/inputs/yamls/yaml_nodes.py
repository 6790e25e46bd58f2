"""Plain YAML nodes that remember where they were written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from cdnplan.errors import Problem

Value: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a text file; line and column are counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def problem(self, message: str, *, path: str = "", hint: str = "") -> Problem:
        """Describe something wrong at this place."""
        return Problem(message, self.file, self.line, self.column, path=path, hint=hint)


Place: TypeAlias = tuple[str, int, int]
"""File, line and column. Nodes hold these rather than marks: plain tuples of plain values cost the garbage
collector nothing, and with a mark for each node large files take twice as long to read."""


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """One value; `quoted` tells whether its text stood in quotes or in a block."""

    value: Value
    place: Place
    quoted: bool = False

    @property
    def mark(self) -> Mark:
        """Where it is written."""
        return Mark(*self.place)


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list of nodes."""

    items: tuple[Node, ...]
    place: Place

    @property
    def mark(self) -> Mark:
        """Where it begins."""
        return Mark(*self.place)


@dataclass(frozen=True, slots=True)
class MapNode:
    """A mapping; `key_places` has the place of every key."""

    entries: dict[str, Node]
    key_places: dict[str, Place]
    place: Place

    @property
    def mark(self) -> Mark:
        """Where it begins."""
        return Mark(*self.place)

    def key_mark(self, key: str) -> Mark:
        """Where a key is written."""
        return Mark(*self.key_places[key])

    def text(self, key: str) -> str | None:
        """Return the text under a key; None when it is absent or no text."""
        node = self.entries.get(key)
        return node.value if isinstance(node, ScalarNode) and isinstance(node.value, str) else None


Node: TypeAlias = ScalarNode | ListNode | MapNode


def plain(node: Node) -> object:
    """Strip the marks: a tree of dict, list and scalars."""
    if isinstance(node, ScalarNode):
        return node.value
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.entries.items()}


def describe(node: Node | None) -> str:
    """Say what was found, for a message.

    Examples
    --------
    >>> describe(ScalarNode("80", ("t.yaml", 1, 1)))
    "the text '80'"
    """
    if isinstance(node, ListNode):
        return "a list" if node.items else "an empty list"
    if isinstance(node, MapNode):
        return "a mapping"
    if node is None or node.value is None:
        return "nothing"
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    if isinstance(node.value, str):
        shown = node.value if len(node.value) <= 60 else node.value[:57] + "..."
        return f"the text {shown!r}"
    return f"the number {node.value}"
