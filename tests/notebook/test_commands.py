"""Every function for notebooks has the name and the options of its command."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import typer

from cdnplan import notebook
from cdnplan.cli.main import app

NOT_IN_NOTEBOOKS = {"format", "quiet", "table", "help"}
"""How results are printed; the tables of a result are its properties."""
RENAMED = {"import": "import_", "from": "from_", "operation": "operations", "log": "logs"}
"""Words of Python."""
ELSEWHERE = {"warm"}
"""Commands about the installation, which answer no question."""
SPLIT = {"whatif": {"n_1", "n_2", "within_km"}}
"""Options of a command that are a function of their own: `sweep`."""
PRINTED_ONLY = {
    "diff": {"sites", "reasons"},
    "forecast": {"top"},
    "topology diff": {"sites"},
    "topology show": {"map"},
}


def commands() -> dict[str, Any]:
    """Every command by its words, as ``topology check``."""

    def under(words: str, group: Any) -> dict[str, Any]:
        if not hasattr(group, "commands"):
            return {words: group}
        found: dict[str, Any] = {}
        for name, command in group.commands.items():
            found |= under(f"{words} {name}".strip(), command)
        return found

    return under("", typer.main.get_command(app))


def function(name: str) -> Callable[..., Any]:
    """The function of a command."""
    found: Any = notebook
    for word in name.split():
        found = getattr(found, RENAMED.get(word, word))
    return found  # type: ignore[no-any-return]


def options(name: str) -> set[str]:
    """Options and arguments of a command, in Python's spelling."""
    found = set()
    for parameter in commands()[name].params:
        long = [text.lstrip("-").replace("-", "_") for text in parameter.opts if text.startswith("--")]
        word = long[0] if long else str(parameter.name)
        found.add(RENAMED.get(word, word))
    return found - NOT_IN_NOTEBOOKS - PRINTED_ONLY.get(name, set()) - SPLIT.get(name, set())


@pytest.mark.parametrize("name", sorted(commands().keys() - ELSEWHERE))
def test_options_are_those_of_the_command(name: str) -> None:
    assert set(inspect.signature(function(name)).parameters) == options(name)


def test_sweep_has_the_rest_of_whatif() -> None:
    assert SPLIT["whatif"] | {"base", "threads"} == set(inspect.signature(notebook.sweep).parameters)


def test_groups_of_commands_are_modules() -> None:
    groups = {name.split()[0] for name in commands() if " " in name}
    assert groups == {"topology", "experiment"}
    assert all(isinstance(getattr(notebook, name), ModuleType) for name in groups)


def test_importing_loads_neither_pandas_nor_kernels() -> None:
    code = (
        "import sys, cdnplan, cdnplan.notebook;"
        "sys.exit(any(m in sys.modules for m in ('pandas', 'numba', 'highspy', 'pyarrow')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
