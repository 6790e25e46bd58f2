"""Scenario files to scenarios: combined, spread over grids, or all their problems at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from cdnplan.errors import InputError, Problem
from cdnplan.folders import real_path
from cdnplan.inputs.wire.wire_problems import place_of, schema_problems
from cdnplan.inputs.yamls.yaml_nodes import ListNode, MapNode, Node, ScalarNode, describe, plain
from cdnplan.inputs.yamls.yaml_text import read_yaml
from cdnplan.whatif.scenario.scenario import Change, Scenario
from cdnplan.whatif.scenario.wire import ChangeWire, ScenarioWire, scenario_schema

MOST_SCENARIOS = 1000
"""Grids with more points are taken for a mistake."""

_KINDS = frozenset(ChangeWire.model_fields)
_NAME_THINGS = frozenset({"add_site", "add_hardware", "add_link", "launch"})
"""Changes that later ones may name something of."""


@dataclass(frozen=True, slots=True)
class _File:
    """A scenario file by itself: its wire, and the nodes of its changes."""

    path: Path
    wire: ScenarioWire
    root: MapNode


@dataclass(slots=True)
class _Reader:
    """Reads each file once, collecting problems."""

    problems: list[Problem] = field(default_factory=list)
    done: dict[Path, _File | None] = field(default_factory=dict)
    sound: dict[Path, _File] = field(default_factory=dict)
    """Of files with problems: what their other changes say, whose names can be looked up as well."""

    def file(self, path: Path) -> _File | None:
        """Read and check one file; None when it is no scenario."""
        key = real_path(path)
        if key not in self.done:
            self.done[key] = self._read(path)
        return self.done[key]

    def _read(self, path: Path) -> _File | None:
        root, problems = read_yaml(path)
        self.problems += problems
        if root is not None and not isinstance(root, MapNode):
            message = f"expected a mapping (key: value), found {describe(root)}"
            self.problems.append(root.mark.problem(message))
        if not isinstance(root, MapNode):
            if root is None and not problems:
                self.problems.append(Problem("the file is empty", str(path)))
            return None
        try:
            wire = ScenarioWire.model_validate(cast("dict[str, object]", plain(root)))
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            self.problems += schema_problems(found, root, scenario_schema)
            part = _without_faulty(path, root, [each["loc"] for each in found])
            if part is not None:
                self.sound[real_path(path)] = part
            return None
        self.problems += _unquoted_times(root)
        if not (wire.changes or wire.combine or wire.grid):
            mark = root.mark
            hint = "give changes, combine or grid"
            self.problems.append(mark.problem(f"scenario {wire.name!r} changes nothing", hint=hint))
        return _File(path, wire, root)

    def changes(self, path: Path, chain: tuple[Path, ...] = ()) -> tuple[Change, ...]:
        """Return the changes of a file, those of the files it combines first."""
        found = self.file(path)
        if found is None:
            return ()
        changes: list[Change] = []
        for i, name in enumerate(found.wire.combine or ()):
            target = path.parent / name
            mark = place_of(found.root, ("combine", i))[1]
            if real_path(target) in [real_path(link) for link in (*chain, path)]:
                circle = " -> ".join(str(link) for link in (*chain, path, target))
                message = f"scenarios combine each other in a circle: {circle}"
                self.problems.append(mark.problem(message, path=f"combine[{i}]"))
                continue
            before = len(self.problems)
            part = self.file(target)
            if part is None and len(self.problems) > before and self.problems[-1].line is None:
                why = self.problems.pop()
                message = f"cannot combine {str(target)!r}: {why.message}"
                self.problems.append(mark.problem(message, path=f"combine[{i}]", hint=why.hint))
            elif part is not None and part.wire.grid is not None:
                message = f"{str(target)!r} is a grid, which cannot be combined"
                self.problems.append(mark.problem(message, path=f"combine[{i}]"))
            else:
                changes += self.changes(target, (*chain, path))
        return (*changes, *_listed(found.root, ("changes",), found.wire.changes or []))


def read_scenarios(paths: Sequence[Path]) -> tuple[Scenario, ...]:
    """Read scenario files; a grid becomes a scenario for each combination of its points.

    Parameters
    ----------
    paths : sequence of Path

    Returns
    -------
    tuple of Scenario
        In the order of the files, then of the points, the last axis fastest.

    Raises
    ------
    InputError
        All problems of all files, with line and column: of form, circles, names given twice.
    """
    scenarios, problems = readable_scenarios(paths)
    if problems:
        raise InputError(problems)
    return scenarios


def readable_scenarios(paths: Sequence[Path]) -> tuple[tuple[Scenario, ...], list[Problem]]:
    """Read scenario files as far as they can be read, so that their names can be looked up as well.

    Parameters
    ----------
    paths : sequence of Path

    Returns
    -------
    scenarios : tuple of Scenario
        As `read_scenarios`; of files with problems the changes that have none, where these can be told apart.
    problems : list of Problem
    """
    reader = _Reader()
    scenarios: list[Scenario] = []
    names: set[str] = set()
    for path in paths:
        changes = reader.changes(path)
        found = reader.file(path)
        if found is None:
            part = reader.sound.get(real_path(path))
            if part is not None:
                listed = _listed(part.root, ("changes",), part.wire.changes or [])
                scenarios.append(Scenario(part.wire.name, listed, None, None))
            continue
        mark = place_of(found.root, ("base",))[1] if found.wire.base is not None else None
        whole = Scenario(found.wire.name, changes, found.wire.base, mark)
        count = prod(len(axis.points) for axis in found.wire.grid or ())
        if count > MOST_SCENARIOS:
            at = place_of(found.root, ("grid",))[1]
            message = f"a grid of {count:,} points, expected at most {MOST_SCENARIOS:,}"
            reader.problems.append(at.problem(message, path="grid"))
            continue
        points = _points(found)
        scenarios += [_at(whole, point, more) for point, more in points]
        if whole.name in names:
            at = place_of(found.root, ("name",))[1]
            reader.problems.append(at.problem(f"a second scenario of the name {whole.name!r}", path="name"))
        names.add(whole.name)
    return tuple(scenarios), in_order(reader.problems)


def combined(scenarios: Sequence[Scenario], name: str | None = None) -> Scenario:
    """Make one scenario of several: their changes one after the other.

    Parameters
    ----------
    scenarios : sequence of Scenario
        At least one, in the order in which they happen.
    name : str or None
        None: their names joined by " + ".
    """
    first = next((s for s in scenarios if s.base is not None), scenarios[0])
    joined = name or " + ".join(scenario.name for scenario in scenarios)
    changes = tuple(change for scenario in scenarios for change in scenario.changes)
    return Scenario(joined, changes, first.base, first.base_mark)


def all_combinations(scenarios: Sequence[Scenario]) -> tuple[Scenario, ...]:
    """Make a grid of scenarios, each with and without each of the others, fewest first.

    Parameters
    ----------
    scenarios : sequence of Scenario

    Returns
    -------
    tuple of Scenario
        All but the one without any.

    Raises
    ------
    InputError
        There are too many.
    """
    if 2 ** len(scenarios) - 1 > MOST_SCENARIOS:
        message = f"{len(scenarios)} scenarios have {2 ** len(scenarios) - 1:,} combinations"
        raise InputError([Problem(f"{message}, expected at most {MOST_SCENARIOS:,}", path="--grid")])
    chosen = [
        [s for s, used in zip(scenarios, mask, strict=True) if used]
        for mask in product((False, True), repeat=len(scenarios))
    ]
    order = sorted(
        (parts for parts in chosen if parts),
        key=lambda parts: (len(parts), [scenarios.index(s) for s in parts]),
    )
    return tuple(
        replace(combined(parts), point=tuple((s.name, "yes" if s in parts else "no") for s in scenarios))
        for parts in order
    )


def _without_faulty(path: Path, root: MapNode, faults: Sequence[tuple[int | str, ...]]) -> _File | None:
    """A file's changes without those that have a fault; None where the faults are elsewhere as well.

    After a faulty change that names something, none is left: what follows may use the name.
    """
    changes = root.entries.get("changes")
    if not isinstance(changes, ListNode) or any(len(at) < 2 or at[0] != "changes" for at in faults):
        return None
    kept: list[Node] = []
    for i, item in enumerate(changes.items):
        if all(at[1] != i for at in faults):
            kept.append(item)
        elif not isinstance(item, MapNode) or not set(item.entries) <= _KINDS - _NAME_THINGS:
            break
    left = replace(changes, items=tuple(kept))
    sound = replace(root, entries={"name": root.entries["name"], "changes": left})
    try:
        return _File(path, ScenarioWire.model_validate(cast("dict[str, object]", plain(sound))), sound)
    except ValidationError:  # told only where nothing else is wrong; all that can be told now is
        return None


def _points(found: _File) -> list[tuple[tuple[tuple[str, str], ...], tuple[Change, ...]]]:
    """Every combination of the points of a file's grid, with its changes; one without a grid."""
    axes = [
        [
            ((axis.axis, name), _listed(found.root, ("grid", i, "points", name), changes))
            for name, changes in axis.points.items()
        ]
        for i, axis in enumerate(found.wire.grid or ())
    ]
    return [
        (tuple(point for point, _ in parts), tuple(change for _, changes in parts for change in changes))
        for parts in product(*axes)
    ]


def _at(whole: Scenario, point: tuple[tuple[str, str], ...], more: tuple[Change, ...]) -> Scenario:
    if not point:
        return whole
    shown = ", ".join(f"{axis}: {name}" for axis, name in point)
    return replace(whole, name=f"{whole.name} ({shown})", changes=(*whole.changes, *more), point=point)


def _listed(root: MapNode, place: tuple[str | int, ...], wires: Sequence[ChangeWire]) -> tuple[Change, ...]:
    """Changes of a list with their nodes."""
    listed = place_of(root, place)[0]
    items = listed.items if isinstance(listed, ListNode) else ()
    found: list[Change] = []
    for wire, item in zip(wires, items, strict=True):
        (kind,) = wire.model_fields_set
        node = item.entries[kind] if isinstance(item, MapNode) else None
        if isinstance(node, MapNode):
            found.append(Change(kind, getattr(wire, kind), node))
    return tuple(found)


def _unquoted_times(root: MapNode) -> list[Problem]:
    """Times of new sites have to be in quotes, as in a topology."""
    found: list[Problem] = []
    changes = root.entries.get("changes")
    for i, item in enumerate(changes.items if isinstance(changes, ListNode) else ()):
        node = place_of(item, ("add_site", "fill_window", "start"))[0]
        if isinstance(node, ScalarNode) and isinstance(node.value, str) and not node.quoted:
            path = f"changes[{i}].add_site.fill_window.start"
            message = f"the time {node.value} has to be in quotes"
            found.append(node.mark.problem(message, path=path, hint=f'write "{node.value}"'))
    return found


def in_order(problems: Sequence[Problem]) -> list[Problem]:
    """By file in order of appearance, then by place."""
    files = {problem.file: i for i, problem in reversed(list(enumerate(problems)))}
    return sorted(problems, key=lambda p: (files[p.file], p.line or 0, p.column or 0))
