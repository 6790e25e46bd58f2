"""Which nodes of a network links connect: components, with regions as leaves."""

from __future__ import annotations

from collections.abc import Iterable


class LinkGraph:
    """Components of sites and origins; a region is attached to some of them, bytes never pass through it.

    Parameters
    ----------
    regions : iterable of str
        Names of all regions.
    links : iterable of (str, str)
        The two ends of every link.

    Examples
    --------
    >>> graph = LinkGraph(["r"], [("r", "a"), ("a", "b"), ("c", "d")])
    >>> graph.reaches("r", "b"), graph.reaches("r", "c")
    (True, False)
    """

    def __init__(self, regions: Iterable[str], links: Iterable[tuple[str, str]]) -> None:
        leaves = set(regions)
        self._parent: dict[str, str] = {}
        self._attached: dict[str, set[str]] = {}
        for one, other in links:
            if one in leaves or other in leaves:
                region, node = (one, other) if one in leaves else (other, one)
                self._attached.setdefault(region, set()).add(node)
            else:
                self._parent[self.component(one)] = self.component(other)

    def component(self, node: str) -> str:
        """Return the node that stands for all nodes connected with this one."""
        root = node
        while (parent := self._parent.get(root, root)) != root:
            root = parent
        while (parent := self._parent.get(node, node)) != root:
            self._parent[node], node = root, parent
        return root

    def linked(self, region: str) -> bool:
        """Whether any link ends at the region; if not, distance decides what it reaches."""
        return region in self._attached

    def direct(self, region: str) -> set[str]:
        """Nodes that a single link joins to the region."""
        return self._attached.get(region, set())

    def reaches(self, region: str, node: str) -> bool:
        """Whether a path of links joins a region and a node."""
        wanted = self.component(node)
        return any(self.component(other) == wanted for other in self.direct(region))
