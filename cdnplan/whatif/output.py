"""Write what-if results: everything as JSON, and each table as CSV."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.plan_json import PLAN_JSON
from cdnplan.planner.folder import check_above, whole_folder
from cdnplan.whatif.run import WhatifResult
from cdnplan.whatif.tables import TABLES, as_dict, table_rows

RESULTS = "whatif.json"


def check_output(out: Path, *, replace: bool) -> None:
    """Refuse, before any work is done, a folder that cannot be written.

    Parameters
    ----------
    out : Path
    replace : bool
        Whether earlier results there may be replaced.

    Raises
    ------
    InputError
        There is a file, a plan, or anything else that is not the results of an earlier what-if.
    """
    check_above(out)
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise InputError([Problem("there is a file of this name, expected a folder to write", str(out))])
    if not out.is_dir() or not any(out.iterdir()):
        return
    if (out / PLAN_JSON).is_file() or not (out / RESULTS).is_file():
        raise InputError(
            [Problem("the folder is not empty and holds no what-if: it is left alone", str(out))]
        )
    if not replace:
        message = "the folder holds the results of another what-if"
        raise InputError([Problem(message, str(out), hint="choose another name or say --force")])


def write_results(result: WhatifResult, out: Path) -> None:
    """Write ``whatif.json`` and a CSV file for each table, all or nothing.

    Parameters
    ----------
    result : WhatifResult
    out : Path
    """
    with whole_folder(out) as partial:
        text = json.dumps(as_dict(result), indent=2, ensure_ascii=False, allow_nan=False)
        (partial / RESULTS).write_text(text + "\n", encoding="utf-8")
        for name in TABLES:
            rows = table_rows(result, name)
            with (partial / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream, lineterminator="\n")
                writer.writerow(list(rows[0]) if rows else ["scenario", "answer"])
                writer.writerows(list(row.values()) for row in rows)
