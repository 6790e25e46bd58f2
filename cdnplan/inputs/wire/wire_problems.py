"""Errors of the wire schema in the user's words, at the place in the file the value came from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from cdnplan.errors import Problem, nearest
from cdnplan.inputs.wire.topology_schema import topology_schema
from cdnplan.inputs.wire.wire_schema import known_keys
from cdnplan.inputs.yamls.yaml_nodes import ListNode, MapNode, Mark, Node, ScalarNode, describe
from cdnplan.inputs.yamls.yaml_text import core_value

Loc = tuple[int | str, ...]

ABSENT = frozenset({"missing", "too_short"})
"""Error types that a file which could not be read may cause elsewhere."""

_UNITS = {
    ("gb", "tb"): "1 TB = 1000 GB",
    ("mb", "tb"): "1 TB = 1,000,000 MB",
    ("pb", "tb"): "1 PB = 1000 TB",
    ("tib", "tb"): "1 TiB = 1.0995 TB",
    ("gib", "tb"): "1 TB = 931.3 GiB",
    ("tb", "gb"): "1 TB = 1000 GB",
    ("mbps", "gbps"): "1 Gbps = 1000 Mbps",
    ("tbps", "gbps"): "1 Tbps = 1000 Gbps",
    ("mbit", "gbps"): "1 Gbps = 1000 Mbit/s",
    ("gbit", "gbps"): "1 Gbps = 1 Gbit/s",
    ("gbs", "gbps"): "1 GB/s = 8 Gbps",
    ("percent", "ratio"): "5 percent is the ratio 0.05",
    ("pct", "ratio"): "5 percent is the ratio 0.05",
    ("hours", "days"): "1 day = 24 hours",
    ("weeks", "days"): "1 week = 7 days",
    ("minutes", "hours"): "1 hour = 60 minutes",
}
_COORDINATES = frozenset({"lat", "lon", "lng", "long", "latitude", "longitude", "coordinates", "coords"})


def place_of(root: Node, loc: Loc) -> tuple[Node | None, Mark]:
    """Find the node at a location of the structure, and the nearest mark there is."""
    node: Node | None = root
    mark = root.mark
    for step in loc:
        if isinstance(node, MapNode) and isinstance(step, str):
            mark = node.key_mark(step) if step in node.key_places else mark
            node = node.entries.get(step)
        elif isinstance(node, ListNode) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        else:
            node = None
        if node is not None:
            mark = node.mark
    return node, mark


def shown_path(loc: Iterable[int | str]) -> str:
    """Write a location as people do.

    Examples
    --------
    >>> shown_path(("sites", 2, "appliances", 0, "model"))
    'sites[2].appliances[0].model'
    """
    text = ""
    for step in loc:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def key_hint(key: str, known: Iterable[str]) -> str:
    """Suggest what an unknown key should have been, knowing the usual mistakes with units.

    Examples
    --------
    >>> key_hint("storage_gb", ["storage_tb", "throughput_gbps"])
    "did you mean 'storage_tb'? 1 TB = 1000 GB"
    """
    names = list(known)
    if key.lower() in _COORDINATES and "location" in names:
        return "write location: [latitude, longitude]"
    stem, _, unit = key.lower().rpartition("_")
    for name in names:
        wanted_stem, _, wanted_unit = name.rpartition("_")
        if wanted_stem and wanted_stem in (stem, key.lower()):
            convert = _UNITS.get((unit, wanted_unit), "") if stem else ""
            return f"did you mean {name!r}? {convert}".rstrip()
        if wanted_unit and not wanted_stem and (unit, name) in _UNITS:
            return f"did you mean {name!r}? {_UNITS[unit, name]}"
    return nearest(key, names)


def _number_hint(node: Node | None) -> str:
    """Say why a text is not the number that was probably meant."""
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
        return ""
    text = node.value
    if node.quoted and isinstance(core_value(text), int | float):
        return "remove the quotes"
    if text.replace("_", "").replace(",", "").replace(" ", "").replace(".", "").isdigit():
        return "write it without leading zeros and separators, with a point for decimals"
    if text.strip()[:1].isdigit():
        return "write the number alone: the unit is in the key"
    return ""


_WANTED = {
    "float_type": "a number",
    "int_type": "a whole number",
    "finite_number": "a finite number",
    "string_type": "text",
    "model_type": "a mapping (key: value)",
    "dict_type": "a mapping (key: value)",
    "list_type": "a list",
    "tuple_type": "[latitude, longitude]",
}
_COMPARED = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def _explain(error: ErrorDetails, node: Node | None) -> tuple[str, str]:
    """Message and hint for one error about a value that is there."""
    kind, loc = error["type"], error["loc"]
    if kind == "cdnplan":
        return str(error["ctx"]["message"]), str(error["ctx"]["hint"])
    if kind in _WANTED:
        return f"expected {_WANTED[kind]}, found {describe(node)}", _type_hint(kind, node)
    if kind in _COMPARED:
        words, key = _COMPARED[kind]
        found = node.value if isinstance(node, ScalarNode) else describe(node)
        return f"expected {words} {error['ctx'][key]:.15g}, found {found}", _range_hint(loc, key)
    if kind == "literal_error":
        return _literal(str(error["ctx"]["expected"]), node)
    if kind == "string_too_short":
        return "expected text, found an empty one", ""
    if kind == "too_short" and error["ctx"]["actual_length"] == 0 and error["ctx"]["min_length"] == 1:
        narrowing = len(loc) > 1 and loc[-1] in ("sites", "countries", "kinds", "models")
        return "is empty, expected at least one entry", "or leave the key out" if narrowing else ""
    if kind in ("too_short", "too_long"):
        if loc[-1] == "location":
            return "expected [latitude, longitude], found more than two numbers", ""
        limit = error["ctx"]["min_length" if kind == "too_short" else "max_length"]
        return f"expected {limit} values, found {error['ctx']['actual_length']}", ""
    return error["msg"], ""


def _type_hint(kind: str, node: Node | None) -> str:
    if not isinstance(node, ScalarNode):
        return ""
    if kind == "string_type":
        return "put it in quotes" if node.value is not None else ""
    return _number_hint(node) if kind in ("float_type", "int_type") else ""


def _range_hint(loc: Loc, key: str) -> str:
    if loc[-2:-1] == ("location",):
        return "location is [latitude, longitude]"
    if key in ("le", "lt") and str(loc[-1]).endswith(("_ratio", "share")):
        return "ratios go from 0 to 1: write 5 percent as 0.05"
    return ""


def _literal(expected: str, node: Node | None) -> tuple[str, str]:
    found = node.value if isinstance(node, ScalarNode) else None
    options = [option.strip(" '") for option in expected.replace(" or ", ",").split(",")]
    hint = nearest(found, options) if isinstance(found, str) else ""
    return f"expected {expected}, found {describe(node)}", hint if hint.startswith("did") else ""


def _missing(error: ErrorDetails, root: MapNode) -> Problem:
    *parent, key = error["loc"]
    node, mark = place_of(root, tuple(parent))
    if isinstance(key, int):
        found = "one number" if key else "an empty list"
        return mark.problem(f"expected [latitude, longitude], found {found}", path=shown_path(parent))
    if isinstance(node, MapNode) and not node.entries:
        return mark.problem(f"{key!r} is missing: the mapping is empty", path=shown_path(parent))
    return mark.problem(f"{key!r} is missing", path=shown_path(parent))


def _unknown_key(error: ErrorDetails, root: MapNode, schema: Mapping[str, Any]) -> Problem:
    *parent, last = error["loc"]
    key = str(last)
    node, mark = place_of(root, tuple(parent))
    mark = node.key_mark(key) if isinstance(node, MapNode) else mark
    hint = key_hint(key, known_keys(schema, tuple(parent)))
    return mark.problem(f"unknown key {key!r}", path=shown_path(parent), hint=hint)


def _misspelt(missing: ErrorDetails, unknown: Iterable[Problem]) -> bool:
    """Whether a key is there after all, as one of the unknown keys beside it: one mistake, one problem."""
    key = missing["loc"][-1]
    return any(f"did you mean {key!r}?" in other.hint or f"write {key}: " in other.hint for other in unknown)


def _bad_value(error: ErrorDetails, root: MapNode) -> Problem:
    loc = error["loc"]
    if loc[-1:] == ("[key]",):  # a check of the key itself, not of what stands under it
        node, mark = place_of(root, loc[:-2])
        mark = node.key_mark(str(loc[-2])) if isinstance(node, MapNode) else mark
        message, hint = _explain(error, None)
        return mark.problem(message, path=shown_path(loc[:-1]), hint=hint)
    node, mark = place_of(root, loc)
    message, hint = _explain(error, node)
    return mark.problem(message, path=shown_path(loc), hint=hint)


def schema_problems(
    errors: Iterable[ErrorDetails], root: MapNode, schema: Callable[[], Mapping[str, Any]] = topology_schema
) -> list[Problem]:
    """Translate pydantic's errors.

    Parameters
    ----------
    errors : iterable of ErrorDetails
        From ``ValidationError.errors()``; locations start at `root`.
    root : MapNode
        What was validated.
    schema : callable
        Makes the JSON Schema it was validated by, for the names of known keys.

    Returns
    -------
    list of Problem
        One for each mistake: a misspelt key is not reported as missing, too.
    """
    found = list(errors)
    unknown = [error for error in found if error["type"] == "extra_forbidden"]
    keys = schema() if unknown else {}
    problems = [_unknown_key(error, root, keys) for error in unknown]
    by_path: dict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        by_path[problem.path].append(problem)
    for error in found:
        if error["type"] == "missing":
            if not _misspelt(error, by_path[shown_path(error["loc"][:-1])]):
                problems.append(_missing(error, root))
        elif error["type"] != "extra_forbidden":
            problems.append(_bad_value(error, root))
    return problems
