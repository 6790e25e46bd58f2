"""Where a place of the merged topology is written: in which file, and through which aliases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cdnplan.inputs.edits import changes as c
from cdnplan.inputs.edits.spans import Slot, Span
from cdnplan.inputs.edits.workspace import TextFile, Workspace

Step = str | int


@dataclass(slots=True)
class Found:
    """How far a place leads in one file: a slot for every step that was found, the root first.

    `foreign` counts the steps up to the first that leads through an alias or ``<<``.
    """

    file: TextFile
    slots: list[Slot]
    foreign: int | None = None
    missing_own: bool = False
    """The first foreign step comes from ``<<``: the map has no such key itself."""

    @property
    def depth(self) -> int:
        """Steps that were found."""
        return len(self.slots) - 1


def place_in(workspace: Workspace, path: c.Path) -> tuple[str, int, int]:
    """File, line and column at which a place of the merged topology is written, or the nearest to it."""
    found = locate(workspace, path)
    slot = found.slots[-1]
    line, column = found.file.spans.place(slot.key[0] if found.depth else slot.outer)
    return str(found.file.path), line, column


def item_steps(workspace: Workspace, path: c.Path) -> list[Step | tuple[str, str]]:
    """Replace the number of an item in a list that merges by name by what identifies it in every file."""
    steps: list[Step | tuple[str, str]] = list(path)
    if len(path) >= 2 and path[0] in (*c.NAMED, "links"):
        section = str(path[0])
        name = c.identity(c.value_at(workspace.tree, path[:2]), section)
        if name is not None:
            steps[1] = (section, name)
    return steps


def walk(file: TextFile, steps: Sequence[Step | tuple[str, str]]) -> Found:
    """Follow steps in one file as far as they lead."""
    found = Found(file, [home_of(file.spans.root)])
    for i, step in enumerate(steps):
        node = found.slots[-1].node
        slot = file.items(step[0]).get(step[1]) if isinstance(step, tuple) else node.own(step)
        merged = slot is None and isinstance(step, str)
        if slot is None and isinstance(step, str):
            slot = node.merged(step)
        if slot is None:
            break
        found.slots.append(slot)
        if found.foreign is None and (slot.alias or merged):
            found.foreign, found.missing_own = i + 1, merged
    return found


def locate(workspace: Workspace, path: c.Path) -> Found:
    """Find where a value is given: in the strongest file that has it, else as near as any file comes."""
    steps = item_steps(workspace, path)
    best: Found | None = None
    for file in workspace.strongest_first():
        found = walk(file, steps)
        if best is None or found.depth > best.depth:
            best = found
    assert best is not None, "a workspace has at least one file"
    return best


def home_of(node: Span) -> Slot:
    """Slot in which a value itself is written."""
    assert node.home is not None, "everything is written somewhere"
    return node.home
