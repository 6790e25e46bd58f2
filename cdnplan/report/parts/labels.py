"""Names of columns and volumes as readers of a report meet them."""

from __future__ import annotations

from cdnplan.units import GB_PER_TB

LABELS: dict[str, str] = {
    "above_ideal": "above ideal",
    "actual_gb": "came [GB]",
    "added": "copies added",
    "added_gb": "added [GB]",
    "allowed": "allowed",
    "answer": "answer",
    "appliance_miss_gb": "appliance miss [GB]",
    "appliances": "appliances",
    "at_least_per_tb": "at least, per TB",
    "avoided_by": "avoided by",
    "base": "base",
    "broken": "rules broken",
    "busy_ratio": "peak load [%]",
    "byte_offload_ratio": "byte offload [%]",
    "cached_gb": "cached [GB]",
    "capacity_gbps": "capacity [Gbps]",
    "capacity_miss_gb": "capacity miss [GB]",
    "cause": "cause",
    "change": "change",
    "content_miss_gb": "content miss [GB]",
    "copies": "copies",
    "cost": "cost",
    "cost_base": "cost, base",
    "cost_change": "cost changes by",
    "cost_per_tb": "cost per TB served",
    "country": "country",
    "demand_base_gb": "demand, base [GB]",
    "demand_gb": "demand [GB]",
    "demand_ratio": "of demand [%]",
    "detail": "detail",
    "effect": "because of",
    "error_gb": "came less forecast [GB]",
    "evicted": "copies evicted",
    "evicted_gb": "evicted [GB]",
    "exchange_gb": "exchange [GB]",
    "exchange_ratio": "exchange [%]",
    "expected_ratio": "expected [%]",
    "figure": "figure",
    "file": "file",
    "files": "files",
    "fill_outside_gb": "filled outside windows [GB]",
    "fill_waste_gb": "fill waste [GB]",
    "fill_window_gb": "filled in windows [GB]",
    "forecast_gb": "forecast [GB]",
    "gap_ratio": "gap [%]",
    "gb": "GB",
    "held_gb": "held [GB]",
    "hybrid_ratio": "best hybrid [%]",
    "in_gb": "comes [GB]",
    "in_reach_ratio": "in reach [%]",
    "kind": "kind",
    "km": "distance [km]",
    "km_base": "distance, base [km]",
    "last_tb_saves": "last TB saves",
    "lat": "latitude",
    "launch_date": "launch",
    "launch_miss_gb": "launch miss [GB]",
    "limit": "limit",
    "link": "link",
    "link_miss_gb": "link miss [GB]",
    "live_ratio": "best live [%]",
    "lon": "longitude",
    "model": "model",
    "moved_gb": "moved [GB]",
    "name": "name",
    "newly_full": "newly full",
    "next_tb_saves": "next TB would save",
    "nights": "nights",
    "now": "this plan",
    "offload_change_points": "offload changes by [points]",
    "offload_ratio": "offload [%]",
    "origin_base_gb": "origin, base [GB]",
    "origin_gb": "origin [GB]",
    "origin_p95_gbps": "origin, 95% [Gbps]",
    "origin_peak_gbps": "origin peak [Gbps]",
    "origin_ratio": "origin [%]",
    "other_site_gb": "other site [GB]",
    "other_site_ratio": "other site [%]",
    "out_gb": "goes [GB]",
    "overload_gbps": "overload [Gbps]",
    "own_site_gb": "own site [GB]",
    "own_site_ratio": "own site [%]",
    "p95_gbps": "95% [Gbps]",
    "parent_gb": "parents [GB]",
    "part": "part",
    "peak_gbps": "peak [Gbps]",
    "period": "period",
    "plan_ratio": "plan [%]",
    "planned_gb": "planned [GB]",
    "policy_miss_gb": "policy miss [GB]",
    "pools": "pools",
    "pools_base": "pools, base",
    "previous": "previous",
    "price_of_one_more": "one more saves",
    "price_per_gbps": "one more Gbps saves",
    "price_per_tb": "one more TB saves",
    "reason": "reason",
    "region": "region",
    "prefilled_ratio": "best prefilled [%]",
    "request_offload_ratio": "request offload [%]",
    "saves": "saves",
    "scenario": "scenario",
    "served_base_gb": "serves, base [GB]",
    "served_by": "served by",
    "served_change_gb": "serves more [GB]",
    "served_gb": "serves [GB]",
    "site": "site",
    "sites": "sites",
    "size_gb": "size [GB]",
    "size_miss_gb": "size miss [GB]",
    "source": "source",
    "space_tb": "space [TB]",
    "state": "state",
    "steering_miss_gb": "steering miss [GB]",
    "storage_tb": "storage [TB]",
    "stored_ratio": "storage used [%]",
    "stored_tb": "stored [TB]",
    "throughput_gbps": "throughput [Gbps]",
    "title": "title",
    "to": "to",
    "to_fill_tb": "to fill [TB]",
    "total_saves": "saved so far",
    "total_space_tb": "space so far [TB]",
    "unit": "unit",
    "used": "used",
    "used_ratio": "used [%]",
    "value": "value",
    "wape_ratio": "error, WAPE [%]",
    "way": "way of caching",
    "window_miss_gb": "window miss [GB]",
}
"""Headings of columns, with the unit that is shown; other columns go by their names."""


def label(column: str) -> str:
    """Heading of a column.

    Examples
    --------
    >>> label("stored_tb"), label("offload_ratio")
    ('stored [TB]', 'offload [%]')
    """
    return LABELS.get(column) or column.removesuffix("_ratio").replace("_", " ")


def volume(gb: float) -> str:
    """Bytes with a unit that leaves three digits.

    Examples
    --------
    >>> volume(0.0), volume(12.34), volume(41_739_781.0), volume(8.12e9)
    ('0 GB', '12.3 GB', '41.7 PB', '8.12 EB')
    """
    units = ("GB", "TB", "PB", "EB", "ZB")
    at = 0
    while abs(gb) >= GB_PER_TB * 0.9995 and at < len(units) - 1:
        gb, at = gb / GB_PER_TB, at + 1
    return f"{gb:.3g} {units[at]}"


def percent(share: float, digits: int = 2) -> str:
    """Ratio as percent that says neither all nor nothing where that is not quite so.

    Examples
    --------
    >>> percent(0.97774), percent(1.0), percent(0.9999999), percent(1e-9), percent(0.0)
    ('97.77%', '100%', 'over 99.99%', 'under 0.01%', '0%')
    """
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    step = 10.0**-digits
    if share > 0 and share * 100 < step / 2:
        return f"under {step:.{digits}f}%"
    if share < 1 and (1 - share) * 100 < step / 2:
        return f"over {100 - step:.{digits}f}%"
    return f"{share:.{digits}%}"


def money(value: float) -> str:
    """Cost with the decimals that matter.

    Examples
    --------
    >>> money(94976.39), money(82.586), money(0.0123), money(0.0)
    ('94,976', '82.59', '0.0123', '0')
    """
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.3g}"
