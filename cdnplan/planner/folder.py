"""Write a plan folder: whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.plan_folder import sha256
from cdnplan.inputs.plan_json import PLAN_JSON


def check_out(out: Path, *, replace: bool) -> None:
    """Refuse, before any work is done, a place where a plan cannot be written.

    Parameters
    ----------
    out : Path
    replace : bool
        Whether an earlier plan there may be replaced.

    Raises
    ------
    InputError
        There is a file, or a folder that is not empty and (without `replace`) stays; or a folder that is
        no plan.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise InputError([Problem("there is a file of this name, expected a folder to write", str(out))])
    if not out.is_dir() or not any(out.iterdir()):
        return
    if not replace:
        message = "the folder is not empty, and plans are never changed"
        raise InputError([Problem(message, str(out), hint="choose another name or say --force")])
    if not (out / PLAN_JSON).is_file():
        raise InputError([Problem("the folder is not empty and holds no plan: it is left alone", str(out))])


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """Give a hidden sibling folder to write into; it takes the place of `out` only when all went well.

    Parameters
    ----------
    out : Path
        An earlier folder there is removed once the new one is complete.

    Yields
    ------
    Path
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.partial-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
        _swap(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _swap(new: Path, out: Path) -> None:
    """Put the new folder in place; the old one is moved away first and removed last."""
    if not out.exists():
        new.rename(out)
        return
    old = out.with_name(f".{out.name}.old-{os.getpid()}")
    out.rename(old)
    try:
        new.rename(out)
    except OSError:
        old.rename(out)
        raise
    shutil.rmtree(old)


def write_plan(
    out: Path, writers: Mapping[str, Callable[[Path], None]], plan: Callable[[dict[str, str]], dict[str, Any]]
) -> None:
    """Write the files of a plan, their checksums into ``plan.json``, and put the folder in place.

    Parameters
    ----------
    out : Path
    writers : mapping of str to callable
        By path within the folder: writes the file it is given.
    plan : callable
        Makes the content of ``plan.json`` from the checksums by path.
    """
    with whole_folder(out) as partial:
        for name, write in writers.items():
            path = partial / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path)
        checksums = {name: sha256(partial / name) for name in sorted(writers)}
        text = json.dumps(plan(checksums), indent=2, ensure_ascii=False, allow_nan=False)
        (partial / PLAN_JSON).write_text(text + "\n", encoding="utf-8")
