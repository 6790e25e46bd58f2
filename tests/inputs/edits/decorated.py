"""Topology texts with comments, blank lines, anchors and other ways of writing the same; and their comments."""
# ruff: noqa: E501 (what people type and what they are told stand here as they are)

from __future__ import annotations

import random
import re

_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'")


def decorated(text: str, rng: random.Random, ratio: float) -> str:
    """Add comments at the ends of lines and between them, and blank lines; the meaning stays."""
    lines: list[str] = []
    for i, line in enumerate(text.splitlines()):
        if rng.random() < ratio:
            indent = " " * rng.choice([0, 2, len(line) - len(line.lstrip())])
            lines += [f'{indent}# above {i}: it\'s "so"'] if rng.random() < 0.7 else [""]
        bare = not _COMMENT.search(_QUOTED.sub("", line)) and line.strip()
        lines.append(f"{line}  # beside {i} [x, {{y" if bare and rng.random() < ratio else line)
    return "\n".join(lines) + "\n"


def comments(text: str) -> list[str]:
    """The words of all comments; no text of the sample runs over several lines or has '#' outside quotes."""
    found: list[str] = []
    for line in text.splitlines():
        comment = _COMMENT.search(
            _QUOTED.sub(lambda m: "_" * len(m[0]), line) if not line.lstrip().startswith("#") else line
        )
        if comment:
            found.append(line[comment.start() :].lstrip("#").strip())
    return found
