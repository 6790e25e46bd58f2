"""Wire schema of a scenario file: what may be written, with units, checked by pydantic."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from cdnplan.inputs.wire.wire import MAX_COUNT, HardwareWire, SiteWire
from cdnplan.inputs.wire.wire_fields import Country, Name, NotNegative, Positive, Text, Wire, wire_error
from cdnplan.inputs.wire.wire_policy import PolicyWire

MOST_TIMES = 1000.0
"""No demand grows by more: catches slips of the finger."""

Factor = Annotated[float, Field(ge=0, le=MOST_TIMES)]
Names = Annotated[list[Text], Field(min_length=1)]
Countries = Annotated[list[Country], Field(min_length=1)]
RuleList = Literal["pins", "bans", "copies", "launches"]


def _one_of(wire: Wire, keys: tuple[str, ...], what: str) -> None:
    if all(getattr(wire, key) is None for key in keys):
        raise wire_error(f"{what} by at least one of {', '.join(keys)}; found none of them")


class FailWire(Wire):
    """What fails, with all that depends on it; names or globs."""

    sites: Names | None = Field(None, description="Sites: their appliances and the links that end there")
    appliances: Names | None = Field(
        None, description="SITE/MODEL/NUMBER, or SITE/MODEL for all of that model there"
    )
    links: Names | None = Field(None, description="Links, FROM>TO in either direction")
    origins: Names | None = Field(None, description="Origins, and the links that end there")

    @model_validator(mode="after")
    def _some(self) -> FailWire:
        _one_of(self, ("sites", "appliances", "links", "origins"), "what fails is named")
        return self


class AddWire(Wire):
    """Appliances added to sites that are there."""

    sites: Names = Field(description="Sites, by name or glob")
    model: Name = Field(description="Model of the appliances")
    count: int = Field(1, ge=1, le=MAX_COUNT, description="Appliances at each of the sites")


class AddSiteWire(SiteWire):
    """A new site."""

    serves: Names | None = Field(
        None,
        description="Regions with a list of sites that may use it, by name or glob; last in their order."
        " Regions without a list find it by themselves where it is in reach",
    )


class AddLinkWire(Wire):
    """A new link."""

    from_: Text = Field(alias="from", description="Name of a region, site or origin")
    to: Text = Field(description="Name of a region, site or origin")
    capacity_gbps: Positive | None = Field(None, description="Of each direction [Gbit/s]; left out: no limit")
    cost_per_gb: NotNegative | None = Field(None, description="[currency/GB]; left out: by distance")


class RemoveWire(Wire):
    """Appliances taken out of sites that stay; the last ones, and what they hold."""

    sites: Names = Field(description="Sites, by name or glob")
    model: Name = Field(description="Model of the appliances")
    count: int | None = Field(
        None, ge=1, le=MAX_COUNT, description="Appliances at each of the sites; left out: all of the model"
    )


class UpgradeWire(Wire):
    """Appliances of one model become such of another one; the new ones arrive empty."""

    sites: Names = Field(description="Sites, by name or glob")
    from_: Name = Field(alias="from", description="Model that is replaced")
    to: Name = Field(description="Model that replaces it")
    count: int | None = Field(
        None, ge=1, le=MAX_COUNT, description="Appliances at each of the sites; left out: all of the model"
    )


class ChangeHardwareWire(Wire):
    """Other figures for a model, everywhere."""

    model: Name = Field(description="A model that is there")
    storage_tb: Positive | None = Field(None, description="Raw storage of one appliance [TB]")
    throughput_gbps: Positive | None = Field(None, description="What one appliance serves [Gbit/s]")
    fill_gbps: Positive | None = Field(None, description="What one appliance takes in [Gbit/s]")
    upload_gbps: Positive | None = Field(None, description="What it gives to others that fill [Gbit/s]")

    @model_validator(mode="after")
    def _some(self) -> ChangeHardwareWire:
        keys = ("storage_tb", "throughput_gbps", "fill_gbps", "upload_gbps")
        _one_of(self, keys, "a model is changed")
        return self


class SetLinksWire(Wire):
    """Other capacities or costs of links."""

    links: Names = Field(description="Links, FROM>TO in either direction, by name or glob")
    capacity_gbps: Positive | None = Field(None, description="Of each direction [Gbit/s]")
    capacity_factor: Positive | None = Field(None, description="Times the capacity that is there")
    cost_per_gb: NotNegative | None = Field(None, description="[currency/GB]")

    @model_validator(mode="after")
    def _some(self) -> SetLinksWire:
        _one_of(self, ("capacity_gbps", "capacity_factor", "cost_per_gb"), "links are changed")
        if self.capacity_gbps is not None and self.capacity_factor is not None:
            raise wire_error("expected one of capacity_gbps and capacity_factor, found both")
        return self


class SelectWire(Wire):
    """Part of the demand: each key narrows; names or globs."""

    regions: Names | None = Field(None, description="Regions of the network")
    countries: Countries | None = Field(None, description="Countries of the regions, ISO 3166 alpha-2")
    titles: Names | None = Field(None, description="Titles")
    files: Names | None = Field(None, description="Files")
    profiles: Names | None = Field(
        None, description="Encoding profiles: what a file's name has after its title's"
    )


class ScaleDemandWire(SelectWire):
    """Demand times a factor; without any narrowing key all demand."""

    factor: Factor = Field(description="Times the demand [0 to 1000; 1.2: 20% more]")


class ShiftDemandWire(Wire):
    """Demand that moves: viewers to other regions, or requests to other titles."""

    share: Annotated[float, Field(gt=0, le=1)] = Field(description="Share of `from` that moves [0 to 1]")
    from_: SelectWire = Field(alias="from", description="What loses it")
    to: SelectWire = Field(
        description="Regions or countries that gain it for the same files, in proportion to their demand; or"
        " titles, files or profiles that gain it in the same regions"
    )

    @model_validator(mode="after")
    def _one_kind(self) -> ShiftDemandWire:
        places = self.to.regions is not None or self.to.countries is not None
        things = any(x is not None for x in (self.to.titles, self.to.files, self.to.profiles))
        if places == things:
            found = "both" if places else "neither"
            raise wire_error(
                "demand moves to regions or countries, or to titles, files or profiles;"
                f" found {found} in 'to'"
            )
        return self


class LaunchTitleWire(Wire):
    """A new title that is asked for like another one."""

    title: Text = Field(description="Name of the new title")
    like: Text = Field(description="Title whose files and demand it copies")
    factor: Factor = Field(1.0, description="Times the demand of the other title")
    size_factor: Positive = Field(1.0, description="Times the sizes of its files")
    countries: Countries | None = Field(
        None, description="Only there; left out: wherever the other is asked for"
    )
    regions: Names | None = Field(None, description="Only there, by name or glob")


class MovePeakWire(Wire):
    """The hours of the day in which viewers watch."""

    hours: Annotated[int, Field(ge=-12, le=12)] = Field(
        description="Later by so many hours [h]; negative: earlier"
    )
    regions: Names | None = Field(None, description="Only there, by name or glob")
    countries: Countries | None = Field(None, description="Only there")

    @model_validator(mode="after")
    def _moves(self) -> MovePeakWire:
        if self.hours == 0:
            raise wire_error("expected hours other than 0")
        return self


_FIXED = {
    "period_days": "the demand of the base already stands for a number of days",
    "cold_start": "say --fills free or --fills limited",
}


class ChangePolicyWire(PolicyWire):
    """Keys as in a topology's policy: values replace those that are there, rules are added."""

    drop: Annotated[list[RuleList], Field(min_length=1)] | None = Field(
        None, description="Lists of rules that are emptied first"
    )

    @model_validator(mode="after")
    def _some(self) -> ChangePolicyWire:
        if not self.model_fields_set:
            raise wire_error("the mapping is empty, expected keys of a policy")
        for key, instead in _FIXED.items():
            if key in self.model_fields_set:
                raise wire_error(f"{key!r} cannot be changed here", hint=instead)
        return self


class ChangeWire(Wire):
    """One change: exactly one of these keys."""

    fail: FailWire | None = Field(None, description="Sites, appliances, links, origins fail")
    add: AddWire | None = Field(None, description="Appliances are added to sites")
    add_site: AddSiteWire | None = Field(None, description="A site is added")
    add_link: AddLinkWire | None = Field(None, description="A link is added")
    remove: RemoveWire | None = Field(None, description="Appliances are removed from sites")
    upgrade: UpgradeWire | None = Field(None, description="Appliances are replaced by another model")
    add_hardware: dict[Name, HardwareWire] | None = Field(
        None, min_length=1, description="Models are defined"
    )
    set_hardware: ChangeHardwareWire | None = Field(None, description="A model's figures change")
    set_links: SetLinksWire | None = Field(None, description="Capacities or costs of links change")
    scale_demand: ScaleDemandWire | None = Field(None, description="Demand grows or shrinks")
    shift_demand: ShiftDemandWire | None = Field(None, description="Demand moves")
    launch: LaunchTitleWire | None = Field(None, description="A title is launched")
    move_peak: MovePeakWire | None = Field(None, description="The peak moves")
    policy: ChangePolicyWire | None = Field(None, description="The policy changes")

    @model_validator(mode="after")
    def _one_kind(self) -> ChangeWire:
        given = sorted(self.model_fields_set)
        if len(given) != 1:
            found = " and ".join(given) if given else "none"
            raise wire_error(f"a change is one of {', '.join(type(self).model_fields)}; found {found}")
        if getattr(self, given[0]) is None:
            raise wire_error(f"{given[0]!r} has no content")
        return self


class AxisWire(Wire):
    """One axis of a grid: a name, and points, each with its changes."""

    axis: Text = Field(description="What varies")
    points: Annotated[dict[Text, list[ChangeWire]], Field(min_length=1)] = Field(
        description="Points by name, each a list of changes; an empty list is the base"
    )


class ScenarioWire(Wire):
    """A whole scenario file."""

    name: Text = Field(description="Name of the scenario")
    base: Text | None = Field(
        None, description="Name of the network it was written for; another base is refused"
    )
    combine: Names | None = Field(
        None, description="Scenario files, relative to this one, whose changes come first, in this order"
    )
    changes: list[ChangeWire] | None = Field(None, description="Changes, in the order in which they happen")
    grid: Annotated[list[AxisWire], Field(min_length=1)] | None = Field(
        None, description="Axes; every combination of their points is a scenario, after `changes`"
    )


def scenario_schema() -> dict[str, Any]:
    """Build the JSON Schema of a scenario file, for editors and other programs.

    Examples
    --------
    >>> scenario_schema()["required"]
    ['name']
    """
    schema = ScenarioWire.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "cdnplan scenario"
    return schema
