"""What all folders of results have."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any


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
