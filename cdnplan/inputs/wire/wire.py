"""Wire schema of a topology file: what may be written, with units, checked by pydantic."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, create_model

from cdnplan.inputs.wire.wire_fields import (
    Clock,
    Country,
    Kind,
    LocalTime,
    Location,
    Name,
    NotNegative,
    Positive,
    Share,
    Text,
    Timezone,
    Wire,
)
from cdnplan.inputs.wire.wire_policy import PolicyWire
from cdnplan.model.limits.families import EXTRAS
from cdnplan.model.network.topology import FillWindow

MAX_COUNT = 10_000
MAX_MAINTENANCE_HOURS = 8784

_WINDOW = FillWindow()
_LOCATION = "[latitude, longitude] in degrees, north and east positive"
_TIMEZONE = "IANA time zone, as Europe/Amsterdam"


def _extras(part: str) -> dict[str, Any]:
    """Fields of the numbers that families of limits read."""
    return {
        extra.key: (NotNegative | None, Field(None, description=extra.description))
        for extra in EXTRAS
        if extra.part == part
    }


class _HardwareWire(Wire):
    """A model of appliance."""

    storage_tb: Positive = Field(description="Raw storage of one appliance [TB; 1 TB = 1000 GB]")
    throughput_gbps: Positive = Field(description="What one appliance serves at peak [Gbit/s]")
    fill_gbps: Positive = Field(description="What one appliance takes in during its fill window [Gbit/s]")
    upload_gbps: Positive | None = Field(
        None, description="What it gives to other appliances that fill [Gbit/s]; left out: as fill_gbps"
    )


class HardwareWire(create_model("HardwareWire", __base__=_HardwareWire, **_extras("hardware"))):  # type: ignore[misc]
    """A model of appliance."""


class OriginWire(Wire):
    """Where every file can always be had."""

    name: Name = Field(description="Unique among origins, sites and regions")
    location: Location = Field(description=_LOCATION)
    capacity_gbps: Positive | None = Field(None, description="What it can serve [Gbit/s]; left out: no limit")


class FillWindowWire(Wire):
    """When the appliances of a site may fill."""

    start: Clock = Field(_WINDOW.start, description='Local time, in quotes, as "02:00"')
    hours: Annotated[float, Field(gt=0, le=24)] = Field(_WINDOW.hours, description="Length [h], up to 24")


class MaintenanceWire(Wire):
    """When appliances of the site neither fill nor give to others."""

    start: LocalTime = Field(description='Local time of the site, in quotes, as "2026-03-09T01:00"')
    hours: Annotated[float, Field(gt=0, le=MAX_MAINTENANCE_HOURS)] = Field(description="Length [h]")
    appliances: list[Text] | None = Field(
        None, min_length=1, description="Models, or appliances as MODEL/NUMBER; left out: the whole site"
    )


class ApplianceWire(Wire):
    """Identical appliances of one site."""

    model: Name = Field(description="Name of a model under hardware")
    count: int = Field(1, ge=1, le=MAX_COUNT, description="Number of appliances")


class _SiteWire(Wire):
    """A place with appliances."""

    name: Name = Field(description="Unique among origins, sites and regions")
    kind: Kind = Field(description="ixp: at an exchange point; embedded: inside an ISP")
    country: Country | None = Field(
        None, description="ISO 3166 alpha-2 code; needed where bans name countries"
    )
    location: Location = Field(description=_LOCATION)
    timezone: Timezone | None = Field(None, description=_TIMEZONE + "; left out: by longitude")
    fill_window: FillWindowWire | None = Field(None, description="When its appliances may fill")
    maintenance: list[MaintenanceWire] | None = Field(
        None, description="When its appliances neither fill nor give to others"
    )
    appliances: Annotated[list[ApplianceWire], Field(min_length=1)] = Field(
        description="Its appliances, each model once"
    )


class SiteWire(create_model("SiteWire", __base__=_SiteWire, **_extras("sites"))):  # type: ignore[misc]
    """A place with appliances."""


class DemandWire(Wire):
    """Which demand a region draws on."""

    region: Text | None = Field(None, description="Region of the demand table; left out: the region's name")
    share: Share = Field(1.0, description="Share of that demand [above 0, up to 1]")


class RegionWire(Wire):
    """Viewers whose requests are steered alike."""

    name: Name = Field(description="Unique among origins, sites and regions")
    country: Country = Field(description="ISO 3166 alpha-2 code")
    location: Location = Field(description=_LOCATION)
    demand: DemandWire | None = Field(None, description="A share of the demand of a forecast region")
    sites: list[Text] | None = Field(
        None, min_length=1, description="Sites that may serve it, preferred first; left out: any in reach"
    )
    timezone: Timezone | None = Field(None, description=_TIMEZONE + "; left out: its first site's")


class LinkWire(Wire):
    """A full-duplex link between two sites, a site and a region, or an origin and either."""

    from_: Text = Field(alias="from", description="Name of a region, site or origin")
    to: Text = Field(description="Name of a region, site or origin")
    capacity_gbps: Positive | None = Field(
        None, description="Capacity of each direction [Gbit/s]; left out: no limit"
    )
    cost_per_gb: NotNegative | None = Field(
        None, description="Cost of carrying a GB [currency/GB]; left out: by distance"
    )


class TopologyWire(Wire):
    """A whole network with its policy."""

    include: list[Text] | None = Field(
        None, description="Files merged under this one, relative to it, weakest first"
    )
    overrides: dict[str, dict[str, Any]] | None = Field(
        None, description="Changes for each environment, chosen with --env; same keys as the file"
    )
    name: Text = Field(description="Name of the network")
    hardware: Annotated[dict[Name, HardwareWire], Field(min_length=1)] = Field(
        description="Models of appliance by name"
    )
    origins: Annotated[list[OriginWire], Field(min_length=1)] = Field(
        description="Where every file can always be had"
    )
    sites: Annotated[list[SiteWire], Field(min_length=1)] = Field(description="Places with appliances")
    regions: Annotated[list[RegionWire], Field(min_length=1)] = Field(description="Viewers by place and ISP")
    links: list[LinkWire] | None = Field(
        None, description="Links; without them paths and costs come from distance"
    )
    policy: PolicyWire | None = Field(None, description="Reserves, costs, the shape of a day, rules")
