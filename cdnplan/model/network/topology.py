"""The network as people describe it: hardware, origins, sites, regions, links."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Literal

from cdnplan.model.network.policy import LaunchRule, Places, Policy

SiteKind = Literal["ixp", "embedded"]
Location = tuple[float, float]
"""Latitude and longitude in degrees."""
Limits = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Hardware:
    """A model of appliance.

    Parameters
    ----------
    name : str
    storage_tb : float
        Raw storage [TB].
    throughput_gbps : float
        What it can serve at peak [Gbit/s].
    fill_gbps : float
        What it can take in during its fill window [Gbit/s].
    upload_gbps : float or None
        What it can give to other appliances that fill [Gbit/s]; None: as much as it can take in.
    limits : tuple of (str, float)
        Further numbers that families of limits read, by key; see `cdnplan.model.limits.limits.EXTRAS`.
    """

    name: str
    storage_tb: float
    throughput_gbps: float
    fill_gbps: float
    upload_gbps: float | None = None
    limits: Limits = ()

    def limit(self, key: str) -> float:
        """One of these numbers; 0 where it is left out."""
        return dict(self.limits).get(key, 0.0)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where every file can always be had. `capacity_gbps` None means: no limit known."""

    name: str
    location: Location
    capacity_gbps: float | None = None


@dataclass(frozen=True, slots=True)
class FillWindow:
    """When appliances of a site may fill: `start` in local time "HH:MM", for `hours` [h]."""

    start: str = "02:00"
    hours: float = 12.0


@dataclass(frozen=True, slots=True)
class Maintenance:
    """When appliances of a site neither fill nor give to others.

    Parameters
    ----------
    start : str
        Local time of the site, "YYYY-MM-DDTHH:MM".
    hours : float
        Length [h].
    appliances : tuple of str
        Models, or single appliances as ``model/number`` counted from 1; empty: the whole site.
    """

    start: str
    hours: float
    appliances: tuple[str, ...] = ()

    def concerns(self, model: str, number: int) -> bool:
        """Whether an appliance is among those it speaks of."""
        return not self.appliances or model in self.appliances or f"{model}/{number}" in self.appliances


@dataclass(frozen=True, slots=True)
class ApplianceGroup:
    """`count` identical appliances of one hardware model at one site."""

    model: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Site:
    """A place with appliances: at an exchange point (``ixp``) or inside an ISP (``embedded``).

    `limits` are further numbers that families of limits read, by key: see
    `cdnplan.model.limits.limits.EXTRAS`.
    """

    name: str
    kind: SiteKind
    location: Location
    appliances: tuple[ApplianceGroup, ...]
    country: str | None = None
    timezone: str | None = None
    fill_window: FillWindow = field(default_factory=FillWindow)
    maintenance: tuple[Maintenance, ...] = ()
    limits: Limits = ()

    def limit(self, key: str) -> float | None:
        """One of these numbers; None where it is left out, and there is no limit."""
        return dict(self.limits).get(key)


@dataclass(frozen=True, slots=True)
class DemandShare:
    """A region's demand as a share of the demand of a forecast region."""

    region: str
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Region:
    """Viewers whose requests are steered alike.

    Parameters
    ----------
    name : str
    country : str
        ISO 3166 alpha-2 code.
    location : (float, float)
        Latitude and longitude [degrees].
    sites : tuple of str
        Sites that may serve it, preferred first; empty: every site a path or distance allows.
    demand : DemandShare
        Which region of the demand table it draws on, and with what share.
    timezone : str or None
        IANA name; None: that of its first candidate site, else by longitude.
    cut_off : bool
        No site may serve it, whatever `sites` says: what led there has failed. In what-ifs only.
    """

    name: str
    country: str
    location: Location
    sites: tuple[str, ...]
    demand: DemandShare
    timezone: str | None = None
    cut_off: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A full-duplex link: `capacity_gbps` holds for each direction; None means no limit.

    `from_` and `to` name regions, sites or origins. `cost_per_gb` None: cost by distance (policy).
    """

    from_: str
    to: str
    capacity_gbps: float | None = None
    cost_per_gb: float | None = None


@dataclass(frozen=True, slots=True)
class Topology:
    """A whole network with its policy. All names are unique across origins, sites and regions."""

    name: str
    hardware: tuple[Hardware, ...]
    origins: tuple[Origin, ...]
    sites: tuple[Site, ...]
    regions: tuple[Region, ...]
    links: tuple[Link, ...] = ()
    policy: Policy = field(default_factory=Policy)

    def stocked(self) -> Topology:
        """The same network, where copies are counted and nothing has to be fetched: no fill limits."""
        return replace(self, policy=replace(self.policy, cold_start="free"))

    def fill_counted(self, holdings: object | None) -> bool:
        """Whether fill limits and costs count: for what appliances hold, or else as the policy says."""
        return holdings is not None or self.policy.cold_start == "limited"

    def locations(self) -> dict[str, Location]:
        """Location of every origin, site and region by name."""
        places: dict[str, Location] = {origin.name: origin.location for origin in self.origins}
        places |= {site.name: site.location for site in self.sites}
        places |= {region.name: region.location for region in self.regions}
        return places

    def restricted_to(self, countries: frozenset[str], *, on_paths: frozenset[str] = frozenset()) -> Topology:
        """Keep the regions of some countries, the sites they may use, and the links between those.

        Parameters
        ----------
        countries : frozenset of str
            ISO 3166 alpha-2 codes.
        on_paths : frozenset of str
            Names of further sites to keep, for paths pass through them;
            `cdnplan.model.instance.network.restricted` finds them.

        Returns
        -------
        Topology
            Sites without an explicit list among the kept regions stay when they are in a kept country
            or are exchange points. Rules that name only sites which are left out are left out too, and launch
            rules ask for no more pools than are left of those they speak of.
        """
        regions = tuple(region for region in self.regions if region.country in countries)
        listed = {site for region in regions for site in region.sites}
        free = any(not region.sites for region in regions)
        sites = tuple(
            site
            for site in self.sites
            if site.name in listed
            or site.name in on_paths
            or (free and (site.kind == "ixp" or site.country in countries))
        )
        policy = self.policy.restricted_to(tuple(site.name for site in sites))
        policy = replace(policy, launches=launches_at(policy.launches, self.sites, sites))
        kept = Topology(self.name, self.hardware, self.origins, sites, regions, (), policy)
        names = kept.locations()
        return replace(kept, links=tuple(e for e in self.links if e.from_ in names and e.to in names))


def matches(places: Places, site: Site, model: str) -> bool:
    """Whether the pool of a model at a site is in the places a rule speaks of."""
    return (
        (not places.sites or any(fnmatchcase(site.name, glob) for glob in places.sites))
        and (not places.countries or site.country in places.countries)
        and (not places.kinds or site.kind in places.kinds)
        and (not places.models or model in places.models)
    )


def launches_at(
    rules: tuple[LaunchRule, ...], before: tuple[Site, ...], after: tuple[Site, ...]
) -> tuple[LaunchRule, ...]:
    """Launch rules for fewer sites: they ask for no more pools than are left.

    Rules that could not be kept even before stay as they are.
    """

    def pools(rule: LaunchRule, sites: tuple[Site, ...]) -> int:
        found = {(s.name, g.model) for s in sites for g in s.appliances if matches(rule.places, s, g.model)}
        return len(found)

    kept: list[LaunchRule] = []
    for rule in rules:
        left = pools(rule, after)
        lower = pools(rule, before) >= rule.min_pools > left
        if left or not lower:
            kept.append(replace(rule, min_pools=left) if lower else rule)
    return tuple(kept)
