"""Looking things up in the JSON Schema of a topology: known keys, kinds of values, defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Loc = tuple[int | str, ...]


def schema_at(schema: Mapping[str, Any], loc: Loc) -> Mapping[str, Any]:
    """Find what the schema says about a place of the structure; empty where it says nothing.

    Parameters
    ----------
    schema : mapping
        As `cdnplan.inputs.wire.wire.topology_schema` makes it.
    loc : tuple of str or int
        Keys and indices from the root; any index stands for all items of its list.
    """
    node: Mapping[str, Any] = schema
    for step in (None, *loc):
        if step is not None:
            node = _child(node, step)
        for option in node.get("anyOf", []):
            if "$ref" in option or "items" in option:
                node = option
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    return node


def known_keys(schema: Mapping[str, Any], loc: Loc) -> list[str]:
    """Keys that the schema allows in the mapping at a place, in the usual order."""
    return list(schema_at(schema, loc).get("properties", {}))


def _child(node: Mapping[str, Any], step: int | str) -> Mapping[str, Any]:
    if isinstance(step, int):
        found = node.get("items", {})
    else:
        # Keys of free choice, as names of hardware, are under a pattern.
        found = node.get("properties", {}).get(step) or next(
            iter(node.get("patternProperties", {}).values()), {}
        )
    return found if isinstance(found, Mapping) else {}
