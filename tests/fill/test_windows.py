"""Windows of filling as instants: zones, gaps, hours that come twice, maintenance."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdnplan.fill.night.windows import (
    MS_PER_HOUR,
    first_window,
    from_ms,
    instant_of,
    night_windows,
    to_ms,
    without,
)
from cdnplan.model.instance.build import build_instance
from cdnplan.model.network.topology import (
    ApplianceGroup,
    FillWindow,
    Hardware,
    Maintenance,
    Origin,
    Site,
    Topology,
)
from tests.model.networks import FILES, demand

MINUTE = 60_000


def site(zone: str | None, start: str = "02:00", hours: float = 12.0, *, longitude: float = 5.0) -> Site:
    groups = (ApplianceGroup("disk", 2), ApplianceGroup("flash", 1))
    return Site("s", "ixp", (52.0, longitude), groups, "NL", zone, FillWindow(start, hours))


def utc(text: str) -> int:
    return to_ms(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC))


@pytest.mark.parametrize(
    ("zone", "start", "after", "begin"),
    [
        ("Europe/Amsterdam", "02:00", "2026-01-10T00:00", "2026-01-10T01:00"),
        ("Europe/Amsterdam", "02:00", "2026-01-10T01:00", "2026-01-10T01:00"),
        ("Europe/Amsterdam", "02:00", "2026-01-10T01:01", "2026-01-11T01:00"),
        ("Europe/Amsterdam", "23:30", "2026-01-10T00:00", "2026-01-10T22:30"),
        # Clocks go from 02:00 to 03:00 at 01:00 UTC: the gap ends at once.
        ("Europe/Amsterdam", "02:30", "2026-03-29T00:00", "2026-03-29T01:00"),
        ("Europe/Amsterdam", "03:00", "2026-03-29T00:00", "2026-03-29T01:00"),
        # Clocks go from 03:00 back to 02:00 at 01:00 UTC: 02:30 comes first at 00:30 UTC.
        ("Europe/Amsterdam", "02:30", "2026-10-25T00:00", "2026-10-25T00:30"),
        ("America/New_York", "02:30", "2026-03-08T00:00", "2026-03-08T07:00"),
        # Half an hour: from 02:00 to 02:30 at 15:30 UTC of the day before.
        ("Australia/Lord_Howe", "02:10", "2026-10-03T00:00", "2026-10-03T15:30"),
        ("Asia/Kolkata", "02:00", "2026-01-10T00:00", "2026-01-10T20:30"),
        # A whole day was skipped: 30 December 2011 was none in Samoa, its window begins after the gap.
        ("Pacific/Apia", "02:00", "2011-12-30T00:00", "2011-12-30T10:00"),
        (None, "02:00", "2026-01-10T00:00", "2026-01-10T02:00"),
    ],
)
def test_first_window(zone: str | None, start: str, after: str, begin: str) -> None:
    found = first_window(site(zone, start), utc(after))
    assert from_ms(found[0]) == from_ms(utc(begin))


def test_a_window_lasts_its_hours_whatever_clocks_do() -> None:
    for after in ("2026-03-28T12:00", "2026-10-24T12:00"):
        begin, end = first_window(site("Europe/Amsterdam", "00:30", 6.0), utc(after))
        assert end - begin == 6 * MS_PER_HOUR


def test_without_a_zone_longitude_counts() -> None:
    assert first_window(site(None, longitude=-75.0), utc("2026-07-01T00:00"))[0] == utc("2026-07-01T07:00")


ZONES = ["Europe/Amsterdam", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Tehran"]


@given(
    st.sampled_from(ZONES),
    st.datetimes(dt.datetime(2005, 1, 1), dt.datetime(2030, 1, 1)).map(
        lambda t: t.replace(second=0, microsecond=0)
    ),
)
def test_the_instant_is_the_first_that_shows_the_time_or_later(zone: str, local: dt.datetime) -> None:
    info = ZoneInfo(zone)
    found = instant_of(local, info)

    def shown(instant: int) -> dt.datetime:
        return from_ms(instant).astimezone(info).replace(tzinfo=None)

    assert shown(found) >= local
    assert shown(found - 1) < local
    # No clock of the day before has shown it already, but for an hour that comes twice.
    assert all(shown(found - k * 30 * MINUTE) < local for k in range(1, 48))


def test_parts_outside_maintenance() -> None:
    assert without((0, 10), []) == [(0, 10)]
    assert without((0, 10), [(-5, 0), (10, 12)]) == [(0, 10)]
    assert without((0, 10), [(0, 10)]) == []
    assert without((0, 10), [(1, 5), (2, 3), (8, 9)]) == [(0, 1), (5, 8), (9, 10)]


def test_maintenance_of_site_model_and_appliance() -> None:
    maintained = (
        Maintenance("2026-01-10T03:00", 1.0),
        Maintenance("2026-01-10T05:00", 1.0, ("disk",)),
        Maintenance("2026-01-10T07:00", 1.0, ("disk/2",)),
    )
    base = site("Europe/Amsterdam")
    whole = Topology(
        "t",
        (Hardware("disk", 1, 1, 1), Hardware("flash", 1, 1, 1)),
        (Origin("o", (0.0, 0.0)),),
        (
            Site(
                base.name,
                base.kind,
                base.location,
                base.appliances,
                "NL",
                base.timezone,
                maintenance=maintained,
            ),
        ),
        (),
    )
    asked = demand({"none": {"a": 1.0}}, FILES)
    instance, _ = build_instance(whole, FILES, asked)
    found = night_windows(whole, instance, utc("2026-01-10T00:00"))
    begin = utc("2026-01-10T01:00")

    def parts(a: int) -> list[tuple[float, float]]:
        rows = slice(found.open_ptr[a], found.open_ptr[a + 1])
        hours = [
            ((found.open_begin[rows] - begin) / MS_PER_HOUR),
            ((found.open_end[rows] - begin) / MS_PER_HOUR),
        ]
        return list(zip(*(times.tolist() for times in hours), strict=True))

    assert parts(0) == [(0, 1), (2, 3), (4, 12)]
    assert parts(1) == [(0, 1), (2, 3), (4, 5), (6, 12)]
    assert parts(2) == [(0, 1), (2, 12)]
    assert np.diff(found.closed_ptr).tolist() == [2, 3, 1]
    assert found.until == begin + 12 * MS_PER_HOUR
