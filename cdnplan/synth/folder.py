"""Write a folder whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from cdnplan.errors import InputError, Problem


def write_folder(
    target: Path, fill: Callable[[Path], None], *, force: bool = False, known: Collection[str] = ()
) -> None:
    """Fill a folder beside `target` and rename it, so that a stopped run leaves nothing half-written.

    Parameters
    ----------
    target : Path
        Folder to make; parents are made as needed. An empty folder may be there already.
    fill : callable
        Writes the files into the folder it is given.
    force : bool
        Replace a folder that is not empty, if it has nothing in it but `known` files.
    known : collection of str
        Names of files that may be replaced.

    Raises
    ------
    InputError
        The folder is there and not empty, is a file, has other files in it, or cannot be written.
    """
    problem = _problem(target, force, known)
    if problem is not None:
        raise InputError([problem])
    place = target.resolve()
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    if place.is_dir() and not any(place.iterdir()):
        # It may be the current folder or a mount: keep it and move the files in.
        part = place / f".{os.getpid()}.part"
    try:
        part.mkdir(parents=True)
        fill(part)
        _publish(part, place)
    except OSError as error:
        problem = Problem(f"cannot be written: {error.strerror or error}", file=str(target))
        raise InputError([problem]) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _problem(target: Path, force: bool, known: Collection[str]) -> Problem | None:
    """What speaks against writing there."""
    if target.is_symlink() and not target.exists():
        return Problem("is a link to nothing, expected a new folder", file=str(target))
    if not target.exists():
        return None
    if not target.is_dir():
        return Problem("is a file, expected a new folder", file=str(target))
    found = sorted(path.name for path in target.iterdir())
    others = [name for name in found if name not in known]
    if found and not force:
        hint = "--force replaces it" if known and not others else "choose another folder"
        return Problem("folder is there and not empty", file=str(target), hint=hint)
    if others:
        message = f"folder holds {others[0]!r}, which is not one of the files to replace"
        return Problem(message, file=str(target), hint="choose another folder")
    return None


def _publish(part: Path, target: Path) -> None:
    """Put the finished folder in its place."""
    if part.parent == target:
        for path in sorted(part.iterdir()):
            path.replace(target / path.name)
    elif target.exists():
        aside = part.with_suffix(".old")
        target.rename(aside)
        part.rename(target)
        shutil.rmtree(aside)
    else:
        part.rename(target)
