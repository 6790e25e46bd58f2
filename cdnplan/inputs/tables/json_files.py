"""JSON that a program has written, read strictly: one meaning or none, and no text that cannot be printed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import EllipsisType
from typing import Any, TypeAlias

from cdnplan.errors import InputError, Problem, nearest

_MAYBE_LONE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
_LONE = re.compile("[\ud800-\udfff]")

MOST = 1e30
"""A larger number is a mistake."""

Fault: TypeAlias = tuple[str, str, str]
"""What is not as expected: its place (``.key`` or ``[0]``; empty: the value itself), message and hint."""

Faults: TypeAlias = Callable[[Any], Iterable[Fault]]

Shape: TypeAlias = "type | Faults | list[Shape] | tuple[Shape, None] | dict[str | EllipsisType, Shape]"
"""What a value must be: a type (`float`: any finite number); a function that gives its faults; a list of one
shape; a pair with None: a shape or null; keys with their shapes, which must be there unless they end in
``?``, and under ``...`` the shape of every other key."""

_NAMES = {
    str: "a text",
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


def strict_json(text: str | bytes) -> Any:
    r"""Parse JSON without keys that are given twice, numbers that are NaN or infinite, and half characters.

    Parameters
    ----------
    text : str or bytes
        Bytes are UTF-8, UTF-16 or UTF-32.

    Raises
    ------
    ValueError
        The text is no such JSON, or nested too deeply; a `json.JSONDecodeError` where it is no JSON at all.

    Examples
    --------
    >>> strict_json('{"keep": 1, "keep": 2}')
    Traceback (most recent call last):
    ValueError: key 'keep' given twice
    >>> strict_json(r'["\ud800"]')
    Traceback (most recent call last):
    ValueError: half a character, '\ud800', in a text
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text))
    try:
        found = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if _MAYBE_LONE.search(text):
        _check_texts(found)
    return found


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"key {key!r} given twice")
        found[key] = value
    return found


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number")


def _check_texts(found: Any) -> None:
    """Half a surrogate pair can be written in JSON, but not in UTF-8."""
    waiting = [found]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str) and (lone := _LONE.search(value)):
            raise ValueError(f"half a character, {lone[0]!r}, in a text")


def read_json(path: Path, *, missing: str = "no such file") -> dict[str, Any]:
    """Read a file that holds one object, as `strict_json`.

    Parameters
    ----------
    path : Path
    missing : str
        What is said where there is no file.

    Raises
    ------
    InputError
        The file is missing, is no JSON (with line and column), or holds something else.
    """
    file = str(path)
    try:
        found = strict_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError([Problem(missing, file=file)]) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError([Problem(f"cannot be read: {reason}", file=file)]) from None
    except json.JSONDecodeError as error:
        message = f"broken JSON: {error.msg}"
        raise InputError([Problem(message, file=file, line=error.lineno, column=error.colno)]) from None
    except ValueError as error:
        raise InputError([Problem(f"broken JSON: {error}", file=file)]) from None
    if not isinstance(found, dict):
        raise InputError([Problem("expected an object with keys", file=file, line=1)])
    return found


def check_shape(found: Any, shape: Shape, file: str, within: str = "") -> None:
    """See that what was read has the keys and kinds of values that it is used by.

    Parameters
    ----------
    found : object
    shape : Shape
    file, within : str
        Where it stands, for messages.

    Raises
    ------
    InputError
        The first 50 values that are missing or of another kind.

    Examples
    --------
    >>> check_shape({"base": {"days": "7"}}, {"base": {"days": float}}, "whatif.json")
    Traceback (most recent call last):
    cdnplan.errors.InputError: whatif.json: base.days: expected a number, found '7'
    """
    problems = [
        Problem(message, file=file, path=path.removeprefix("."), hint=hint)
        for path, message, hint in _misshapen(found, shape, within)
    ]
    if problems:
        raise InputError(problems[:50])


def _misshapen(value: Any, shape: Shape, at: str) -> Iterator[Fault]:
    if isinstance(shape, tuple):
        if value is not None:
            yield from _misshapen(value, shape[0], at)
        return
    if not isinstance(shape, type | list | dict):
        yield from ((at + below, message, hint) for below, message, hint in shape(value))
        return
    kind = shape if isinstance(shape, type) else type(shape)
    if not _is(value, kind):
        shown = repr(value)
        yield at, f"expected {_NAMES[kind]}, found {shown if len(shown) <= 60 else shown[:57] + '...'}", ""
    elif isinstance(shape, list):
        for i, item in enumerate(value):
            yield from _misshapen(item, shape[0], f"{at}[{i}]")
    elif isinstance(shape, dict):
        yield from _misshapen_keys(value, shape, at)


def _misshapen_keys(value: dict[str, Any], shape: Mapping[Any, Shape], at: str) -> Iterator[Fault]:
    others = shape.get(...)
    wanted = {key.removesuffix("?"): inner for key, inner in shape.items() if key is not ...}
    for key in wanted:
        if key not in value and f"{key}?" not in shape:
            hint = nearest(key, value)
            yield f"{at}.{key}", "missing", hint if hint.startswith("did you") else ""
    for key, item in value.items():
        inner = wanted.get(key, others)
        if inner is not None:
            yield from _misshapen(item, inner, f"{at}.{key}")


def _is(value: Any, kind: type) -> bool:
    if kind is float:
        return is_number(value) and abs(value) <= MOST
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def is_number(value: object) -> bool:
    """Whether a value of JSON is a number that a float can hold.

    Examples
    --------
    >>> is_number(3), is_number(True), is_number(10**400)
    (True, False, False)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False
