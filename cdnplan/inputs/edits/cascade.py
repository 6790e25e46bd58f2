"""What mentions a thing that is removed, to be removed with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from cdnplan.inputs.edits.changes import Change, Drop, Path, Tree, mentions, places, value_at
from cdnplan.inputs.edits.language import Operation
from cdnplan.inputs.edits.targets import Target, listed, shown_place


def mentions_dropped(
    tree: Tree, operation: Operation, targets: Sequence[Target]
) -> tuple[list[Change], list[str]]:
    """Changes that take away every mention of removed things.

    Names go out of lists. A link goes with its end, a pool with its model, a rule with the last place it
    names, maintenance with the last appliances it names. A region keeps its list of sites: one whose last
    site goes would be served from anywhere, so that is left to the check of the whole, which refuses it.

    Parameters
    ----------
    tree : Tree
    operation : Operation
    targets : sequence of Target
        What is removed.

    Returns
    -------
    changes : list of Change
    told : list of str
    """
    if operation.kind == "appliance":
        return _maintenance_of(tree, targets)
    if operation.kind not in ("site", "region", "origin", "hardware"):
        return [], []
    names = {target.name for target in targets}
    found: list[Path] = []
    for pattern in mentions(operation.kind):
        for path in places(tree, pattern):
            text = value_at(tree, path)
            model = text.partition("/")[0] if isinstance(text, str) and operation.kind == "hardware" else text
            if isinstance(model, str) and model in names and path[-1] != "name":
                found.append(path)
    changes, told = _without(tree, found)
    return changes, told + _unlinked(tree, changes)


def _unlinked(tree: Tree, changes: Sequence[Change]) -> list[str]:
    """Regions that keep none of their links, and whether others would serve them then."""
    gone = {change.path for change in changes if isinstance(change, Drop)}
    regions = {target.name for target in listed(tree, "region") if target.path not in gone}
    before: set[object] = set()
    left: set[object] = set()
    for link in listed(tree, "link"):
        ends = [value_at(tree, (*link.path, key)) for key in ("from", "to")]
        named = [end for end in ends if isinstance(end, str)]
        before.update(named)
        left.update(named if link.path not in gone else ())
    lonely = [name for name in sorted(regions) if name in before and name not in left]
    return [f"{name} has no links any more: it is served by distance" for name in lonely]


def _maintenance_of(tree: Tree, targets: Iterable[Target]) -> tuple[list[Change], list[str]]:
    found: list[Path] = []
    for target in targets:
        site, model = target.path[:2], target.name.partition("/")[2]
        for path in places(value_at(tree, site), ("maintenance", -1, "appliances", -1)):
            text = value_at(tree, (*site, *path))
            if isinstance(text, str) and text.partition("/")[0] == model:
                found.append((*site, *path))
    return _without(tree, found)


def _without(tree: Tree, found: Sequence[Path]) -> tuple[list[Change], list[str]]:
    """Drop mentions: items of lists, or what cannot be without them."""
    whole: set[Path] = set()
    listed: dict[Path, list[Path]] = defaultdict(list)
    for path in found:
        if path[-1] in ("from", "to", "model"):
            whole.add(path[:-1])
        else:
            listed[path[:-1]].append(path)
    drops: list[Path] = []
    for path, items in listed.items():
        held = value_at(tree, path)
        all_gone = isinstance(held, list) and len(items) == len(held)
        if all_gone and (path[0] == "policy" or "maintenance" in path):
            whole.add(path[:-1])
        else:
            drops += items
    drops = [path for path in drops if not any(path[: len(other)] == other for other in whole)]
    changes: list[Change] = [Drop(path) for path in (*sorted(whole, key=str), *drops)]
    told = [f"{shown_place(tree, path)} removed" for path in sorted(whole, key=str)]
    told += [f"{shown_place(tree, path[:-1])}: {value_at(tree, path)} removed" for path in drops]
    return changes, told
