"""Fetch a topology with everything it includes, so that the copies lie to each other as the originals do."""

from __future__ import annotations

import hashlib
import posixpath
from pathlib import Path, PurePosixPath

from cdnplan.inputs.yamls.yaml_nodes import ListNode, MapNode, ScalarNode
from cdnplan.inputs.yamls.yaml_text import read_yaml
from cdnplan.nightly.gather.fetch import NO_SUCH_FILE, Copy, fetch
from cdnplan.nightly.keep.log import RunLog
from cdnplan.nightly.settings.clocks import Clocks
from cdnplan.nightly.settings.config import Source
from cdnplan.nightly.settings.failures import FetchError
from cdnplan.nightly.settings.wire import FetchWire

DEPTH = 16
"""Folders above a topology's own from which it may include: copies are laid so deep."""
MOST_FILES = 10_000


def fetch_topology(
    source: Source, folder: Path, wire: FetchWire, clocks: Clocks, log: RunLog
) -> tuple[Path, Copy, dict[str, str]]:
    """Copy a topology or override file and the files it includes.

    Parameters
    ----------
    source : Source
    folder : Path
        To copy into.
    wire, clocks, log
        As for `cdnplan.nightly.gather.fetch.fetch`.

    Returns
    -------
    path : Path
        The copy of the file itself.
    copy : Copy
        The hash is that of all files together, the time that of the latest change.
    origins : dict of str to str
        Where each copy came from.

    Raises
    ------
    FetchError
        A file is not to be had. An included file that does not exist is left to the reader of the topology,
        who knows the line.
    OSError
        A copy cannot be written.
    """
    name = PurePosixPath(source.where.partition("?")[0]).name or "topology.yaml"
    deep = folder.joinpath(*["d"] * DEPTH)
    copies: dict[str, Copy] = {}
    origins: dict[str, str] = {}
    todo = [name]
    while todo:
        relative = todo.pop()
        if relative in copies or len(copies) >= MOST_FILES:
            continue
        where = source.where if relative == name else _beside(source.where, relative)
        target = Path(posixpath.normpath(deep / relative))
        try:
            copies[relative] = fetch(source, where, target, wire, clocks, log)
        except FetchError as error:
            if relative == name or str(error) != NO_SUCH_FILE:
                raise FetchError(str(error) if relative == name else f"{where}: {error}") from None
            continue
        origins[str(target)] = where
        todo += [found for found in _includes(target, relative) if found not in copies]
    digest = hashlib.sha256("".join(f"{key} {copies[key].sha256}\n" for key in sorted(copies)).encode())
    times = [copy.modified for copy in copies.values() if copy.modified is not None]
    return deep / name, Copy(digest.hexdigest(), max(times, default=None)), origins


def _beside(where: str, relative: str) -> str:
    """The file at a path relative to the folder of another one."""
    scheme, mark, path = where.rpartition("://")
    return scheme + mark + posixpath.normpath(posixpath.join(posixpath.dirname(path), relative))


def _includes(path: Path, relative: str) -> list[str]:
    """Files that a copy includes, relative to the topology's folder; what is wrong there is told later."""
    root, _ = read_yaml(path)
    listed = root.entries.get("include") if isinstance(root, MapNode) else None
    names = [
        item.value
        for item in (listed.items if isinstance(listed, ListNode) else ())
        if isinstance(item, ScalarNode) and isinstance(item.value, str) and item.value
    ]
    above = posixpath.dirname(relative)
    found = [posixpath.normpath(posixpath.join(above, name)) for name in names if not name.startswith("/")]
    return [name for name in found if PurePosixPath(name).parts[:DEPTH].count("..") < DEPTH]
