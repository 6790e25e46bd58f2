"""A replay folder: its tables, written whole or not at all. `docs/replay.md` documents every column."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from cdnplan.folders import Kind, Place
from cdnplan.inputs.tables.arrow_arrays import from_texts
from cdnplan.planner.folder.tables import coded, table, write_table
from cdnplan.replay.cases.cases import Case
from cdnplan.replay.figures.misses import CAUSES, REMEDIES
from cdnplan.replay.figures.ways import Compared, Way

REPLAY_JSON = "replay.json"
POLICIES = "policies.parquet"
LINKS = "links.parquet"
SITES = "sites.parquet"
REGIONS = "regions.parquet"
REGRET = "regret.parquet"
MISSES = "misses.parquet"


REPLAY = Kind("replay", REPLAY_JSON, lambda _: (POLICIES, LINKS, SITES, REGIONS, REGRET, MISSES))


def write_replay(place: Place, record: dict[str, Any], case: Case, compared: Compared) -> None:
    """Write all tables and the record.

    Parameters
    ----------
    place : Place
    record : dict
        Content of ``replay.json``.
    case : Case
    compared : Compared
    """
    with place.whole() as partial:
        write_table(policies_table(compared), partial / POLICIES)
        write_table(links_table(compared), partial / LINKS)
        write_table(sites_table(compared), partial / SITES)
        write_table(regions_table(case, compared), partial / REGIONS)
        write_table(regret_table(compared), partial / REGRET)
        write_table(misses_table(case, compared), partial / MISSES)
        text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
        (partial / REPLAY_JSON).write_text(text + "\n", encoding="utf-8")


def policies_table(compared: Compared) -> pa.Table:
    """``policies.parquet``: what each policy did in each period."""
    rows = compared.rows
    figures = [row.figures for row in rows]
    columns: dict[str, Any] = {
        "period": np.array([compared.periods[row.period].end for row in rows], dtype="datetime64[D]"),
        **_ways([row.way for row in rows], 1),
    }
    for name in ("demand_gb", "planned_gb", "cached_gb", "parent_gb", "origin_gb"):
        columns[name] = np.array([getattr(one, name) for one in figures], dtype=np.float64)
    columns |= {
        "byte_offload_ratio": np.array([one.byte_offload_ratio for one in figures], dtype=np.float64),
        "plays": np.array([one.plays for one in figures], dtype=np.float64),
        "request_offload_ratio": np.array([one.request_offload_ratio for one in figures], dtype=np.float64),
        "origin_peak_gbps": np.array([one.origin.peak_gbps for one in figures], dtype=np.float64),
        "origin_p95_gbps": np.array([one.origin.p95_gbps for one in figures], dtype=np.float64),
        "fill_window_gb": np.array([one.fill.window_gb for one in figures], dtype=np.float64),
        "fill_outside_gb": np.array([one.fill.outside_gb for one in figures], dtype=np.float64),
        "fill_waste_gb": np.array([one.fill.waste_gb for one in figures], dtype=np.float64),
    }
    return table(columns)


def _ways(ways: Sequence[Way], times: int) -> dict[str, Any]:
    """The columns that name a way, each so many times."""
    return {
        "policy": from_texts([way.policy for way in ways for _ in range(times)]),
        "kind": from_texts([way.kind for way in ways for _ in range(times)]),
        "planned_ratio": np.repeat(np.array([way.planned_ratio for way in ways], dtype=np.float64), times),
        "parent": pa.array([way.parent for way in ways for _ in range(times)], pa.bool_()),
    }


def links_table(compared: Compared) -> pa.Table:
    """``links.parquet``: rates of links that have a capacity."""
    instance = compared.periods[0].instance
    n = instance.n_links
    rows = compared.rows
    rates = [rate for row in rows for rate in row.figures.link]
    return table(
        {
            "period": np.repeat(
                np.array([compared.periods[row.period].end for row in rows], dtype="datetime64[D]"), n
            ),
            **_ways([row.way for row in rows], n),
            "link": coded(np.tile(np.arange(n), len(rows)), instance.links),
            "peak_gbps": np.array([rate.peak_gbps for rate in rates], dtype=np.float64),
            "p95_gbps": np.array([rate.p95_gbps for rate in rates], dtype=np.float64),
            "capacity_gbps": np.tile(instance.link_capacity_gbps, len(rows)),
        }
    )


def sites_table(compared: Compared) -> pa.Table:
    """``sites.parquet``: bytes of each site by who served them, over all periods."""
    ways, sites = list(compared.site_gb), compared.places.sites
    n = len(sites)
    gb = np.concatenate([compared.site_gb[way] for way in ways])
    return table(
        {
            **_ways(ways, n),
            "site": coded(np.tile(np.arange(n), len(ways)), sites),
            "planned_gb": gb[:, 0].copy(),
            "cached_gb": gb[:, 1].copy(),
            "parent_gb": gb[:, 2].copy(),
            "origin_gb": gb[:, 3].copy(),
        }
    )


def regions_table(case: Case, compared: Compared) -> pa.Table:
    """``regions.parquet``: where each region is, what it asked for, and what of it the origin served."""
    ways, regions = list(compared.region_origin_gb), compared.periods[0].instance.regions
    known = {region.name: region for region in case.topology.regions}
    place = [known[name] for name in regions]
    n = len(regions)
    return table(
        {
            **_ways(ways, n),
            "region": coded(np.tile(np.arange(n), len(ways)), regions),
            "country": from_texts([region.country for region in place] * len(ways)),
            "latitude": np.tile([region.location[0] for region in place], len(ways)).astype(np.float64),
            "longitude": np.tile([region.location[1] for region in place], len(ways)).astype(np.float64),
            "demand_gb": np.tile(compared.region_gb, len(ways)),
            "origin_gb": np.concatenate([compared.region_origin_gb[way] for way in ways]),
        }
    )


def regret_table(compared: Compared) -> pa.Table:
    """``regret.parquet``: cost of each period's plan above the bound, by cause."""
    found = compared.regret
    ends = [period.end for period in compared.periods[: len(found)]]
    columns: dict[str, Any] = {"period": np.array(ends, dtype="datetime64[D]")}
    for column, name in (
        ("cost", "cost"),
        ("perfect_forecast_cost", "perfect"),
        ("no_fill_limits_cost", "unlimited"),
        ("bound", "bound"),
        ("regret", "total"),
        ("forecast_error", "forecast"),
        ("fill_limits", "fill"),
        ("optimisation_gap", "gap"),
        ("byte_offload_ratio", "offload_ratio"),
        ("perfect_forecast_byte_offload_ratio", "perfect_offload_ratio"),
        ("no_fill_limits_byte_offload_ratio", "unlimited_offload_ratio"),
    ):
        columns[column] = np.array([getattr(one, name) for one in found], dtype=np.float64)
    return table(columns)


def misses_table(case: Case, compared: Compared) -> pa.Table:
    """``misses.parquet``: the plan's misses by region and title."""
    parts = compared.missed
    catalog, instance = case.catalog, compared.periods[0].instance
    period = np.repeat(
        np.array([one.end for one in compared.periods], dtype="datetime64[D]"),
        [one.region.size for one in parts],
    )

    def joined(name: str) -> Any:
        return np.concatenate([getattr(one, name) for one in parts])

    file = joined("file")
    where = np.where(joined("from_origin"), 0, 1)
    return table(
        {
            "period": period,
            "region": coded(joined("region"), instance.regions),
            "title": coded(catalog.file_title[file], catalog.titles),
            "file": coded(file, catalog.files),
            "cause": coded(joined("cause"), CAUSES),
            "served_by": coded(where, ("origin", "farther")),
            "avoided_by": coded(joined("remedy"), REMEDIES),
            "pool": coded(joined("place") % (instance.n_pools + 1), (*instance.pools, "")),
            "gb": joined("gb"),
            "plays": joined("plays"),
        }
    )
