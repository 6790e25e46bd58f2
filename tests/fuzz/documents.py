"""Damage to what a JSON or YAML document says: values, keys, kinds and nesting."""

from __future__ import annotations

import json
from copy import deepcopy
from random import Random
from typing import Any

import yaml

ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    25,
    1e-300,
    1e308,
    -1e308,
    1e18,
    float("nan"),
    float("inf"),
    float("-inf"),
    2**31,
    2**63,
    10**30,
    0.5,
    -0.0,
    "",
    " ",
    "x",
    "*",
    "[",
    "a/b",
    "../outside",
    "a\nb",
    "a\rb",
    "a\x00b",
    "\ud800",
    "\U0001f3ac",
    "\u202e",
    "x" * 5000,
    "NaN",
    "null",
    "1",
    "-1",
    "NO",
    "0001-01-01",
    "9999-12-31",
    "10000-01-01",
    "2024-02-30",
    "1677-09-21",
    "2262-04-12",
    "2026-03-08",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "23:59",
    "24:00",
    "-1:00",
    "Europe/Amsterdam",
    "../UTC",
    "posixrules",
    "(?P<title>",
    "(a+)+$",
    [],
    {},
    [[]],
    [None],
    {"": ""},
    {"a": 1},
    [1, 2],
    [1, 2, 3],
    [91, 181],
    ["x", "x"],
)


def _places(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place below the root."""
    found = []
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        found += [(*at, key), *_places(value, (*at, key))]
    return found


def _above(root: Any, place: tuple[Any, ...]) -> Any:
    for key in place[:-1]:
        root = root[key]
    return root


def changed_document(rng: Random, root: Any) -> Any:
    """Change a document in one to three places."""
    root = deepcopy(root)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = _places(root)
        if not places:
            return rng.choice(ODD)
        place = rng.choice(places)
        above, key = _above(root, place), place[-1]
        root = _changed(rng, root, above, key, places)
    return root


def _changed(rng: Random, root: Any, above: Any, key: Any, places: list[tuple[Any, ...]]) -> Any:
    kind = rng.choice(
        ("odd", "odd", "odd", "odd", "scale", "drop", "twice", "rename", "wrap", "swap", "deep", "root")
    )
    value = above[key]
    if kind == "drop":
        del above[key]
    elif kind == "twice" and isinstance(above, list):
        above.insert(rng.randrange(len(above) + 1), deepcopy(value))
    elif kind == "rename" and isinstance(above, dict):
        above[rng.choice(("", "x", f"{key}s", str(key).upper(), "\U0001f3ac", "a.b", "name"))] = above.pop(
            key
        )
    elif kind == "wrap":
        above[key] = rng.choice(([value], {"value": value}, str(value), [value, value]))
    elif kind == "swap":
        other = rng.choice(places)
        taken = deepcopy(_above(root, other)[other[-1]])
        above[key] = taken
    elif kind == "deep":
        for _ in range(rng.choice((20, 90, 400))):
            value = [value]
        above[key] = value
    elif kind == "scale" and isinstance(value, int | float) and not isinstance(value, bool):
        above[key] = value * rng.choice((-1, 0, 1e-9, 0.3, 7, 1e6, 1e15))
    elif kind == "root" and rng.random() < 0.2:
        return rng.choice(ODD)
    else:
        above[key] = deepcopy(rng.choice(ODD))
    return root


def json_text(root: Any) -> bytes:
    """A document as JSON, with NaN and lone surrogates as it has them."""
    return json.dumps(root, indent=1).encode()


def yaml_text(rng: Random, root: Any) -> bytes:
    """A document as YAML, block or flow."""
    text: str = yaml.safe_dump(
        root, sort_keys=False, default_flow_style=rng.random() < 0.3, allow_unicode=rng.random() < 0.7
    )
    return text.encode("utf-8", errors="surrogatepass")
