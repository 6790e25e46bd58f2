"""A merged topology file against the wire schema: the parts that are valid, and the problems of the rest.

Checks across parts (dangling names, shares) run on the valid parts, so that one wrong number does not hide
what else is wrong; names count as known as soon as they are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

from pydantic import BaseModel, ValidationError

from cdnplan.errors import Problem
from cdnplan.inputs.wire.wire import (
    LinkWire,
    OriginWire,
    RegionWire,
    SiteWire,
    TopologyWire,
)
from cdnplan.inputs.wire.wire_policy import CopiesWire, LaunchWire, RuleWire
from cdnplan.inputs.wire.wire_problems import ABSENT, place_of, schema_problems, shown_path
from cdnplan.inputs.yamls.yaml_nodes import ListNode, MapNode, Mark, ScalarNode, plain

W = TypeVar("W", bound=BaseModel)
RULE_LISTS: dict[str, type[RuleWire]] = {
    "pins": RuleWire,
    "bans": RuleWire,
    "copies": CopiesWire,
    "launches": LaunchWire,
    "waits": RuleWire,
}


@dataclass(frozen=True, slots=True)
class Part(Generic[W]):
    """One valid item: what it says, where it is written, and its path."""

    wire: W
    node: MapNode
    path: str

    def mark(self, *keys: str | int) -> Mark:
        """Find the place of something inside the item; the item's own where that is not written."""
        return place_of(self.node, keys)[1]


@dataclass(frozen=True, slots=True)
class Named:
    """A name as it is written: of what, where."""

    kind: str
    name: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content after validation.

    Parameters
    ----------
    wire : TopologyWire or None
        The whole; None when any part is not valid.
    names : tuple of Named
        All names of origins, sites and regions, valid items or not, in the order of the file.
    models : frozenset of str
        All names of hardware.
    origins, sites, regions, links : tuples of parts
        The valid ones.
    rules : dict of str to tuple of parts
        Valid rules of each list of the policy.
    broken : frozenset of str
        Sections that are missing or not of the right kind, whose names are therefore not known.
    """

    root: MapNode
    wire: TopologyWire | None
    names: tuple[Named, ...]
    models: frozenset[str]
    origins: tuple[Part[OriginWire], ...]
    sites: tuple[Part[SiteWire], ...]
    regions: tuple[Part[RegionWire], ...]
    links: tuple[Part[LinkWire], ...]
    rules: dict[str, tuple[Part[RuleWire], ...]] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()


def validate(root: MapNode, *, complete: bool) -> tuple[Document, list[Problem]]:
    """Check a merged file against the wire schema.

    Parameters
    ----------
    root : MapNode
    complete : bool
        Whether all files could be read; if not, nothing is reported as missing.

    Returns
    -------
    document : Document
    problems : list of Problem
        Of form only; see `topology_checks` for those across parts.
    """
    data = cast("dict[str, object]", plain(root))
    wire: TopologyWire | None = None
    problems: list[Problem] = []
    failing: set[tuple[int | str, ...]] = set()
    try:
        wire = TopologyWire.model_validate(data)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        failing = {found["loc"][:n] for found in errors for n in (1, 2, 3)}
        problems = schema_problems((e for e in errors if complete or e["type"] not in ABSENT), root)
    sections = ("origins", "sites", "regions")
    broken = {key for key in sections if not isinstance(root.entries.get(key), ListNode)}
    if not isinstance(root.entries.get("hardware"), MapNode):
        broken.add("hardware")
    document = Document(
        root,
        wire,
        names=tuple(named for key in sections for named in _names(root, key)),
        models=frozenset(_models(root)),
        origins=_parts(root, ("origins",), OriginWire, failing, wire.origins if wire else None),
        sites=_parts(root, ("sites",), SiteWire, failing, wire.sites if wire else None),
        regions=_parts(root, ("regions",), RegionWire, failing, wire.regions if wire else None),
        links=_parts(root, ("links",), LinkWire, failing, wire.links if wire else None),
        rules={key: _parts(root, ("policy", key), kind, failing, None) for key, kind in RULE_LISTS.items()},
        broken=frozenset(broken),
    )
    return document, problems + _unquoted_times(document)


def _names(root: MapNode, section: str) -> list[Named]:
    listed = root.entries.get(section)
    found: list[Named] = []
    for item in listed.items if isinstance(listed, ListNode) else ():
        name = item.text("name") if isinstance(item, MapNode) else None
        if isinstance(item, MapNode) and name is not None:
            found.append(Named(section.removesuffix("s"), name, item.entries["name"].mark))
    return found


def _models(root: MapNode) -> list[str]:
    listed = root.entries.get("hardware")
    return list(listed.entries) if isinstance(listed, MapNode) else []


def _parts(
    root: MapNode,
    section: tuple[str, ...],
    kind: type[W],
    failing: set[tuple[int | str, ...]],
    wires: Sequence[W] | None,
) -> tuple[Part[W], ...]:
    """Items of a list that no error concerns; `wires` are all of them if the whole is valid."""
    node: object = root
    for key in section:
        node = node.entries.get(key) if isinstance(node, MapNode) else None
    return tuple(
        Part(wires[i] if wires else kind.model_validate(plain(item)), item, shown_path((*section, i)))
        for i, item in enumerate(node.items if isinstance(node, ListNode) else ())
        if isinstance(item, MapNode) and (*section, i) not in failing
    )


def _unquoted_times(document: Document) -> list[Problem]:
    """Times have to be in quotes: other readers of YAML take them for numbers to the base of 60."""
    problems: list[Problem] = []
    for site in document.sites:
        window = site.node.entries.get("fill_window")
        start = window.entries.get("start") if isinstance(window, MapNode) else None
        if isinstance(start, ScalarNode) and isinstance(start.value, str) and not start.quoted:
            hours, minutes = start.value.split(":")
            problems.append(
                start.mark.problem(
                    f"the time {start.value} has to be in quotes",
                    path=f"{site.path}.fill_window.start",
                    hint=f'write "{start.value}": without quotes YAML 1.1 reads a time as a number to the'
                    f" base of 60, here {int(hours) * 60 + int(minutes)}",
                )
            )
    return problems
