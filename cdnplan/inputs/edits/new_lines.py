"""How new values are written into a topology file: quoted as before, in lines like those around them."""

from __future__ import annotations

from collections.abc import Iterator

from cdnplan.inputs.edits.spans import Span
from cdnplan.inputs.yaml_scalars import flow_text, string_text

BLOCK_LISTS = frozenset({"origins", "sites", "regions", "links", "pins", "bans", "copies", "launches"})
BLOCK_MAPS = frozenset({"hardware", "policy"})
"""Written with a line for each item or key where they are new, as `topology_writer` does."""


def quoted_like(value: str, style: str) -> str:
    """Write a text in the quotes that the one before it had, where it can be."""
    if style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    text = string_text(value)
    return text if text.startswith('"') else f'"{text}"'


def key_lines(key: str, value: object, indent: str) -> Iterator[str]:
    """Lines for a new key of a map in lines."""
    head = f"{indent}{string_text(key)}:"
    if isinstance(value, dict) and value and key in BLOCK_MAPS:
        yield head
        for inner, item in value.items():
            yield from key_lines(inner, item, indent + "  ")
    elif isinstance(value, list) and value and key in BLOCK_LISTS:
        yield head
        yield from (f"{indent}  - {flow_text(item)}" for item in value)
    else:
        yield f"{head} {flow_text(value)}"


def item_lines(value: object, node: Span, like: Span) -> Iterator[str]:
    """Lines for a new item of a list in lines, in the style of another one."""
    if isinstance(value, dict) and value and like.kind == "map" and not like.flow:
        column = max(like.column, node.column + 2)
        start = (" " * node.column + "-").ljust(column)
        for key, item in value.items():
            yield f"{start}{string_text(key)}: {flow_text(item)}"
            start = " " * column
    else:
        yield " " * node.column + "- " + flow_text(value)
