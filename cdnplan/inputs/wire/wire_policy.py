"""Wire schema of the `policy` section: reserves, costs, the shape of a day, rules."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from cdnplan.inputs.wire.wire_fields import (
    Country,
    Kind,
    Name,
    NotNegative,
    Positive,
    Ratio,
    Reserve,
    Share,
    Text,
    Wire,
    wire_error,
)
from cdnplan.model.network.policy import (
    EVENING_PEAK,
    CopyRule,
    Costs,
    Files,
    FillPolicy,
    LaunchRule,
    PeakProfile,
    Policy,
    Reserves,
)

_RESERVES, _COSTS, _PROFILE, _POLICY, _FILL = Reserves(), Costs(), PeakProfile(), Policy(), FillPolicy()
_COPIES, _MIN_POOLS = CopyRule(Files()).copies, LaunchRule(Files()).min_pools

MAX_COPIES = 255
MAX_SITES = 64


class ReservesWire(Wire):
    """What is held back from each limit."""

    storage_ratio: Reserve = Field(
        _RESERVES.storage_ratio, description="Share of storage held back [ratio, 0 to below 1]"
    )
    throughput_ratio: Reserve = Field(
        _RESERVES.throughput_ratio, description="Share of throughput held back [ratio, 0 to below 1]"
    )
    fill_ratio: Reserve = Field(
        _RESERVES.fill_ratio, description="Share of the fill window held back [ratio, 0 to below 1]"
    )
    imbalance_ratio: Reserve = Field(
        _RESERVES.imbalance_ratio,
        description="Share of the throughput of pools of several appliances held back, because whole files"
        " cannot be spread over them evenly [ratio, 0 to below 1]",
    )


class CostsWire(Wire):
    """Costs where links carry none, and of filling and overload."""

    embedded_per_gb: NotNegative = Field(
        _COSTS.embedded_per_gb, description="Base cost of serving from inside an ISP [currency/GB]"
    )
    ixp_per_gb: NotNegative = Field(
        _COSTS.ixp_per_gb, description="Base cost of serving from an exchange point [currency/GB]"
    )
    origin_per_gb: NotNegative = Field(
        _COSTS.origin_per_gb, description="Base cost of serving from an origin [currency/GB]"
    )
    per_gb_per_1000km: NotNegative = Field(
        _COSTS.per_gb_per_1000km, description="Cost of distance [currency/GB for each 1000 km]"
    )
    fill_per_gb: NotNegative = Field(
        _COSTS.fill_per_gb, description="Cost of copying onto an appliance [currency/GB]"
    )
    overload_per_gbps: NotNegative | None = Field(
        None,
        description="Charged for each Gbit/s above the capacity of a link or an origin in every slice"
        " [currency/Gbps]; left out: ten times what the dearest origin path would cost",
    )


class PeakProfileWire(Wire):
    """The shape of a day."""

    slices: int = Field(
        _PROFILE.slices, ge=1, le=24, description="Slices of the UTC day in which limits hold [1 to 24]"
    )
    hourly: Annotated[list[NotNegative], Field(min_length=24, max_length=24)] = Field(
        list(EVENING_PEAK), description="Weights of the local hours 00 to 23; scaled so that their sum is 1"
    )

    @model_validator(mode="after")
    def _some_weight(self) -> PeakProfileWire:
        if math.fsum(self.hourly) <= 0:
            raise wire_error("the 24 hourly weights are all 0")
        return self


class FillWire(Wire):
    """Limits on where fills come from."""

    origin_gbps: Positive | None = Field(
        _FILL.origin_gbps,
        description="Most that all origins together give fills at any time [Gbit/s]; left out: no limit",
    )
    tier_max_cost_per_gb: NotNegative | None = Field(
        _FILL.tier_max_cost_per_gb,
        description="Most that the path of a fill from another site may cost [currency/GB]; left out: no more"
        " than from the origin",
    )


_SELECTORS = ("title", "file", "top", "newer_than_days")


class RuleWire(Wire):
    """Files (exactly one of title, file, top, newer_than_days) and the places where the rule holds."""

    title: Text | None = Field(None, description="Title, by name or glob (* and ?)")
    file: Text | None = Field(None, description="File, by name or glob (* and ?)")
    top: int | None = Field(None, ge=1, description="The files with most GB demanded [number of files]")
    newer_than_days: int | None = Field(
        None, ge=1, description="Titles launched less than so many days before the planned period [days]"
    )
    sites: list[Text] | None = Field(None, min_length=1, description="Sites, by name or glob")
    countries: list[Country] | None = Field(
        None, min_length=1, description="Countries the sites stand in, ISO 3166 alpha-2"
    )
    kinds: list[Kind] | None = Field(None, min_length=1, description="Kinds of site: ixp, embedded")
    models: list[Name] | None = Field(None, min_length=1, description="Models of hardware")

    @model_validator(mode="after")
    def _one_selector(self) -> RuleWire:
        given = [key for key in _SELECTORS if getattr(self, key) is not None]
        if len(given) != 1:
            found = " and ".join(given) if given else "none of them"
            raise wire_error(f"a rule names files by one of {', '.join(_SELECTORS)}; found {found}")
        return self


class CopiesWire(RuleWire):
    """Pools here that hold one of these files hold several copies of it."""

    copies: int = Field(
        _COPIES, ge=1, le=MAX_COPIES, description="Copies in a pool, at most one per appliance"
    )


class LaunchWire(RuleWire):
    """Each of these files is held by a minimum number of the pools here."""

    min_pools: int = Field(_MIN_POOLS, ge=1, description="Pools that must hold the file")


class PolicyWire(Wire):
    """Everything an operator decides that is not hardware."""

    reserves: ReservesWire | None = Field(None, description="What is held back from each limit")
    costs: CostsWire | None = Field(None, description="Costs where links carry none")
    peak_profile: PeakProfileWire | None = Field(None, description="The shape of a day")
    steering: Literal["cost", "order"] = Field(
        _POLICY.steering,
        description="cost: the cheapest candidate that holds a file serves; order: a region's sites are"
        " preferred in the order they are listed",
    )
    max_sites: int = Field(
        _POLICY.max_sites, ge=1, le=MAX_SITES, description="Candidate sites of a region that lists none"
    )
    churn_ratio: Ratio | None = Field(
        None, description="New bytes per plan and pool, as a share of its usable storage [ratio, 0 to 1]"
    )
    copy_load_ratio: Share | None = Field(
        _POLICY.copy_load_ratio,
        description="A pool holds another copy of a file for each such part of one appliance's throughput"
        " that its regions may ask of the file [ratio, above 0 to 1]; null: load asks for no copies",
    )
    cold_start: Literal["free", "limited"] = Field(
        _POLICY.cold_start,
        description="Without a previous plan: free: appliances arrive stocked; limited: all is filled"
        " within one window",
    )
    period_days: Positive | None = Field(
        None, description="Days that one period of a demand table stands for [days]", le=36_525
    )
    fill: FillWire | None = Field(None, description="Where fills may come from")
    pins: list[RuleWire] | None = Field(None, description="Files every pool in these places holds")
    bans: list[RuleWire] | None = Field(None, description="Files no pool in these places may hold")
    copies: list[CopiesWire] | None = Field(None, description="Files held in several copies")
    launches: list[LaunchWire] | None = Field(None, description="Files that enough pools must hold")
    waits: list[RuleWire] | None = Field(
        None,
        description="Files that pins do not bind in these places yet, and for which launches do not count on"
        " them: fill windows have not brought them",
    )
