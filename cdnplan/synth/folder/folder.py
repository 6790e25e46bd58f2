"""Write a folder of inputs whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from cdnplan.errors import InputError, Problem
from cdnplan.folders import Kind, claimed, real_path


def write_folder(target: Path, fill: Callable[[Path], None], kind: Kind, *, force: bool = False) -> None:
    """Fill a folder beside `target` and rename it, so that a stopped run leaves nothing half-written.

    Parameters
    ----------
    target : Path
        Folder to make; parents are made as needed. An empty folder may be there already.
    fill : callable
        Writes the files into the folder it is given.
    kind : Kind
    force : bool
        Replace a folder of this kind that has nothing in it but what was written into it.

    Raises
    ------
    InputError
        The folder is there and not empty, is a file, has other files in it, or cannot be written.
    """
    if target.is_symlink() and not target.exists():
        raise InputError([Problem("is a link to nothing, expected a new folder", file=str(target))])
    place = real_path(target) if target.is_symlink() else target
    try:
        if place.is_dir() and not any(place.iterdir()):
            # It may be the current folder or a mount: keep it and move the files in.
            _fill_inside(place, fill)
            return
        with claimed(place, kind, replace=force) as mine, mine.whole() as part:
            fill(part)
    except OSError as error:
        problem = Problem(f"cannot be written: {error.strerror or error}", file=str(target))
        raise InputError([problem]) from error


def _fill_inside(place: Path, fill: Callable[[Path], None]) -> None:
    """Fill an empty folder; where another run does so too, neither of them does."""
    part = place / f".{os.getpid()}.part"
    try:
        part.mkdir()
        fill(part)
        if {path.name for path in place.iterdir()} != {part.name}:
            raise InputError([Problem("another run writes into this folder", file=str(place))])
        for path in sorted(part.iterdir()):
            path.replace(place / path.name)
    finally:
        shutil.rmtree(part, ignore_errors=True)
