"""Every function for notebooks has the name and the options of its command."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest
import typer

from cdnplan import notebook
from cdnplan.cli.main import app

NOT_IN_NOTEBOOKS = {"ctx", "fmt", "quiet", "table", "out", "force"}
"""How results are printed and where they are written; `out` and `force` only where the result is a table."""
RENAMED = {"scenarios": "scenarios", "answers": "answer"}
SPLIT = {"whatif": {"n_1", "n_2", "within_km"}}
"""Options of a command that are a function of their own: `sweep`."""
PRINTED_ONLY = {"forecast": {"top"}, "diff": {"sites", "reasons"}, "synth": set[str]()}


def commands() -> dict[str, set[str]]:
    """Options of each command that has a function."""
    found = {}
    for info in app.registered_commands:
        callback = info.callback
        assert callback is not None
        if info.name is not None and hasattr(notebook, info.name):
            found[info.name] = set(inspect.signature(callback).parameters)
    return found


@pytest.mark.parametrize("name", sorted(commands()))
def test_options_are_those_of_the_command(name: str) -> None:
    options = {RENAMED.get(option, option) for option in commands()[name]}
    options -= NOT_IN_NOTEBOOKS | SPLIT.get(name, set()) | PRINTED_ONLY.get(name, set())
    parameters = set(inspect.signature(getattr(notebook, name)).parameters)
    assert options <= parameters


def test_sweep_has_the_rest_of_whatif() -> None:
    assert SPLIT["whatif"] | {"base", "threads"} == set(inspect.signature(notebook.sweep).parameters)


def test_topology_is_there() -> None:
    for name in ("check", "show", "schema"):
        assert callable(getattr(notebook.topology, name))
    assert isinstance(app, typer.Typer)


def test_importing_loads_neither_pandas_nor_kernels() -> None:
    code = (
        "import sys, cdnplan, cdnplan.notebook;"
        "sys.exit(any(m in sys.modules for m in ('pandas', 'numba', 'highspy', 'pyarrow')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
