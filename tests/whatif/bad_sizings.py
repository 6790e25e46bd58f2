"""Sizing files with something wrong: the line and column it is at, and part of what has to be said."""

from __future__ import annotations

from dataclasses import dataclass

GOOD = """\
name: lowlands-2027
demand_factor: 1.3
target:
  offload_ratio: 0.95
  countries: {BE: 0.9}
models:
  storage-2u: {price: 30000, rack_units: 2, max_per_site: 2}
  flash-1u: {price: 21000, rack_units: 1, sites: ["ixp-*"]}
site_limits:
  - {sites: ["*"], rack_units: 4}
"""

TARGET = """\
target:
  offload_ratio: 0.95
  countries: {BE: 0.9}
"""
COUNTRIES = "countries: {BE: 0.9}"
LIMIT = '{sites: ["*"], rack_units: 4}'


@dataclass(frozen=True)
class Bad:
    """What is replaced in `GOOD` by what, and where the message points to."""

    name: str
    old: str
    new: str
    line: int
    column: int
    message: str


BAD_SIZINGS = (
    Bad("unknown key", "demand_factor: 1.3", "demand_facter: 1.3", 2, 1, "did you mean 'demand_factor'?"),
    Bad("no target", TARGET, "", 1, 1, "'target' is missing"),
    Bad(
        "empty target",
        TARGET,
        "target: {}\n",
        3,
        9,
        "expected at least one target",
    ),
    Bad("target of null", TARGET, "target:\n  offload_ratio: ~\n", 4, 3, "at least one"),
    Bad("offload in percent", "offload_ratio: 0.95", "offload_ratio: 95", 4, 18, "at most 1, found 95"),
    Bad("offload as text", "offload_ratio: 0.95", 'offload_ratio: "0.95"', 4, 18, "remove the quotes"),
    Bad("percent key", "offload_ratio: 0.95", "offload_percent: 95", 4, 3, "did you mean 'offload_ratio'?"),
    Bad("unknown country code", "{BE: 0.9}", "{BX: 0.9}", 5, 15, "'BX'"),
    Bad("country without regions", "{BE: 0.9}", "{FR: 0.9}", 5, 15, "no region is in 'FR'"),
    Bad("unknown region", COUNTRIES, "regions: {nl-pol: 0.9}", 5, 13, "no region is named"),
    Bad(
        "distance and latency",
        COUNTRIES,
        "mean_distance_km: 80\n  mean_latency_ms: 2",
        4,
        3,
        "expected one of mean_distance_km and mean_latency_ms",
    ),
    Bad("failures that ask nothing", COUNTRIES, "n_minus_1: {sites: [ixp-amsterdam]}", 5, 14, "no_overload"),
    Bad(
        "unknown site of failures",
        COUNTRIES,
        "n_minus_1: {sites: [ixp-amsterdm], no_overload: true}",
        5,
        23,
        "did you mean 'ixp-amsterdam'?",
    ),
    Bad("no overload: false", COUNTRIES, "no_overload: false", 5, 16, "expected"),
    Bad("unknown model", "  flash-1u:", "  flash-2u:", 8, 3, "did you mean 'flash-1u'?"),
    Bad("model without price", "price: 21000, ", "", 8, 13, "'price' is missing"),
    Bad("free model", "price: 21000", "price: 0", 8, 21, "expected more than 0"),
    Bad("price with a unit", "price: 21000", "price: 21000 EUR", 8, 21, "expected a number"),
    Bad("half a new model", "price: 21000", "price: 21000, storage_tb: 5", 8, 13, "throughput_gbps"),
    Bad(
        "known model described",
        "price: 21000",
        "price: 21000, storage_tb: 5, throughput_gbps: 9, fill_gbps: 1",
        8,
        40,
        "the topology has hardware 'flash-1u'",
    ),
    Bad("glob without a site", '["ixp-*"]', '["ixq-*"]', 8, 51, "no site is named 'ixq-*'"),
    Bad("no place to go", 'sites: ["ixp-*"]', "countries: [DE]", 8, 3, "no site may take 'flash-1u'"),
    Bad(
        "no models",
        "models:\n  storage-2u: {price: 30000, rack_units: 2, max_per_site: 2}\n"
        '  flash-1u: {price: 21000, rack_units: 1, sites: ["ixp-*"]}',
        "models: {}",
        6,
        9,
        "models",
    ),
    Bad("none per site", "max_per_site: 2", "max_per_site: 0", 7, 59, "expected at least 1"),
    Bad("half an appliance", "max_per_site: 2", "max_per_site: 1.5", 7, 59, "expected a whole number"),
    Bad("limit of nothing", LIMIT, '{sites: ["*"]}', 10, 5, "rack_units, power_kw"),
    Bad("limit without sites", LIMIT, "{rack_units: 4}", 10, 5, "'sites' is missing"),
    Bad("model without what is limited", "rack_units: 1, ", "", 8, 3, "'rack_units' is missing, and"),
    Bad("negative room", "rack_units: 4", "rack_units: -4", 10, 32, "expected at least 0"),
    Bad("a key twice", "demand_factor: 1.3", "name: again", 2, 1, "name"),
    Bad("not YAML", "demand_factor: 1.3", "demand_factor: [1.3", 3, 7, ""),
    Bad("a list", GOOD, "- name: x\n", 1, 1, "expected a mapping"),
)
