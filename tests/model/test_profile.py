"""The shape of a day: slices of the UTC day, time zones, daylight saving."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from cdnplan.model.instance.profile import gbps_per_gb, slice_of_hour, utc_offset_hours
from cdnplan.model.network.policy import EVENING_PEAK, PeakProfile
from tests.model.networks import build, network, region, site

SUMMER, WINTER = dt.date(2026, 7, 6), dt.date(2026, 1, 5)
GBPS_PER_GB_OF_A_DAY = 8 / 86400
RAMP = tuple(float(hour) for hour in range(24))


def test_a_day_sums_to_all_its_bytes() -> None:
    rates = gbps_per_gb(PeakProfile(24, EVENING_PEAK), [0.0, 5.5, -8.0], 1.0)
    assert rates.shape == (3, 24)
    assert (rates * 3600 / 8).sum(axis=1) == pytest.approx([1.0, 1.0, 1.0])


def test_one_slice_is_the_peak_hour_wherever_the_region_is() -> None:
    hourly = gbps_per_gb(PeakProfile(24, EVENING_PEAK), [0.0, 9.0, -3.0], 7.0)
    peak = gbps_per_gb(PeakProfile(1, EVENING_PEAK), [0.0, 9.0, -3.0], 7.0)
    assert peak[:, 0] == pytest.approx(hourly.max(axis=1))
    assert peak[:, 0] == pytest.approx(24 * 0.084 * GBPS_PER_GB_OF_A_DAY / 7)


@pytest.mark.parametrize("slices", [1, 2, 3, 4, 5, 7, 10, 23, 24])
def test_a_slice_has_the_rate_of_its_busiest_hour(slices: int) -> None:
    hourly = gbps_per_gb(PeakProfile(24, EVENING_PEAK), [2.0], 7.0)[0]
    of_hour = slice_of_hour(slices)
    assert sorted(set(of_hour)) == list(range(slices))
    assert of_hour == sorted(of_hour)
    expected = [max(hourly[h] for h in range(24) if of_hour[h] == t) for t in range(slices)]
    assert gbps_per_gb(PeakProfile(slices, EVENING_PEAK), [2.0], 7.0)[0] == pytest.approx(expected)


def test_weights_need_not_sum_to_one() -> None:
    scaled = gbps_per_gb(PeakProfile(24, tuple(3.0 * w for w in EVENING_PEAK)), [1.0], 7.0)
    assert scaled == pytest.approx(gbps_per_gb(PeakProfile(24, EVENING_PEAK), [1.0], 7.0))


def test_local_hours_come_earlier_in_utc_to_the_east() -> None:
    rates = gbps_per_gb(PeakProfile(24, RAMP), [0.0, 2.0, -5.0], 1.0) / GBPS_PER_GB_OF_A_DAY / 24 * sum(RAMP)
    assert rates[0] == pytest.approx(RAMP)
    assert rates[1] == pytest.approx([*RAMP[2:], 0.0, 1.0])
    assert rates[2] == pytest.approx([*RAMP[-5:], *RAMP[:-5]])


def test_half_hour_zones_mix_neighbouring_hours() -> None:
    rates = gbps_per_gb(PeakProfile(24, RAMP), [5.5, -3.5], 1.0) / GBPS_PER_GB_OF_A_DAY / 24 * sum(RAMP)
    assert rates[0][:18] == pytest.approx([hour + 5.5 for hour in range(18)])
    assert rates[0][18] == pytest.approx((23 + 0) / 2)
    assert rates[1][4:] == pytest.approx([hour - 3.5 for hour in range(4, 24)])


@pytest.mark.parametrize(
    ("zone", "date", "hours"),
    [
        ("Europe/Amsterdam", SUMMER, 2.0),
        ("Europe/Amsterdam", WINTER, 1.0),
        ("Europe/Amsterdam", dt.date(2026, 3, 29), 2.0),  # clocks change that night
        ("Europe/Amsterdam", dt.date(2026, 10, 25), 1.0),
        ("Asia/Kolkata", SUMMER, 5.5),
        ("Asia/Kathmandu", WINTER, 5.75),
        ("Australia/Lord_Howe", WINTER, 11.0),
        ("Australia/Lord_Howe", SUMMER, 10.5),
        ("America/St_Johns", SUMMER, -2.5),
        ("Pacific/Kiritimati", SUMMER, 14.0),
    ],
)
def test_offsets_are_those_of_the_day(zone: str, date: dt.date, hours: float) -> None:
    assert utc_offset_hours(zone, 0.0, date) == hours


@pytest.mark.parametrize(("longitude", "hours"), [(0.0, 0.0), (179.0, 12.0), (-179.0, -12.0), (22.6, 2.0)])
def test_without_a_zone_the_longitude_tells(longitude: float, hours: float) -> None:
    assert utc_offset_hours(None, longitude, SUMMER) == hours


PROFILE = PeakProfile(24, RAMP)


def peak_hours(start: dt.date) -> list[int]:
    """UTC hour of each region's busiest hour."""
    places = (
        site("west", at=(40.0, -74.0), timezone="America/New_York"),
        site("east", at=(52.0, 5.0)),
    )
    regions = (
        region("own", "west", timezone="Asia/Tokyo"),
        region("site", "west", at=(0.0, 120.0)),
        region("longitude", "east", at=(0.0, 120.0)),
        region("second", "east", "west", at=(0.0, 120.0)),
    )
    found = build(network(places, regions, peak_profile=PROFILE), start=start)
    by_name = dict(zip(found.regions, found.gbps_per_gb.argmax(axis=1).tolist(), strict=True))
    return [by_name[name] for name in ("own", "site", "longitude", "second")]


def test_a_region_has_its_own_zone_or_its_first_sites_or_that_of_its_longitude() -> None:
    assert peak_hours(SUMMER) == [23 - 9, (23 + 4) % 24, 23 - 8, (23 + 4) % 24]
    assert peak_hours(WINTER) == [23 - 9, (23 + 5) % 24, 23 - 8, (23 + 5) % 24]


def test_rates_fall_with_the_length_of_the_period() -> None:
    day = gbps_per_gb(PROFILE, [0.0], 1.0)
    assert np.allclose(gbps_per_gb(PROFILE, [0.0], 7.0) * 7, day)
