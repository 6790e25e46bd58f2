"""Write what-if results: everything as JSON, and each table as CSV."""

from __future__ import annotations

from cdnplan.folders import Kind, Place
from cdnplan.whatif.ask.run import WhatifResult
from cdnplan.whatif.ask.tables import TABLES, as_dict, table_rows
from cdnplan.whatif.base.results_folder import write_tables

RESULTS = "whatif.json"


WHATIF = Kind("what-if", RESULTS, lambda _: [f"{name}.csv" for name in TABLES])


def write_results(result: WhatifResult, place: Place) -> None:
    """Write ``whatif.json`` and a CSV file for each table, all or nothing.

    Parameters
    ----------
    result : WhatifResult
    place : Place
    """
    with place.whole() as partial:
        tables = ((name, table_rows(result, name)) for name in TABLES)
        write_tables(partial, RESULTS, as_dict(result), tables)
