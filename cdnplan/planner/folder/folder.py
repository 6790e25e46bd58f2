"""Write a plan folder: whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cdnplan.folders import Kind, Place
from cdnplan.inputs.plans.manifest_files import INDEX, read_index
from cdnplan.inputs.plans.plan_folder import sha256
from cdnplan.inputs.plans.plan_json import PLAN_JSON, read_plan_json


def plan_files(folder: Path) -> set[str]:
    """Paths of the files that a plan folder has by its own account, manifests of appliances among them.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    set of str
        Relative, "/" between their parts.

    Raises
    ------
    InputError
        ``plan.json`` or the index of manifests is not one.
    """
    listed = set(read_plan_json(folder / PLAN_JSON).files)
    if INDEX in listed:
        listed |= {entry.path for entry in read_index(folder).manifests}
    return listed


PLAN = Kind("plan", PLAN_JSON, plan_files)


def _nothing(_folder: Path, _checksums: Mapping[str, str]) -> Sequence[str]:
    return ()


def no_more(_folder: Path) -> Sequence[str]:
    """Add nothing to a plan folder."""
    return ()


def write_plan(
    place: Place,
    writers: Mapping[str, Callable[[Path], None]],
    plan: Callable[[dict[str, str]], dict[str, Any]],
    last: Callable[[Path, Mapping[str, str]], Sequence[str]] = _nothing,
    more: Callable[[Path], Sequence[str]] = no_more,
) -> None:
    """Write the files of a plan, their checksums into ``plan.json``, and put the folder in place.

    Parameters
    ----------
    place : Place
    writers : mapping of str to callable
        By path within the folder: writes the file it is given.
    plan : callable
        Makes the content of ``plan.json`` from the checksums by path.
    last : callable
        Writes what is made from those files, and names what of it ``plan.json`` lists, too.
    more : callable
        Is given the folder with all that, ``plan.json`` included, before it is put in place; writes what is
        made from the whole, and names it.
    """
    with place.whole() as partial:
        for name, write in writers.items():
            path = partial / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path)
        checksums = {name: sha256(partial / name) for name in sorted(writers)}
        checksums |= {name: sha256(partial / name) for name in last(partial, checksums)}
        _write_json(partial, plan(checksums))
        added = more(partial)
        if added:
            checksums |= {name: sha256(partial / name) for name in added}
            _write_json(partial, plan(checksums))


def _write_json(folder: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / PLAN_JSON).write_text(text + "\n", encoding="utf-8")
