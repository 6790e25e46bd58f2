"""What a network has, counted: rows for tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from cdnplan.model.network.topology import Hardware, Site, Topology

TOTAL_COLUMNS = (
    *("group", "name", "sites", "appliances"),
    *("storage_tb", "throughput_gbps", "fill_gbps", "regions"),
)
SITE_COLUMNS = (
    *("country", "site", "kind", "appliances", "hardware"),
    *("storage_tb", "throughput_gbps", "fill_gbps", "regions"),
)
NOWHERE = "(none)"
"""Stands for the country of sites that have none."""


@dataclass(slots=True)
class Capacity:
    """Appliances and what they add up to: storage [TB], throughput and fill [Gbit/s]."""

    sites: int = 0
    appliances: int = 0
    storage_tb: float = 0.0
    throughput_gbps: float = 0.0
    fill_gbps: float = 0.0

    def add(self, count: int, model: Hardware) -> None:
        """Count some more appliances of one model."""
        self.appliances += count
        self.storage_tb += count * model.storage_tb
        self.throughput_gbps += count * model.throughput_gbps
        self.fill_gbps += count * model.fill_gbps

    def include(self, other: Capacity) -> None:
        """Count what another one has."""
        self.sites += other.sites
        self.appliances += other.appliances
        self.storage_tb += other.storage_tb
        self.throughput_gbps += other.throughput_gbps
        self.fill_gbps += other.fill_gbps

    def rounded(self) -> tuple[float, float, float]:
        """Storage, throughput and fill without the noise that adding decimals leaves."""
        return round(self.storage_tb, 6), round(self.throughput_gbps, 6), round(self.fill_gbps, 6)


def _capacity(site: Site, models: dict[str, Hardware]) -> Capacity:
    total = Capacity(sites=1)
    for group in site.appliances:
        total.add(group.count, models[group.model])
    return total


def capacity_of(site: Site, topology: Topology) -> Capacity:
    """Add up what a site has."""
    return _capacity(site, {model.name: model for model in topology.hardware})


def totals(topology: Topology) -> list[tuple[object, ...]]:
    """Totals by kind of site, by country, by hardware, and of everything.

    Parameters
    ----------
    topology : Topology

    Returns
    -------
    list of tuple
        Rows under `TOTAL_COLUMNS`. `regions` are those of a country, or in all; None elsewhere, because
        regions have no kind and no hardware.
    """
    models = {model.name: model for model in topology.hardware}
    by_kind: dict[str, Capacity] = {"ixp": Capacity(), "embedded": Capacity()}
    by_country: dict[str, Capacity] = defaultdict(Capacity)
    by_model: dict[str, Capacity] = {model.name: Capacity() for model in topology.hardware}
    whole = Capacity()
    for site in topology.sites:
        for total in (by_kind[site.kind], by_country[site.country or NOWHERE], whole):
            total.sites += 1
            for group in site.appliances:
                total.add(group.count, models[group.model])
        for name in {group.model for group in site.appliances}:
            by_model[name].sites += 1
        for group in site.appliances:
            by_model[group.model].add(group.count, models[group.model])
    regions = Counter(region.country for region in topology.regions)
    countries = sorted({*by_country, *regions}, key=lambda code: (code == NOWHERE, code))
    return [
        *(_row("kind", kind, total, None) for kind, total in by_kind.items()),
        *(_row("country", code, by_country[code], regions[code]) for code in countries),
        *(_row("hardware", name, total, None) for name, total in by_model.items()),
        _row("total", topology.name, whole, len(topology.regions)),
    ]


def _row(group: str, name: str, total: Capacity, regions: int | None) -> tuple[object, ...]:
    return (
        *(group, name, total.sites, total.appliances),
        *total.rounded(),
        regions,
    )


def _by_country(sites: Iterable[Site]) -> list[tuple[str, list[Site]]]:
    """Sites by country and name; those without a country last."""
    groups: dict[str, list[Site]] = defaultdict(list)
    for site in sites:
        groups[site.country or NOWHERE].append(site)
    return [
        (code, sorted(groups[code], key=lambda site: site.name))
        for code in sorted(groups, key=lambda code: (code == NOWHERE, code))
    ]


def _hardware_words(site: Site) -> str:
    return " + ".join(f"{group.count} x {group.model}" for group in site.appliances)


def site_rows(topology: Topology) -> list[tuple[object, ...]]:
    """List every site with its capacity, by country and name.

    Parameters
    ----------
    topology : Topology

    Returns
    -------
    list of tuple
        Rows under `SITE_COLUMNS`; `regions` counts those that list the site.
    """
    models = {model.name: model for model in topology.hardware}
    listed = Counter(name for region in topology.regions for name in region.sites)
    rows: list[tuple[object, ...]] = []
    for code, sites in _by_country(topology.sites):
        for site in sites:
            total = _capacity(site, models)
            rows.append(
                (
                    *(code, site.name, site.kind, total.appliances, _hardware_words(site)),
                    *total.rounded(),
                    listed[site.name],
                )
            )
    return rows


def site_tree(topology: Topology) -> str:
    """Write sites under their countries, with hardware and capacity, as indented text."""
    models = {model.name: model for model in topology.hardware}
    lines = [topology.name]
    for code, sites in _by_country(topology.sites):
        lines.append(f"  {code}")
        for site in sites:
            total = _capacity(site, models)
            capacity = f"{total.storage_tb:,.6g} TB, {total.throughput_gbps:,.6g} Gbps"
            lines.append(f"    {site.name} ({site.kind}): {_hardware_words(site)}, {capacity}")
    return "\n".join(lines) + "\n"
