"""Write the fills of a plan for systems of others."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from cdnplan.errors import InputError
from cdnplan.fill.export.rfc8007 import (
    CONTENT_TYPE,
    Command,
    Style,
    preposition_commands,
    purge_commands,
    style_problems,
)
from cdnplan.folders import Kind, Place, check_place, claimed
from cdnplan.inputs.plans.manifest_files import safe_name
from cdnplan.inputs.plans.plan_folder import EVICTIONS, FILES, FILLS, PLACEMENT, TABLES, attempt
from cdnplan.inputs.tables.parquet_columns import Columns, read_columns

INDEX = "index.json"
EXPORT = Kind("export", INDEX, lambda _: (), replaceable=False)


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: commands, receivers of at least one, content URLs in all of them, GB."""

    commands: int
    receivers: int
    urls: int
    gb: float


def export_rfc8007(plan: Path, out: Path, style: Style, *, purge: bool = False) -> Exported:
    """Write the fills of a plan as commands of RFC 8007, a file each, and an index of when to send them.

    Parameters
    ----------
    plan : Path
        A plan folder.
    out : Path
        Folder to write; it must be empty or not there.
    style : Style
    purge : bool
        Whether what is evicted becomes commands, too.

    Returns
    -------
    Exported

    Raises
    ------
    InputError
        The style, the folder or a table is not as it should be; nothing was written.
    """
    problems = style_problems(style)
    attempt(problems, lambda: check_place(out, EXPORT, replace=False))
    tables: dict[str, Columns] = {}
    for name in (FILLS, FILES, *((EVICTIONS, PLACEMENT) if purge else ())):
        table = attempt(problems, lambda name=name: read_columns(plan / name, TABLES[name]))  # type: ignore[misc]
        if table is not None:
            tables[name] = table
    if problems:
        raise InputError(problems)
    with claimed(out, EXPORT) as place:
        return _write(place, _all_commands(tables, style, purge=purge))


def _all_commands(tables: dict[str, Columns], style: Style, *, purge: bool) -> Iterator[Command]:
    file, title = tables[FILES].texts["file"], tables[FILES].texts["title"]
    titles = {file.at(row): title.at(row) for row in range(tables[FILES].n_rows)}
    yield from preposition_commands(tables[FILLS], titles, style)
    if purge:
        yield from purge_commands(tables[EVICTIONS], tables[PLACEMENT], titles, style)


def _write(place: Place, commands: Iterator[Command]) -> Exported:
    """Write commands below a folder for each receiver, numbered in the order in which to send them."""
    rows: list[dict[str, Any]] = []
    with place.whole() as partial:
        for (to, trigger), group in groupby(commands, key=lambda command: (command.to, command.trigger)):
            folder = "/".join(safe_name(part) for part in to.split("/"))
            (partial / folder).mkdir(parents=True, exist_ok=True)
            for number, command in enumerate(group, 1):
                name = f"{folder}/{trigger}-{number:04d}.json"
                (partial / name).write_text(_json(command.body, indent=1) + "\n", encoding="utf-8")
                rows.append(
                    {
                        "to": to,
                        "file": name,
                        "type": trigger,
                        "not_before": _shown(command.not_before),
                        "urls": len(command.body["trigger"]["content.urls"]),
                        "gb": command.gb,
                    }
                )
        start = f'{{"content_type":{_json(CONTENT_TYPE)},"commands":[\n'
        text = start + ",\n".join(_json(row) for row in rows) + "\n]}\n"
        (partial / INDEX).write_text(text, encoding="utf-8")
    urls = sum(row["urls"] for row in rows)
    return Exported(len(rows), len({row["to"] for row in rows}), urls, sum(row["gb"] for row in rows))


def _json(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)


def _shown(milliseconds: int) -> str:
    """As ``2026-03-08T01:00:00.000Z``."""
    moment = dt.datetime.fromtimestamp(milliseconds // 1000, dt.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"
