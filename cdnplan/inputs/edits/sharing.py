"""Values that places of a text share, through aliases and ``<<``: which may change at their anchor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from cdnplan.inputs.edits.changes import GONE, Path, first_difference, settled
from cdnplan.inputs.edits.spans import Slot, Span


@dataclass(slots=True)
class SharedError(Exception):
    """A change would reach other places; `merged` is what ``<<`` brings in and cannot be taken away."""

    path: Path
    anchored: Span | None = None
    merged: Slot | None = None


@dataclass(frozen=True, slots=True)
class _Use:
    """A place of an anchored value; `own` are the keys that the map there has, if it is merged into one."""

    path: Path
    old: object
    wanted: object
    own: Collection[str] | None = None

    def agrees(self, old: object, wanted: object) -> bool:
        """Whether the place gets what it is to have when the anchor changes."""
        if self.wanted is GONE:
            return True
        if self.own is None:
            return same(settled(self.wanted), wanted)
        now = self.wanted
        if not (isinstance(now, Mapping) and isinstance(old, Mapping) and isinstance(wanted, Mapping)):
            return False
        keys = {*old, *wanted}.difference(self.own)
        return all(same(now.get(key, GONE), wanted.get(key, GONE)) for key in keys)


def changed_anchors(root: Span, old: object, wanted: object) -> dict[int, object]:
    """Find the anchored values that change where they are written, for all places that share them.

    Parameters
    ----------
    root : Span
    old, wanted : object
        What the text says, and what it is to say (see `changes.marked`).

    Returns
    -------
    dict of int to object
        Of each such span its new value.

    Raises
    ------
    SharedError
        It is to change where it is written, but not at all places that share it.
    """
    uses: dict[int, list[_Use]] = defaultdict(list)
    spans: dict[int, Span] = {}
    _collect(root, old, wanted, (), uses, spans)
    found: dict[int, object] = {}
    for key, (home, *others) in uses.items():
        if home.wanted is GONE or same(home.old, home.wanted):
            continue
        new = settled(home.wanted)
        if not all(use.agrees(home.old, new) for use in others):
            where = first_difference(home.old, home.wanted) or ()
            raise SharedError((*home.path, *where), anchored=spans[key])
        found[key] = new
    return found


def _collect(
    node: Span, old: object, wanted: object, path: Path, uses: dict[int, list[_Use]], spans: dict[int, Span]
) -> None:
    if node.aliases:
        uses[id(node)].append(_Use(path, old, wanted))
        spans[id(node)] = node
    if isinstance(old, dict):
        new = wanted if isinstance(wanted, dict) else {}
        for source in node.sources():
            uses[id(source)].append(_Use(path, old, wanted, node.entries.keys()))
            spans[id(source)] = source
        for key, slot in node.effective():
            _collect(slot.node, old[key], new.get(key, GONE), (*path, key), uses, spans)
    elif isinstance(old, list):
        items = wanted if isinstance(wanted, list) and len(wanted) >= len(old) else [GONE] * len(old)
        for i, slot in enumerate(node.items):
            _collect(slot.node, old[i], items[i], (*path, i), uses, spans)


def same(one: object, other: object) -> bool:
    """Whether two values say the same in YAML: 1 is 1.0, but not true."""
    return one is other or (one == other and isinstance(one, bool) is isinstance(other, bool))
