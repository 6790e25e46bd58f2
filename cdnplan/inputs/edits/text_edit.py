"""Changes of meaning to changes of text: in the file where a value is written, and there only.

A value that stands in an included file is changed there. One that comes through an alias or ``<<`` is changed
at its anchor if every place that shares it changes alike; else it is written anew where it differs. A change
at an anchor that others share, which are not to change, is refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from cdnplan.errors import InputError, Problem
from cdnplan.folders import real_path
from cdnplan.inputs.edits import changes as c
from cdnplan.inputs.edits.patches import CannotPatchError, Patcher
from cdnplan.inputs.edits.sharing import SharedError
from cdnplan.inputs.edits.targets import shown_place
from cdnplan.inputs.edits.workspace import TextFile, Workspace, everywhere, owned, place_in
from cdnplan.inputs.yamls.yaml_scalars import flow_text


def edit_texts(
    workspace: Workspace,
    changes: Sequence[c.Change],
    expected: c.Tree,
    *,
    drop_comments: bool = False,
) -> Workspace:
    """Write changes into the texts.

    Parameters
    ----------
    workspace : Workspace
    changes : sequence of Change
        Of one operation.
    expected : Tree
        What the files are to say together afterwards.
    drop_comments : bool
        See `Patcher`.

    Returns
    -------
    Workspace
        It says exactly what is expected.

    Raises
    ------
    InputError
        The change would also change something else, or cannot be written; says where.
    """
    texts: dict[Path, TextFile] = {}
    for key, own in _by_file(workspace, changes).items():
        edited_file = _edited(workspace.files[key], own, drop_comments=drop_comments)
        if edited_file is not None:
            texts[key] = edited_file
    edited = workspace.changed(texts)
    problems = [problem for key in texts for problem in edited.files[key].node[1]]
    if problems or edited.sources.problems:
        found = problems[0] if problems else edited.sources.problems[0]
        raise InputError(
            [Problem(f"this cannot be changed in the text as it is written: {found}", str(workspace.path))]
        )
    different = c.first_difference(expected, edited.tree)
    if different is not None:
        raise InputError([_side_effect(workspace, expected, edited, different)])
    return edited


def _by_file(workspace: Workspace, changes: Sequence[c.Change]) -> dict[Path, list[c.Change]]:
    """What is to change in each file, with its own places."""
    found: dict[Path, list[c.Change]] = defaultdict(list)
    for change in changes:
        if isinstance(change, c.Rename):
            for key in workspace.files:
                found[key].append(change)
        elif isinstance(change, c.Drop) and _is_item(change.path):
            for file, path in everywhere(workspace, change.path):
                found[real_path(file.path)].append(c.Drop(path))
        else:
            file, path = owned(workspace, change.path)
            found[real_path(file.path)].append(replace(change, path=path))
    return found


def _is_item(path: c.Path) -> bool:
    """Whether a place is that of a whole origin, site, region, link or model of hardware."""
    return len(path) == 2 and path[0] in (*c.NAMED, "links", "hardware")


def _edited(file: TextFile, changes: Sequence[c.Change], *, drop_comments: bool) -> TextFile | None:
    """Make the file that changes lead to; None if its text stays."""
    try:
        patches = Patcher(file.spans, drop_comments=drop_comments).patches(
            file.tree, c.marked(file.tree, changes), _new_names(file.tree, changes)
        )
    except CannotPatchError:
        message = "this cannot be changed in the text as it is written; change it by hand"
        raise InputError([Problem(message, str(file.path))]) from None
    except SharedError as error:
        raise InputError([_shared_problem(file, error)]) from None
    return file.patched(patches) if patches else None


def _new_names(tree: c.Tree, changes: Sequence[c.Change]) -> Iterator[tuple[c.Path, str]]:
    """Keys under `hardware` that get other names."""
    for change in changes:
        if isinstance(change, c.Rename) and change.kind == "hardware":
            for section in c.sections(tree):
                models = c.value_at(tree, (*section, "hardware"))
                for name in models if isinstance(models, dict) else ():
                    if name in change.names:
                        yield (*section, "hardware", name), change.names[name]


def _side_effect(workspace: Workspace, expected: c.Tree, edited: Workspace, where: c.Path) -> Problem:
    wanted, got = c.value_at(expected, where), c.value_at(edited.tree, where)
    file, line, column = place_in(workspace, where)
    shown = shown_place(workspace.tree, where)
    return Problem(
        f"the change would also make {shown} {_brief(got)}, where {_brief(wanted)} is expected",
        file,
        line,
        column,
        hint="it is shared by an anchor or merged from several files; change the text there by hand first",
    )


def _brief(value: object) -> str:
    text = flow_text(value)
    return "absent" if value is None else text if len(text) <= 60 else text[:57] + "..."


def _shared_problem(file: TextFile, error: SharedError) -> Problem:
    """Say that others share what is to change, and where."""
    shown = shown_place(file.tree, error.path)
    if error.merged is not None:
        line, column = file.spans.place(error.merged.key[0])
        return Problem(
            f"{shown} comes from an anchor through '<<' and cannot be taken away here",
            str(file.path),
            line,
            column,
            hint="change it where it is written, for all that use it",
        )
    assert error.anchored is not None, "what is shared has an anchor"
    anchored = error.anchored
    line, column = file.spans.place(anchored.outer)
    users = [file.spans.place(slot.outer)[0] for slot in anchored.aliases]
    lines = ", ".join(str(n) for n in users[:5]) + (" and more" if len(users) > 5 else "")
    return Problem(
        f"{shown} is part of the anchor '&{anchored.anchor}', which is also used in"
        f" line{'s' if len(users) > 1 else ''} {lines}",
        str(file.path),
        line,
        column,
        hint="change all of them together, or give them values of their own first",
    )
