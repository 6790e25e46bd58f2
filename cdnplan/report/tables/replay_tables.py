"""Tables of a replay's report, from the folder that `cdnplan replay` writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.plans.plan_folder import attempt
from cdnplan.inputs.tables.parquet_columns import Columns, Kind, read_columns
from cdnplan.model.instance.instance import Floats
from cdnplan.report.parts.sheet import NumberColumn, Sheet, TextColumn
from cdnplan.report.tables.records import read_replayed

REPLAY_JSON = "replay.json"
PLAN_NAME = "plan"
"""Name of the plan's way."""
MISSES_SHOWN = 5_000
"""Rows of the table of misses: those with most bytes; what is left becomes one row for each cause."""

_ROUNDING = 1.0 + 1e-6
"""Sums over a period, one of them of parts, may differ by so much."""

_WAY: dict[str, Kind] = {"policy": "text", "kind": "text", "planned_ratio": "number", "parent": "flag"}
_TABLES: dict[str, dict[str, Kind]] = {
    "policies.parquet": {
        "period": "date",
        **_WAY,
        "demand_gb": "number",
        "origin_gb": "number",
        "byte_offload_ratio": "number",
        "request_offload_ratio": "number",
        "origin_peak_gbps": "number",
        "origin_p95_gbps": "number",
        "fill_window_gb": "number",
        "fill_outside_gb": "number",
        "fill_waste_gb": "number",
    },
    "links.parquet": {
        "period": "date",
        **_WAY,
        "link": "text",
        "peak_gbps": "number",
        "p95_gbps": "number",
        "capacity_gbps": "number",
    },
    "sites.parquet": {
        **_WAY,
        "site": "text",
        "planned_gb": "number",
        "cached_gb": "number",
        "parent_gb": "number",
        "origin_gb": "number",
    },
    "regions.parquet": {
        **_WAY,
        "region": "text",
        "country": "text",
        "latitude": "number",
        "longitude": "number",
        "demand_gb": "number",
        "origin_gb": "number",
    },
    "misses.parquet": {
        "region": "text",
        "title": "text",
        "cause": "text",
        "served_by": "text",
        "avoided_by": "text",
        "gb": "number",
    },
}


@dataclass(frozen=True, slots=True, eq=False)
class ReplayFacts:
    """A replay folder as read: the record, and its tables by file name."""

    record: Mapping[str, Any]
    tables: Mapping[str, Columns]


def read_replay(folder: Path) -> ReplayFacts:
    """Read a replay folder.

    Raises
    ------
    InputError
        All that cannot be read.
    """
    problems: list[Problem] = []
    record = attempt(problems, lambda: read_replayed(folder / REPLAY_JSON))
    tables = {}
    for name, kinds in _TABLES.items():
        found = attempt(problems, partial(read_columns, folder / name, kinds))
        if found is not None:
            tables[name] = found
    problems += [problem for table in tables.values() for problem in _more_than_all(table)]
    if problems or record is None:
        raise InputError(problems)
    return ReplayFacts(record, tables)


def _more_than_all(table: Columns) -> list[Problem]:
    """Rows in which more comes from the origin than is asked for, the first 20."""
    if not {"demand_gb", "origin_gb"} <= table.values.keys():
        return []
    demand, origin = table.values["demand_gb"], table.values["origin_gb"]
    rows = np.flatnonzero(~((origin >= 0) & (origin <= demand * _ROUNDING)))[:20]
    return [
        Problem(
            f"found {origin[i]:g}, expected 0 to the demand of {demand[i]:g} GB",
            file=table.file,
            row=int(i) + 1,
            path="origin_gb",
        )
        for i in rows
    ]


def way_name(policy: str, kind: str, planned_ratio: float, *, parent: bool) -> str:
    """Name a way of caching for readers.

    Examples
    --------
    >>> way_name("plan", "plan", 1.0, parent=False), way_name("lru", "live", 0.0, parent=True)
    ('plan', 'lru, live, parents')
    >>> way_name("lru", "hybrid", 0.8, parent=False)
    'lru, hybrid, 80% planned'
    """
    parts = [policy]
    if kind != policy:
        parts.append(kind)
    if 0.0 < planned_ratio < 1.0:
        parts.append(f"{planned_ratio:.0%} {'given' if kind == 'prefilled' else 'planned'}")
    if parent:
        parts.append("parents")
    return ", ".join(parts)


def _names(table: Columns) -> list[str]:
    """Name of each row's way."""
    policy, kind = table.texts["policy"], table.texts["kind"]
    planned, parent = table.values["planned_ratio"], table.values["parent"]
    return [
        way_name(policy.at(i), kind.at(i), float(planned[i]), parent=bool(parent[i]))
        for i in range(table.n_rows)
    ]


def ways_table(facts: ReplayFacts) -> Sheet:
    """Every way of caching over all periods, highest byte offload first."""
    ways = sorted(facts.record["policies"], key=lambda way: -way["byte_offload_ratio"])

    def numbers(key: str, digits: int) -> NumberColumn:
        return NumberColumn(key, np.array([way[key] for way in ways], dtype=np.float64), digits)

    names = [way_name(w["policy"], w["kind"], w["planned_ratio"], parent=w["parent"]) for w in ways]
    return Sheet(
        "ways",
        (
            TextColumn.of("way", names),
            TextColumn.of("kind", [way["kind"] for way in ways]),
            numbers("byte_offload_ratio", 5),
            numbers("request_offload_ratio", 5),
            numbers("origin_gb", 0),
            numbers("origin_peak_gbps", 2),
            numbers("origin_p95_gbps", 2),
            numbers("fill_window_gb", 0),
            numbers("fill_outside_gb", 0),
            numbers("fill_waste_gb", 0),
        ),
    )


def periods_table(facts: ReplayFacts) -> Sheet:
    """Every way in every period, as they were run."""
    table = facts.tables["policies.parquet"]
    digits = {
        "byte_offload_ratio": 5,
        "request_offload_ratio": 5,
        "origin_peak_gbps": 2,
        "origin_p95_gbps": 2,
    }
    columns = ("demand_gb", *digits, "origin_gb", "fill_window_gb", "fill_outside_gb", "fill_waste_gb")
    return Sheet(
        "periods",
        (
            TextColumn.of("period", [str(day) for day in table.values["period"]]),
            TextColumn.of("way", _names(table)),
            *(NumberColumn(name, table.values[name], digits.get(name, 0)) for name in columns),
        ),
    )


def offload_series(periods: Sheet, way: str, days: list[str]) -> Floats:
    """Byte offload of a way in each period, NaN where it was not run."""
    day, name, value = periods.texts("period"), periods.texts("way"), periods.numbers("byte_offload_ratio")
    found = {d: v for d, n, v in zip(day, name, value.tolist(), strict=True) if n == way}
    return np.array([found.get(d, np.nan) for d in days])


def links_table(facts: ReplayFacts) -> Sheet:
    """Rates of links that have a capacity: largest peak and 95th percentile of each way over all periods."""
    table = facts.tables["links.parquet"]
    names = _names(table)
    link = table.texts["link"]
    best: dict[tuple[str, str], list[float]] = {}
    for i in range(table.n_rows):
        row = best.setdefault((link.at(i), names[i]), [0.0, 0.0, 0.0])
        for k, column in enumerate(("peak_gbps", "p95_gbps", "capacity_gbps")):
            row[k] = max(row[k], float(table.values[column][i]))
    keys = sorted(best)
    rates = np.array([best[key] for key in keys]).reshape(len(keys), 3)
    used = np.divide(rates[:, 0], rates[:, 2], out=np.full(len(keys), np.nan), where=rates[:, 2] > 0)
    return Sheet(
        "links",
        (
            TextColumn.of("link", [key[0] for key in keys]),
            TextColumn.of("way", [key[1] for key in keys]),
            NumberColumn("peak_gbps", rates[:, 0], 2),
            NumberColumn("p95_gbps", rates[:, 1], 2),
            NumberColumn("capacity_gbps", rates[:, 2], 2),
            NumberColumn("used_ratio", used, 4),
        ),
    )


def replayed_sites_table(facts: ReplayFacts) -> Sheet:
    """Bytes of each site's viewers by who served them, for each way."""
    table = facts.tables["sites.parquet"]
    parts = [table.values[name] for name in ("planned_gb", "cached_gb", "parent_gb", "origin_gb")]
    whole = np.sum(parts, axis=0)
    offload = np.divide(whole - parts[3], whole, out=np.full(whole.size, np.nan), where=whole > 0)
    names = ("planned_gb", "cached_gb", "parent_gb", "origin_gb")
    site = table.texts["site"]
    return Sheet(
        "sites",
        (
            TextColumn("site", site.names, site.code),
            TextColumn.of("way", _names(table)),
            NumberColumn("byte_offload_ratio", offload, 5),
            *(NumberColumn(name, part) for name, part in zip(names, parts, strict=True)),
        ),
    )


def replayed_regions_table(facts: ReplayFacts, live: str | None) -> Sheet:
    """Byte offload of each region with the plan, and beside it that of the best live cache.

    Parameters
    ----------
    facts : ReplayFacts
    live : str or None
        Name of its way; None: none was run.
    """
    table = facts.tables["regions.parquet"]
    names = np.array(_names(table), dtype=object)
    plan = np.flatnonzero(names == PLAN_NAME)
    gb = table.values["demand_gb"][plan]
    region, country = table.texts["region"], table.texts["country"]
    columns: list[TextColumn | NumberColumn] = [
        TextColumn("region", region.names, region.code[plan]),
        TextColumn("country", country.names, country.code[plan]),
        NumberColumn("lat", table.values["latitude"][plan], 4),
        NumberColumn("lon", table.values["longitude"][plan], 4),
        NumberColumn("demand_gb", gb),
        NumberColumn("plan_ratio", _offload(gb, table.values["origin_gb"][plan]), 5),
    ]
    if live is not None:
        rows = np.flatnonzero(names == live)
        origin = dict(zip(region.code[rows].tolist(), table.values["origin_gb"][rows].tolist(), strict=True))
        # A region that the other way does not list has no ratio.
        there = np.array([origin.get(code, np.nan) for code in region.code[plan].tolist()])
        columns.append(NumberColumn("live_ratio", _offload(gb, there), 5))
    return Sheet("regions", tuple(columns))


def _offload(demand_gb: Floats, origin_gb: Floats) -> Floats:
    """Byte offload, NaN where nothing was asked for."""
    none = np.full(demand_gb.size, np.nan)
    return np.asarray(np.divide(demand_gb - origin_gb, demand_gb, out=none, where=demand_gb > 0))


def regret_table(facts: ReplayFacts) -> Sheet | None:
    """What the plans cost above the bound, by cause; None where no regret was computed."""
    found = facts.record.get("regret")
    if not found:
        return None
    parts = ("forecast_error", "fill_limits", "optimisation_gap")
    return Sheet(
        "regret",
        (
            TextColumn.of("part", [part.replace("_", " ") for part in parts]),
            NumberColumn("cost", np.array([found[part] for part in parts], dtype=np.float64), 2),
        ),
    )


def causes_table(facts: ReplayFacts, column: str = "cause") -> Sheet:
    """Bytes missed by cause, or by what would have avoided them, most first."""
    table = facts.tables["misses.parquet"]
    texts = table.texts[column]
    gb = np.bincount(texts.code, table.values["gb"], minlength=len(texts.names)).astype(np.float64)
    order = np.lexsort((np.arange(gb.size), -gb))
    order = order[gb[order] > 0]
    demand = sum(w["demand_gb"] for w in facts.record["policies"] if w["kind"] == "plan")
    share = gb[order] / demand if demand > 0 else np.zeros(order.size)
    return Sheet(
        "causes" if column == "cause" else "remedies",
        (
            TextColumn.of(column, [texts.names[i] or "nothing known" for i in order]),
            NumberColumn("gb", gb[order]),
            NumberColumn("demand_ratio", share, 6),
        ),
    )


def missed_table(facts: ReplayFacts) -> Sheet:
    """Misses by region, title and cause over all periods, most bytes first; the small ones are added up."""
    table = facts.tables["misses.parquet"]
    names = ("region", "title", "cause", "served_by", "avoided_by")
    shape = tuple(max(1, len(table.texts[name].names)) for name in names)
    key = np.ravel_multi_index([table.texts[name].code for name in names], shape)
    distinct, number = np.unique(key, return_inverse=True)
    gb = np.bincount(number, table.values["gb"], minlength=distinct.size)
    order = np.lexsort((distinct, -gb))
    shown, rest = order[:MISSES_SHOWN], order[MISSES_SHOWN:]
    codes = dict(zip(names, np.unravel_index(distinct, shape), strict=True))
    texts = {name: [table.texts[name].names[i] for i in codes[name][shown]] for name in names}
    amounts = gb[shown].tolist()
    for cause in sorted({int(c) for c in codes["cause"][rest]}):
        amounts.append(float(gb[rest[codes["cause"][rest] == cause]].sum()))
        for name in names:
            texts[name].append(table.texts["cause"].names[cause] if name == "cause" else "all others")
    return Sheet(
        "misses",
        (*(TextColumn.of(name, texts[name]) for name in names), NumberColumn("gb", np.array(amounts), 1)),
    )


def missed_regions_table(facts: ReplayFacts) -> Sheet:
    """Bytes that each region missed, by cause, most first: a column for each cause."""
    table = facts.tables["misses.parquet"]
    region, cause = table.texts["region"], table.texts["cause"]
    shape = (len(region.names), len(cause.names))
    gb = np.bincount(
        region.code * max(1, shape[1]) + cause.code, table.values["gb"], minlength=shape[0] * shape[1]
    )
    gb = gb.reshape(shape)
    order = np.lexsort((np.arange(shape[0]), -gb.sum(axis=1)))
    return Sheet(
        "missed-regions",
        (
            TextColumn.of("region", [region.names[i] for i in order]),
            *(NumberColumn(f"{name}_miss_gb", gb[order, k]) for k, name in enumerate(cause.names)),
        ),
    )
