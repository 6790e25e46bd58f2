"""Write a sizing answer: data, tables, the picture, the plan and its network, all or nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

from cdnplan.inputs.topology_writer import topology_text
from cdnplan.planner.folder import whole_folder
from cdnplan.whatif.results_folder import check_results_folder, write_tables
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
    check_results_folder(out, RESULTS, "sizing", replace=replace)


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
        tables = ((name, table_rows(result, name)) for name in TABLES)
        write_tables(partial, RESULTS, as_dict(result), tables)
        if result.curve:
            (partial / "curve.svg").write_text(figure(result), encoding="utf-8")
        if result.best.best is not None:
            header = f"The network with the additions of {result.problem.sizing.name}."
            topology = result.problem.proposed(result.best.best.counts)
            (partial / "topology.yaml").write_text(topology_text(topology, header=header), encoding="utf-8")
        if plan is not None and plan.is_dir():
            shutil.move(plan, partial / "plan")
