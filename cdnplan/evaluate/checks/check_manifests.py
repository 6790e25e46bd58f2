"""Check that manifests say what the tables say: every one is there, whole, and none says more or less."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cdnplan.errors import InputError
from cdnplan.evaluate.verdict.report import Check, Ledger
from cdnplan.folders import real_path
from cdnplan.inputs.plans.manifest_files import (
    INDEX,
    MANIFEST_FORMAT,
    MANIFESTS,
    Index,
    Manifest,
    ManifestEntry,
    manifest_path,
    plan_id,
    read_index,
    read_manifest,
)
from cdnplan.inputs.plans.plan_folder import ADD, KEEP, PlanFiles
from cdnplan.inputs.tables.parquet_columns import Columns

ROUNDING = 1e-9
Rows = dict[str, list[dict[str, Any]]]


class _Placed(NamedTuple):
    """Copies that an appliance keeps, their GB, and those that it adds."""

    keep: int
    keep_gb: float
    add: int


_NOTHING = _Placed(0, 0.0, 0)


def check_manifests(files: PlanFiles, ledger: Ledger) -> None:
    """Read every manifest and hold it against the tables; nothing where a plan has no manifests.

    That the index is listed where it has to be is a matter of `cdnplan.evaluate.checks.check_files`.

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
    ledger.checks.append(
        Check("plan id", index.plan == found, INDEX, key="id", claimed=index.plan, found=found)
    )
    fills, evictions, _ = files.night
    wanted = _lines(fills, evictions)
    placed = _placed(files.placement)
    names = set(files.appliances.texts["appliance"].names) | set(wanted)
    listed = [entry.appliance for entry in index.manifests]
    faults = [f"{name}: no manifest" for name in sorted(names - set(listed))]
    faults += [f"{name}: not an appliance of this plan" for name in sorted(set(listed) - names)]
    faults += [f"{name}: listed twice" for name, count in Counter(listed).items() if count > 1]
    faults += _strays(files.folder, index, names)
    for entry in index.manifests:
        counts = _counts(wanted.get(entry.appliance, []), placed.get(entry.appliance, _NOTHING))
        fault = _fault(files.folder, entry, index.plan, wanted.get(entry.appliance, []), counts)
        if fault:
            faults.append(f"{entry.appliance}: {fault}")
    ledger.rows(
        "manifest",
        INDEX,
        range(len(faults)),
        lambda i: Check("manifest", False, INDEX, detail=faults[i]),
        f"{len(listed):,} manifests",
    )


def _strays(folder: Path, index: Index, names: set[str]) -> list[str]:
    """Files among the manifests that the index does not list: an appliance might take one for its own."""
    listed = {entry.path for entry in index.manifests} | {INDEX} | {manifest_path(name) for name in names}
    found = (
        path.relative_to(folder).as_posix() for path in (folder / MANIFESTS).rglob("*") if path.is_file()
    )
    return [f"{name}: not in the index" for name in sorted(set(found) - listed)]


def _counts(wanted: list[dict[str, Any]], placed: _Placed) -> dict[str, int | float]:
    """What the first line of a manifest and its entry in the index have to say."""
    counts: dict[str, int | float] = {"keep": placed.keep, "keep_gb": placed.keep_gb}
    for do in ("fetch", "evict"):
        lines = [line for line in wanted if line["do"] == do]
        counts |= {do: len(lines), f"{do}_gb": float(sum(line["size_gb"] for line in lines))}
    return counts | {"unscheduled": max(0, placed.add - int(counts["fetch"]))}


def _fault(
    folder: Path,
    entry: ManifestEntry,
    plan: str,
    wanted: list[dict[str, Any]],
    counts: Mapping[str, int | float],
) -> str:
    """What is wrong with a manifest, empty if nothing is."""
    path = folder / entry.path
    if not real_path(path).is_relative_to(real_path(folder)):
        return "a link that leads out of the plan's folder"
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
    told = {key: value for key, value in entry.counts.items() if key in counts}
    return _header_fault(manifest, entry.appliance, plan, counts) or _count_fault(told, counts, "the index: ")


def _header_fault(manifest: Manifest, name: str, plan: str, counts: Mapping[str, int | float]) -> str:
    """What is wrong with the first line, given that the others are right."""
    header = dict(manifest.header)
    if (header.get("appliance"), header.get("plan")) != (name, plan):
        return "its first line is that of another appliance or plan"
    if type(header.get("manifest")) is not int or header["manifest"] != MANIFEST_FORMAT:
        return f"written in format {header.get('manifest')!r}, expected {MANIFEST_FORMAT}"
    # What early releases did not count yet is not missed.
    missing = [key for key in counts if key not in header and key != "unscheduled"]
    if missing:
        return f"{missing[0]} is missing"
    return _count_fault({key: header[key] for key in counts if key in header}, counts)


def _count_fault(claimed: Mapping[str, Any], found: Mapping[str, int | float], where: str = "") -> str:
    """Which of some counts and GB is not what was found; counts are whole numbers, and exact."""
    for key, value in claimed.items():
        due = found[key]
        kind = (int,) if isinstance(due, int) else (int, float)
        slack = 0.0 if isinstance(due, int) else ROUNDING * max(1.0, due)
        if type(value) not in kind or not abs(value - due) <= slack:
            return f"{where}{key} claimed {value}, found {due:g}"
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


def _placed(placement: Columns) -> Mapping[str, _Placed]:
    """Copies that each appliance keeps and adds, and the GB of those it keeps."""
    texts = placement.texts["appliance"]
    action = placement.texts["action"].positions({KEEP: 0, ADD: 1})
    kept, added = np.flatnonzero(action == 0), np.flatnonzero(action == 1)
    n = len(texts.names)
    keep = np.bincount(texts.code[kept], minlength=n).tolist()
    add = np.bincount(texts.code[added], minlength=n).tolist()
    gb = np.bincount(texts.code[kept], placement.values["size_gb"][kept], minlength=n).tolist()
    return {name: _Placed(keep[i], float(gb[i]), add[i]) for i, name in enumerate(texts.names)}
