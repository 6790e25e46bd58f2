"""Includes and overrides: several YAML files and an environment become one mapping.

Order of precedence, weakest first; each later one is merged onto what came before:

1. the files under ``include:``, in the order they are listed, each with its own includes resolved first;
2. the file itself;
3. its ``overrides: {ENV: ...}`` for the chosen environment, to which included files may contribute: these
   sections are merged by the rules 1 and 2 before they are applied, so the environment wins over the file;
4. override files passed by the caller, in their order, each resolved by the rules 1 to 3 first.

How two values merge: mappings by key; the lists ``origins``, ``sites`` and ``regions`` by ``name``; ``links``
by their two ends, in either direction; everything else (numbers, texts, other lists, values of different
kinds) is replaced. Nothing is removed by merging.

Two includes of one file that give a value differently are an error, because their order should not decide
silently; the including file settles it by giving the value itself. Paths are relative to the including file.
Every value keeps the file and line it was written in.

Of an included file that is no part of a topology nothing is shown: who writes a topology need not be allowed
to read what it names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from cdnplan.errors import Problem, nearest
from cdnplan.folders import real_path
from cdnplan.inputs.yamls.yaml_nodes import ListNode, MapNode, Mark, Node, ScalarNode, describe
from cdnplan.inputs.yamls.yaml_text import read_yaml

MAX_CHAIN = 50
"""Files that may include each other in a chain."""

_NAMED_LISTS = frozenset({"origins", "sites", "regions"})
_PRIVATE_KEYS = ("include", "overrides")
_KEYS = ("name", "hardware", "origins", "sites", "regions", "links", "policy", *_PRIVATE_KEYS)
"""Keys of a topology file, of which an included one has at least one."""


Read: TypeAlias = Callable[[Path], tuple[Node | None, list[Problem]]]


@dataclass(frozen=True, slots=True)
class Clash:
    """Two includes that disagree at one place of the structure."""

    where: tuple[str, ...]
    first: Node
    second: Node


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file with its includes merged, before any environment is chosen.

    Parameters
    ----------
    root : MapNode
        Without the keys ``include`` and ``overrides``.
    environments : dict of str to MapNode
        The merged ``overrides``.
    """

    root: MapNode
    environments: dict[str, MapNode]


@dataclass(frozen=True, slots=True)
class Sources:
    """A topology file and the override files passed by the caller, all read.

    Parameters
    ----------
    files : tuple of Loaded
        The file itself first; only those that could be read.
    problems : tuple of Problem
    complete : bool
        False when some file could not be read at all, so that more may seem missing than is.
    included : tuple of Path
        Every other file that was read, once, in the order in which they were met.
    strangers : mapping of str to Mark
        Included files without any key of a topology, and where each is included.
    """

    files: tuple[Loaded, ...]
    problems: tuple[Problem, ...]
    complete: bool
    included: tuple[Path, ...] = ()
    strangers: Mapping[str, Mark] = field(default_factory=dict)

    @property
    def environments(self) -> tuple[str, ...]:
        """Names of all environments that any of the files knows, sorted."""
        return tuple(sorted({env for loaded in self.files for env in loaded.environments}))

    def merged(self, env: str | None) -> MapNode | None:
        """Apply precedence for one environment; None when no file could be read."""
        result: Node | None = None
        for loaded in self.files:
            node: Node = loaded.root
            if env is not None and env in loaded.environments:
                node = merge(node, loaded.environments[env])
            result = node if result is None else merge(result, node)
        return result if isinstance(result, MapNode) else None


def read_sources(
    path: Path, overrides: Sequence[Path] = (), read: Read = read_yaml, *, includes: bool = True
) -> Sources:
    """Read a file and override files with everything they include.

    Parameters
    ----------
    path : Path
        The main file.
    overrides : sequence of Path
        Merged onto it in this order.
    read : callable
        Reads a file as `read_yaml` does; for texts that are not on disk.
    includes : bool
        Whether files may include others; if not, none is opened, and ``include`` is a problem.

    Returns
    -------
    Sources
        With all problems found on the way; nothing is raised.
    """
    reader = _Reader(read, includes)
    loaded: list[Loaded] = []
    for file in (path, *overrides):
        root = reader.resolve(file, ())
        if root is not None:
            loaded.append(reader.split(root))
        elif file == path:
            break
    complete = reader.complete and len(loaded) == 1 + len(overrides)
    given = {real_path(file) for file in (path, *overrides)}
    included = tuple(file for real, file in reader.met.items() if real not in given)
    return Sources(tuple(loaded), tuple(dict.fromkeys(reader.problems)), complete, included, reader.strangers)


def merge(base: Node, over: Node, where: tuple[str, ...] = (), clashes: list[Clash] | None = None) -> Node:
    """Merge one node onto another by the rules of this module.

    Parameters
    ----------
    base, over : Node
        Neither is changed.
    where : tuple of str
        Where they stand in the file: keys, and the identity of an item of a named list.
    clashes : list of Clash or None
        Filled with the values that are replaced by different ones.
    """
    if isinstance(base, MapNode) and isinstance(over, MapNode):
        entries = dict(base.entries)
        for key, value in over.entries.items():
            old = entries.get(key)
            entries[key] = value if old is None else merge(old, value, (*where, key), clashes)
        return MapNode(entries, base.key_places | over.key_places, base.place)
    section = _named_section(where)
    if section and isinstance(base, ListNode) and isinstance(over, ListNode):
        return _merge_named(base, over, section, where, clashes)
    if clashes is not None and not _same(base, over):
        clashes.append(Clash(where, base, over))
    return over


def _named_section(where: tuple[str, ...]) -> str:
    """Name of the list at this place if its items merge by identity; overrides have the same lists."""
    inner = where[2:] if where[:1] == ("overrides",) else where
    return inner[0] if len(inner) == 1 and inner[0] in {*_NAMED_LISTS, "links"} else ""


def _identity(item: Node, section: str) -> str | None:
    """What makes an item of a named list the same item elsewhere; None when that is missing."""
    if not isinstance(item, MapNode):
        return None
    if section == "links":
        ends = (item.text("from"), item.text("to"))
        return None if None in ends else " - ".join(sorted(end for end in ends if end is not None))
    return item.text("name")


def _merge_named(
    base: ListNode, over: ListNode, section: str, where: tuple[str, ...], clashes: list[Clash] | None
) -> ListNode:
    """Merge items of the same identity; others are appended.

    An identity that occurs twice in one list merges once: the second stays, and is found as a duplicate.
    """
    items = list(base.items)
    index: dict[str, int] = {}
    for i, item in enumerate(items):
        identity = _identity(item, section)
        if identity is not None:
            index.setdefault(identity, i)
    for item in over.items:
        identity = _identity(item, section)
        found = index.pop(identity, None) if identity is not None else None
        if found is None:
            items.append(item)
        else:
            items[found] = merge(items[found], item, (*where, identity or ""), clashes)
    return ListNode(tuple(items), base.place)


def _same(one: Node, other: Node) -> bool:
    """Whether two nodes say the same, wherever they are written."""
    if isinstance(one, ScalarNode) and isinstance(other, ScalarNode):
        return type(one.value) is type(other.value) and one.value == other.value
    if isinstance(one, ListNode) and isinstance(other, ListNode):
        return len(one.items) == len(other.items) and all(map(_same, one.items, other.items))
    if isinstance(one, MapNode) and isinstance(other, MapNode):
        return one.entries.keys() == other.entries.keys() and all(
            _same(value, other.entries[key]) for key, value in one.entries.items()
        )
    return False


def _gives(node: Node | None, where: tuple[str, ...], done: tuple[str, ...] = ()) -> bool:
    """Whether a file's own content has a value at a place."""
    if node is None or not where:
        return node is not None
    step, rest = where[0], where[1:]
    if isinstance(node, MapNode):
        return _gives(node.entries.get(step), rest, (*done, step))
    section = _named_section(done)
    if isinstance(node, ListNode) and section:
        own = [item for item in node.items if _identity(item, section) == step]
        return bool(own) and _gives(own[0], rest, (*done, step))
    return True  # the file replaces the whole by a value of another kind


class _Reader:
    """Resolves includes, each file once, collecting problems."""

    def __init__(self, read: Read, includes: bool) -> None:
        self.problems: list[Problem] = []
        self.complete = True
        self._read = read
        self._includes = includes
        self.met: dict[Path, Path] = {}
        self.strangers: dict[str, Mark] = {}
        self._done: dict[Path, MapNode | None] = {}

    def resolve(self, path: Path, chain: tuple[Path, ...]) -> MapNode | None:
        """Read a file and merge its includes under it; None when it cannot be read."""
        key = real_path(path)
        if key not in self._done:
            self.met.setdefault(key, path)
            node, problems = self._read(path)
            # Of a file that is no topology at all, only where it ends to be one is told.
            self.problems += problems[-1:] if chain and node is None else problems
            if node is not None and not isinstance(node, MapNode):
                what = "no part of a topology" if chain else f"found {describe(node)}"
                self.problems.append(node.mark.problem(f"expected a mapping (key: value), {what}"))
                node = None
            self._done[key] = self._with_includes(node, path, (*chain, path)) if node else None
        return self._done[key]

    def _with_includes(self, own: MapNode, path: Path, chain: tuple[Path, ...]) -> MapNode:
        listed = own.entries.get("include")
        own = replace(own, entries={key: value for key, value in own.entries.items() if key != "include"})
        if listed is not None and not self._includes:
            message = "this file has to be whole in itself: nothing that it includes is read"
            self.problems.append(listed.mark.problem(message, path="include"))
            self.complete = False
            return own
        parts = [part for item in self._listed(listed) if (part := self._included(item, path, chain))]
        if not parts:
            return own
        clashes: list[Clash] = []
        merged: Node = parts[0]
        for part in parts[1:]:
            merged = merge(merged, part, (), clashes)
        for clash in clashes:
            if not _gives(own, clash.where):
                self.problems.append(_clash_problem(clash, path))
        result = merge(merged, own)
        # Something missing at the top is to be added in the including file: point there.
        return replace(result, place=own.place) if isinstance(result, MapNode) else own

    def _listed(self, node: Node | None) -> list[ScalarNode]:
        """Return the entries of ``include`` that are file names."""
        if node is None or (isinstance(node, ScalarNode) and node.value is None):
            return []
        if not isinstance(node, ListNode):
            hint = f"write include: [{node.value}]" if isinstance(node, ScalarNode) else ""
            message = f"expected a list of files, found {describe(node)}"
            self.problems.append(node.mark.problem(message, path="include", hint=hint))
            return []
        names: list[ScalarNode] = []
        for item in node.items:
            if isinstance(item, ScalarNode) and isinstance(item.value, str) and item.value:
                names.append(item)
            else:
                message = f"expected the name of a file, found {describe(item)}"
                self.problems.append(item.mark.problem(message, path="include"))
        return names

    def _included(self, item: ScalarNode, path: Path, chain: tuple[Path, ...]) -> MapNode | None:
        target = path.parent / str(item.value)
        if real_path(target) in [real_path(link) for link in chain]:
            circle = " -> ".join(str(link) for link in (*chain, target))
            self.problems.append(item.mark.problem(f"files include each other in a circle: {circle}"))
            self.complete = False
            return None
        if len(chain) == MAX_CHAIN:
            self.problems.append(item.mark.problem(f"a chain of more than {MAX_CHAIN} includes"))
            self.complete = False
            return None
        before = len(self.problems)
        node = self.resolve(target, chain)
        if node is None:
            self.complete = False
            if len(self.problems) > before and self.problems[-1].line is None:
                why = self.problems.pop()
                message = f"cannot include {str(target)!r}: {why.message}"
                self.problems.append(item.mark.problem(message, hint=why.hint))
        elif node.entries and not any(key in node.entries for key in _KEYS):
            self.strangers.setdefault(str(target), item.mark)
        return node

    def split(self, root: MapNode) -> Loaded:
        """Take the overrides of a resolved file apart from the rest, checking their form."""
        rest = {key: value for key, value in root.entries.items() if key not in _PRIVATE_KEYS}
        found = root.entries.get("overrides")
        environments: dict[str, MapNode] = {}
        if isinstance(found, MapNode):
            for env, node in found.entries.items():
                if isinstance(node, MapNode):
                    environments[env] = self._override(env, node)
                else:
                    message = f"expected a mapping (key: value), found {describe(node)}"
                    self.problems.append(node.mark.problem(message, path=f"overrides.{env}"))
        elif found is not None and not (isinstance(found, ScalarNode) and found.value is None):
            message = f"expected a mapping of environments, found {describe(found)}"
            self.problems.append(found.mark.problem(message, path="overrides"))
        return Loaded(replace(root, entries=rest), environments)

    def _override(self, env: str, node: MapNode) -> MapNode:
        for key in _PRIVATE_KEYS:
            if key in node.entries:
                mark = node.key_mark(key)
                self.problems.append(mark.problem(f"{key!r} is not allowed here", path=f"overrides.{env}"))
        entries = {key: value for key, value in node.entries.items() if key not in _PRIVATE_KEYS}
        return replace(node, entries=entries)


def _clash_problem(clash: Clash, path: Path) -> Problem:
    first, second = describe(clash.first), describe(clash.second)
    told = f"{first} at {clash.first.mark}" if first != second else f"given differently at {clash.first.mark}"
    return clash.second.mark.problem(
        f"is {second} here, but {told}",
        path=".".join(clash.where),
        hint=f"give the value in {path} itself to settle it",
    )


def without_strangers(problems: Sequence[Problem], sources: Sources) -> list[Problem]:
    """Say of included files that are no part of a topology just that, not what is wrong with them.

    Parameters
    ----------
    problems : sequence of Problem
    sources : Sources

    Returns
    -------
    list of Problem
        Nothing in them is taken from such a file.
    """
    kept = [problem for problem in problems if problem.file not in sources.strangers]
    told = [
        mark.problem(
            f"cannot include {file!r}: it is no part of a topology",
            hint=f"it has none of the keys {', '.join(_KEYS)}",
        )
        for file, mark in sources.strangers.items()
    ]
    return told + kept


def environment_problem(env: str, sources: Sources, path: Path) -> Problem | None:
    """Complain about an environment that no file has overrides for."""
    if env in sources.environments:
        return None
    hint = nearest(env, sources.environments) or "no environment has overrides"
    return Problem(f"unknown environment {env!r}", str(path), path="overrides", hint=hint)
