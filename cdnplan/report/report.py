"""Make the report of whatever a folder or file holds, and write it."""

from __future__ import annotations

import os
from pathlib import Path

from cdnplan.errors import InputError, Problem
from cdnplan.report.page import html_page
from cdnplan.report.plan_page import plan_page

REPORT = "report.html"


def report(subject: Path, previous: Path | None = None) -> str:
    """Make a report as one HTML page.

    Parameters
    ----------
    subject : Path
        A plan folder.
    previous : Path or None
        The plan before.

    Returns
    -------
    str
        HTML, the same for the same folders.

    Raises
    ------
    InputError
        A folder cannot be read.
    """
    return html_page(plan_page(subject, previous))


def write_report(text: str, out: Path) -> None:
    """Write the page, whole or not at all.

    Parameters
    ----------
    text : str
    out : Path
        An earlier file there is replaced.

    Raises
    ------
    InputError
        It cannot be written there.
    """
    partial = out.with_name(f".{out.name}.partial-{os.getpid()}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(out)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InputError([Problem(f"cannot be written: {error.strerror or error}", file=str(out))]) from None
