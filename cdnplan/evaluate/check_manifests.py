"""Check that manifests say what the tables say: every one is there, whole, and none says more or less."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cdnplan.errors import InputError
from cdnplan.evaluate.report import Check, Ledger
from cdnplan.inputs.manifest_files import INDEX, Manifest, ManifestEntry, plan_id, read_index, read_manifest
from cdnplan.inputs.parquet_columns import Columns
from cdnplan.inputs.plan_folder import KEEP, PlanFiles
from cdnplan.inputs.plan_json import PLAN_JSON

ROUNDING = 1e-9
Rows = dict[str, list[dict[str, Any]]]


def check_manifests(files: PlanFiles, ledger: Ledger) -> None:
    """Read every manifest and hold it against the tables; nothing where a plan has no manifests.

    Parameters
    ----------
    files : PlanFiles
    ledger : Ledger
        Takes the checks.

    Raises
    ------
    InputError
        The index cannot be read.
    """
    if INDEX not in files.plan.files or files.night is None:
        return
    index = read_index(files.folder)
    found = plan_id(files.plan.files)
    for where, claimed in ((PLAN_JSON, files.plan.id), (INDEX, index.plan)):
        ledger.checks.append(
            Check("plan id", claimed == found, where, key="id", claimed=claimed, found=found)
        )
    fills, evictions, _ = files.night
    wanted = _lines(fills, evictions)
    kept = _kept(files.placement)
    names = set(files.appliances.texts["appliance"].names) | set(wanted)
    listed = [entry.appliance for entry in index.manifests]
    faults = [f"{name}: no manifest" for name in sorted(names - set(listed))]
    faults += [f"{name}: not an appliance of this plan" for name in sorted(set(listed) - names)]
    faults += [f"{name}: listed twice" for name, count in Counter(listed).items() if count > 1]
    for entry in index.manifests:
        fault = _fault(files.folder, entry, index.plan, wanted.get(entry.appliance, []), kept)
        if fault:
            faults.append(f"{entry.appliance}: {fault}")
    ledger.rows(
        "manifest",
        INDEX,
        range(len(faults)),
        lambda i: Check("manifest", False, INDEX, detail=faults[i]),
        f"{len(listed):,} manifests",
    )


def _fault(
    folder: Path,
    entry: ManifestEntry,
    plan: str,
    wanted: list[dict[str, Any]],
    kept: Mapping[str, tuple[int, float]],
) -> str:
    """What is wrong with a manifest, empty if nothing is."""
    path = folder / entry.path
    try:
        manifest = read_manifest(path)
    except InputError as error:
        return str(error.problems[0])
    if hashlib.sha256(path.read_bytes()).hexdigest() != entry.sha256:
        return "its checksum is not the one in the index"
    if list(manifest.lines) != wanted:
        pairs = enumerate(zip(manifest.lines, wanted, strict=False), 2)
        number = next((n for n, (line, row) in pairs if line != row), None)
        if number is None:
            return f"{len(manifest.lines)} lines, the tables have {len(wanted)} rows"
        return f"line {number} says something else than the tables"
    return _header_fault(manifest, entry.appliance, plan, kept.get(entry.appliance, (0, 0.0)))


def _header_fault(manifest: Manifest, name: str, plan: str, kept: tuple[int, float]) -> str:
    """What is wrong with the first line, given that the others are right."""
    header = manifest.header
    counts: dict[str, float] = {"keep": kept[0], "keep_gb": kept[1]}
    for do in ("fetch", "evict"):
        lines = [line for line in manifest.lines if line["do"] == do]
        counts |= {do: len(lines), f"{do}_gb": sum(line["size_gb"] for line in lines)}
    if (header.get("appliance"), header.get("plan")) != (name, plan):
        return "its first line is that of another appliance or plan"
    for key, value in counts.items():
        claimed = header.get(key)
        if not isinstance(claimed, int | float) or abs(claimed - value) > ROUNDING * max(1.0, value):
            return f"{key} claimed {claimed}, found {value:g}"
    return ""


def _lines(fills: Columns, evictions: Columns) -> Rows:
    """Lines that each appliance's manifest should have."""
    rows: Rows = defaultdict(list)
    order = np.lexsort((fills.texts["file"].code, fills.values["priority"], fills.texts["appliance"].code))
    alternates = fills.lists["alternates"]
    for i in order.tolist():
        first, last = int(alternates.ptr[i]), int(alternates.ptr[i + 1])
        others = [alternates.items.at(n) for n in range(first, last)]
        rows[fills.texts["appliance"].at(i)].append(
            {
                "do": "fetch",
                "priority": int(fills.values["priority"][i]),
                "file": fills.texts["file"].at(i),
                "size_gb": float(fills.values["size_gb"][i]),
                "sources": [fills.texts["source"].at(i), *others],
                "start": _shown(fills.values["start"][i]),
                "end": _shown(fills.values["end"][i]),
            }
        )
    order = np.lexsort(
        (evictions.texts["file"].code, evictions.values["at"], evictions.texts["appliance"].code)
    )
    for i in order.tolist():
        rows[evictions.texts["appliance"].at(i)].append(
            {
                "do": "evict",
                "file": evictions.texts["file"].at(i),
                "size_gb": float(evictions.values["size_gb"][i]),
                "at": _shown(evictions.values["at"][i]),
            }
        )
    return rows


def _shown(milliseconds: Any) -> str:
    """As ``2026-03-08T01:00:00.000Z``."""
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=int(milliseconds))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _kept(placement: Columns) -> Mapping[str, tuple[int, float]]:
    """Copies that each appliance keeps, and their GB."""
    rows = np.flatnonzero(placement.texts["action"].positions({KEEP: 0}) == 0)
    names = placement.texts["appliance"].names
    code, size = placement.texts["appliance"].code[rows], placement.values["size_gb"][rows]
    counts = np.bincount(code, minlength=len(names)).tolist()
    gb = np.bincount(code, size, minlength=len(names)).tolist()
    return {name: (counts[i], gb[i]) for i, name in enumerate(names)}
