"""Make the report of whatever a folder or file holds, and write it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.plans.manifest_files import REPORT
from cdnplan.inputs.plans.plan_folder import PLACEMENT
from cdnplan.report.pages.page import html_page
from cdnplan.report.pages.plan_page import plan_page
from cdnplan.report.pages.replay_page import replay_page
from cdnplan.report.pages.whatif_page import WHATIF_JSON, whatif_page
from cdnplan.report.tables.replay_tables import REPLAY_JSON

CHEAP_COPIES = 1_000_000
"""Copies up to which a plan gets its report without being asked: it takes a second or two."""


def report(subject: Path, previous: Path | None = None, actual: Path | None = None) -> str:
    """Make a report as one HTML page.

    Parameters
    ----------
    subject : Path
        A plan folder, a replay folder, or a what-if: its folder or its JSON.
    previous : Path or None
        The plan before; of plans only.
    actual : Path or None
        History table of what came in the plan's period; of plans only.

    Returns
    -------
    str
        HTML, the same for the same folders.

    Raises
    ------
    InputError
        A folder cannot be read, or is none that there are reports of.
    """
    replayed = (subject / REPLAY_JSON).is_file()
    asked = subject.is_file() or (subject / WHATIF_JSON).is_file()
    if replayed or asked:
        options = (("--previous", previous), ("--actual", actual))
        wrong = [f"{name} is for reports of plans" for name, value in options if value is not None]
        if wrong:
            raise InputError(Problem(message, str(subject)) for message in wrong)
    if replayed:
        return html_page(replay_page(subject))
    return html_page(whatif_page(subject) if asked else plan_page(subject, previous, actual))


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
        with contextlib.suppress(OSError):
            partial.unlink()
        raise InputError([Problem(f"cannot be written: {error.strerror or error}", file=str(out))]) from None


def report_of_plan(
    previous: Path | None, *, always: bool, warn: Callable[[str], None]
) -> Callable[[Path], Sequence[str]]:
    """Make what `cdnplan.planner.plan` calls to put a report into the folder of a plan.

    Parameters
    ----------
    previous : Path or None
        The plan before.
    always : bool
        False: only where it is quickly made, up to `CHEAP_COPIES`.
    warn : callable
        Told, in a sentence, why there is no report: a plan never fails for want of one.

    Returns
    -------
    callable
        Given the folder, writes the report there and names it.
    """

    def more(folder: Path) -> Sequence[str]:
        if not always and pq.read_metadata(folder / PLACEMENT).num_rows > CHEAP_COPIES:
            return ()
        try:
            text = report(folder, previous)
        except InputError as error:
            warn(f"no report was made: {error}")
            return ()
        (folder / REPORT).write_text(text, encoding="utf-8")
        return (REPORT,)

    return more
