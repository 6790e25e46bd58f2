"""Write what-if results: everything as JSON, and each table as CSV."""

from __future__ import annotations

from pathlib import Path

from cdnplan.planner.folder import whole_folder
from cdnplan.whatif.results_folder import check_results_folder, write_tables
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
    check_results_folder(out, RESULTS, "what-if", replace=replace)


def write_results(result: WhatifResult, out: Path) -> None:
    """Write ``whatif.json`` and a CSV file for each table, all or nothing.

    Parameters
    ----------
    result : WhatifResult
    out : Path
    """
    with whole_folder(out) as partial:
        tables = ((name, table_rows(result, name)) for name in TABLES)
        write_tables(partial, RESULTS, as_dict(result), tables)
