"""Values of operations: what is typed, read as the schema of its key wants it; factors; lists that grow."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from cdnplan.inputs.edits.language import KINDS, RULE_KINDS, Assignment, Operation
from cdnplan.inputs.wire.topology_schema import topology_schema
from cdnplan.inputs.wire.wire_problems import key_hint
from cdnplan.inputs.wire.wire_schema import Loc, known_keys, schema_at
from cdnplan.inputs.yamls.yaml_nodes import plain
from cdnplan.inputs.yamls.yaml_text import parse_yaml

SIGNIFICANT = 12
"""Digits that a scaled number keeps: what lies beyond is noise of binary fractions."""
_FACTOR = re.compile(r"[x×*]?\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\Z")
_PERCENT = re.compile(r"([+-]?)\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*%\Z")


def kind_loc(kind: str) -> Loc:
    """Where the schema describes one thing of a kind."""
    if kind in ("policy", "topology"):
        return ("policy",) if kind == "policy" else ()
    if kind == "hardware":
        return ("hardware", "model")
    if kind == "appliance":
        return ("sites", 0, "appliances", 0)
    return ("policy", KINDS[kind], 0) if kind in RULE_KINDS else (KINDS[kind], 0)


def key_order(kind: str) -> list[str]:
    """Keys of a thing in the usual order."""
    return known_keys(topology_schema(), kind_loc(kind))


def check_key(operation: Operation, steps: tuple[str, ...]) -> None:
    """Refuse keys that things of this kind do not have, naming the nearest."""
    loc = kind_loc(operation.kind)
    for step in steps:
        if step.startswith("["):
            loc = (*loc, 0)
            continue
        known = ["name"] if operation.kind == "topology" else known_keys(topology_schema(), loc)
        if step not in known:
            here = "" if loc == kind_loc(operation.kind) else f" in {loc[-1]}"
            hint = key_hint(step, known) or "known: " + ", ".join(known) if known else "it has no keys"
            raise operation.refusal(f"a {operation.kind} has no key {step!r}{here}", hint)
        loc = (*loc, step)


def _loc(operation: Operation, assignment: Assignment) -> Loc:
    steps = (0 if step.startswith("[") else step for step in assignment.steps)
    return (*kind_loc(operation.kind), *steps)


def _types(about: Mapping[str, Any]) -> set[str]:
    options = [about, *about.get("anyOf", [])]
    return {option["type"] for option in options if "type" in option} - {"null"}


def typed(operation: Operation, assignment: Assignment) -> object:
    """Value of an assignment; where only text is allowed, it is what was typed, else YAML.

    Raises
    ------
    InputError
        It is not YAML.
    """
    if assignment.raw is None:
        return assignment.value
    raw = assignment.raw.strip()
    about = schema_at(topology_schema(), _loc(operation, assignment))
    if assignment.sign != "=" and not raw.startswith("["):
        about = about.get("items", about)  # one item, to be added or taken away
    if _types(about) == {"string"} and raw != "null":
        quoted = len(raw) >= 2 and raw[0] == raw[-1] and raw[0] in "\"'"
        return raw[1:-1] if quoted else raw
    if not raw:
        hint = f"write: remove {operation.kind} {operation.name} {assignment.key}".replace("  ", " ")
        raise operation.refusal(f"{assignment.key} is given no value", hint)
    root, problems = parse_yaml(raw, "")
    if problems or root is None:
        why = problems[0].message if problems else "nothing"
        hint = "put it in quotes, or in brackets if it is a list"
        raise operation.refusal(f"{assignment.key}: {raw!r} is not a value: {why}", hint)
    return plain(root)


def default_of(kind: str, steps: tuple[str, ...]) -> object:
    """Value of a key that is left out, if the schema has one."""
    loc = (*kind_loc(kind), *(0 if step.startswith("[") else step for step in steps))
    return schema_at(topology_schema(), loc).get("default")


def is_whole(operation: Operation, assignment: Assignment) -> bool:
    """Whether a key takes whole numbers only."""
    return _types(schema_at(topology_schema(), _loc(operation, assignment))) == {"integer"}


def factor(operation: Operation, assignment: Assignment) -> float:
    """Read a factor: ``1.2``, ``x1.2``, ``120%``, ``+20%``, ``-10%``.

    Raises
    ------
    InputError
        It is something else, or not above 0.
    """
    text = str(assignment.value if assignment.raw is None else assignment.raw).strip()
    found, percent = _FACTOR.match(text), _PERCENT.match(text)
    if percent is not None:
        number = float(percent[2]) / 100
        value = 1 + number if percent[1] == "+" else 1 - number if percent[1] == "-" else number
    elif found is not None:
        value = float(found[1])
    else:
        message = f"expected a factor, found {text!r}"
        raise operation.refusal(message, "write 1.2, +20% or -10%")
    if not (value > 0 and math.isfinite(value)):
        raise operation.refusal(f"expected a factor above 0, found {text!r}")
    return value


def scaled(value: float, by: float, *, whole: bool) -> float:
    """Multiply a number; whole numbers are rounded to the nearest, halves up, and stay at least 1.

    Examples
    --------
    >>> scaled(0.1, 3, whole=False), scaled(3, 1.5, whole=True), scaled(1, 0.2, whole=True)
    (0.3, 5, 1)
    """
    if whole:
        return max(1, math.floor(value * by + 0.5))
    result = float(f"{value * by:.{SIGNIFICANT}g}")
    return int(result) if result.is_integer() and isinstance(value, int) else result


def grown(old: list[object], given: object) -> list[object]:
    """Add to a list what is not in it yet."""
    wanted = given if isinstance(given, list) else [given]
    return [*old, *(item for item in wanted if item not in old)]


def shrunk(old: list[object], given: object) -> list[object]:
    """Take from a list what is named, or matched by a glob."""
    unwanted = given if isinstance(given, list) else [given]

    def goes(item: object) -> bool:
        return any(
            item == one or (isinstance(item, str) and isinstance(one, str) and fnmatchcase(item, one))
            for one in unwanted
        )

    return [item for item in old if not goes(item)]
