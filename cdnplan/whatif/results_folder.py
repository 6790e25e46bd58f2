"""Folders of results: which may be written, and what all of them have."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.plan_json import PLAN_JSON
from cdnplan.planner.folder import check_above


def check_results_folder(out: Path, results: str, kind: str, *, replace: bool) -> None:
    """Refuse a folder that cannot be written, before any work is done.

    Parameters
    ----------
    out : Path
    results : str
        Name of the file that tells such results.
    kind : str
        What they are of, as "what-if".
    replace : bool
        Whether earlier results there may be replaced.

    Raises
    ------
    InputError
        There is a file, a plan, or anything else that is not results of this kind.
    """
    check_above(out)
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise InputError([Problem("there is a file of this name, expected a folder to write", str(out))])
    if not out.is_dir() or not any(out.iterdir()):
        return
    if (out / PLAN_JSON).is_file() or not (out / results).is_file():
        message = f"the folder is not empty and holds no {kind}: it is left alone"
        raise InputError([Problem(message, str(out))])
    if not replace:
        message = f"the folder holds the results of another {kind}"
        raise InputError([Problem(message, str(out), hint="choose another name or say --force")])


def write_tables(
    folder: Path, results: str, everything: object, tables: Iterable[tuple[str, Sequence[dict[str, Any]]]]
) -> None:
    """Write everything as JSON, and each table as CSV.

    Parameters
    ----------
    folder : Path
    results : str
        Name of the JSON file.
    everything : object
    tables : iterable of (name, rows)
    """
    text = json.dumps(everything, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / results).write_text(text + "\n", encoding="utf-8")
    for name, rows in tables:
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(list(rows[0]) if rows else ["nothing"])
            writer.writerows(list(row.values()) for row in rows)
