"""Keys of JSON lines: which roles nothing in the head of a log can play."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.inputs.logs.blocks import STDIN, peek
from cdnplan.inputs.logs.mapping import LogMapping, Role, is_needed, must_be_there

_SHOWN = 12


def check_json_keys(paths: Sequence[Path], mapping: LogMapping) -> None:
    """Refuse logs whose first lines never have a key that they need.

    A key that only a mapping asks for may be rare: it is refused where the head has one that is spelt nearly
    the same. Lines that are no objects are left to the reader.

    Parameters
    ----------
    paths : sequence of Path
    mapping : LogMapping
        Completed.

    Raises
    ------
    InputError
        All roles without a key, by file, with the nearest names.
    """
    problems: list[Problem] = []
    for path in paths:
        known = () if path == STDIN else seen_keys(peek(path))
        for role, names in (mapping.field_of or {}).items() if known else ():
            if not is_needed(mapping, role) or any(name in known for name in names):
                continue
            if must_be_there(role) or difflib.get_close_matches(names[0], known, n=1):
                problems.append(_lacking(path, role, names, known))
    if problems:
        raise InputError(problems)


def _lacking(path: Path, role: Role, names: Sequence[str], known: Sequence[str]) -> Problem:
    wanted = " or ".join(repr(name) for name in names)
    near = next((hint for name in names if (hint := nearest(name, known)).startswith("did you")), "")
    hint = near or "found: " + ", ".join(repr(name) for name in known[:_SHOWN])
    return Problem(f"no key {wanted} for the {role} in the first lines", file=str(path), hint=hint)


def seen_keys(text: bytes) -> tuple[str, ...]:
    """Keys of the objects in some lines, nested ones with dots, as they come.

    Examples
    --------
    >>> seen_keys(b'{"time": 1, "request": {"url": "/"}} ')
    ('time', 'request', 'request.url')
    """
    found: dict[str, None] = {}
    for line in text.decode("utf-8", errors="replace").splitlines():
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            _add(value, "", found)
    return tuple(found)


def _add(value: Mapping[str, Any], above: str, found: dict[str, None]) -> None:
    for key, inner in value.items():
        found[above + key] = None
        if isinstance(inner, dict):
            _add(inner, f"{above}{key}.", found)
