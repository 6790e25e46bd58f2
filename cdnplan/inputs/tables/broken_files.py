"""What readers of tables raise on broken files, as problems for people."""

from __future__ import annotations

import csv
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from cdnplan.errors import InputError, Problem

BROKEN = (pa.ArrowException, OSError, EOFError, zlib.error, csv.Error, UnicodeDecodeError)
"""What pyarrow, gzip and csv raise on files that are not what their names say."""


def reason_of(error: BaseException) -> str:
    r"""Say in one line what is wrong with a file.

    Examples
    --------
    >>> reason_of(EOFError("ended early\nat byte 7"))
    'ended early'
    """
    text = str(error).strip()
    if isinstance(error, UnicodeDecodeError) or "Invalid UTF8" in text or "invalid UTF8" in text:
        return "not UTF-8 text"
    return text.splitlines()[0] if text else type(error).__name__


@contextmanager
def clean_errors(file: str, what: str = "cannot be read, broken or cut short") -> Iterator[None]:
    """Turn what readers raise on broken files into a problem.

    Raises
    ------
    InputError
        In place of one of `BROKEN`, with `what` and the reason, and the row where that is known.
    """
    try:
        yield
    except BROKEN as error:
        reason = reason_of(error)
        place = re.search(r"Row #(\d+)", str(error))
        row = int(place[1]) - 1 if place else None
        message = reason if reason == "not UTF-8 text" else f"{what}: {reason}"
        raise InputError([Problem(message, file=file, row=row)]) from None


def no_twins(names: Sequence[str], file: str) -> None:
    """See that no column is there twice.

    Raises
    ------
    InputError
        All names that are.
    """
    twins = sorted(name for name, count in Counter(names).items() if count > 1)
    if twins:
        raise InputError(
            [Problem("the column is there more than once", file=file, path=name) for name in twins[:20]]
        )
