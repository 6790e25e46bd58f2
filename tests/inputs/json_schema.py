"""A validator of JSON Schema, as much of it as the schema of topologies uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
_KNOWN = {
    *("$schema", "$defs", "title", "description", "default", "examples"),
    *("$ref", "type", "enum", "anyOf", "oneOf", "not", "if", "then", "required", "properties"),
    *(
        "patternProperties",
        "additionalProperties",
        "minProperties",
        "items",
        "prefixItems",
        "minItems",
        "maxItems",
    ),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "pattern"),
}


def errors(
    schema: dict[str, Any], value: object, root: dict[str, Any] | None = None, at: str = ""
) -> Iterator[str]:
    """What is wrong with a value; nothing if it is valid."""
    root = root or schema
    assert set(schema) <= _KNOWN, set(schema) - _KNOWN
    if "$ref" in schema:
        yield from errors(root["$defs"][schema["$ref"].rpartition("/")[2]], value, root, at)
    if "type" in schema and (not isinstance(value, _TYPES[schema["type"]]) or isinstance(value, bool)):
        yield f"{at}: not {schema['type']}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: not one of the values"
    if "anyOf" in schema and all(list(errors(each, value, root)) for each in schema["anyOf"]):
        yield f"{at}: none of the kinds"
    if "oneOf" in schema and sum(not list(errors(each, value, root)) for each in schema["oneOf"]) != 1:
        yield f"{at}: not exactly one"
    if "not" in schema and not list(errors(schema["not"], value, root)):
        yield f"{at}: forbidden"
    if "if" in schema and not list(errors(schema["if"], value, root)):
        yield from errors(schema["then"], value, root, at)
    if isinstance(value, dict):
        yield from _map(schema, value, root, at)
    elif isinstance(value, list):
        yield from _list(schema, value, root, at)
    elif isinstance(value, str):
        if len(value) < schema.get("minLength", 0) or not re.search(schema.get("pattern", ""), value):
            yield f"{at}: no such text"
    elif isinstance(value, int | float):
        low, high = schema.get("minimum", value), schema.get("maximum", value)
        above, below = schema.get("exclusiveMinimum", value - 1), schema.get("exclusiveMaximum", value + 1)
        if not (low <= value <= high and above < value < below):
            yield f"{at}: out of range"


def _map(schema: dict[str, Any], value: dict[str, Any], root: dict[str, Any], at: str) -> Iterator[str]:
    yield from (f"{at}: {key} is missing" for key in schema.get("required", ()) if key not in value)
    if len(value) < schema.get("minProperties", 0):
        yield f"{at}: empty"
    for key, item in value.items():
        about = [schema["properties"][key]] if key in schema.get("properties", {}) else []
        about += [
            each for pattern, each in schema.get("patternProperties", {}).items() if re.search(pattern, key)
        ]
        if not about:
            rest = schema.get("additionalProperties", True)
            if rest is False:
                yield f"{at}.{key}: unknown key"
            about = [rest] if isinstance(rest, dict) else []
        for each in about:
            yield from errors(each, item, root, f"{at}.{key}")


def _list(schema: dict[str, Any], value: list[Any], root: dict[str, Any], at: str) -> Iterator[str]:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        yield f"{at}: number of items"
    first = schema.get("prefixItems", [])
    for i, item in enumerate(value):
        about = first[i] if i < len(first) else schema.get("items", {})
        yield from errors(about, item, root, f"{at}[{i}]")
