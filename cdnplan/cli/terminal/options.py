"""Options of commands on the command line, made from how they are declared once."""

from __future__ import annotations

import datetime as dt
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar

import typer

from cdnplan.commands.option import AnyPath, Declared, declared, typed_parameters
from cdnplan.errors import InputError, Problem

Request = TypeVar("Request")
Asked = ParamSpec("Asked")
Own = ParamSpec("Own")

Quiet = Annotated[bool, typer.Option(help="No progress on stderr.")]

_TYPES: dict[Any, Any] = {
    AnyPath: Path,
    AnyPath | None: Path | None,
    Sequence[AnyPath]: list[Path] | None,
    Sequence[str] | None: list[str] | None,
    dt.date | None: dt.datetime | None,
    int | str | None: str | None,
    str | Sequence[str] | None: str | None,
}
"""What typer reads a declared type as, where that is not the type itself."""


def taking(
    asked: Callable[Asked, Request], *, also: Sequence[Declared] = (), before: str = ""
) -> Callable[[Callable[Concatenate[Request, Own], None]], Callable[..., None]]:
    """Give a command the options that a request declares, before those of its own.

    Parameters
    ----------
    asked : callable
        The request, or the function that makes it; see `cdnplan.commands.option.declared`.
    also : sequence of Declared
        Options that the command has besides, as another declares them.
    before : str
        The option which they precede.

    Returns
    -------
    callable
        Makes a command for typer of a function that takes the request and more.
    """

    def decorate(command: Callable[Concatenate[Request, Own], None]) -> Callable[..., None]:
        options = declared(asked)
        others = {option.parameter.name for option in also}
        own = [one for one in typed_parameters(command, skipped=1) if one.name not in others]

        def run(**values: Any) -> None:
            given = {option.parameter.name: values.pop(option.parameter.name) for option in options}
            command(_request(asked, options, given), **values)  # type: ignore[call-arg]

        names = [option.parameter.name for option in options]
        place = names.index(before) if also else 0
        shown = [_on_the_command_line(one) for one in (*options[:place], *also, *options[place:])]
        own = [parameter.replace(kind=parameter.KEYWORD_ONLY) for parameter in own]
        run.__signature__ = inspect.Signature(shown + own)  # type: ignore[attr-defined]
        run.__name__, run.__doc__ = command.__name__, command.__doc__
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
    type_: Any = _TYPES.get(parameter.annotation, parameter.annotation)
    if option.read is not None:
        type_ = list[str] | None if option.repeated else str if default is not None else str | None
    if parameter.kind is parameter.VAR_POSITIONAL:
        type_, default = list[Path] | None, None
    if option.required:
        default = parameter.empty
    elif isinstance(default, tuple):
        texts = (f"{part:g}" if isinstance(part, float) else str(part) for part in default)
        default = ",".join(texts) if option.read is not None else None
    notes: dict[str, Any] = {
        "metavar": option.metavar,
        "help": declaration.meaning or None,
        "min": option.least,
        "max": option.most,
        "formats": ["%Y-%m-%d"] if type_ == dt.datetime | None else None,
    }
    flags = option.flag.split() or ([f"--{name.replace('_', '-')}"] if option.switch else [])
    note: Any = typer.Argument(**notes) if option.argument else typer.Option(*flags, **notes)
    annotation: Any = Annotated[type_, note]
    return inspect.Parameter(name, parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def warn(text: str) -> None:
    """Write a warning on stderr."""
    sys.stderr.write(f"warning: {text}\n")
