"""Tables on stdout: aligned for people, CSV and JSON for programs."""

from __future__ import annotations

import csv
import json
import math
import sys
import unicodedata
from collections.abc import Sequence
from typing import Literal

TableFormat = Literal["table", "json", "csv"]

_UNITS = {
    "tb": "TB",
    "gb": "GB",
    "mb": "MB",
    "gbps": "Gbps",
    "km": "km",
    "hours": "h",
    "days": "days",
    "min": "min",
    "seconds": "s",
}


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], fmt: TableFormat = "table") -> None:
    """Print rows on stdout.

    Parameters
    ----------
    columns : sequence of str
        Names as in data, with units: ``storage_tb``. A table shows that as ``storage [TB]``.
    rows : sequence of sequences
        Cells: text, numbers, bool or None, also as numpy scalars.
    fmt : {"table", "json", "csv"}
        ``table``: aligned, numbers to the right with six significant digits at most after whole ones;
        ``json``: a list of objects; ``csv``: with a header. Programs get numbers in full.

    Examples
    --------
    >>> print_table(["site", "storage_tb"], [["ams-ix", 1168.0], ["linx", 96.5]])
    site    storage [TB]
    ams-ix         1,168
    linx            96.5
    """
    cells = [[_plain(cell) for cell in row] for row in rows]
    if fmt == "json":
        objects = [dict(zip(columns, row, strict=True)) for row in cells]
        sys.stdout.write(json.dumps(objects, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    elif fmt == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(cells)
    else:
        sys.stdout.write("".join(f"{line}\n" for line in _aligned(columns, cells)))


def heading(column: str) -> str:
    """Show the unit of a column apart from its name.

    Examples
    --------
    >>> heading("throughput_gbps"), heading("gb"), heading("share_ratio")
    ('throughput [Gbps]', 'GB', 'share ratio')
    """
    stem, _, unit = column.rpartition("_")
    if unit not in _UNITS:
        return column.replace("_", " ")
    return f"{stem.replace('_', ' ')} [{_UNITS[unit]}]" if stem else _UNITS[unit]


def _plain(cell: object) -> object:
    """Turn numpy scalars into Python's; numbers that are not finite, which JSON lacks, into None."""
    item = getattr(cell, "item", None)
    value = item() if callable(item) else cell
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _shown(cell: object) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        return _shown_float(cell)
    return str(cell)


def _shown_float(value: float) -> str:
    """Six significant digits, but never fewer than the whole part has, and no exponent for common sizes."""
    if value == 0 or 1e-4 <= abs(value) < 1e15:
        whole_digits = len(str(int(abs(value))))
        text = f"{value:,.{max(0, 6 - whole_digits)}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.5e}"


def _width(text: str) -> int:
    """Columns a text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in text
    )


def _aligned(columns: Sequence[str], cells: Sequence[Sequence[object]]) -> list[str]:
    numeric = [
        any(_is_number(row[i]) for row in cells)
        and all(row[i] is None or _is_number(row[i]) for row in cells)
        for i in range(len(columns))
    ]
    lines = [[heading(column) for column in columns], *([_shown(cell) for cell in row] for row in cells)]
    widths = [max(_width(line[i]) for line in lines) for i in range(len(columns))]
    return [
        "  ".join(
            _padded(text, width, right=right)
            for text, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in lines
    ]


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _padded(text: str, width: int, *, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space
