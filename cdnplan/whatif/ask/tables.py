"""What-if results as one tree for programs, and as tables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Literal

from cdnplan.whatif.ask.run import ScenarioResult, WhatifResult
from cdnplan.whatif.base.difference import Difference

FORMAT = 1
"""Version of the tree that `as_dict` makes."""

TableName = Literal["summary", "figures", "full", "regions", "files", "sites"]
TABLES: tuple[TableName, ...] = ("summary", "figures", "full", "regions", "files", "sites")

Row = dict[str, Any]


def as_dict(result: WhatifResult) -> dict[str, Any]:
    """Everything, for JSON; numbers that are not finite are None.

    Parameters
    ----------
    result : WhatifResult
    """
    base = result.base
    tree = {
        "format": FORMAT,
        "base": {
            "folder": str(base.folder),
            "id": base.plan.id,
            "network": base.inputs.topology.name,
            "period": {
                "start": base.plan.start.isoformat(),
                "end": base.plan.end.isoformat(),
                "days": base.plan.days,
            },
            "fills": base.fills,
            "figures": result.figures.total,
            "certificate": {
                "lower": base.plan.numbers["lower"],
                "upper": base.plan.numbers["upper"],
                "ideal": base.plan.numbers["ideal"],
                "gap_ratio": base.plan.numbers["gap_ratio"],
                "proof": base.plan.bound_proof,
            },
        },
        "scenarios": [_scenario(item) for item in result.scenarios],
        "unanswered": list(result.unanswered),
        "seconds": result.seconds,
    }
    return _finite(tree)  # type: ignore[no-any-return]


def _scenario(item: ScenarioResult) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": item.scenario.name,
        "point": dict(item.scenario.point),
        "fails": item.scenario.fails,
        "changes": [{"kind": c.kind, "at": str(c.mark())} for c in item.scenario.changes],
    }
    for name, difference in item.answers.items():
        found[name] = _difference(difference)
    found |= {name: {"error": text} for name, text in item.failed.items()}
    return found | {"seconds": item.seconds, "warnings": list(item.warnings)}


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "figures": {
            f.figure: {"unit": f.unit, "base": f.base, "value": f.value, "change": f.change}
            for f in difference.figures
        },
        "certificate": None if difference.certificate is None else asdict(difference.certificate),
        "fill": None if difference.fill is None else asdict(difference.fill),
        "newly_full": [asdict(full) for full in difference.newly_full],
        "no_longer_full": [asdict(full) for full in difference.no_longer_full],
        "regions": [asdict(region) for region in difference.regions],
        "files": [asdict(file) for file in difference.files],
        "sites": [asdict(site) for site in difference.sites],
        "broken": list(difference.broken),
    }


def _finite(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _finite(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_finite(value) for value in tree]
    return None if isinstance(tree, float) and not math.isfinite(tree) else tree


def table_rows(result: WhatifResult, name: TableName) -> list[Row]:
    """One table over all scenarios and answers, a dict a row; every row names its scenario and answer.

    Parameters
    ----------
    result : WhatifResult
    name : {"summary", "figures", "full", "regions", "files", "sites"}
    """
    rows: list[Row] = []
    for item in result.scenarios:
        for answer, difference in item.answers.items():
            head = {"scenario": item.scenario.name, "answer": answer}
            rows += [head | row for row in _rows(difference, name)]
    return rows


def _rows(difference: Difference, name: TableName) -> Iterator[Row]:
    if name == "summary":
        yield _summary(difference)
    elif name == "figures":
        for f in difference.figures:
            yield {"figure": f.figure, "unit": f.unit, "base": f.base, "value": f.value, "change": f.change}
    elif name == "full":
        for change, limits in (("full", difference.newly_full), ("no longer", difference.no_longer_full)):
            yield from ({"change": change} | asdict(limit) for limit in limits)
    else:
        yield from (asdict(row) for row in getattr(difference, name))


def _summary(difference: Difference) -> Row:
    """The figures that decide, as values and as changes."""
    row: Row = {}
    for key in ("cost", "delivery", "fill", "overload"):
        row[f"{key}_change"] = difference[key].change
    row["cost"] = difference["cost"].value
    row["offload_ratio"] = difference["offload_byte_ratio"].value
    row["offload_change"] = difference["offload_byte_ratio"].change
    row["overload_gbps"] = difference["overload_gbps"].value
    row["mean_km"] = difference["mean_km"].value
    row["mean_change_km"] = difference["mean_km"].change
    row["to_fill_tb"] = None if difference.fill is None else difference.fill.gb / 1000.0
    row["nights"] = None if difference.fill is None else difference.fill.nights
    row["newly_full"] = len(difference.newly_full)
    certificate = difference.certificate
    row["lower"] = None if certificate is None else certificate.lower
    row["gap_ratio"] = None if certificate is None else certificate.gap_ratio
    row["broken"] = len(difference.broken)
    return row
