"""Markdown documents: their code blocks, and the commands and YAML in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ROOT

DOCUMENTS = (
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / folder / "README.md" for folder in ("topologies", "forecasts", "cdnplan/sample")),
)

PROGRAMS = ("cdnplan", "make", "cd", ".venv/bin/python", "python")


class Block(NamedTuple):
    """A code block: its language (empty for an indented one), its text, and the line before it."""

    language: str
    text: str
    before: str


def blocks(path: Path) -> Iterator[Block]:
    """Fenced blocks, and blocks indented by four blanks after an empty line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    at = 0
    while at < len(lines):
        before = lines[at - 1] if at else ""
        if lines[at].startswith("```"):
            end = lines.index("```", at + 1)
            yield Block(lines[at][3:], "\n".join(lines[at + 1 : end]), before)
            at = end + 1
        elif lines[at].startswith("    ") and before == "":
            end = at
            while end < len(lines) and (lines[end].startswith("    ") or lines[end] == ""):
                end += 1
            yield Block("", "\n".join(line[4:] for line in lines[at:end]).rstrip(), before)
            at = end
        else:
            at += 1


def command_lines(text: str) -> list[list[str]]:
    """Commands in a block as words, without comments; lines that end with a backslash go on."""
    lines = text.replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines if line.startswith(PROGRAMS)]
    return [line for line in words if line]


def commands(path: Path) -> list[list[str]]:
    """All commands in the indented blocks of a document."""
    return [line for block in blocks(path) if block.language == "" for line in command_lines(block.text)]


def inline(path: Path) -> list[str]:
    """Whatever stands between single backticks outside of fenced blocks."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.findall(r"`([^`\n]+)`", text)


def table_rows(path: Path) -> list[list[str]]:
    """Cells of all table rows of a document, without rules."""
    return rows_of(path.read_text(encoding="utf-8"))


def rows_of(text: str) -> list[list[str]]:
    """The same of a part of one."""
    rows = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("|---")]
    return [[cell.strip() for cell in row.removeprefix("|").removesuffix("|").split("|")] for row in rows]
