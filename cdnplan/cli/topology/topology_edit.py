"""`cdnplan topology edit`: operations on a topology file that leave everything else as it is written."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cdnplan.inputs.edits.editor import Edited

SHOWN = 10
"""Lines told of one operation."""

EPILOG = """
Operations, each in quotes (a single one also without):

  set KIND NAME KEY=VALUE ...         also KEY+=VALUE, KEY-=VALUE for lists

  scale KIND NAME KEY=FACTOR ...      1.2, +20%, -10%

  add KIND NAME KEY=VALUE ... [like OTHER]

  remove KIND NAME [KEY ...] [cascade]

  rename KIND NAME NEW

KIND: site, region, origin, hardware, link (A B), appliance (SITE/MODEL), policy, pin, ban, copy, launch,
topology. NAME may be a glob, and "where KEY=VALUE" at the end narrows it.

Example: cdnplan topology edit t.yaml 'set site ams-* fill_window.hours=10' 'remove site lon-1 cascade'
"""


def edit(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Topology in YAML.", show_default=False)],
    operations: Annotated[
        list[str] | None,
        typer.Argument(metavar="[OPERATION]...", help="What to change, in order.", show_default=False),
    ] = None,
    script: Annotated[
        list[Path] | None,
        typer.Option("--script", metavar="F", help="YAML list of operations, done first; may be repeated."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print a unified diff, write nothing.")] = False,
    drop_comments: Annotated[
        bool, typer.Option("--drop-comments", help="Comments within what is removed go with it.")
    ] = False,
) -> None:
    """Change a topology by operations; comments, order and formatting stay as they are.

    Values are changed in the file where they stand, also in included ones. If the result is not a valid
    topology, nothing is written.
    """
    from cdnplan.errors import InputError, Problem
    from cdnplan.inputs.edits.editor import edit_topology
    from cdnplan.inputs.edits.language import parse_operations
    from cdnplan.inputs.edits.script import read_script

    asked = [operation for path in script or () for operation in read_script(path)]
    asked += parse_operations(operations or [])
    if not asked:
        raise InputError([Problem("nothing to do: expected operations, or --script", hint="see --help")])
    with _uncollected():
        edited = edit_topology(file, asked, drop_comments=drop_comments)
    if dry_run:
        sys.stdout.write(edited.diff())
        _tell(edited, sys.stderr.write)
        return
    edited.write()
    _tell(edited, sys.stdout.write)
    for changed in edited.files:
        added, removed = changed.lines()
        sys.stdout.write(f"written: {changed.path} (+{added:,} -{removed:,} lines)\n")
    if not edited.files:
        sys.stdout.write("nothing changed\n")


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cyclic garbage, which takes half the time where many small objects stay."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _tell(edited: Edited, write: Callable[[str], object]) -> None:
    """Say what each operation did."""
    for operation, lines in edited.told:
        write(f"{operation.text}\n")
        write("".join(f"  {line}\n" for line in lines[:SHOWN]))
        if len(lines) > SHOWN:
            write(f"  and {len(lines) - SHOWN:,} more\n")
