"""Several inputs read one after the other, all their problems raised at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cdnplan.errors import InputError, Problem

A = TypeVar("A")
B = TypeVar("B")


def both(first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
    """Read two inputs.

    Parameters
    ----------
    first, second : callable
        Read one input each.

    Returns
    -------
    tuple
        What they return.

    Raises
    ------
    InputError
        The problems of either or both.

    Examples
    --------
    >>> both(lambda: 1, lambda: "two")
    (1, 'two')
    """
    problems: list[Problem] = []
    results: list[A | B] = []
    for read in (first, second):
        try:
            results.append(read())
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return results[0], results[1]  # type: ignore[return-value]
