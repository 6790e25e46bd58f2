"""Lies that can be told with a plan folder, each with what a failed check has to say about it.

Every tampering fixes the checksums afterwards. Those marked `later` change the plan that was made from
earlier holdings, the others the one of a cold start.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdnplan.inputs.plans.plan_folder import (
    APPLIANCES,
    DEMAND,
    FILES,
    HOLDINGS,
    PLACEMENT,
    PRICES,
    SERVING,
    TOPOLOGY,
)
from tests.evaluate.plan_writer import change_json, change_table, seal

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Tampering:
    """A change to a folder, and a part of the message that gives it away."""

    name: str
    change: Callable[[Path], None]
    said: str
    later: bool = False


def claim(name: str, said: str, *path: str, by: Callable[[Any], Any], later: bool = False) -> Tampering:
    """Change one number or word of plan.json."""

    def change(claims: dict[str, Any]) -> None:
        level = functools.reduce(lambda d, key: d[key], path[:-1], claims)
        level[path[-1]] = by(level[path[-1]])

    return Tampering(name, lambda folder: change_json(folder, change), said, later)


def table(name: str, file: str, said: str, change: Callable[[Rows], None], later: bool = False) -> Tampering:
    """Change the rows of a table."""
    return Tampering(name, lambda folder: change_table(folder, file, change), said, later)


def cell(
    name: str, file: str, said: str, row: int, column: str, by: Callable[[Any], Any], later: bool = False
) -> Tampering:
    """Change one cell of a table."""

    def change(rows: Rows) -> None:
        rows[row][column] = by(rows[row][column])

    return table(name, file, said, change, later)


def where(rows: Rows, **wanted: Any) -> list[int]:
    """Rows with some values."""
    return [i for i, row in enumerate(rows) if all(row[key] == value for key, value in wanted.items())]


def remove(rows: Rows, **wanted: Any) -> None:
    """Take rows out; there must be some."""
    found = where(rows, **wanted)
    assert found
    for i in reversed(found):
        del rows[i]


def text(name: str, file: str, old: str, new: str, said: str, later: bool = False) -> Tampering:
    """Change the topology."""

    def change(folder: Path) -> None:
        before = (folder / file).read_text(encoding="utf-8")
        assert old in before
        (folder / file).write_text(before.replace(old, new), encoding="utf-8")
        seal(folder)

    return Tampering(name, change, said, later)


def more(value: float) -> float:
    return value * 1.001 + 1e-3


def _both_bounds_up(claims: dict[str, Any]) -> None:
    claims["lower"] += 1.0
    claims["lower_priced"] += 1.0


def _invented_proof(claims: dict[str, Any]) -> None:
    claims["bound_proof"] = "branch-and-bound"
    claims["lower"] = claims["upper"] * 0.999
    claims["lower_priced"] += 1.0


def _bound_above_cost(claims: dict[str, Any]) -> None:
    claims["bound_proof"] = "branch-and-bound"
    claims["lower"] = claims["upper"] * 1.01


def _served_from_a_pool_instead(rows: Rows) -> None:
    """All that the origin serves to a region now comes from its cheapest pool, peaks adjusted."""
    origin = where(rows, pool="origin")[0]
    region = rows[origin]["region"]
    pool = next(i for i in where(rows, region=region) if i != origin)
    for column in ("gb", "peak_gbps"):
        rows[pool][column] += rows[origin][column]
    del rows[origin]


def _less_than_demand(rows: Rows) -> None:
    rows[0]["gb"] *= 0.99
    rows[0]["peak_gbps"] *= 0.99


def _move_copies(rows: Rows) -> None:
    """All of one pool on its first appliance."""
    for row in rows:
        if row["appliance"].startswith("kpn/"):
            row["appliance"] = "kpn/storage-2u/1"


def _copy(rows: Rows, i: int, **changed: Any) -> None:
    rows.append({**rows[i], **changed})


def _lose_copy(rows: Rows, file: str) -> None:
    found = [i for i in where(rows, file=file) if rows[i]["appliance"].startswith("ams-ix")]
    assert len(found) > 1
    del rows[found[0]]


def _reverse(rows: Rows, old: str, new: str) -> None:
    rows[where(rows, action=old)[0]]["action"] = new


def _set(rows: Rows, kind: str, **changed: Any) -> None:
    rows[where(rows, limit=kind)[0]].update(changed)


def _scale(rows: Rows, by: float) -> None:
    for row in rows:
        row["price"] *= by


def _without_holdings(folder: Path) -> None:
    (folder / HOLDINGS).unlink()
    seal(folder)


CLAIMS = [
    claim("total", "cost.total claimed", "cost", "total", by=more),
    claim("delivery", "cost.delivery claimed", "cost", "delivery", by=lambda v: v * 0.999),
    claim("fill", "cost.fill claimed", "cost", "fill", by=lambda _: 0.0, later=True),
    claim("overload-cost", "cost.overload claimed", "cost", "overload", by=lambda v: v - 1.0),
    claim("upper", "upper claimed", "upper", by=lambda v: v - 1.0),
    claim("ideal", "ideal claimed", "ideal", by=lambda v: v * 0.9),
    claim("gap", "gap_ratio claimed", "gap_ratio", by=lambda v: v / 2),
    claim("plain-gap", "gap_to_upper_ratio claimed", "gap_to_upper_ratio", by=lambda v: v / 2),
    claim("offload", "offload_byte_ratio claimed", "offload_byte_ratio", by=lambda v: min(1.0, v + 0.001)),
    claim("demand", "demand_gb claimed", "demand_gb", by=more),
    claim("no-overload", "overload: ams-ix>nl-ziggo slice 0 claimed 0", "overload", by=lambda _: []),
    claim(
        "less-overload",
        "overload: ams-ix>nl-ziggo slice 0",
        "overload",
        by=lambda rows: [{**rows[0], "gbps": rows[0]["gbps"] / 2}, *rows[1:]],
    ),
    claim(
        "unknown-link",
        "no limited link 'ams-ix>nowhere'",
        "overload",
        by=lambda rows: [*rows, {"link": "ams-ix>nowhere", "slice": 0, "gbps": 1.0}],
    ),
    claim(
        "full-used",
        "full[0].used of link ams-ix>nl-ziggo",
        "full",
        by=lambda rows: [{**rows[0], "used": rows[0]["allowed"]}, *rows[1:]],
    ),
    claim(
        "full-price",
        "full[0].price of link ams-ix>nl-ziggo",
        "full",
        by=lambda rows: [{**rows[0], "price": rows[0]["price"] * 2}, *rows[1:]],
    ),
    claim("full-unknown", "no such limit", "full", by=lambda rows: [{**rows[0], "name": "ams-ix>x"}]),
    claim("counts", "counts.files claimed", "counts", "files", by=lambda v: v + 1),
    claim("fill-counted", "fill_counted claimed True", "fill_counted", by=lambda _: True),
    claim("fill-not-counted", "fill_counted claimed False", "fill_counted", by=lambda _: False, later=True),
    claim(
        "evenness",
        "appliances.busiest_over_mean_ratio claimed 1",
        "appliances",
        "busiest_over_mean_ratio",
        by=lambda v: v - 0.01,
    ),
    claim(
        "moves",
        "appliances.moved_within_pools_gb claimed",
        "appliances",
        "moved_within_pools_gb",
        by=lambda v: v + 1.0,
        later=True,
    ),
    claim("previous-hidden", "previous plan: ", "input_hashes", by=lambda _: {}, later=True),
    claim("previous-invented", "previous plan: ", "input_hashes", by=lambda v: v | {"previous": "0" * 64}),
    claim("input-hash", "SHA-256 of 64", "input_hashes", "topology", by=lambda v: v[1:]),
    claim("no-version", "expected a version", "versions", "python", by=lambda _: 3.11),
    claim("warning-hidden", "warning: warnings; not given: 856 GB", "warnings", by=lambda _: []),
    claim("warnings", "expected a list of texts", "warnings", by=lambda _: "none"),
    claim("optimal", "optimal: status", "status", by=lambda _: "optimal"),
    claim("period", "serving.parquet row 1: peak_gbps", "period", "days", by=lambda v: v * 2),
    claim("priced", "lower_priced claimed", "lower_priced", by=lambda v: v + 1e-3),
    Tampering("bound", lambda d: change_json(d, _both_bounds_up), "bound: lower claimed"),
    Tampering("invented-proof", lambda d: change_json(d, _invented_proof), "lower_priced claimed"),
    Tampering("bound-above-cost", lambda d: change_json(d, _bound_above_cost), "lower at most upper"),
]


def _full(name: str, said: str, change: Callable[[Rows], None]) -> Tampering:
    """Change the list of full limits."""

    def by(rows: Rows) -> Rows:
        change(rows)
        return rows

    return claim(f"full-{name}", said, "full", by=by)


FULL = [
    _full("emptied", "binds, but is not listed", lambda rows: rows.clear()),
    _full("one-less", "binds, but is not listed", lambda rows: rows.pop()),
    _full("twice", "listed twice", lambda rows: rows.append(dict(rows[0]))),
    _full("unit", "found Gbps", lambda rows: rows[0].update(unit="Mbps")),
    _full("unit-of-price", "price_per of link", lambda rows: rows[0].update(price_per="TB")),
    _full("allowed", "full[0].allowed", lambda rows: rows[0].update(allowed=rows[0]["allowed"] * 2)),
    _full("no-unit", "expected limit, name", lambda rows: rows[0].pop("unit")),
    _full("other-kind", "no such limit", lambda rows: rows[0].update(limit="storage")),
]


def _period(**changed: Any) -> Callable[[Any], Any]:
    return lambda period: {**period, **changed}


PERIODS = [
    claim("a-week-later", "period.start claimed 2026-07-13", "period", by=_period(start="2026-07-13")),
    claim("a-week-earlier", "period.start claimed 2026-06-29", "period", by=_period(start="2026-06-29")),
    claim("a-day-later", "period.start claimed 2026-07-07", "period", by=_period(start="2026-07-07")),
    claim("days", "period.days claimed 7.5", "period", by=_period(days=7.5)),
    claim("week-later-later", "period.start", "period", by=_period(start="2026-07-13"), later=True),
]


def _write(folder: Path, file: str, content: str) -> None:
    (folder / file).write_text(content, encoding="utf-8")
    seal(folder)


def _includes(name: str, listed: str) -> Tampering:
    """A topology that takes its demand, costs or whatever from outside of the folder."""

    def change(folder: Path) -> None:
        outside = folder.parent / "outside.yaml"
        outside.write_text("policy: {max_sites: 1}\nsecret: hunter2\n", encoding="utf-8")
        text = (folder / TOPOLOGY).read_text(encoding="utf-8")
        _write(folder, TOPOLOGY, f"include: [{listed.format(outside=outside)}]\n{text}")

    return Tampering(name, change, "nothing that it includes is read")


def _link(name: str, file: str) -> Tampering:
    """A file of the folder that is a link to one outside."""

    def change(folder: Path) -> None:
        outside = folder.parent / "elsewhere"
        (folder / file).rename(outside)
        (folder / file).symlink_to(outside)
        if file != "plan.json":
            seal(folder)

    return Tampering(name, change, "a link that leads out of the plan's folder")


FOREIGN = [
    _includes("include-above", "../../outside.yaml"),
    _includes("include-absolute", "'{outside}'"),
    _includes("include-passwd", "/etc/passwd"),
    _includes("include-missing", "nowhere.yaml"),
    _includes("include-within", "topology.yaml"),
    *(_link(f"link-{file}", file) for file in ("plan.json", TOPOLOGY, DEMAND, PLACEMENT, SERVING, PRICES)),
]


def _stray_manifests(folder: Path) -> None:
    (folder / "manifests").mkdir()
    _write(folder, "manifests/kpn.jsonl", '{"manifest":1}\n')


def _id(claims: dict[str, Any]) -> None:
    claims["id"] = "0" * 16


PARTS = [
    Tampering("manifests-without-index", _stray_manifests, "manifests/index.json; not listed"),
    Tampering("id-without-night", lambda d: change_json(d, _id), "fills is missing, though"),
    Tampering("id-without-manifests", lambda d: change_json(d, _id), "manifests/index.json; not listed"),
    Tampering("another-id", lambda d: change_json(d, _id), "plan id: id claimed 0000"),
]


PLACEMENTS = [
    cell("size", PLACEMENT, "placement.parquet row 5: size_gb", 4, "size_gb", by=more),
    cell("action", PLACEMENT, "row 3: action of", 2, "action", lambda _: "keep"),
    cell("unknown-action", PLACEMENT, "row 3: known action", 2, "action", lambda _: "hold"),
    cell("unknown-file", PLACEMENT, "row 3: known file", 2, "file", lambda _: "t99.hd"),
    cell("unknown-pool", PLACEMENT, "row 3: known appliance", 2, "appliance", lambda _: "linx/disk/1"),
    cell(
        "no-such-number", PLACEMENT, "row 1: known appliance", 0, "appliance", lambda _: "ams-ix/flash-1u/3"
    ),
    cell("no-number", PLACEMENT, "row 1: can be read", 0, "appliance", lambda _: "ams-ix/flash-1u"),
    table("twice", PLACEMENT, "in another row, too", lambda rows: _copy(rows, 3)),
    table("copy-lost", PLACEMENT, "copies: t01.hd at ams-ix", lambda rows: _lose_copy(rows, "t01.hd")),
    table("not-held", PLACEMENT, "serving limit: nl-kpn", lambda rows: remove(rows, file="t00.hd")),
    table("pin", PLACEMENT, "pin limit: t03.hd", lambda rows: remove(rows, file="t03.hd")),
    table("launch", PLACEMENT, "launch limit: t07.hd", lambda rows: remove(rows, file="t07.hd")),
    table(
        "ban",
        PLACEMENT,
        "ban limit: t05.hd at bnix",
        lambda rows: _copy(rows, where(rows, file="t05.hd")[0], appliance="bnix/storage-2u/1"),
    ),
    table("full", PLACEMENT, "appliance storage: kpn/storage-2u/1", _move_copies),
    table("keep-as-add", PLACEMENT, "it is there already", lambda rows: _reverse(rows, "keep", "add"), True),
    table("add-as-keep", PLACEMENT, "it was not there", lambda rows: _reverse(rows, "add", "keep"), True),
    table(
        "evict-hidden", PLACEMENT, "neither kept nor evicted", lambda rows: remove(rows, action="evict"), True
    ),
    table("evict-undone", PLACEMENT, "row 1: storage_gb", lambda rows: _reverse(rows, "keep", "evict"), True),
]

SERVINGS = [
    table("not-from-origin", SERVING, "serving limit", _served_from_a_pool_instead),
    table("unserved", SERVING, "serving limit: be-other: all demand", _less_than_demand),
    table("row-lost", SERVING, "serving limit", lambda rows: rows.pop(2)),
    cell("peak", SERVING, "serving.parquet row 4: peak_gbps", 3, "peak_gbps", lambda v: v * 0.9),
    cell("region", SERVING, "row 2: known region", 1, "region", lambda _: "nl-kpm"),
    cell("pool", SERVING, "row 1: candidate", 0, "pool", lambda _: "kpn/storage-2u"),
    cell("negative", SERVING, "negative volume", 0, "gb", lambda v: -v),
    table("row-twice", SERVING, "in another row, too", lambda rows: _copy(rows, 1, gb=0.0, peak_gbps=0.0)),
]

TOTALS = [
    cell("stored", APPLIANCES, "row 2: storage_gb", 1, "storage_gb", lambda v: v - 1.0),
    cell("storage-limit", APPLIANCES, "row 2: storage_limit_gb", 1, "storage_limit_gb", lambda v: v * 2),
    cell(
        "rate-limit", APPLIANCES, "row 2: throughput_limit_gbps", 1, "throughput_limit_gbps", lambda v: v * 2
    ),
    cell("peak-too-high", APPLIANCES, "row 3: appliance throughput", 2, "peak_gbps", lambda _: 0.2),
    cell("peak-hidden", APPLIANCES, "appliances.parquet row 6: peak_gbps", 5, "peak_gbps", lambda v: v * 0.9),
    cell("peaks-short", APPLIANCES, "of its appliances together", 0, "peak_gbps", lambda v: v * 0.99),
    cell("other-pool", APPLIANCES, "row 1: pool", 0, "pool", lambda _: "kpn/storage-2u"),
    table("appliance-lost", APPLIANCES, "every appliance: kpn/storage-2u/2", lambda rows: rows.pop(7)),
    table("appliance-twice", APPLIANCES, "one row per appliance", lambda rows: _copy(rows, 0)),
    cell("strange-name", APPLIANCES, "known appliance", 0, "appliance", lambda _: "ams-ix/flash-1u/9"),
]

PRICE_LIES = [
    cell("negative-price", PRICES, "row 1: price of", 0, "price", lambda v: -v),
    table("too-dear-link", PRICES, "above the cost of overload", lambda rows: _set(rows, "link", price=1e6)),
    table(
        "beyond-floats", PRICES, "not a number one can use", lambda rows: _set(rows, "storage", price=1e308)
    ),
    table("no-such-slice", PRICES, "no slice 2", lambda rows: _set(rows, "throughput", slice=2)),
    table("no-such-name", PRICES, "no such limit", lambda rows: _set(rows, "storage", name="linx/disk")),
    table("no-such-kind", PRICES, "no such kind of limit", lambda rows: _set(rows, "storage", limit="luck")),
    table("other-unit", PRICES, "expected 'per TB'", lambda rows: _set(rows, "storage", unit="per GB")),
    table("priced-twice", PRICES, "given twice", lambda rows: _copy(rows, 0)),
    table("no-limit", PRICES, "limit that does not exist", lambda rows: _copy(rows, 0, limit="fill")),
    table("less-proof", PRICES, "bound: lower claimed", lambda rows: _scale(rows, 0.5)),
    table("no-proof", PRICES, "bound: lower claimed", lambda rows: rows.clear()),
    table("more-proof", PRICES, "lower_priced claimed", lambda rows: _scale(rows, 1.1), True),
]

INPUTS = [
    text("more-storage", TOPOLOGY, "storage_tb: 0.12", "storage_tb: 0.24", "storage_limit_gb"),
    text("cheaper-link", TOPOLOGY, "cost_per_gb: 0.03", "cost_per_gb: 0.01", "cost.delivery claimed"),
    text("other-ban", TOPOLOGY, "title: t05", "title: t00", "ban limit: t00.hd"),
    text("limited", TOPOLOGY, "churn_ratio: 0.7", "churn_ratio: 0.7\n  cold_start: limited", "fill_counted"),
    cell("demand-grown", DEMAND, "all demand", 0, "gb", lambda v: v * 1.1),
    cell("size-shrunk", FILES, "size_gb", 0, "size_gb", lambda v: v * 0.5),
    table("earlier-copy-lost", HOLDINGS, "it was not there", lambda rows: rows.pop(0), True),
    Tampering("holdings-gone", _without_holdings, "fill_counted claimed True", True),
]

TAMPERINGS = [
    *CLAIMS,
    *FULL,
    *PERIODS,
    *FOREIGN,
    *PARTS,
    *PLACEMENTS,
    *SERVINGS,
    *TOTALS,
    *PRICE_LIES,
    *INPUTS,
]
