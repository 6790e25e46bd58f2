"""Options of commands on the command line, made from how they are declared once."""

from __future__ import annotations

import datetime as dt
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar

import typer

from cdnplan.commands.option import AnyPath, Declared, declared
from cdnplan.errors import InputError, Problem

Request = TypeVar("Request")
Asked = ParamSpec("Asked")
Own = ParamSpec("Own")

Quiet = Annotated[bool, typer.Option(help="No progress on stderr.")]

_TYPES: dict[Any, Any] = {
    AnyPath: Path,
    AnyPath | None: Path | None,
    Sequence[AnyPath]: list[Path] | None,
    dt.date | None: dt.datetime | None,
}
"""What typer reads a declared type as, where that is not the type itself."""


def taking(
    asked: Callable[Asked, Request],
) -> Callable[[Callable[Concatenate[Request, Own], None]], Callable[..., None]]:
    """Give a command the options that a request declares, before those of its own.

    Parameters
    ----------
    asked : callable
        The request, or the function that makes it; see `cdnplan.commands.option.declared`.

    Returns
    -------
    callable
        Makes a command for typer of a function that takes the request and more.
    """

    def decorate(command: Callable[Concatenate[Request, Own], None]) -> Callable[..., None]:
        options = declared(asked)
        own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

        def run(**values: Any) -> None:
            given = {option.parameter.name: values.pop(option.parameter.name) for option in options}
            command(_request(asked, options, given), **values)  # type: ignore[call-arg]

        shown = [_on_the_command_line(option) for option in options]
        run.__signature__ = inspect.Signature(shown + _named(own))  # type: ignore[attr-defined]
        run.__doc__ = command.__doc__
        return run

    return decorate


def _request(
    asked: Callable[..., Request], options: Sequence[Declared], values: Mapping[str, Any]
) -> Request:
    """The request with what was given, or all problems of its options."""
    problems: list[Problem] = []
    given = inspect.BoundArguments(inspect.signature(asked), {})
    for declaration in options:
        name, value = declaration.parameter.name, values[declaration.parameter.name]
        if value is None:
            continue
        try:
            read = declaration.option.read
            given.arguments[name] = value if read is None else read(value)
        except InputError as error:
            # It stays at its default, so that the others are looked at as well.
            problems += error.problems
        if isinstance(value, dt.datetime):
            given.arguments[name] = value.date()
    try:
        request = asked(*given.args, **given.kwargs)
    except InputError as error:
        raise InputError([*problems, *error.problems]) from None
    if problems:
        raise InputError(problems)
    return request


def _on_the_command_line(declaration: Declared) -> inspect.Parameter:
    """A parameter as typer wants it."""
    parameter, option = declaration.parameter, declaration.option
    name, default = parameter.name, parameter.default
    type_ = _TYPES.get(parameter.annotation, parameter.annotation)
    notes: dict[str, Any] = {"metavar": option.metavar, "help": declaration.meaning or None}
    if option.read is not None:
        default = option.default
        type_ = str if default is not None else str | None
    if parameter.kind is parameter.VAR_POSITIONAL:
        type_, default = list[Path], parameter.empty
    if type_ == dt.datetime | None:
        notes["formats"] = ["%Y-%m-%d"]
    if type_ == list[Path] | None:
        default = None
    notes |= {"min": option.least, "max": option.most, "show_default": option.shown}
    if option.argument:
        note = typer.Argument(**notes)
    else:
        flags = option.flag.split() or ([f"--{name.replace('_', '-')}"] if option.switch else [])
        note = typer.Option(*flags, **notes)
    return inspect.Parameter(name, parameter.KEYWORD_ONLY, default=default, annotation=Annotated[type_, note])


def _named(parameters: Sequence[inspect.Parameter]) -> list[inspect.Parameter]:
    return [parameter.replace(kind=parameter.KEYWORD_ONLY) for parameter in parameters]


def warn(text: str) -> None:
    """Write a warning on stderr."""
    sys.stderr.write(f"warning: {text}\n")
