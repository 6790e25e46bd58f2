"""Wire schema of a sizing file: what may be bought, where it may go, and what has to be reached."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from cdnplan.inputs.wire.wire_fields import (
    Country,
    Kind,
    Name,
    NotNegative,
    Positive,
    Ratio,
    Text,
    Wire,
    wire_error,
)

MOST_PER_SITE = 100
DEFAULT_PER_SITE = 4

Globs = Annotated[list[Text], Field(min_length=1)]


class ModelWire(Wire):
    """A model of appliance that may be bought."""

    price: Positive = Field(description="Of one appliance, installed [currency, once]")
    sites: Globs | None = Field(None, description="Sites it may go to, by name or glob; left out: any")
    kinds: Annotated[list[Kind], Field(min_length=1)] | None = Field(
        None, description="Kinds of site it may go to"
    )
    countries: Annotated[list[Country], Field(min_length=1)] | None = Field(
        None, description="Countries of the sites it may go to"
    )
    max_per_site: int = Field(
        DEFAULT_PER_SITE, ge=1, le=MOST_PER_SITE, description="Added to one site at most"
    )
    max_total: int | None = Field(None, ge=1, le=100_000, description="Added in all at most")
    rack_units: NotNegative | None = Field(None, description="What one takes of a rack [units]")
    power_kw: NotNegative | None = Field(None, description="What one draws [kW]")
    storage_tb: Positive | None = Field(None, description="Of a model that the topology lacks [TB]")
    throughput_gbps: Positive | None = Field(None, description="Of a model that the topology lacks [Gbit/s]")
    fill_gbps: Positive | None = Field(None, description="Of a model that the topology lacks [Gbit/s]")

    @model_validator(mode="after")
    def _whole(self) -> ModelWire:
        given = [self.storage_tb, self.throughput_gbps, self.fill_gbps]
        if any(value is not None for value in given) and any(value is None for value in given):
            raise wire_error("a new model needs storage_tb, throughput_gbps and fill_gbps together")
        return self


class SiteLimitWire(Wire):
    """Room that sites have for what is added; where several entries name a site, all of them hold."""

    sites: Globs = Field(description="By name or glob; the limits are those of each of them")
    rack_units: NotNegative | None = Field(None, description="For additions [units]")
    power_kw: NotNegative | None = Field(None, description="For additions [kW]")
    appliances: int | None = Field(
        None, ge=0, le=100_000, description="Added at most, of all models together"
    )

    @model_validator(mode="after")
    def _something(self) -> SiteLimitWire:
        if self.rack_units is None and self.power_kw is None and self.appliances is None:
            raise wire_error("expected at least one of rack_units, power_kw and appliances")
        return self


class FailuresWire(Wire):
    """What has to hold when any one site fails, with the placement as it is."""

    sites: Globs | None = Field(None, description="Sites that may fail, by name or glob; left out: each one")
    no_overload: Literal[True] | None = Field(None, description="No link and no origin above its capacity")
    offload_ratio: Ratio | None = Field(None, description="Bytes served by appliances / all bytes")

    @model_validator(mode="after")
    def _something(self) -> FailuresWire:
        if self.no_overload is None and self.offload_ratio is None:
            raise wire_error("expected at least one of no_overload and offload_ratio")
        return self


class TargetWire(Wire):
    """What a plan on the larger network has to reach; all that is given."""

    offload_ratio: Ratio | None = Field(None, description="Bytes served by appliances / all bytes")
    countries: Annotated[dict[Country, Ratio], Field(min_length=1)] | None = Field(
        None, description="Offload of the regions of a country together"
    )
    regions: Annotated[dict[Text, Ratio], Field(min_length=1)] | None = Field(
        None, description="Offload of each region, by name or glob"
    )
    mean_distance_km: Positive | None = Field(
        None, description="From viewers to what serves them, great circle, mean over bytes [km]"
    )
    mean_latency_ms: Positive | None = Field(
        None, description="The same as round trip in fibre, 100 km to the millisecond [ms]"
    )
    no_overload: Literal[True] | None = Field(None, description="No link and no origin above its capacity")
    n_minus_1: FailuresWire | None = Field(None, description="When any one site fails")

    @model_validator(mode="after")
    def _something(self) -> TargetWire:
        if not self.model_fields_set or all(getattr(self, key) is None for key in self.model_fields_set):
            raise wire_error("expected at least one target, as offload_ratio: 0.95")
        if self.mean_distance_km is not None and self.mean_latency_ms is not None:
            raise wire_error(
                "expected one of mean_distance_km and mean_latency_ms: they are the same measure"
            )
        return self


class SizingWire(Wire):
    """A question: the cheapest hardware that reaches a target."""

    name: Text | None = Field(None, description="Left out: the name of the file")
    demand_factor: Positive = Field(1.0, description="All demand times this, for growth")
    target: TargetWire = Field(description="What has to be reached")
    models: Annotated[dict[Name, ModelWire], Field(min_length=1)] = Field(
        description="What may be bought, by model: one of the topology's hardware, or a new one"
    )
    site_limits: list[SiteLimitWire] | None = Field(None, description="Room at sites")
    runner_ups: int = Field(2, ge=0, le=20, description="Other sets to show, the next dearer ones")
    curve_points: int = Field(6, ge=0, le=50, description="Points of the curve of cost over what is reached")


def sizing_schema() -> dict[str, Any]:
    """Build the JSON Schema of a sizing file.

    Examples
    --------
    >>> sizing_schema()["title"]
    'cdnplan sizing'
    """
    return SizingWire.model_json_schema() | {"title": "cdnplan sizing"}
