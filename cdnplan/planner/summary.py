"""A plan in a table for people."""

from __future__ import annotations

from typing import Any

FULL_LISTED = 10


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
        ("period", f"{record['period']['start']}, {record['period']['days']:g} days"),
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
        *_night_rows(record["fills"]),
        ("time, memory", f"{_seconds(record):,.1f} s, {record['peak_memory_gb']:.2f} GB"),
    ]


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
    """The most valuable limits that are full.

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
