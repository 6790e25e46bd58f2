"""`cdnplan topology edit`: operations on a topology file, each checked against what it is to mean."""

from __future__ import annotations

import difflib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cdnplan.errors import InputError, Problem
from cdnplan.folders import real_path
from cdnplan.inputs.edits.changes import applied
from cdnplan.inputs.edits.language import Operation
from cdnplan.inputs.edits.planning import plan_operation
from cdnplan.inputs.edits.text_edit import edit_texts
from cdnplan.inputs.edits.workspace import Workspace, open_workspace
from cdnplan.inputs.topology.topology_reader import build_topology
from cdnplan.model.network.topology import Topology


@dataclass(frozen=True, slots=True)
class EditedFile:
    """One file that changes: its text before and after, with any byte order mark."""

    path: Path
    before: str
    after: str

    def diff(self) -> str:
        """Unified diff, as ``patch`` and ``git apply`` take it."""
        before, after = (list(io.StringIO(text, newline="\n")) for text in (self.before, self.after))
        a, b = ("", "") if self.path.is_absolute() else ("a/", "b/")
        lines = difflib.unified_diff(before, after, f"{a}{self.path}", f"{b}{self.path}")
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
        )

    def lines(self) -> tuple[int, int]:
        """Lines added and removed."""
        marks = [line[:1] for line in self.diff().splitlines()[2:]]
        return marks.count("+"), marks.count("-")


@dataclass(frozen=True, slots=True)
class Edited:
    """What operations lead to; nothing is written yet.

    Parameters
    ----------
    files : tuple of EditedFile
        Those that change.
    told : tuple of (Operation, tuple of str)
        What each operation did, one line for each thing it changed.
    topology : Topology
        What the files mean afterwards.
    """

    files: tuple[EditedFile, ...]
    told: tuple[tuple[Operation, tuple[str, ...]], ...]
    topology: Topology

    def diff(self) -> str:
        """Unified diff of all files."""
        return "".join(file.diff() for file in self.files)

    def write(self) -> None:
        """Replace the files, each whole or not at all.

        Raises
        ------
        InputError
            A file was changed by someone else meanwhile; nothing is written.
        """
        for file in self.files:
            if file.path.read_bytes() != file.before.encode("utf-8"):
                message = "was changed by someone else while it was edited"
                raise InputError([Problem(message, str(file.path), hint="try again")])
        parts: list[tuple[Path, Path]] = []
        try:
            for file in self.files:
                target = real_path(file.path)
                part = target.with_name(f".{target.name}.part")
                parts.append((part, target))
                _write_whole(part, file.after, target.stat().st_mode & 0o7777)
            for part, target in parts:
                part.replace(target)
        finally:
            for part, _ in parts:
                part.unlink(missing_ok=True)


def _write_whole(path: Path, text: str, mode: int) -> None:
    with path.open("wb") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(text.encode("utf-8"))
        stream.flush()
        os.fsync(stream.fileno())


def edit_topology(path: Path, operations: Sequence[Operation], *, drop_comments: bool = False) -> Edited:
    """Apply operations to a topology file and the files it includes, one after the other.

    Each operation is carried out twice: on what the files mean, and on their texts. The edited texts, read
    again, have to mean exactly that; else the edit is refused.

    Parameters
    ----------
    path : Path
    operations : sequence of Operation
        See `cdnplan.inputs.edits.language`.
    drop_comments : bool
        Comments within what is removed go with it, rather than staying as lines of their own.

    Returns
    -------
    Edited
        With `write` still to be called.

    Raises
    ------
    InputError
        An operation cannot be carried out, or the result is not a valid topology, in any environment.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from cdnplan.inputs.edits.language import parse_operations
    >>> from cdnplan.sample import sample_folder
    >>> edited = edit_topology(
    ...     sample_folder() / "topology.yaml", parse_operations(["scale hardware storage-2u storage_tb=+20%"])
    ... )
    >>> edited.told[0][1]
    ('storage-2u: storage_tb 1.3 -> 1.56',)
    """
    workspace = start = open_workspace(path)
    told: list[tuple[Operation, tuple[str, ...]]] = []
    for operation in operations:
        workspace, lines = _carried_out(workspace, operation, drop_comments)
        told.append((operation, lines))
    topology = _checked(workspace, operations)
    files = tuple(
        EditedFile(file.path, start.files[key].text, file.text)
        for key, file in workspace.files.items()
        if file.text != start.files[key].text
    )
    return Edited(files, tuple(told), topology)


def _carried_out(
    workspace: Workspace, operation: Operation, drop_comments: bool
) -> tuple[Workspace, tuple[str, ...]]:
    tree = workspace.tree
    planned = plan_operation(tree, operation)
    if not planned.changes:
        return workspace, planned.told
    expected = applied(tree, planned.changes)
    try:
        edited = edit_texts(workspace, planned.changes, expected, drop_comments=drop_comments)
    except InputError as error:
        raise InputError([_named(problem, operation) for problem in error.problems]) from None
    return edited, planned.told


def _named(problem: Problem, operation: Operation) -> Problem:
    """Say which operation a refusal is about."""
    return replace(problem, message=f"'{operation.text}': {problem.message}")


def _checked(workspace: Workspace, operations: Sequence[Operation]) -> Topology:
    """Check what the texts mean now, alone and with the overrides of every environment."""
    problems: list[Problem] = []
    found: list[Topology] = []
    for env in (None, *workspace.sources.environments):
        try:
            found.append(build_topology(workspace.sources, workspace.path, env))
        except InputError as error:
            problems += error.problems
    if problems:
        removed = [op for op in operations if op.verb == "remove" and not op.cascade and not op.keys]
        raise InputError([_explained(problem, removed) for problem in dict.fromkeys(problems)])
    return found[0]


def _explained(problem: Problem, removed: Sequence[Operation]) -> Problem:
    """Tell how mentions of something removed go away with it."""
    if removed and problem.message.startswith(("unknown ", "no site matches", "no appliance")):
        return replace(problem, hint=f"add 'cascade' to '{removed[0].text}' to take out what mentions it")
    return problem
