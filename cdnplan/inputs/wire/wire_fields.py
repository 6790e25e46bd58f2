"""Kinds of fields of the wire schema, each with its check and the words of its error."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict
from pydantic_core import PydanticCustomError

from cdnplan.errors import nearest
from cdnplan.inputs.places.country_codes import COUNTRY_CODES, country_hint

MOST = 1e9
"""No quantity of a topology is larger; keeps sums finite and catches slips of the finger."""

_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_LOCAL_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]$"


class Wire(BaseModel):
    """Base of the schema: unknown keys are errors, and nothing is converted from one type to another."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


def wire_error(message: str, hint: str = "") -> PydanticCustomError:
    """Make an error whose words reach the user as they are."""
    return PydanticCustomError("cdnplan", "{message}", {"message": message, "hint": hint})


def _name(value: str) -> str:
    if not value:
        raise wire_error("a name may not be empty")
    if value != value.strip() or not value.isprintable():
        raise wire_error(f"name {value!r} has spaces at its ends or characters that cannot be shown")
    for sign in "/>":
        if sign in value:
            raise wire_error(
                f"name {value!r} contains {sign!r}, which separates names", hint="use '-' or '_' instead"
            )
    return value


def _country(value: str) -> str:
    if value not in COUNTRY_CODES:
        raise wire_error(f"unknown country code {value!r}", hint=country_hint(value))
    return value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = nearest(value, available_timezones()) or "use an IANA name, as 'Europe/Amsterdam'"
        raise wire_error(f"unknown time zone {value!r}", hint=hint) from None
    return value


def _clock(value: str) -> str:
    if not re.match(_CLOCK, value):
        raise wire_error(f'expected a time as "HH:MM", found the text {value!r}')
    return value


def _local_time(value: str) -> str:
    if not re.match(_LOCAL_TIME, value):
        raise wire_error(f'expected a local time as "2026-03-09T01:00", found the text {value!r}')
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise wire_error(f"there is no {value!r} in the calendar") from None
    return value


Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, AfterValidator(_name), Field(json_schema_extra={"pattern": "^[^/>]+$"})]
Country = Annotated[str, AfterValidator(_country), Field(json_schema_extra={"enum": sorted(COUNTRY_CODES)})]
Timezone = Annotated[
    str, AfterValidator(_timezone), Field(json_schema_extra={"examples": ["Europe/Amsterdam", "UTC"]})
]
Clock = Annotated[str, AfterValidator(_clock), Field(json_schema_extra={"pattern": _CLOCK})]
LocalTime = Annotated[str, AfterValidator(_local_time), Field(json_schema_extra={"pattern": _LOCAL_TIME})]
Kind = Literal["ixp", "embedded"]

Positive = Annotated[float, Field(gt=0, le=MOST)]
NotNegative = Annotated[float, Field(ge=0, le=MOST)]
Ratio = Annotated[float, Field(ge=0, le=1)]
Reserve = Annotated[float, Field(ge=0, lt=1)]
Share = Annotated[float, Field(gt=0, le=1)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Location = Annotated[tuple[Latitude, Longitude], Strict(False)]
"""A list in YAML, so strictness about tuples is lifted; its numbers stay strict."""
