"""Random networks and zones: sound nights pass, and the judge finds the rules that a plain count finds."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cdnplan.evaluate.night.fill_windows import fill_window, first_instant, in_words, local_span, to_ms
from cdnplan.model.network.topology import FillWindow, Site
from tests.evaluate.naive_judge import broken
from tests.evaluate.nights import Night, window
from tests.evaluate.random_nights import Case, draw

RULES = {
    *("fill window", "maintenance", "source holds the file", "fill rate", "upload rate"),
    *("links and origins", "storage while filling", "evicted once space is needed", "last copy"),
    "cost of the way",
}


def failed(case: Case, folder: Path) -> set[str]:
    return {check.check for check in case.checks(folder) if not check.ok}


@pytest.mark.parametrize("part", range(10))
def test_sound_nights_pass(part: int, tmp_path: Path) -> None:
    kinds: Counter[str] = Counter()
    for seed in range(part * 30, part * 30 + 30):
        case = draw(seed)
        assert broken(case.scheduler, case.night) == set(), seed
        wrong = [str(check) for check in case.checks(tmp_path) if not check.ok]
        assert wrong == [], seed
        kinds.update(row["kind"] for row in case.night.fills)
        kinds["evicted for others"] += sum(
            any(row["appliance"] == r["appliance"] and row["at"] == r["start"] for r in case.night.fills)
            for row in case.night.evictions
        )
    assert min(kinds[kind] for kind in ("peer", "tier", "origin", "evicted for others")) > 10


def disturbed(night: Night, case: Case, rng: np.random.Generator) -> Night:
    """A night with one thing changed."""
    other = deepcopy(night)
    row: dict[str, Any] = other.fills[int(rng.integers(len(other.fills)))]
    length = row["end"] - row["start"]
    change = int(rng.integers(8))
    if change == 0:
        by = int(rng.choice([-1, 1]) * rng.choice([1, 60_000, 3_600_000, 20_000_000]))
        row["start"], row["end"] = row["start"] + by, row["end"] + by
    elif change == 1:
        row["end"] = row["start"] + max(1, int(length * rng.choice([0.5, 0.9, 0.999, 3.0])))
    elif change == 2:
        places = [*case.scheduler.appliances, *case.scheduler.origins]
        source = str(rng.choice([name for name in places if name != row["appliance"]]))
        one, other_site = (name.partition("/")[0] for name in (source, row["appliance"]))
        same = one == other_site
        row["source"] = source
        row["kind"] = "origin" if source in case.scheduler.origins else "peer" if same else "tier"
    elif change == 3 and other.evictions:
        gone = other.evictions[int(rng.integers(len(other.evictions)))]
        gone["at"] += int(rng.choice([-1, 1]) * rng.choice([1, 3_600_000, 40_000_000]))
    elif change == 4 and other.evictions:
        gone = other.evictions[int(rng.integers(len(other.evictions)))]
        gone["at"] = int(rng.choice([row["start"], row["end"], row["end"] - 1]))
    elif change == 5:
        kept = {file for _, file in case.held & case.scheduler.wanted}
        moving = [r for r in other.fills if r["file"] not in kept]
        end = min((r["end"] for r in moving if r["file"] == moving[0]["file"]), default=0)
        for gone in other.evictions:
            if moving and gone["file"] == moving[0]["file"]:
                gone["at"] = end - 1
    elif change == 6:
        closed = [s for place in (row["source"], row["appliance"]) for s, _ in case.scheduler.closed(place)]
        row["start"] = int(rng.choice(closed)) - 1 if closed else row["start"]
        row["end"] = row["start"] + length
    else:
        begin, end = case.scheduler.windows[row["appliance"].split("/", maxsplit=1)[0]]
        row["start"] = int(rng.integers(begin, end))
        row["end"] = row["start"] + length
    return other


def test_disturbed_nights_fail_as_a_plain_count_says(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    met: Counter[str] = Counter()
    for seed in range(60):
        case = draw(seed)
        if not case.night.fills:
            continue
        sound = case.night
        for _ in range(6):
            case.night = disturbed(sound, case, rng)
            due = broken(case.scheduler, case.night)
            found = failed(case, tmp_path) & {*RULES, "way from the source"}
            assert found == due, (seed, case.night)
            met.update(due or {"none"})
        case.night = sound
    assert min(met[rule] for rule in RULES) >= 2, met


SPRING, AUTUMN = dt.datetime(2026, 3, 28), dt.datetime(2026, 10, 24, 12)
CHANGES = [
    # zone, window, night, begin in UTC
    ("Europe/Amsterdam", "02:00", SPRING, "2026-03-28T01:00"),
    ("Europe/Amsterdam", "02:00", SPRING + dt.timedelta(hours=2), "2026-03-29T01:00"),
    ("Europe/Amsterdam", "02:59", SPRING + dt.timedelta(hours=2), "2026-03-29T01:00"),
    ("Europe/Amsterdam", "03:00", SPRING + dt.timedelta(hours=3), "2026-03-29T01:00"),
    ("Europe/Amsterdam", "03:01", SPRING + dt.timedelta(hours=3), "2026-03-29T01:01"),
    ("Europe/Amsterdam", "02:30", AUTUMN, "2026-10-25T00:30"),
    ("Europe/Amsterdam", "03:00", AUTUMN, "2026-10-25T02:00"),
    ("Europe/Amsterdam", "02:30", dt.datetime(2026, 10, 25, 0, 31), "2026-10-26T01:30"),
    ("Australia/Lord_Howe", "02:15", dt.datetime(2026, 10, 3), "2026-10-03T15:30"),  # half an hour
    ("America/Santiago", "00:30", dt.datetime(2026, 9, 5, 12), "2026-09-06T04:00"),  # midnight is skipped
    ("America/Havana", "00:30", dt.datetime(2026, 11, 1), "2026-11-01T04:30"),  # it comes twice
    ("Asia/Beirut", "23:30", dt.datetime(2026, 10, 24, 12), "2026-10-24T20:30"),
    ("Asia/Kathmandu", "00:00", dt.datetime(2026, 1, 1), "2026-01-01T18:15"),
    ("Pacific/Apia", "02:00", dt.datetime(2011, 12, 29, 13), "2011-12-30T10:00"),  # a day was left out
    (None, "02:00", dt.datetime(2026, 1, 1), "2026-01-01T01:00"),  # 14.9 degrees east
]


@pytest.mark.parametrize(("zone", "start", "night", "begin"), CHANGES)
def test_windows_when_clocks_change(zone: str | None, start: str, night: dt.datetime, begin: str) -> None:
    site = Site("s", "ixp", (50.0, 14.9), (), timezone=zone, fill_window=FillWindow(start, 4.0))
    found = fill_window(site, to_ms(night))
    assert found is not None
    assert in_words(found.begin) == f"{begin}:00.000Z"
    assert found.end - found.begin == 4 * 3_600_000
    assert window(site, to_ms(night)) == (found.begin, found.end)


def test_maintenance_in_local_time() -> None:
    site = Site("s", "ixp", (50.0, 4.0), (), timezone="Europe/Amsterdam")
    span = local_span(site, "2026-03-29T01:00", 3.0)
    assert (in_words(span.begin), in_words(span.end)) == (
        "2026-03-29T00:00:00.000Z",
        "2026-03-29T03:00:00.000Z",
    )


def test_first_instant_is_the_first() -> None:
    """An instant earlier the clock shows less, at it no less: followed minute by minute through two days."""
    for zone in ("Europe/Dublin", "America/St_Johns", "Africa/Casablanca", "Australia/Lord_Howe"):
        for day in ("2026-02-15", "2026-03-29", "2026-04-05", "2026-10-25", "2026-11-01", "2026-10-04"):
            wall = dt.datetime.fromisoformat(day + "T02:20")
            found = first_instant(zone, to_ms(wall))
            site = Site("s", "ixp", (0.0, 0.0), (), timezone=zone, fill_window=FillWindow("02:20", 1.0))
            assert window(site, found)[0] == found
