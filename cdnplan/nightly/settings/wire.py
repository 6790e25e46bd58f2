"""Wire schema of a nightly job's config file: what may be written, with units, checked by pydantic."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from cdnplan.inputs.wire.wire_fields import (
    Clock,
    Country,
    NotNegative,
    Positive,
    Text,
    Timezone,
    Wire,
    wire_error,
)

Hours = Annotated[float, Field(gt=0, le=87_600)]
"""Up to ten years: an age limit, not a date."""


class InputWire(Wire):
    """One input: where it comes from, and how old it may be."""

    path: Text = Field(description="File, relative to the config file, or URL as s3://bucket/titles.parquet")
    max_age_hours: Hours | None = Field(
        None, description="Stale when it was changed longer ago than this [h]; left out: any age"
    )
    options: dict[str, Any] | None = Field(
        None, description="Options of the file system that the URL names, as fsspec takes them"
    )


class HistoryWire(InputWire):
    """A history: besides the file's age, what its dates say counts."""

    max_age_days: Annotated[float, Field(gt=0, le=3650)] | None = Field(
        None,
        description="Stale when its last date lies longer than this before the day planned for [days]; left"
        " out: two periods, and the days from the day before the run to it",
    )


class InputsWire(Wire):
    """What a plan is made from; exactly one of history and demand."""

    topology: InputWire = Field(description="Topology YAML; what it includes is fetched with it")
    overrides: list[InputWire] | None = Field(None, description="Further override files, weakest first")
    titles: InputWire = Field(description="Titles table")
    files: InputWire | None = Field(None, description="Files of titles; left out: a title is one file")
    history: HistoryWire | None = Field(None, description="History to forecast from")
    demand: InputWire | None = Field(None, description="Demand table, in place of a history")
    holdings: InputWire | None = Field(
        None, description="What appliances hold, read from the field; believed more than the plan in force"
    )
    launches: InputWire | None = Field(None, description="Launch calendar, for the forecast")
    changes: InputWire | None = Field(None, description="Known changes, for the forecast")
    events: InputWire | None = Field(None, description="Events, for the forecast")

    @model_validator(mode="after")
    def _one_demand(self) -> InputsWire:
        if (self.history is None) == (self.demand is None):
            raise wire_error("expected exactly one of history and demand")
        return self


class ForecastWire(Wire):
    """How demand is forecast from a history."""

    model: Text = Field("auto", description="As cdnplan forecast --model")
    spare_periods: int = Field(
        1, ge=0, le=60, description="Periods forecast beyond the one planned, for nights without a history"
    )


class EngineWire(Wire):
    """The engine and its budget."""

    name: Literal["auto", "exact", "fast"] = Field("auto", description="As cdnplan plan --engine")
    gap_ratio: NotNegative | None = Field(None, description="Stop at this gap [ratio]")
    time_limit_s: Positive | None = Field(None, description="Stop the search after this [s]")
    threads: int = Field(0, ge=0, le=1024, description="0: all cores")
    seed: int = Field(0, ge=0, description="Same inputs and seed, same plan")
    warm_start: bool = Field(True, description="Start from the plan in force")


class DeadlineWire(Wire):
    """When a new plan has to be in force; exactly one of minutes and at."""

    minutes: Positive | None = Field(None, description="So long after the start [min]")
    at: Clock | None = Field(None, description='At the next such time, in quotes, as "05:30"')
    timezone: Timezone = Field("UTC", description="IANA time zone of at")
    reserve_s: NotNegative | None = Field(
        None,
        description="Kept for what follows the search: dealing out, verifying, writing [s]; left out: twice"
        " what it took the last time, at least 20",
    )

    @model_validator(mode="after")
    def _one_time(self) -> DeadlineWire:
        if (self.minutes is None) == (self.at is None):
            raise wire_error("expected exactly one of minutes and at")
        return self


class CalendarWire(Wire):
    """Which day is planned for."""

    timezone: Timezone = Field("UTC", description="IANA time zone in which a day begins")
    lead_days: int = Field(0, ge=0, le=30, description="Days from the day of the run to the day planned for")


class PublishWire(Wire):
    """Where plans are published."""

    folder: Text = Field(description="Publication folder: holds plans/, current, status.json")
    keep: int = Field(7, ge=1, le=10_000, description="Plans kept, the one in force among them")
    metrics: Text | None = Field(
        None, description="Prometheus textfile; left out: cdnplan.prom in the publication folder"
    )


class FetchWire(Wire):
    """How inputs are fetched."""

    attempts: int = Field(3, ge=1, le=100, description="Tries for each input")
    wait_s: NotNegative = Field(10.0, description="Wait before the second try, doubled each time [s]")
    timeout_s: Positive = Field(300.0, description="One try may take this long [s]")


class FallbackWire(Wire):
    """How old what is fallen back on may be."""

    copies_hours: Hours = Field(
        72.0, description="A copy of an input that cannot be fetched: since it was fetched [h]"
    )
    forecast_days: Annotated[float, Field(gt=0, le=3650)] = Field(
        7.0, description="The last good forecast: since it was made [days]"
    )


class GuardWire(Wire):
    """Two limits on one figure of a plan; null lifts a limit."""

    warn: NotNegative | None = Field(None, description="Above this: published, with a warning")
    refuse: NotNegative | None = Field(None, description="Above this: not published")


class GuardsWire(Wire):
    """Limits that a new plan keeps or is not published."""

    field_differs_ratio: GuardWire | None = Field(
        None, description="Copies in which field and plan in force disagree, as a share of those planned"
    )
    churn_ratio: GuardWire | None = Field(
        None, description="Bytes to fill, as a share of the bytes held now [ratio]"
    )
    fill_gb: GuardWire | None = Field(None, description="Bytes to fill [GB]")
    unfilled_ratio: GuardWire | None = Field(
        None, description="Share of the bytes to fill that cannot be fetched in the night [ratio]"
    )
    offload_drop_ratio: GuardWire | None = Field(
        None, description="Byte offload below that of the plan in force, on today's demand [difference]"
    )
    offload_fall_ratio: GuardWire | None = Field(
        None, description="Byte offload below what the plan in force promised, on its demand [difference]"
    )
    cost_rise_ratio: GuardWire | None = Field(
        None, description="Cost above that of the plan in force, on the same demand [share of it]"
    )
    implausible_factor: GuardWire | None = Field(
        None, description="How many times an input is beyond what is usual, as with bytes for GB"
    )
    silent_regions_ratio: GuardWire | None = Field(None, description="Share of regions without demand")
    demand_factor: GuardWire | None = Field(
        None, description="Demand per day against the plan in force: times more, or times less"
    )
    lost_appliances_ratio: GuardWire | None = Field(
        None, description="Share of the appliances of the plan in force that the topology lacks"
    )
    gap_ratio: GuardWire | None = Field(None, description="Gap of the plan [ratio]")


class NightlyWire(Wire):
    """A whole config file."""

    name: Text | None = Field(None, description="Name of the job; left out: the file's")
    inputs: InputsWire = Field(description="What a plan is made from")
    environment: Text | None = Field(None, description="Environment whose overrides apply")
    countries: list[Country] | None = Field(None, min_length=1, description="Plan only these countries")
    calendar: CalendarWire | None = Field(None, description="Which day is planned for")
    forecast: ForecastWire | None = Field(None, description="How demand is forecast from a history")
    engine: EngineWire | None = Field(None, description="The engine and its budget")
    deadline: DeadlineWire = Field(description="When a new plan has to be in force")
    publish: PublishWire = Field(description="Where plans are published")
    work: Text = Field("work", description="Folder for what is fetched, forecast and logged")
    keep_logs: int = Field(60, ge=1, le=100_000, description="Logs of runs kept")
    fetch: FetchWire | None = Field(None, description="How inputs are fetched")
    fallback: FallbackWire | None = Field(None, description="How old what is fallen back on may be")
    guards: GuardsWire | None = Field(None, description="Limits that a new plan keeps or is not published")


def nightly_schema() -> dict[str, Any]:
    """Build the JSON Schema of a config file, for editors and other programs.

    Examples
    --------
    >>> nightly_schema()["required"]
    ['inputs', 'deadline', 'publish']
    """
    schema = NightlyWire.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "cdnplan nightly"
    return schema
