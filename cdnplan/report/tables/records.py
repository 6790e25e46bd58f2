"""What `cdnplan whatif` and `cdnplan replay` write as JSON, read back for their pages."""

from __future__ import annotations

from pathlib import Path
from types import EllipsisType
from typing import Any, cast

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.tables.json_files import Shape, check_shape, read_json

ANSWERS = {"at_once": "at once", "after_fill": "after filling"}
"""Answers of a scenario, in words: the placement as it is, and a new plan."""

_MAYBE: Shape = (float, None)
_FIGURE: Shape = {"unit": str, "base": _MAYBE, "value": _MAYBE, "change": _MAYBE}
_NEEDED: Shape = {"unit": str, "base": float, "value": float, "change": float}
_LIMIT: Shape = {"limit": str, "name": str, "used": _MAYBE, "allowed": _MAYBE, "unit": str, "price": _MAYBE}
_BOTH = ("cost_base", "cost", "demand_base_gb", "demand_gb", "origin_base_gb", "origin_gb")


def _row(name: str, *numbers: str) -> Shape:
    return {name: str, **dict.fromkeys(numbers, _MAYBE)}


_WHATIF: Shape = {
    "base": {
        "id": str,
        "network": str,
        "period": {"start": str, "days": float},
        "fills": str,
        "figures": {"cost": float, "offload_byte_ratio": float, "demand_gb": float},
        "certificate": {"proof": str},
    },
    "scenarios": [{"name": str, "warnings": [str], **{f"{key}?": (dict, None) for key in ANSWERS}}],
    "unanswered": [str],
}
_ANSWER: Shape = {
    "figures": {"cost": _NEEDED, "offload_byte_ratio": _NEEDED, "overload_gbps": _NEEDED, ...: _FIGURE},
    "certificate": ({"gap_ratio": _MAYBE}, None),
    "fill": ({"gb": _MAYBE, "nights": _MAYBE}, None),
    "newly_full": [_LIMIT],
    "no_longer_full": [_LIMIT],
    "regions": [_row("region", *_BOTH, "km_base", "km")],
    "files": [_row("file", *_BOTH, "pools_base", "pools")],
    "sites": [_row("site", "served_base_gb", "served_gb", "in_gb", "out_gb")],
    "broken": [str],
}
_WAY: dict[str | EllipsisType, Shape] = {"policy": str, "kind": str, "planned_ratio": float, "parent": bool}
_REPLAY: Shape = {
    "cdnplan": str,
    "seed": int,
    "periods": [str],
    "period_days": float,
    "known_before": str,
    "requests": int,
    "sample_ratio": {"least": float},
    "policies": [
        {
            **_WAY,
            "byte_offload_ratio": float,
            "request_offload_ratio": float,
            "demand_gb": float,
            "origin_gb": float,
            "origin_peak_gbps": float,
            "origin_p95_gbps": float,
            "fill_window_gb": float,
            "fill_outside_gb": float,
            "fill_waste_gb": float,
        }
    ],
    "warnings": [str],
    "best?": (_WAY, None),
    "regret?": (
        dict.fromkeys(
            ("cost", "bound", "total", "forecast_error", "fill_limits", "optimisation_gap"),
            cast("Shape", float),
        ),
        None,
    ),
    "expected_byte_offload_ratio?": ([_MAYBE], None),
    "input_hashes?": {...: str},
}


def read_whatif(path: Path) -> dict[str, Any]:
    """Read what a what-if found.

    Parameters
    ----------
    path : Path

    Raises
    ------
    InputError
        It cannot be read, or is no such result.
    """
    file = str(path)
    tree = read_json(path)
    if "scenarios" not in tree or "base" not in tree:
        raise InputError([Problem("not the result of a what-if: no base and scenarios", file=file)])
    check_shape(tree, _WHATIF, file)
    for i, scenario in enumerate(tree["scenarios"]):
        for key in ANSWERS:
            answer = scenario.get(key)
            if answer is not None:
                shape: Shape = _ANSWER if "figures" in answer else {"error?": str}
                check_shape(answer, shape, file, f"scenarios[{i}].{key}")
    return tree


def read_replayed(path: Path) -> dict[str, Any]:
    """Read the record of a replay.

    Parameters
    ----------
    path : Path

    Raises
    ------
    InputError
        It cannot be read, or is no such record.
    """
    record = read_json(path)
    check_shape(record, _REPLAY, str(path))
    for key in ("periods", "policies"):
        if not record[key]:
            raise InputError([Problem("expected at least one", file=str(path), path=key)])
    if not any(way["kind"] == "plan" for way in record["policies"]):
        raise InputError([Problem("no way of the kind 'plan'", file=str(path), path="policies")])
    return record
