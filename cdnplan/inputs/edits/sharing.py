"""How many places of a file share one written value, through aliases and ``<<``."""

from __future__ import annotations

from collections import defaultdict

from cdnplan.inputs.edits.spans import Span, SpanTree


class Sharing:
    """Counts the places at which each value of a text is found.

    Parameters
    ----------
    tree : SpanTree
    """

    def __init__(self, tree: SpanTree) -> None:
        self._aliased = tree.aliased
        self._root = tree.root
        self._holders: dict[int, list[Span]] = defaultdict(list)
        self._mergers: dict[int, list[Span]] = defaultdict(list)
        self._reach: dict[int, int] = {}
        if tree.aliased:
            self._scan(tree.root, set())

    def _scan(self, node: Span, seen: set[int]) -> None:
        if id(node) in seen:
            return
        seen.add(id(node))
        slots = [slot for _, slot in node.effective()] if node.kind == "map" else node.items
        for slot in slots:
            self._holders[id(slot.node)].append(node)
            self._scan(slot.node, seen)
        for slot in node.merges:
            for source in [item.node for item in slot.node.items] or [slot.node]:
                self._mergers[id(source)].append(node)
                self._scan(source, seen)

    def reach(self, node: Span, *, absent_key: bool = False) -> int:
        """Count the places that a value is found at.

        Parameters
        ----------
        node : Span
        absent_key : bool
            Whether a key is meant that the map lacks: maps into which it is merged would get it, too.
        """
        if not self._aliased:
            return 1
        total = self._count(node)
        if absent_key:
            total += sum(self.reach(merger, absent_key=True) for merger in self._mergers[id(node)])
        return total

    def _count(self, node: Span) -> int:
        if node is self._root:
            return 1
        if id(node) not in self._reach:
            self._reach[id(node)] = sum(self._count(holder) for holder in self._holders[id(node)])
        return self._reach[id(node)]
