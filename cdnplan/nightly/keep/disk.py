"""Files and folders that are there whole, also after a crash."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from cdnplan.errors import InputError, Problem

MARKER = ".cdnplan-nightly"
"""File in folders that runs empty; one without it is emptied only where all in it is theirs."""
_NUMBERED = re.compile(r"^([0-9]{6,})(-.*)?$")


def write_whole(path: Path, text: str) -> None:
    """Write a small file: whole and on disk, or not at all.

    Parameters
    ----------
    path : Path
        Replaced if there.
    text : str
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    sync(path.parent)


def sync(path: Path) -> None:
    """See that a file, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """See that everything in a folder is on disk: files first, then the folders that name them."""
    for parent, _, files in os.walk(folder, topdown=False):
        for name in files:
            sync(Path(parent) / name)
        sync(Path(parent))


def numbered(folder: Path) -> list[tuple[int, Path]]:
    """Subfolders and files whose names begin with a number of six digits or more, by number."""
    if not folder.is_dir():
        return []
    found = [(match, path) for path in folder.iterdir() if (match := _NUMBERED.match(path.stem))]
    return sorted((int(match.group(1)), path) for match, path in found)


def next_number(folder: Path) -> int:
    """One more than the highest number in a folder: an order that no clock can change."""
    return max((number for number, _ in numbered(folder)), default=0) + 1


def put_in_place(new: Path, place: Path) -> None:
    """Move a complete folder to its place, where nothing is yet, and see that it is on disk there."""
    place.parent.mkdir(parents=True, exist_ok=True)
    new.rename(place)
    sync(place.parent)
    sync(new.parent)


def remove_whole(folder: Path, aside: Path) -> None:
    """Remove a folder that nobody may find half removed: it leaves its place first.

    Parameters
    ----------
    folder : Path
    aside : Path
        A folder on the same disk that is swept at the next start.
    """
    gone = aside / f"removed-{folder.name}"
    if gone.exists():
        shutil.rmtree(gone)
    folder.rename(gone)
    shutil.rmtree(gone)


def own_folder(folder: Path, wrote: Callable[[str], bool]) -> None:
    """Make a folder that is swept at each start, or sweep it; only one that is marked as the job's own.

    Parameters
    ----------
    folder : Path
    wrote : callable
        Whether something of this name in a folder without a mark is from a run of an earlier release.

    Raises
    ------
    InputError
        It is a link, no folder, or holds what no run wrote: nothing is touched.
    """
    own_place(folder)
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder / MARKER
    left = sorted(path for path in folder.iterdir() if path != marker)
    if marker.is_symlink() or not marker.is_file():
        foreign = [path.name for path in left if not wrote(path.name)]
        if foreign:
            message = f"holds {foreign[0]!r}, which no run of this job wrote: the folder is left alone"
            hint = f"name another folder in the config, or, if all in it may go, make a file {MARKER} there"
            raise InputError([Problem(message, str(folder), hint=hint)])
        marker.unlink(missing_ok=True)
        write_whole(marker, "cdnplan nightly empties this folder at the start of each run\n")
    for path in left:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def own_place(folder: Path) -> None:
    """Refuse a link or a file where the job keeps a folder that it removes things from.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    InputError
    """
    if folder.is_symlink():
        to = str(folder.readlink())
        message = f"is a link to {to!r}, expected a folder of the job's own: it is left alone"
        raise InputError([Problem(message, str(folder))])
    if folder.exists() and not folder.is_dir():
        raise InputError([Problem("is a file, expected a folder of the job's own", str(folder))])
