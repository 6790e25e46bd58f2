"""Examples in docstrings run; commands, files and options that documents name exist."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

import cdnplan
from cdnplan.cli.main import app
from cdnplan.parameters.parameters import DEFAULTS
from tests.conftest import ROOT
from tests.docs.documents import DOCUMENTS, commands, inline

MODULES = sorted(module.name for module in pkgutil.walk_packages(cdnplan.__path__, "cdnplan."))


def test_examples_of_docstrings() -> None:
    attempted, failed = 0, []
    for name in MODULES:
        result = doctest.testmod(importlib.import_module(name))
        attempted += result.attempted
        if result.failed:
            failed.append(name)
    assert failed == []
    written = sum(text.count(">>> ") for text in map(Path.read_text, (ROOT / "cdnplan").rglob("*.py")))
    assert attempted == written > 80


def resolve(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words after ``cdnplan`` name, and the words that are left."""
    command: Any = typer.main.get_command(app)
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        assert words[0] in command.commands, f"no command {words[0]!r}"
        command, words = command.commands[words[0]], words[1:]
    return command, words


def unknown_options(command: Any, words: list[str]) -> list[str]:
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    named = {word.split("=")[0] for word in words if word.startswith("--")}
    return sorted(named - known - {"--help"})


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_of_documents(path: Path) -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for words in commands(path):
        if words[0] == "cdnplan":
            command, rest = resolve(words[1:])
            # Parses as on the command line, without running: missing or wrong options raise.
            command.make_context("cdnplan", list(rest))
        elif words[0] == "make":
            assert words[1] in targets
    for text in inline(path):
        words = text.split()
        if words[0] == "cdnplan" and len(words) > 1 and words[1].islower():
            command, rest = resolve(words[1:])
            assert unknown_options(command, rest) == [], text


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_documents_name(path: Path) -> None:
    for text in inline(path):
        if re.fullmatch(r"[\w/.*-]+(\.py|\.md|\.toml|/)", text) and "NAME" not in text:
            package = ROOT / "cdnplan"
            folders = [path.parent, ROOT, package, *package.glob("*"), *package.glob("*/*")]
            assert any(folder.is_dir() and list(folder.glob(text.rstrip("/"))) for folder in folders), text


def test_documents_with_commands_are_found() -> None:
    assert len(DOCUMENTS) >= 9
    assert len(commands(ROOT / "README.md")) >= 9
    assert all(any(words[0] == "cdnplan" for words in commands(path)) for path in DOCUMENTS[-3:])


def test_figures_of_the_readme() -> None:
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"takes the exact engine up to {DEFAULTS.run.exact_up_to:,} serving variables" in readme
