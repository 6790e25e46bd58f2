"""Manifests of a plan: where they lie in its folder, what a line says, and reading them.

`docs/manifests.md` describes them for those who write the software of appliances.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.tables.json_files import strict_json

MANIFESTS = "manifests"
INDEX = "manifests/index.json"
REPORT = "report.html"
"""A page to look at, made from the rest of the folder; plans may lack it."""
MANIFEST_FORMAT = 1
"""Version of the manifests' format that this release writes and reads."""

FETCH = "fetch"
ID_DIGITS = 16
"""Hexadecimal digits of a plan's id: enough never to meet the same one by chance."""


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """What the index says of one manifest: whose it is, its path in the plan folder, its checksum, counts."""

    appliance: str
    path: str
    sha256: str
    counts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Index:
    """The index of a plan's manifests."""

    plan: str
    manifests: tuple[ManifestEntry, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """One manifest: its first line, and the others in order."""

    header: Mapping[str, Any]
    lines: tuple[Mapping[str, Any], ...]


def plan_id(checksums: Mapping[str, str]) -> str:
    """Name a plan by its content: the same tables and inputs have the same id.

    Parameters
    ----------
    checksums : mapping of str to str
        SHA-256 of the plan's files by path; what carries the id, what is in `MANIFESTS` and the
        report, does not count.

    Returns
    -------
    str
        `ID_DIGITS` hexadecimal digits.

    Examples
    --------
    >>> plan_id({"placement.parquet": "00" * 32, "manifests/index.json": "11" * 32})
    '8727e1c47495512b'
    """
    lines = [f"{digest}  {name}\n" for name, digest in sorted(checksums.items()) if not _carries_id(name)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:ID_DIGITS]


def _carries_id(name: str) -> bool:
    return name.startswith(f"{MANIFESTS}/") or name == REPORT


def manifest_path(appliance: str) -> str:
    """Path of an appliance's manifest within the plan folder: a folder for each site and model.

    Parameters
    ----------
    appliance : str
        As ``site/model/number``.

    Returns
    -------
    str
        Relative, never above the folder, and different for different appliances.

    Examples
    --------
    >>> manifest_path("ams-ix/flash-1u/2")
    'manifests/ams-ix/flash-1u/2.jsonl'
    >>> manifest_path("../100%/1")
    'manifests/%2E./100%25/1.jsonl'
    """
    *above, last = (safe_name(part) for part in appliance.split("/"))
    return "/".join((MANIFESTS, *above, f"{last}.jsonl"))


def safe_name(name: str) -> str:
    """Name of a folder or file: no step upwards, nothing hidden, not the name of an index.

    Examples
    --------
    >>> safe_name("ams-ix"), safe_name(".."), safe_name("index.json")
    ('ams-ix', '%2E.', 'index%2Ejson')
    """
    safe = name.replace("%", "%25")
    if safe.startswith("."):
        safe = "%2E" + safe[1:]
    return "index%2Ejson" if safe == "index.json" else safe


def read_index(folder: Path) -> Index:
    """Read the index of the manifests of a plan.

    Parameters
    ----------
    folder : Path
        A plan folder.

    Returns
    -------
    Index

    Raises
    ------
    InputError
        It is missing or is no index of this format.
    """
    path = folder / INDEX
    try:
        raw = strict_json(path.read_bytes())
        if type(raw["format"]) is not int or raw["format"] != MANIFEST_FORMAT:
            message = f"written in format {raw['format']}, this release reads {MANIFEST_FORMAT}"
            raise InputError([Problem(message, file=str(path))])
        entries = tuple(_entry(row) for row in raw["manifests"])
        return Index(_text(raw["plan"]), entries)
    except FileNotFoundError:
        raise InputError([Problem("missing", file=str(path))]) from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError([Problem(f"no index of manifests: {error}", file=str(path))]) from None


def _entry(row: Mapping[str, Any]) -> ManifestEntry:
    path = PurePosixPath(_text(row["path"]))
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"not a path within the folder: {str(path)!r}")
    named = ("appliance", "path", "sha256")
    counts = {key: value for key, value in row.items() if key not in named}
    return ManifestEntry(_text(row["appliance"]), str(path), _text(row["sha256"]), counts)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a text, found {value!r}")
    return value


def read_manifest(path: Path) -> Manifest:
    """Read a manifest, and see that nothing of it is missing or changed.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Manifest

    Raises
    ------
    InputError
        It is missing, is no JSON lines (with the line), or what follows its first line does not have the
        checksum that this gives.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError([Problem(f"cannot be read: {error.strerror}", file=str(path))]) from None
    head, _, body = content.partition(b"\n")
    header, *lines = _objects(path, [head, *body.splitlines()])
    found = hashlib.sha256(body).hexdigest()
    if header.get("sha256") != found:
        message = f"the lines have the checksum {found}, the first line says {header.get('sha256')}"
        raise InputError([Problem(message, file=str(path), line=1, path="sha256")])
    return Manifest(header, tuple(lines))


def _objects(path: Path, lines: list[bytes]) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(lines, 1):
        try:
            value = strict_json(line)
        except ValueError as error:
            raise InputError([Problem(f"broken JSON: {error}", file=str(path), line=number)]) from None
        if not isinstance(value, dict):
            raise InputError([Problem("expected an object with keys", file=str(path), line=number)])
        yield value
