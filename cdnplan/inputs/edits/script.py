"""Scripts of edits: a YAML list of operations, as texts or as mappings."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from cdnplan.errors import InputError, nearest
from cdnplan.inputs.edits.language import (
    VERBS,
    Assignment,
    Operation,
    Words,
    checked,
    key_steps,
    kind_word,
    name_words,
    parse_operation,
    protected,
)
from cdnplan.inputs.yamls.yaml_nodes import ListNode, MapNode, Node, ScalarNode, describe, plain
from cdnplan.inputs.yamls.yaml_text import parse_yaml, read_text

_SCRIPT_KEYS = ("values", "where", "like", "to", "keys", "cascade")


def read_script(path: Path) -> list[Operation]:
    """Read a script: a YAML list of operations, as texts or as mappings.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of Operation

    Raises
    ------
    InputError
        All problems, with line and column.
    """
    text, problems = read_text(path)
    root: Node | None = None
    if not problems:
        root, problems = parse_yaml(text, str(path))
    if problems or root is None:
        raise InputError(problems)
    if not isinstance(root, ListNode):
        raise InputError([root.mark.problem(f"expected a list of operations, found {describe(root)}")])
    operations: list[Operation] = []
    for item in root.items:
        try:
            operations.append(_script_item(item))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return operations


def _script_item(item: Node) -> Operation:
    mark = item.mark
    at = Operation("", "", file=mark.file, line=mark.line, column=mark.column)
    if isinstance(item, ScalarNode) and isinstance(item.value, str):
        return parse_operation(item.value, replace(at, text=item.value))
    if not isinstance(item, MapNode):
        raise InputError([mark.problem(f"expected an operation, found {describe(item)}")])
    verbs = [key for key in item.entries if key in VERBS]
    if len(verbs) != 1:
        raise InputError([mark.problem(f"expected one of {', '.join(VERBS)} as a key")])
    for key in item.entries:
        if key not in (*verbs, *_SCRIPT_KEYS):
            raise InputError(
                [item.key_mark(key).problem(f"unknown key {key!r}", hint=nearest(key, _SCRIPT_KEYS))]
            )
    head = item.text(verbs[0])
    if head is None:
        raise InputError(
            [item.entries[verbs[0]].mark.problem("expected a kind and a name, as 'site ams-ix'")]
        )
    return _mapped(item, verbs[0], head, at)


def _mapped(item: MapNode, verb: str, head: str, at: Operation) -> Operation:
    """Understand the mapping form: kind and name under the verb, values as they are."""
    words = [verb, *shlex.split(protected(head))]
    at = replace(at, text=f"{verb} {head}", verb=verb)
    rest = Words(words[1:], at)
    kind = kind_word(rest.take("what to change"), at)
    rest.operation = at = replace(at, kind=kind)
    name = name_words(rest, kind, verb)
    if rest.words:
        raise at.refusal(
            f"{rest.words[0]!r} is one word too many", f"write it under one of {', '.join(_SCRIPT_KEYS)}"
        )
    keys = item.entries.get("keys")
    cascade = item.entries.get("cascade")
    return checked(
        replace(
            at,
            name=name,
            new=item.text("to") or "",
            like=item.text("like") or "",
            cascade=isinstance(cascade, ScalarNode) and cascade.value is True,
            keys=tuple(key_steps(str(plain(key)), at) for key in keys.items)
            if isinstance(keys, ListNode)
            else (),
            assignments=tuple(_script_values(item.entries.get("values"), at)),
            where=tuple(_script_values(item.entries.get("where"), at)),
        )
    )


def _script_values(node: Node | None, at: Operation) -> Iterator[Assignment]:
    if node is None:
        return
    if not isinstance(node, MapNode):
        raise InputError([node.mark.problem(f"expected a mapping (key: value), found {describe(node)}")])
    for key, value in node.entries.items():
        sign = key[-1] + "=" if key[-1:] in "+-" else "="
        yield Assignment(key_steps(key.rstrip("+-").strip(), at), sign, None, plain(value))
