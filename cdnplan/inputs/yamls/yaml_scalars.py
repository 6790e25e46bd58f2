"""Values as YAML text that every reader takes for the same: scalars, and lists and mappings in brackets."""

from __future__ import annotations

import json
import re

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./+-]*(?: [A-Za-z0-9_./+-]+)*\Z")
_RESERVED = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Words that some version of YAML does not read as text, in lower case."""
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_EXACT_INT = 1e15


def string_text(value: str) -> str:
    """Write a text plainly where every reader takes it for one, else in double quotes.

    Examples
    --------
    >>> [string_text(value) for value in ("ams-ix", "NO", "02:00")]
    ['ams-ix', '"NO"', '"02:00"']
    """
    if _PLAIN.match(value) and value.lower() not in _RESERVED:
        return value
    return _ESCAPED.sub(lambda sign: f"\\u{ord(sign[0]):04x}", json.dumps(value, ensure_ascii=False))


def number_text(value: float) -> str:
    """Write a number so that it reads back as the same float, in YAML 1.1 and 1.2.

    Examples
    --------
    >>> number_text(80.0), number_text(1e-7)
    ('80', '1.0e-07')
    """
    number = float(value)
    if number.is_integer() and abs(number) < _EXACT_INT:
        return str(int(number))
    text = repr(number)
    mantissa, sign, exponent = text.partition("e")
    return f"{mantissa}.0e{exponent}" if sign and "." not in mantissa else text


def flow_text(value: object) -> str:
    """Write a value in one line: lists and mappings in brackets.

    Examples
    --------
    >>> flow_text({"model": "flash-1u", "count": 2, "at": [52.3, 4]})
    '{model: flash-1u, count: 2, at: [52.3, 4]}'
    """
    if isinstance(value, dict):
        return (
            "{" + ", ".join([f"{string_text(key)}: {flow_text(item)}" for key, item in value.items()]) + "}"
        )
    if isinstance(value, list | tuple):
        return "[" + ", ".join([flow_text(item) for item in value]) + "]"
    if isinstance(value, str):
        return string_text(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    assert isinstance(value, int | float), "YAML has no other values"
    return number_text(value)
