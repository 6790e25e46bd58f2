"""The JSON Schema of topology files, with which editors complete and check keys."""

from __future__ import annotations

from copy import deepcopy
from functools import lru_cache
from typing import Any

from cdnplan.inputs.wire.wire import TopologyWire

_REST = "Part"
"""Ends the names of definitions of which only the identity has to be there: the rest is in other files."""
_IDENTITY: dict[str, list[str]] = {
    "HardwareWire": [],
    "OriginWire": ["name"],
    "SiteWire": ["name"],
    "RegionWire": ["name"],
    "LinkWire": ["from", "to"],
}
_PRIVATE = ("include", "overrides")


@lru_cache(maxsize=2)
def topology_schema(*, part: bool = False) -> dict[str, Any]:
    """Build the JSON Schema [1]_ of a topology file, for editors and other programs.

    A file that includes others need not be whole in itself, nor need what it says of a site or region; one
    without ``include`` has to be.

    Parameters
    ----------
    part : bool
        For files that are included or passed as overrides: nothing has to be there.

    Returns
    -------
    dict
        Not to be changed: it is made once.

    References
    ----------
    .. [1] JSON Schema, draft 2020-12, https://json-schema.org/draft/2020-12.

    Examples
    --------
    >>> topology_schema()["title"]
    'cdnplan topology'
    """
    whole = TopologyWire.model_json_schema(by_alias=True)
    _tidied(whole)
    definitions = whole.pop("$defs")
    required, strict = whole.pop("required"), whole["properties"]
    strict["hardware"]["additionalProperties"] = False
    definitions["RuleWire"] |= _one_selector()
    definitions["CopiesWire"] |= _one_selector()
    definitions["LaunchWire"] |= _one_selector()
    for name, keys in _IDENTITY.items():
        definitions[name + _REST] = {**deepcopy(definitions[name]), "required": keys}
    loose = _loosened(strict)
    definitions["Overrides"] = {
        "type": "object",
        "description": "What is different in an environment: the keys of the file, merged onto it",
        "properties": {key: about for key, about in loose.items() if key not in _PRIVATE},
        "additionalProperties": False,
    }
    loose["overrides"]["anyOf"][0]["additionalProperties"] = {"$ref": "#/$defs/Overrides"}
    whole["properties"] = loose
    if not part:
        whole["if"] = {"not": {"required": ["include"]}}
        whole["then"] = {
            "required": required,
            "properties": {key: strict[key] for key in ("hardware", "origins", "sites", "regions", "links")},
        }
    whole["$defs"] = definitions
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **whole,
        "title": "cdnplan topology" + (" (part)" if part else ""),
    }


def _tidied(schema: dict[str, Any]) -> None:
    """Take out titles, which only repeat the keys, and defaults that say nothing."""
    for definition in (schema, *schema["$defs"].values()):
        for about in definition["properties"].values():
            about.pop("title", None)
            if about.get("default", ...) is None:
                del about["default"]


def _one_selector() -> dict[str, Any]:
    """Say that a rule names its files in exactly one way."""
    keys = ("title", "file", "top", "newer_than_days")
    return {"oneOf": [{"required": [key]} for key in keys]}


def _loosened(properties: dict[str, Any]) -> dict[str, Any]:
    """Make the same keys, with only the identity of items required, and lists that may be empty."""
    loose: dict[str, Any] = deepcopy(properties)
    for key in ("hardware", "origins", "sites", "regions"):
        loose[key].pop("minItems", None)
        loose[key].pop("minProperties", None)
    items = [
        next(iter(loose["hardware"]["patternProperties"].values())),
        *(loose[key]["items"] for key in ("origins", "sites", "regions")),
        loose["links"]["anyOf"][0]["items"],
    ]
    for about in items:
        about["$ref"] += _REST
    return loose
