"""Write a plan folder: whole or not at all."""

from __future__ import annotations

import glob
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
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
        no plan; or no folder can be made there.
    """
    check_above(out)
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise InputError([Problem("there is a file of this name, expected a folder to write", str(out))])
    parent = next(folder for folder in out.absolute().parents if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise InputError([Problem(f"{str(parent)!r} is no folder that can be written to", str(out))])
    if not out.is_dir() or not any(out.iterdir()):
        return
    if not replace:
        message = "the folder is not empty, and plans are never changed"
        raise InputError([Problem(message, str(out), hint="choose another name or say --force")])
    if not (out / PLAN_JSON).is_file():
        raise InputError([Problem("the folder is not empty and holds no plan: it is left alone", str(out))])


def check_above(out: Path) -> None:
    """Refuse a folder that cannot be put in place: that takes a change in the folder above it.

    Parameters
    ----------
    out : Path

    Raises
    ------
    InputError
    """
    if out.resolve() == Path.cwd():
        message = "is the folder this command runs in, expected one that can be put in place as a whole"
        raise InputError([Problem(message, str(out))])
    above = next(folder for folder in out.resolve().parents if folder.exists())
    if not above.is_dir():
        raise InputError([Problem("is a file, expected a folder to write into", str(above))])
    if not os.access(above, os.W_OK | os.X_OK):
        raise InputError([Problem("this folder may not be written to", str(above))])


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
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.partial-{os.getpid()}")
    _sweep(out)
    partial.mkdir()
    try:
        yield partial
        _swap(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _sweep(out: Path) -> None:
    """Remove what runs for the same folder left behind that were killed and could not clean up."""
    for left in out.parent.glob(f".{glob.escape(out.name)}.partial-*"):
        pid = left.name.rpartition("-")[2]
        if pid.isdigit() and (int(pid) == os.getpid() or not _runs(int(pid))):
            shutil.rmtree(left, ignore_errors=True)


def _runs(pid: int) -> bool:
    """Whether a process of this number is alive."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _swap(new: Path, out: Path) -> None:
    """Put the new folder in place; the old one is moved away first, removed last, and put back on failure."""
    if not out.exists():
        new.rename(out)
        return
    old = out.with_name(f".{out.name}.old-{os.getpid()}")
    try:
        out.rename(old)
        new.rename(out)
    finally:
        if out.exists():
            shutil.rmtree(old, ignore_errors=True)
        elif old.exists():
            old.rename(out)


def _nothing(_folder: Path, _checksums: Mapping[str, str]) -> Sequence[str]:
    return ()


def no_more(_folder: Path) -> Sequence[str]:
    """Add nothing to a plan folder."""
    return ()


def write_plan(
    out: Path,
    writers: Mapping[str, Callable[[Path], None]],
    plan: Callable[[dict[str, str]], dict[str, Any]],
    last: Callable[[Path, Mapping[str, str]], Sequence[str]] = _nothing,
    more: Callable[[Path], Sequence[str]] = no_more,
) -> None:
    """Write the files of a plan, their checksums into ``plan.json``, and put the folder in place.

    Parameters
    ----------
    out : Path
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
    with whole_folder(out) as partial:
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
