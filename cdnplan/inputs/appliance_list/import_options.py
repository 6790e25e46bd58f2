"""What an import of an appliance list assumes, because such lists name no capacities and no viewers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cdnplan.errors import Problem
from cdnplan.model.network.policy import Policy
from cdnplan.model.network.topology import ApplianceGroup, Hardware, Origin, SiteKind

DEFAULT_ORIGINS = (
    Origin("origin-us-east", (39.04, -77.49)),
    Origin("origin-us-west", (45.84, -119.70)),
    Origin("origin-eu-west", (53.35, -6.26)),
)
"""Ashburn (Virginia), Boardman (Oregon) and Dublin."""

STORAGE = Hardware("storage-2u", 280.0, 80.0, 1.2)
FLASH = Hardware("flash-1u", 24.0, 180.0, 0.3)
GLOBAL = Hardware("global-1u", 100.0, 40.0, 0.4)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class HardwareRule:
    """Which models a site has, from how many appliances it has.

    At an exchange point one in three is flash, the rest storage: many viewers, and room for nearly the
    whole catalogue. Inside an ISP they are storage appliances, and from four on one in four is flash, for
    by then storage holds what is worth holding and throughput runs short. An ISP's only appliance at a
    place, in a country with few, is the small global model.

    Parameters
    ----------
    storage, flash, remote : Hardware
        The three models. Defaults are in the range of published figures of Open Connect: a storage
        appliance keeps about a third of a catalogue of 800 TB, and so serves most of its bytes.
    embedded_flash_from : int
        Appliances of an embedded site for each flash appliance.
    ixp_flash_ratio : float
        Flash appliances of an exchange site, rounded to the nearest number, in [0, 1].
    few_appliances : int
        A country with at most so many appliances has few.
    """

    storage: Hardware = STORAGE
    flash: Hardware = FLASH
    remote: Hardware = GLOBAL
    embedded_flash_from: int = 4
    ixp_flash_ratio: float = 1 / 3
    few_appliances: int = 5

    def groups(self, kind: SiteKind, count: int, in_country: int) -> tuple[ApplianceGroup, ...]:
        """Appliances of a site.

        Parameters
        ----------
        kind : {"ixp", "embedded"}
        count : int
            Appliances of the site.
        in_country : int
            Appliances of its country.

        Returns
        -------
        tuple of ApplianceGroup

        Examples
        --------
        >>> [(group.model, group.count) for group in HardwareRule().groups("ixp", 6, 100)]
        [('flash-1u', 2), ('storage-2u', 4)]
        """
        if kind == "embedded" and count == 1 and in_country <= self.few_appliances:
            return (ApplianceGroup(self.remote.name, 1),)
        if kind == "ixp":
            flash = math.floor(count * self.ixp_flash_ratio + 0.5)
        else:
            flash = count // self.embedded_flash_from
        parts = ((self.flash.name, flash), (self.storage.name, count - flash))
        return tuple(ApplianceGroup(model, number) for model, number in parts if number > 0)


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Assumptions of an import; each can be changed, and the file that is written can be edited.

    Parameters
    ----------
    name : str
        Name of the topology.
    countries : frozenset of str
        ISO codes: keep the regions of these and the sites they may use; empty: all.
    country_of : mapping of str to str
        ISO code by city, for rows that name no country.
    embedded_share : float
        Share of a country's demand that comes through ISPs with appliances of their own, in (0, 1]; the
        rest reaches exchange points. It counts only where a country has such ISPs.
    near_sites : int
        Sites of the same ISP in the same country that may help out, the nearest ones.
    near_km : float
        But not beyond this distance [km].
    exchanges, rest_exchanges : int
        Nearest exchange points that may serve an ISP's region, and a rest region.
    hardware : HardwareRule
    origins : tuple of Origin
    policy : Policy
    """

    name: str = "appliance-list"
    countries: frozenset[str] = frozenset()
    country_of: Mapping[str, str] = field(default_factory=dict)
    embedded_share: float = 0.75
    near_sites: int = 2
    near_km: float = 1000.0
    exchanges: int = 3
    rest_exchanges: int = 5
    hardware: HardwareRule = field(default_factory=HardwareRule)
    origins: tuple[Origin, ...] = DEFAULT_ORIGINS
    policy: Policy = field(default_factory=Policy)

    def problems(self) -> list[Problem]:
        """Everything wrong with the options themselves, each with the option's name as its path."""
        found = []
        if not 0 < self.embedded_share <= 1:
            found.append(Problem(f"{self.embedded_share:g}, expected > 0 and <= 1", path="embedded_share"))
        for path, count, least in (
            ("near_sites", self.near_sites, 0),
            ("exchanges", self.exchanges, 0),
            ("rest_exchanges", self.rest_exchanges, 1),
        ):
            if not least <= count <= 20:
                found.append(Problem(f"{count}, expected {least} to 20", path=path))
        if not self.near_km >= 0:
            found.append(Problem(f"{self.near_km:g}, expected >= 0 km", path="near_km"))
        return found + _hardware_problems(self.hardware) + _origin_problems(self.origins)


def _hardware_problems(rule: HardwareRule) -> list[Problem]:
    """Models must have positive figures; the three names must differ; the rule's numbers make sense."""
    found = []
    models = (rule.storage, rule.flash, rule.remote)
    for model in models:
        for what in ("storage_tb", "throughput_gbps", "fill_gbps"):
            number = getattr(model, what)
            if not (number > 0 and math.isfinite(number)):
                found.append(Problem(f"{number:g}, expected > 0", path=f"hardware.{model.name}.{what}"))
    if len({model.name for model in models}) < len(models):
        found.append(Problem("two models have the same name", path="hardware"))
    if rule.embedded_flash_from < 1:
        found.append(Problem(f"{rule.embedded_flash_from}, expected >= 1", path="embedded_flash_from"))
    if not 0 <= rule.ixp_flash_ratio <= 1:
        found.append(Problem(f"{rule.ixp_flash_ratio:g}, expected 0 to 1", path="ixp_flash_ratio"))
    return found


def _origin_problems(origins: tuple[Origin, ...]) -> list[Problem]:
    """At least one origin, on the globe, with distinct plain names."""
    found = [] if origins else [Problem("there is none, expected at least one", path="origins")]
    for at, origin in enumerate(origins):
        path = f"origins[{at}]"
        latitude, longitude = origin.location
        if not (abs(latitude) <= 90 and abs(longitude) <= 180):
            found.append(Problem(f"{latitude:g}, {longitude:g} is not on the globe", path=path))
        if not _NAME.fullmatch(origin.name):
            found.append(Problem(f"name {origin.name!r}, expected letters, digits and - only", path=path))
        if origin.name in {other.name for other in origins[:at]}:
            found.append(Problem(f"name {origin.name!r} is there twice", path=path))
    return found
