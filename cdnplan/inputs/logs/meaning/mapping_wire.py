"""Wire schema of a mapping: what the fields of a log mean, checked by pydantic."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from cdnplan.inputs.wire.wire_fields import Name, Text, Timezone, Wire, wire_error

LogFormat = Literal["combined", "common", "csv", "w3c", "json", "parquet"]
Unknown = Literal["drop", "keep"]

_PATTERN_LETTERS = "YmbdHMSfz%"


def _time_pattern(value: str) -> str:
    if value in ("iso", "epoch", "clock", "apache"):
        return value
    letters = re.findall(r"%(.?)", value)
    if not letters:
        raise wire_error(
            f"expected iso, epoch, clock, apache or a pattern as %d.%m.%Y %H:%M:%S, found the text {value!r}"
        )
    for letter in letters:
        if letter not in _PATTERN_LETTERS or not letter:
            hint = "known: " + ", ".join(f"%{known}" for known in _PATTERN_LETTERS)
            raise wire_error(f"{value!r} has the sign %{letter}, which is not known", hint=hint)
    return value


def _unit(value: Any) -> Any:
    """Units in capitals or not; B and byte are bytes."""
    if not isinstance(value, str):
        return value
    unit = value.casefold()
    return "bytes" if unit in ("b", "byte") else unit


def _separator(value: str) -> str:
    if value == "\\t":
        return "\t"
    if len(value.encode()) != 1 or value in '"\r\n':
        raise wire_error(f"expected one sign that is neither a quote nor a line end, found {value!r}")
    return value


TimePattern = Annotated[str, AfterValidator(_time_pattern)]
Separator = Annotated[str, AfterValidator(_separator)]
Unit = Annotated[Literal["bytes", "kb", "mb", "gb", "tb"], BeforeValidator(_unit)]
Status = Annotated[int, Field(ge=0, le=599)]


class TimeWire(Wire):
    """When a request came."""

    field: Text | None = Field(None, description="Field with the time; this or fields")
    fields: Annotated[list[Text], Field(min_length=2, max_length=2)] | None = Field(
        None, description="Two fields, the date and the clock"
    )
    pattern: TimePattern | None = Field(
        None,
        description="iso, epoch (s, ms, µs or ns, told apart by size), apache, or signs and %Y %m %b %d %H"
        " %M %S %f %z; left out: apache in combined and common logs, else iso",
    )

    @model_validator(mode="after")
    def _one(self) -> TimeWire:
        if self.field is not None and self.fields is not None:
            raise wire_error("expected field or fields, not both")
        return self


class BytesWire(Wire):
    """How many bytes were sent."""

    field: Text = Field(description="Field with the number")
    unit: Unit = Field("bytes", description="What 1 stands for; decimal")


class SizeWire(BytesWire):
    """How large the whole object is."""


class ObjectWire(Wire):
    """What was asked for, and the title or file it stands for."""

    field: Text | None = Field(None, description="Field with a URL or a name")
    part: Literal["path", "path-and-query", "whole"] = Field(
        "path", description="What of a URL names the object: without host and query, without host, or all"
    )
    decode: bool = Field(False, description="Whether %20 and the like become the signs they stand for")
    pattern: Text | None = Field(
        None, description="Regular expression (RE2) with the groups title, file or both, looked for in it"
    )
    table: Text | None = Field(
        None, description="Table with the columns object and title, file or both; object: what pattern found"
    )
    unknown: Unknown = Field(
        "drop",
        description="What happens to objects that pattern or table do not know: keep takes their own name",
    )


class RegionWire(Wire):
    """Where viewers are; one of name, prefixes and field."""

    name: Name | None = Field(None, description="One region for all lines")
    field: Text | None = Field(None, description="Field with the region, or with what table or prefixes know")
    table: Text | None = Field(None, description="Table with the columns value and region")
    prefixes: Text | None = Field(
        None, description="Table with the columns prefix (as 192.0.2.0/24 or 2001:db8::/32) and region"
    )
    unknown: Name | None = Field(
        None, description="Region of lines whose region is not known; left out: they are dropped and counted"
    )

    @model_validator(mode="after")
    def _one(self) -> RegionWire:
        if self.name is not None and (self.field or self.table or self.prefixes):
            raise wire_error("a region by name stands alone: expected no field, table or prefixes beside it")
        if self.table and self.prefixes:
            raise wire_error("expected table or prefixes, not both")
        if self.name is None and not (self.field or self.prefixes):
            raise wire_error("expected name, field or prefixes")
        return self


class StatusWire(Wire):
    """Which HTTP statuses count."""

    field: Text | None = Field(None, description="Field with the status")
    wanted: Annotated[list[Status], Field(min_length=1)] = Field(
        [200, 206], description="Lines with other statuses are left out"
    )


class MethodWire(Wire):
    """Which HTTP methods count."""

    field: Text | None = Field(None, description="Field with the method")
    wanted: Annotated[list[Text], Field(min_length=1)] = Field(
        ["GET"], description="Lines with other methods are left out"
    )


class CacheWire(Wire):
    """Whether the cache that wrote the log had it."""

    field: Text = Field(description="Field with the cache's answer")
    hits: Annotated[list[Text], Field(min_length=1)] = Field(
        ["HIT", "STALE", "UPDATING", "REVALIDATED", "REFRESHHIT", "TCP_HIT", "TCP_MEM_HIT", "1", "TRUE"],
        description="Values that say so, in capitals or not",
    )


class SessionWire(Wire):
    """Who plays: distinct values per day, region and object are plays."""

    field: Text = Field(description="Field with what is the same within one play")


class MappingWire(Wire):
    """A whole mapping."""

    format: LogFormat | None = Field(
        None, description="Format of the logs; left out: seen from the first lines"
    )
    fields: Annotated[list[Text], Field(min_length=1)] | None = Field(
        None, description="Names of the fields in order; combined, common, and csv without a header"
    )
    separator: Separator | None = Field(None, description="Sign between fields; csv and w3c; left out: seen")
    timezone: Timezone = Field("UTC", description="Zone of times that do not say their own")
    day_timezone: Timezone = Field("UTC", description="Zone in which days begin")
    time: TimeWire | None = Field(None, description="When")
    bytes: BytesWire | None = Field(None, description="How much")
    object: ObjectWire | None = Field(None, description="What")
    region: RegionWire | None = Field(None, description="Where")
    status: StatusWire | None = Field(None, description="Statuses that count")
    method: MethodWire | None = Field(None, description="Methods that count")
    cache: CacheWire | None = Field(None, description="Hits and misses of the cache")
    size: SizeWire | None = Field(None, description="Size of the whole object")
    session: SessionWire | None = Field(None, description="Plays")


def mapping_schema() -> dict[str, Any]:
    """Build the JSON Schema of a mapping, for editors and other programs.

    Examples
    --------
    >>> sorted(mapping_schema()["properties"])[:3]
    ['bytes', 'cache', 'day_timezone']
    """
    schema = MappingWire.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "cdnplan ingest mapping"
    return schema
