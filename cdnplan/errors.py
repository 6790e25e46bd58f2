"""Errors for people: what is wrong, where, and what was expected instead.

Every problem of an input is collected and raised once, as one `InputError`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

_NEARLY_THE_SAME = 0.8
"""Likeness of spellings from which on nothing else is looked for."""
_LEAST_LETTERS, _MOST_NEAR = 3, 4
"""Letters of which a part of a name has to have, and names that are suggested at most."""
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input.

    Parameters
    ----------
    message : str
        What was found and what was expected, one sentence, no full stop.
    file : str
        The file as the user named it; empty when the input came from a function call.
    line, column : int or None
        Place in a text file, both counted from 1.
    row : int or None
        Data row of a table, counted from 1 (the header is not counted).
    path : str
        Where in the structure, as ``sites[2].appliances[0].model``; or a column name.
    hint : str
        A suggestion, often the nearest valid name; may be empty.

    Examples
    --------
    >>> str(Problem("unknown key 'kidn'", file="t.yaml", line=3, column=5, hint="did you mean 'kind'?"))
    "t.yaml:3:5: unknown key 'kidn'; did you mean 'kind'?"
    """

    message: str
    file: str = ""
    line: int | None = None
    column: int | None = None
    row: int | None = None
    path: str = ""
    hint: str = ""

    def __str__(self) -> str:
        where = self.file
        if self.line is not None:
            where += f":{self.line}" + (f":{self.column}" if self.column is not None else "")
        elif self.row is not None:
            where += f": row {self.row}" if where else f"row {self.row}"
        text = f"{where}: " if where else ""
        if self.path:
            text += f"{self.path}: "
        text += self.message
        return f"{text}; {self.hint}" if self.hint else text


class CdnplanError(Exception):
    """Base of all errors meant for the user; `exit_code` is what a command returns."""

    exit_code = 2


class InputError(CdnplanError):
    """Bad input: all problems found, together. Nothing was written."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class NoFeasiblePlanError(CdnplanError):
    """The input is well formed, but no plan satisfies every rule that cannot be priced."""

    exit_code = 3


class DeadlineError(CdnplanError):
    """The time limit passed, or an end was asked for, before anything usable was found."""

    exit_code = 4


def nearest(name: str, known: Iterable[str]) -> str:
    """Suggest the known names closest to `name`, as a hint for a `Problem`.

    A name that is spelt nearly the same goes first, then those that have all its words or its letters in a
    row: many names are put together from a place, a provider and a country.

    Parameters
    ----------
    name : str
        What was found.
    known : iterable of str
        What would have been valid.

    Returns
    -------
    str
        ``did you mean 'x'?``, or the valid names when there are few and none is close, or ``""``.

    Examples
    --------
    >>> nearest("ams-xi", ["ams-ix", "linx"])
    "did you mean 'ams-ix'?"
    >>> nearest("paris", ["ixp-paris-fr", "ixp-lyon-fr"])
    "did you mean 'ixp-paris-fr'?"
    >>> nearest("paris", ["ixp-paris-fr", "solis-paris-fr", "ixp-lyon-fr"])
    "did you mean 'ixp-paris-fr' or 'solis-paris-fr'?"
    >>> nearest("q", ["embedded", "ixp"])
    "known: 'embedded', 'ixp'"
    """
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=1, cutoff=_NEARLY_THE_SAME) or _containing(name, names)
    close = close or difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return "did you mean " + " or ".join(repr(other) for other in close) + "?"
    if 0 < len(names) <= 8:
        return "known: " + ", ".join(repr(other) for other in names)
    return ""


def _containing(name: str, names: list[str]) -> list[str]:
    """Names that differ in capitals; else those with all words of `name`; else with its letters in a row."""
    folded = name.casefold()
    words = set(_WORD.findall(folded))
    same = [other for other in names if other.casefold() == folded]
    if same or len(folded) < _LEAST_LETTERS or not words:
        return same[:1]
    with_words = [other for other in names if words <= set(_WORD.findall(other.casefold()))]
    found = with_words or [other for other in names if folded in other.casefold()]
    return found if len(found) <= _MOST_NEAR else []
