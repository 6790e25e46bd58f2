"""Changes to what a topology says, apart from how it is written: values put, appended, dropped, renamed.

Places are keys and indices in the merged topology as it was before the operation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast

Path: TypeAlias = tuple[str | int, ...]
Tree: TypeAlias = dict[str, object]

NAMED = ("origins", "sites", "regions")
RULES = ("pins", "bans", "copies", "launches")


@dataclass(frozen=True, slots=True)
class Put:
    """Set the value at a place; maps on the way to it are made."""

    path: Path
    value: object


@dataclass(frozen=True, slots=True)
class Append:
    """Add an item to the list at a place; the list is made."""

    path: Path
    value: object


@dataclass(frozen=True, slots=True)
class Drop:
    """Take away the key or item at a place."""

    path: Path


@dataclass(frozen=True, slots=True)
class Rename:
    """Give things of one kind other names, wherever they are mentioned.

    Parameters
    ----------
    kind : {"site", "region", "origin", "hardware"}
    names : mapping of str to str
        Old name to new name.
    """

    kind: str
    names: Mapping[str, str] = field(hash=False)


Change: TypeAlias = Put | Append | Drop | Rename

_ENDS: tuple[Path, ...] = (("links", -1, "from"), ("links", -1, "to"))
_MENTIONS: Mapping[str, tuple[Path, ...]] = {
    "site": (
        ("sites", -1, "name"),
        ("regions", -1, "sites", -1),
        *_ENDS,
        *(("policy", rule, -1, "sites", -1) for rule in RULES),
    ),
    "region": (("regions", -1, "name"), *_ENDS),
    "origin": (("origins", -1, "name"), *_ENDS),
    "hardware": (
        ("sites", -1, "appliances", -1, "model"),
        ("sites", -1, "maintenance", -1, "appliances", -1),
        *(("policy", rule, -1, "models", -1) for rule in RULES),
    ),
}
"""Where names are written; -1 stands for every item. Names of hardware are also keys under `hardware`."""


def mentions(kind: str) -> tuple[Path, ...]:
    """Places where names of a kind are written, -1 for every item of a list."""
    return _MENTIONS[kind]


def renamed(change: Rename, text: object) -> str | None:
    """New form of a text that mentions a renamed thing; None if it does not.

    Examples
    --------
    >>> renamed(Rename("hardware", {"flash": "flash-1u"}), "flash/2")
    'flash-1u/2'
    """
    if not isinstance(text, str):
        return None
    if change.kind == "hardware" and "/" in text:  # one appliance, in maintenance
        model, _, number = text.partition("/")
        return f"{change.names[model]}/{number}" if model in change.names else None
    return change.names.get(text)


def value_at(tree: object, path: Path) -> object:
    """What stands at a place; None when nothing does."""
    node = tree
    for step in path:
        if isinstance(node, dict):
            node = node.get(cast("str", step))
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            node = node[step]
        else:
            return None
    return node


def places(tree: object, pattern: Path) -> Iterator[Path]:
    """All places in a tree that a pattern with -1 for every item leads to."""
    found: list[tuple[Path, object]] = [((), tree)]
    for step in pattern:
        deeper: list[tuple[Path, object]] = []
        for path, node in found:
            if step == -1 and isinstance(node, list):
                deeper += [((*path, i), item) for i, item in enumerate(node)]
            elif isinstance(node, dict) and step in node:
                deeper.append(((*path, step), node[step]))
        found = deeper
    return (path for path, _ in found)


GONE = object()
"""Stands where a key or an item is taken away, so that the items behind it keep their numbers."""


def applied(tree: Tree, changes: Sequence[Change]) -> Tree:
    """Make the tree that changes lead to; the given one stays as it is.

    Values are put first, then appended, then dropped, then renamed.

    Examples
    --------
    >>> before = {"sites": [{"name": "a"}, {"name": "b"}]}
    >>> applied(before, [Put(("sites", 1, "kind"), "ixp"), Drop(("sites", 0))])
    {'sites': [{'name': 'b', 'kind': 'ixp'}]}
    """
    result = cast("Tree", settled(marked(tree, changes)))
    for change in changes:
        models = result.get("hardware")
        if isinstance(change, Rename) and change.kind == "hardware" and isinstance(models, dict):
            result["hardware"] = {change.names.get(name, name): model for name, model in models.items()}
    return result


def marked(tree: Tree, changes: Sequence[Change]) -> Tree:
    """Make the tree that changes lead to, with `GONE` where something is taken away.

    What does not change is the same object as before. Keys under `hardware` keep their names; names are
    followed in the overrides of all environments, too.
    """
    copy = _Copy(tree)
    for change in changes:
        if isinstance(change, Put):
            copy.put(change.path, change.value)
    for change in changes:
        if isinstance(change, Append):
            copy.append(change.path, change.value)
    for change in changes:
        if isinstance(change, Drop):
            copy.put(change.path, GONE)
    for change in changes:
        if isinstance(change, Rename):
            _rename(copy, change)
    return copy.tree


def settled(value: object) -> object:
    """Copy a value without the marks of what is gone."""
    if isinstance(value, dict):
        return {key: settled(item) for key, item in value.items() if item is not GONE}
    if isinstance(value, list):
        return [settled(item) for item in value if item is not GONE]
    return value


def sections(tree: Tree) -> Iterator[Path]:
    """Places with the sections of a topology: a file as a whole, and the overrides of each environment."""
    yield ()
    environments = tree.get("overrides")
    yield from (("overrides", env) for env in (environments if isinstance(environments, dict) else ()))


class _Copy:
    """A tree that is copied only along the places that change."""

    def __init__(self, tree: Tree) -> None:
        self.tree: Tree = dict(tree)
        self._own: set[int] = {id(self.tree)}
        self._kept: list[object] = []

    def put(self, path: Path, value: object) -> None:
        parent = self._parent(path)
        cast("dict[str | int, object]", parent)[path[-1]] = value

    def append(self, path: Path, value: object) -> None:
        parent = cast("dict[str | int, object]", self._parent(path))
        key = path[-1]
        old = parent.get(key) if isinstance(parent, dict) else parent[key]
        parent[key] = [*(old if isinstance(old, list) else ()), value]

    def _parent(self, path: Path) -> object:
        node: object = self.tree
        for step in path[:-1]:
            holder = cast("dict[str | int, object]", node)
            child = holder.get(step) if isinstance(holder, dict) else holder[step]
            if id(child) not in self._own:
                child = (
                    list(child) if isinstance(child, list) else dict(child) if isinstance(child, dict) else {}
                )
                self._own.add(id(child))
                self._kept.append(child)  # or its id could be given to another one
                holder[step] = child
            node = child
        return node


def _rename(copy: _Copy, change: Rename) -> None:
    for section in sections(copy.tree):
        for pattern in mentions(change.kind):
            for path in list(places(copy.tree, (*section, *pattern))):
                new = renamed(change, value_at(copy.tree, path))
                if new is not None:
                    copy.put(path, new)


def identity(item: object, section: str) -> str | None:
    """What makes an item of a list that merges by name the same item in another file; None: nothing does."""
    if not isinstance(item, dict):
        return None
    if section == "links":
        return link_identity(item.get("from"), item.get("to"))
    name = item.get("name")
    return name if isinstance(name, str) else None


def link_identity(one: object, other: object) -> str | None:
    """Both ends of a link, whichever comes first."""
    if not isinstance(one, str) or not isinstance(other, str):
        return None
    return " > ".join(sorted((one, other)))


def first_difference(one: object, other: object, path: Path = ()) -> Path | None:
    """Place at which two trees first differ; None if they say the same."""
    keys: Iterable[str | int]
    if isinstance(one, dict) and isinstance(other, dict):
        keys = [*one, *(key for key in other if key not in one)]
        for key in keys:
            if (key in one) is not (key in other):
                return (*path, key)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        keys = range(len(one))
    else:
        return None if one == other and isinstance(one, bool) is isinstance(other, bool) else path
    for key in keys:
        a, b = cast("dict[str | int, object]", one)[key], cast("dict[str | int, object]", other)[key]
        if a is not b and a != b:
            return first_difference(a, b, (*path, key))
    return None
