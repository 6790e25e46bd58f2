"""A plan in a table for people."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cdnplan.inputs.plans.plan_json import BY_FIELD, BY_PREVIOUS, EMPTY, STOCKED
from cdnplan.model.network.period import span_text

FULL_LISTED = 10
HELD_BEFORE = {
    STOCKED: "arrive stocked: nothing is fetched",
    EMPTY: "empty",
    BY_PREVIOUS: "as the previous plan leaves them",
    BY_FIELD: "as the field reports",
}
"""What appliances hold before a plan, in words."""


def summary_rows(record: dict[str, Any]) -> list[tuple[str, str]]:
    """Key figures of a plan, formatted.

    Parameters
    ----------
    record : dict
        The content of ``plan.json``.

    Returns
    -------
    list of (figure, value)
    """
    counts, cost = record["counts"], record["cost"]
    overload = sum(row["gbps"] for row in record["overload"])
    return [
        ("status", f"{record['status']}, by the {record['engine']} engine ({record['engine_reason']})"),
        ("period", _period(record["period"])),
        ("appliances before", HELD_BEFORE[record["held_before"]["from"]]),
        ("regions", f"{counts['regions']:,}"),
        (
            "sites, pools, appliances",
            f"{counts['sites']:,}, {counts['pools']:,}, {counts['appliances']:,}",
        ),
        ("files", f"{counts['files']:,}"),
        ("demand", f"{record['demand_gb']:,.0f} GB"),
        ("offload (bytes)", f"{record['offload_byte_ratio']:.2%}"),
        ("cost", f"{cost['total']:,.2f}"),
        ("  delivery", f"{cost['delivery']:,.2f}"),
        ("  fill", f"{cost['fill']:,.2f}" + ("" if record["fill_counted"] else " (cold start: not counted)")),
        ("  overload", f"{cost['overload']:,.2f} ({overload:,.1f} Gbps)"),
        (
            "no plan costs less than",
            f"{record['lower']:,.2f} under this policy (ideal {record['ideal']:,.2f})",
        ),
        ("gap", f"{record['gap_ratio']:.3%} of cost above ideal, {record['gap_to_upper_ratio']:.4%} of cost"),
        ("busiest appliance", f"{record['appliances']['busiest_over_mean_ratio']:.3f} of its pool's mean"),
        *_as_held_rows(record["as_held"]),
        *_night_rows(record["fills"]),
        ("time, memory", f"{_seconds(record):,.1f} s, {record['peak_memory_gb']:.2f} GB"),
    ]


def _period(period: dict[str, Any]) -> str:
    """Both ends, and how many days that is."""
    days = period["days"]
    span = span_text(dt.date.fromisoformat(period["end"]), days)
    return f"{span}, {days:g} {'day' if days == 1 else 'days'}"


def _as_held_rows(weighed: dict[str, Any] | None) -> list[tuple[str, str]]:
    """What leaving things as they are costs; nothing where nothing is held that may stay."""
    if weighed is None:
        return []
    stays = "this plan" if weighed["stays"] else f"{weighed['as_held_cost']:,.2f}"
    other = f"; the other one found costs {weighed['found_cost']:,.2f}" if weighed["stays"] else ""
    return [("leaving all as it is", stays + other)]


def _night_rows(fills: dict[str, Any]) -> list[tuple[str, str]]:
    """What is fetched and what is not; nothing where appliances arrive stocked."""
    lost, sources = fills["unfilled"], fills["bytes_gb"]
    if not lost["count"] and not fills["naive_origin_gb"]:
        return []
    parts = ", ".join(f"{gb:,.0f} {kind}" for kind, gb in sources.items())
    return [
        ("fetched in the night", f"{fills['naive_origin_gb']:,.0f} GB ({parts})"),
        (
            "no time or room for",
            f"{lost['count']:,} copies, {lost['gb']:,.0f} GB, worth {lost['value']:,.2f}",
        ),
    ]


def full_rows(record: dict[str, Any]) -> list[tuple[str, str, float, float, str, float, str]]:
    """The dearest limits that bind.

    Returns
    -------
    list of (limit, name, used, allowed, unit, price, price per)
    """
    return [
        (
            row["limit"],
            row["name"],
            row["used"],
            row["allowed"],
            row["unit"],
            row["price"],
            row["price_per"],
        )
        for row in record["full"][:FULL_LISTED]
    ]


def _seconds(record: dict[str, Any]) -> float:
    return float(sum(value for phase, value in record["seconds"].items() if ":" not in phase))
