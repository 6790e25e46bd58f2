"""A `Topology` to canonical YAML that people can read and edit; reading it gives an equal topology.

Written by hand rather than by a YAML library: thousands of regions take a fraction of a second, lists are
block style with one item a line, small mappings are flow style, and what has its default value is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any

from cdnplan.inputs.yamls.yaml_scalars import flow_text, number_text, string_text
from cdnplan.model.network.policy import CopyRule, LaunchRule, Policy, Rule
from cdnplan.model.network.topology import (
    ApplianceGroup,
    DemandShare,
    FillWindow,
    Hardware,
    Link,
    Maintenance,
    Origin,
    Region,
    Site,
    Topology,
)

Pairs = Iterable[tuple[str, str]]


def topology_text(topology: Topology, header: str = "", *, whole_policy: bool = False) -> str:
    """Write a topology as YAML.

    Parameters
    ----------
    topology : Topology
        The places its rules came from are not written.
    header : str
        Put at the top as a comment, line by line.
    whole_policy : bool
        Write every value of the policy, also those that are the default.

    Returns
    -------
    str
        Ends in a newline; the same topology always gives the same text.

    Examples
    --------
    >>> site = Site("ams-ix", "ixp", (52.3, 4.9), (ApplianceGroup("flash", 2),), country="NL")
    >>> region = Region("nl", "NL", (52.1, 5.1), ("ams-ix",), DemandShare("nl"))
    >>> origin = Origin("origin", (53.3, -6.3))
    >>> flash = Hardware("flash", 24, 180, 0.3)
    >>> text = topology_text(Topology("demo", (flash,), (origin,), (site,), (region,)))
    >>> print(text.splitlines()[-1])
      - {name: nl, country: NL, location: [52.1, 5.1], sites: [ams-ix]}
    """
    lines = [f"# {_comment(line)}".rstrip() for line in header.splitlines()]
    lines += [f"name: {string_text(topology.name)}", "hardware:"]
    lines += [f"  {string_text(model.name)}: {_flow(_hardware(model))}" for model in topology.hardware]
    lines += _section("origins", [f"  - {_flow(_origin(origin))}" for origin in topology.origins])
    lines += _section("sites", [line for site in topology.sites for line in _block_item(_site(site), "  ")])
    lines += _section("regions", [f"  - {_flow(_region(region))}" for region in topology.regions])
    if topology.links:
        lines += _section("links", [f"  - {_flow(_link(link))}" for link in topology.links])
    lines += _policy(topology.policy, whole=whole_policy)
    return "\n".join(lines) + "\n"


def _section(key: str, items: list[str]) -> list[str]:
    return [f"{key}:", *items] if items else [f"{key}: []"]


def _comment(line: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in line)


def _list(values: Iterable[Any]) -> str:
    return flow_text(list(values))


def _flow(pairs: Pairs) -> str:
    return "{" + ", ".join([f"{key}: {value}" for key, value in pairs]) + "}"


def _block_item(pairs: Pairs, indent: str) -> Iterator[str]:
    start = indent + "- "
    for key, value in pairs:
        yield f"{start}{key}: {value}"
        start = indent + "  "


def _hardware(model: Hardware) -> Iterator[tuple[str, str]]:
    yield "storage_tb", number_text(model.storage_tb)
    yield "throughput_gbps", number_text(model.throughput_gbps)
    yield "fill_gbps", number_text(model.fill_gbps)
    if model.upload_gbps is not None:
        yield "upload_gbps", number_text(model.upload_gbps)
    for key, value in model.limits:
        yield key, number_text(value)


def _origin(origin: Origin) -> Iterator[tuple[str, str]]:
    yield "name", string_text(origin.name)
    yield "location", _list(origin.location)
    if origin.capacity_gbps is not None:
        yield "capacity_gbps", number_text(origin.capacity_gbps)


def _site(site: Site) -> Iterator[tuple[str, str]]:
    yield "name", string_text(site.name)
    yield "kind", site.kind
    if site.country is not None:
        yield "country", string_text(site.country)
    yield "location", _list(site.location)
    if site.timezone is not None:
        yield "timezone", string_text(site.timezone)
    if site.fill_window != FillWindow():
        yield "fill_window", _flow(_fill_window(site.fill_window))
    for key, value in site.limits:
        yield key, number_text(value)
    if site.maintenance:
        yield "maintenance", "[" + ", ".join([_flow(_maintenance(item)) for item in site.maintenance]) + "]"
    yield "appliances", "[" + ", ".join([_flow(_appliances(group)) for group in site.appliances]) + "]"


def _fill_window(window: FillWindow) -> Iterator[tuple[str, str]]:
    default = FillWindow()
    if window.start != default.start:
        yield "start", json.dumps(window.start)
    if window.hours != default.hours:
        yield "hours", number_text(window.hours)


def _maintenance(item: Maintenance) -> Iterator[tuple[str, str]]:
    yield "start", json.dumps(item.start)
    yield "hours", number_text(item.hours)
    if item.appliances:
        yield "appliances", _list(item.appliances)


def _appliances(group: ApplianceGroup) -> Iterator[tuple[str, str]]:
    yield "model", string_text(group.model)
    if group.count != 1:
        yield "count", number_text(group.count)


def _region(region: Region) -> Iterator[tuple[str, str]]:
    yield "name", string_text(region.name)
    yield "country", string_text(region.country)
    yield "location", _list(region.location)
    if region.timezone is not None:
        yield "timezone", string_text(region.timezone)
    if region.demand != DemandShare(region.name):
        yield "demand", _flow(_demand(region))
    if region.sites:
        yield "sites", _list(region.sites)


def _demand(region: Region) -> Iterator[tuple[str, str]]:
    if region.demand.region != region.name:
        yield "region", string_text(region.demand.region)
    if region.demand.share != 1.0:
        yield "share", number_text(region.demand.share)


def _link(link: Link) -> Iterator[tuple[str, str]]:
    yield "from", string_text(link.from_)
    yield "to", string_text(link.to)
    if link.capacity_gbps is not None:
        yield "capacity_gbps", number_text(link.capacity_gbps)
    if link.cost_per_gb is not None:
        yield "cost_per_gb", number_text(link.cost_per_gb)


def _changed(value: object, default: object, *, whole: bool) -> Iterator[tuple[str, str]]:
    """Yield fields of a dataclass of scalars and lists that differ from their defaults, or all of them."""
    for field in fields(value):  # type: ignore[arg-type]
        found = getattr(value, field.name)
        if whole or found != getattr(default, field.name):
            yield field.name, _list(found) if isinstance(found, tuple) else flow_text(found)


def _policy(policy: Policy, *, whole: bool) -> list[str]:
    default = Policy()
    lines: list[str] = []
    for key in ("reserves", "costs", "peak_profile", "fill"):
        changed = dict(_changed(getattr(policy, key), getattr(default, key), whole=whole))
        if changed:
            lines.append(f"  {key}: {_flow(changed.items())}")
    scalars = ("steering", "max_sites", "churn_ratio", "copy_load_ratio", "cold_start", "period_days")
    lines += [
        f"  {key}: {flow_text(getattr(policy, key))}"
        for key in scalars
        if whole or getattr(policy, key) != getattr(default, key)
    ]
    rules: dict[str, Sequence[Rule]] = {
        "pins": policy.pins,
        "bans": policy.bans,
        "copies": policy.copies,
        "launches": policy.launches,
        "waits": policy.waits,
    }
    for key, listed in rules.items():
        if listed:
            lines.append(f"  {key}:")
            lines += [f"    - {_flow(_rule(rule))}" for rule in listed]
    return ["policy:", *lines] if lines else []


def _rule(rule: Rule) -> Iterator[tuple[str, str]]:
    for field in fields(rule.files):
        value = getattr(rule.files, field.name)
        if value is not None:
            yield field.name, flow_text(value)
    if isinstance(rule, CopyRule):
        yield "copies", number_text(rule.copies)
    if isinstance(rule, LaunchRule):
        yield "min_pools", number_text(rule.min_pools)
    for field in fields(rule.places):
        value = getattr(rule.places, field.name)
        if value:
            yield field.name, _list(value)
