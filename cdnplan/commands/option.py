"""How options of commands are declared: a signature, its docstring, and notes for the command line."""

from __future__ import annotations

import datetime as dt
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, Literal, Protocol, get_args, get_origin, get_type_hints, runtime_checkable

from cdnplan.commands.countries import countries

AnyPath = str | os.PathLike[str]
"""A file or folder: text, a path, or what stands for one, as a plan in a notebook."""


@dataclass(frozen=True, slots=True)
class Option:
    """What the command line needs to know of an option besides its name, type, default and meaning.

    Parameters
    ----------
    metavar : str or None
        What stands for its value in help, as ``DIR``.
    flag : str
        How it is spelt, where not as its name with dashes; several are separated by spaces.
    argument : bool
        It has no flag: its place tells.
    switch : bool
        It can be set only, and not unset by ``--no-…``.
    least, most : float or None
        Range of a number.
    read : callable or None
        Makes its value from its text, or raises `InputError`; from a list of texts where it may be repeated.
    repeated : bool
        With `read`: it may be given several times.
    required : bool
        The command cannot do without, though the function can.
    """

    metavar: str | None = None
    flag: str = ""
    argument: bool = False
    switch: bool = False
    least: float | None = None
    most: float | None = None
    read: Callable[[Any], Any] | None = None
    repeated: bool = False
    required: bool = False


# Options that several commands have.
Countries = Annotated[Iterable[str], Option("BE,NL", read=countries)]
Day = Annotated[dt.date | None, Option("DATE")]
EngineName = Literal["auto", "exact", "fast"]
Gap = Annotated[float | None, Option("G", least=0.0)]
Seconds = Annotated[float | None, Option("S", least=0.0)]
Threads = Annotated[int, Option("N", least=0)]
Seed = Annotated[int, Option("N")]
Switch = Annotated[bool, Option(switch=True)]


@dataclass(frozen=True, slots=True)
class Declared:
    """An option as it was declared.

    Parameters
    ----------
    parameter : inspect.Parameter
        Name, kind, default, and the type without notes.
    option : Option
    meaning : str
        What its docstring says, in one line.
    """

    parameter: inspect.Parameter
    option: Option
    meaning: str


def declared(asked: Callable[..., Any]) -> list[Declared]:
    """Options that a function or a request declares, in the order in which its docstring explains them.

    Parameters
    ----------
    asked : callable
        Its parameters have types, which may be `Annotated` with an `Option`.

    Returns
    -------
    list of Declared

    Examples
    --------
    >>> def grow(by: Annotated[int, Option("N")] = 1) -> None:
    ...     '''Grow.
    ...
    ...     Parameters
    ...     ----------
    ...     by : int
    ...         How much.
    ...     '''
    >>> (one,) = declared(grow)
    >>> one.parameter.name, one.parameter.default, one.option.metavar, one.meaning
    ('by', 1, 'N', 'How much.')
    """
    parameters = {parameter.name: parameter for parameter in typed_parameters(asked)}
    explained = meanings(asked.__doc__ or "")
    found = []
    for name in [*explained, *(name for name in parameters if name not in explained)]:
        bare, option = parameters[name].annotation, Option()
        if get_origin(bare) is Annotated:
            bare, option = get_args(bare)
        found.append(Declared(parameters[name].replace(annotation=bare), option, explained.get(name, "")))
    return found


def typed_parameters(function: Callable[..., Any], skipped: int = 0) -> list[inspect.Parameter]:
    """Parameters of a function with their types, without the first few.

    Those, and what is returned, may be named for type checkers only.
    """
    parameters = list(inspect.signature(function).parameters.values())[skipped:]
    named = SimpleNamespace(
        __annotations__={parameter.name: parameter.annotation for parameter in parameters}
    )
    types = get_type_hints(named, vars(sys.modules[function.__module__]), include_extras=True)
    return [parameter.replace(annotation=types[parameter.name]) for parameter in parameters]


def parameters_section(docstring: str) -> str:
    """The ``Parameters`` of a numpydoc docstring, without their heading."""
    text = inspect.cleandoc(docstring)
    found = re.search(r"^Parameters\n-+\n(.*?)(?=\n\n\w[^\n]*\n-+\n|\Z)", text, re.DOTALL | re.MULTILINE)
    return "" if found is None else found[1]


def meanings(docstring: str) -> dict[str, str]:
    """What a numpydoc docstring says of each parameter, in one line each."""
    found: dict[str, list[str]] = {}
    for line in parameters_section(docstring).splitlines():
        if line and not line.startswith(" "):
            lines = found.setdefault(line.partition(" : ")[0].lstrip("*"), [])
        elif line:
            lines.append(line.strip())
    return {name: " ".join(lines) for name, lines in found.items()}


@runtime_checkable
class ReadNetwork(Protocol):
    """A topology that was read with an environment and further files, as a `Network` of notebooks."""

    path: Path
    env: str | None
    override: tuple[Path, ...]


def environment(topology: AnyPath | None, env: str | None) -> str | None:
    """The environment asked for, else the one that a network was read with."""
    return env or topology.env if isinstance(topology, ReadNetwork) else env


def optional_path(given: AnyPath | None) -> Path | None:
    """Path of a file or folder that may be left out."""
    return None if given is None else Path(given)


def cores(threads: int) -> int:
    """Threads asked for; 0: all cores."""
    return threads or os.cpu_count() or 1


def silent(phase: str, done: float, lower: float | None, upper: float | None) -> None:
    """Progress that nobody wants to see."""


def never() -> bool:
    """Nobody asks for an end."""
    return False
