"""Functions for notebooks take the options that their commands declare."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from cdnplan.commands.option import declared, parameters_section

Request = TypeVar("Request")
Result = TypeVar("Result")
Asked = ParamSpec("Asked")


def taking(
    asked: Callable[Asked, Request],
) -> Callable[[Callable[[Request], Result]], Callable[Asked, Result]]:
    """Give a function the parameters, and what is said of them, of what makes its request.

    Parameters
    ----------
    asked : callable
        The request, or the function that makes it; type checkers see its parameters.

    Returns
    -------
    callable
        Makes the function for notebooks of one that takes the request.
    """

    def decorate(work: Callable[[Request], Result]) -> Callable[Asked, Result]:
        @wraps(work)
        def run(*args: Asked.args, **kwargs: Asked.kwargs) -> Result:
            return work(asked(*args, **kwargs))

        types = {option.parameter.name: option.parameter.annotation for option in declared(asked)}
        signature = inspect.signature(asked)
        run.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[
                parameter.replace(annotation=types[name]) for name, parameter in signature.parameters.items()
            ],
            return_annotation=inspect.signature(work).return_annotation,
        )
        summary, _, rest = inspect.cleandoc(work.__doc__ or "").partition("\n\n")
        section = f"Parameters\n----------\n{parameters_section(asked.__doc__ or '')}"
        run.__doc__ = "\n\n".join(filter(None, (summary, section, rest)))
        return run

    return decorate


def warn(text: str) -> None:
    """Warn whoever called the function for notebooks."""
    level, frame = 1, inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith("cdnplan."):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, stacklevel=level)
