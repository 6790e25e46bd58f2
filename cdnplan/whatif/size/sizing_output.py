"""Write a sizing answer: data, tables, the picture, the plan and its network, all or nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

from cdnplan.folders import Kind, Place
from cdnplan.inputs.topology.topology_writer import topology_text
from cdnplan.planner.folder.folder import PLAN
from cdnplan.whatif.base.results_folder import write_tables
from cdnplan.whatif.size.size import SizingResult
from cdnplan.whatif.size.sizing_figure import figure
from cdnplan.whatif.size.sizing_tables import TABLES, as_dict, table_rows

RESULTS = "size.json"


PICTURE, NETWORK, PLAN_OF_ANSWER = "curve.svg", "topology.yaml", "plan"


def _files(folder: Path) -> set[str]:
    """What an answer consists of, its plan included."""
    own = {PICTURE, NETWORK, *(f"{name}.csv" for name in TABLES)}
    plan = folder / PLAN_OF_ANSWER
    if (plan / PLAN.mark).is_file():
        own |= {f"{PLAN_OF_ANSWER}/{name}" for name in (PLAN.mark, *PLAN.files(plan))}
    return own


SIZING = Kind("sizing", RESULTS, _files)


def write_answer(result: SizingResult, place: Place, plan: Path | None) -> None:
    """Write ``size.json``, a CSV file for each table, ``curve.svg``, ``topology.yaml`` and ``plan/``.

    Parameters
    ----------
    result : SizingResult
    place : Place
    plan : Path or None
        The plan folder of the answer, which is moved there.
    """
    with place.whole() as partial:
        tables = ((name, table_rows(result, name)) for name in TABLES)
        write_tables(partial, RESULTS, as_dict(result), tables)
        if result.curve:
            (partial / PICTURE).write_text(figure(result), encoding="utf-8")
        if result.best.best is not None:
            header = f"The network with the additions of {result.problem.sizing.name}."
            topology = result.problem.proposed(result.best.best.counts)
            (partial / NETWORK).write_text(topology_text(topology, header=header), encoding="utf-8")
        if plan is not None and plan.is_dir():
            shutil.move(plan, partial / PLAN_OF_ANSWER)
