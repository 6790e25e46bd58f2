"""Write a sizing answer: data, tables, the picture, the plan and its network, all or nothing."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.plan_json import PLAN_JSON
from cdnplan.inputs.topology_writer import topology_text
from cdnplan.planner.folder import check_above, whole_folder
from cdnplan.whatif.size import SizingResult
from cdnplan.whatif.sizing_figure import figure
from cdnplan.whatif.sizing_tables import TABLES, as_dict, table_rows

RESULTS = "size.json"


def check_output(out: Path, *, replace: bool) -> None:
    """Refuse, before any work is done, a folder that cannot be written.

    Parameters
    ----------
    out : Path
    replace : bool
        Whether an earlier answer there may be replaced.

    Raises
    ------
    InputError
        There is a file, or anything else that is not an earlier answer.
    """
    check_above(out)
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise InputError([Problem("there is a file of this name, expected a folder to write", str(out))])
    if not out.is_dir() or not any(out.iterdir()):
        return
    if (out / PLAN_JSON).is_file() or not (out / RESULTS).is_file():
        raise InputError([Problem("the folder is not empty and holds no sizing: it is left alone", str(out))])
    if not replace:
        message = "the folder holds the answer to another sizing"
        raise InputError([Problem(message, str(out), hint="choose another name or say --force")])


def write_answer(result: SizingResult, out: Path, plan: Path | None) -> None:
    """Write ``size.json``, a CSV file for each table, ``curve.svg``, ``topology.yaml`` and ``plan/``.

    Parameters
    ----------
    result : SizingResult
    out : Path
    plan : Path or None
        The plan folder of the answer, which is moved there.
    """
    with whole_folder(out) as partial:
        text = json.dumps(as_dict(result), indent=2, ensure_ascii=False, allow_nan=False)
        (partial / RESULTS).write_text(text + "\n", encoding="utf-8")
        for name in TABLES:
            rows = table_rows(result, name)
            with (partial / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream, lineterminator="\n")
                writer.writerow(list(rows[0]) if rows else ["wanted"])
                writer.writerows(list(row.values()) for row in rows)
        if result.curve:
            (partial / "curve.svg").write_text(figure(result), encoding="utf-8")
        if result.best.best is not None:
            header = f"The network with the additions of {result.problem.sizing.name}."
            topology = result.problem.proposed(result.best.best.counts)
            (partial / "topology.yaml").write_text(topology_text(topology, header=header), encoding="utf-8")
        if plan is not None and plan.is_dir():
            shutil.move(plan, partial / "plan")
