"""Nights that break a rule, each with the check that has to fail and the row it has to name."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from cdnplan.inputs.plans.plan_folder import EVICTIONS, FILLS, UNFILLED
from tests.evaluate.night_changes import (
    PLAN,
    NightTampering,
    cell,
    claim,
    faster,
    from_elsewhere,
    moved,
    row_of,
    rows,
    shift,
    topology,
)
from tests.evaluate.plan_writer import change_table
from tests.evaluate.tamperings import Rows, where

KPN2, BNIX, TELENET = "kpn/storage-2u/2", "bnix/storage-2u/1", "telenet/storage-2u/1"
AMS1, AMS3 = "ams-ix/storage-2u/1", "ams-ix/storage-2u/3"
FIRST = dt.datetime(2026, 7, 5, tzinfo=dt.UTC)


def before_its_source(table: Rows) -> int:
    """A peer gives a file away one millisecond before it has it."""
    row = row_of(table, AMS1, "t03.hd")
    source = table[row_of(table, table[row]["source"], "t03.hd")]
    table[row]["start"] = source["end"] - dt.timedelta(milliseconds=1)
    return row


def no_time(table: Rows) -> int:
    row = row_of(table, BNIX, "t07.hd")
    table[row]["start"] = table[row]["end"]
    return row


def swap(table: Rows) -> int:
    table[0], table[5] = table[5], table[0]
    return 1


def twice(table: Rows) -> int:
    table.insert(5, {**table[4], "priority": 2})
    return 5


def lose(table: Rows) -> None:
    del table[row_of(table, BNIX, "t03.sd")]


def unwanted(table: Rows) -> int:
    row = row_of(table, BNIX, "t03.sd")
    table[row].update(file="t11.sd", size_gb=12.75)
    return row


TIMES = [
    rows("before-window", "fill window", moved(KPN2, "t00.hd", "2026-07-05T01:59:59.999")),
    rows("after-window", "fill window", moved(KPN2, "t04.sd", "2026-07-05T09:55:00")),
    rows("next-night", "fill window", lambda t: shift(t, row_of(t, KPN2, "t04.sd"), days=1)),
    topology("other-zone", "fill window", "Europe/Amsterdam", "America/Denver", 0),
    topology("window-later", "fill window", '"01:30", hours: 5', '"01:31", hours: 5', 9),
    rows("site-maintenance", "maintenance", moved(BNIX, "t03.sd", "2026-07-05T22:10:00"), said="receiver"),
    rows("maintenance-of-one", "maintenance", moved(BNIX, "t03.hd", "2026-07-06T02:29:59"), said="receiver"),
    rows(
        "maintenance-of-source", "maintenance", moved(TELENET, "t07.sd", "2026-07-05T22:10:00"), said="source"
    ),
    cell(
        "backwards",
        "takes time",
        {"appliance": BNIX, "file": "t03.sd"},
        "end",
        lambda v: v - dt.timedelta(1),
    ),
    rows("no-time", "takes time", no_time),
]


def _evicted_meanwhile(folder: Path) -> int:
    found: list[int] = []

    def other(table: Rows) -> None:
        found.append(from_elsewhere(table, row_of(table, AMS3, "t05.sd"), TELENET, "tier"))

    def evict(table: Rows) -> None:
        table[row_of(table, TELENET, "t05.sd")]["at"] = dt.datetime(2026, 7, 5, 23, 40, tzinfo=dt.UTC)

    change_table(folder, FILLS, other)
    change_table(folder, EVICTIONS, evict)
    return found[0]


def _last_copy_gone(folder: Path) -> int:
    found: list[int] = []

    def other(table: Rows) -> None:
        for row in where(table, file="t05.sd", kind="origin"):
            from_elsewhere(table, row, TELENET, "tier")

    def evict(table: Rows) -> None:
        row = row_of(table, TELENET, "t05.sd")
        table[row]["at"] = dt.datetime(2026, 7, 5, 3, 6, 49, 599000, dt.UTC)
        found.append(row)

    change_table(folder, FILLS, other)
    change_table(folder, EVICTIONS, evict)
    return found[0]


def _away(folder: Path) -> None:
    def evict(table: Rows) -> None:
        at = dt.datetime(2026, 7, 5, 3, 6, 49, 599000, dt.UTC)
        table[row_of(table, TELENET, "t05.sd")]["at"] = at

    change_table(folder, EVICTIONS, evict)


FLOWS = [
    rows("too-fast", "fill rate", lambda t: faster(t, row_of(t, KPN2, "t00.hd"), 0.1001)),
    rows("too-much-at-once", "fill rate", moved(KPN2, "t10.hd", "2026-07-05T02:19:02.559")),
    topology("reserve", "fill rate", "policy:\n", "policy:\n  reserves: {fill_ratio: 0.01}\n", 15),
    rows("upload", "upload rate", lambda t: faster(t, row_of(t, AMS1, "t00.hd"), 0.0501)),
    topology("less-upload", "upload rate", "upload_gbps: 0.05", "upload_gbps: 0.04", None),
    rows(
        "origin-busy",
        "links and origins",
        lambda t: from_elsewhere(t, row_of(t, KPN2, "t00.hd"), "origin-west", "origin"),
        said="origin:origin-west carries",
    ),
    topology("link-full", "links and origins", "capacity_gbps: 0.2", "capacity_gbps: 0.03", 26, "ams-ix>kpn"),
    topology("origin-cap", "links and origins", "origin_gbps: 0.2", "origin_gbps: 0.09", None, "policy.fill"),
    topology(
        "dear-way", "cost of the way", "tier_max_cost_per_gb: 0.05", "tier_max_cost_per_gb: 0.001", None
    ),
    rows(
        "no-way",
        "way from the source",
        lambda t: from_elsewhere(t, row_of(t, AMS3, "t05.sd"), TELENET, "tier"),
    ),
]

COPIES = [
    rows(
        "never-had-it",
        "source holds the file",
        lambda t: from_elsewhere(t, row_of(t, KPN2, "t01.sd"), BNIX, "tier"),
        said="has no copy",
    ),
    rows("not-yet", "source holds the file", before_its_source, said="has no copy"),
    NightTampering(
        "evicted-meanwhile", _evicted_meanwhile, "source holds the file", FILLS, "before the transfer"
    ),
    NightTampering("last-copy", _last_copy_gone, "last copy", EVICTIONS, "no origin brings it"),
    NightTampering("away-for-a-moment", _away, "value", PLAN, "fills.away.gb"),
    cell(
        "early",
        "evicted once space is needed",
        {"appliance": TELENET, "file": "t09.sd"},
        "at",
        lambda v: v - dt.timedelta(milliseconds=1),
        file=EVICTIONS,
    ),
    cell(
        "for-nothing",
        "evicted once space is needed",
        {"appliance": BNIX, "file": "t05.hd"},
        "at",
        lambda _: dt.datetime(2026, 7, 5, 21, 15, tzinfo=dt.UTC),
        file=EVICTIONS,
    ),
    rows("lost", "every copy added is fetched", lose),
    rows("unwanted", "is added", unwanted),
]


def _late_eviction(folder: Path) -> int:
    def late(table: Rows) -> None:
        row = row_of(table, TELENET, "t09.sd")
        table[row]["at"] += dt.timedelta(milliseconds=1)

    change_table(folder, EVICTIONS, late)
    return 39


ROWS = [
    NightTampering("no-room", _late_eviction, "storage while filling"),
    cell("size", "size_gb", {"appliance": BNIX, "file": "t03.sd"}, "size_gb", lambda v: v * 1.001),
    cell("kind", "kind of source", {"appliance": BNIX, "file": "t03.sd"}, "kind", lambda _: "peer"),
    cell("no-kind", "kind of source", {"appliance": BNIX, "file": "t03.sd"}, "kind", lambda _: "luck"),
    cell("no-source", "known source", {"appliance": BNIX, "file": "t03.sd"}, "source", lambda _: "kpn/x/1"),
    cell("no-number", "known source", {"appliance": BNIX, "file": "t03.sd"}, "source", lambda _: "bnix/disk"),
    cell("no-file", "known file", {"appliance": BNIX, "file": "t03.sd"}, "file", lambda _: "t99"),
    cell(
        "no-box", "known appliance", {"appliance": BNIX, "file": "t03.sd"}, "appliance", lambda _: "bnix/x/1"
    ),
    rows(
        "itself",
        "another source than itself",
        lambda t: from_elsewhere(t, row_of(t, BNIX, "t03.sd"), BNIX, "peer"),
    ),
    rows("order", "sorted by appliance", swap),
    cell("priority", "priority", {"appliance": BNIX, "file": "t03.sd"}, "priority", lambda v: v + 1),
    rows("fetched-twice", "one row per appliance and file", twice),
    cell("value", "value", {"appliance": BNIX, "file": "t03.sd"}, "value", lambda v: -v),
    cell("worth-more", "value", {"appliance": BNIX, "file": "t03.sd"}, "value", lambda _: 1e6),
    cell("worth-more-here", "value", {"appliance": KPN2, "file": "t04.sd"}, "value", lambda v: v + 1e3),
    *(
        cell(f"alternate-{name}", check, {"appliance": BNIX, "file": "t03.sd"}, "alternates", by)
        for name, check, by in [
            ("unknown", "known alternate", lambda v: ["nowhere", *v]),
            ("itself", "another alternate", lambda v: [BNIX, *v]),
            ("twice", "each alternate once", lambda v: [*v, *v]),
            ("none", "an origin as last alternate", lambda _: []),
            ("no-origin", "an origin as last alternate", lambda v: [*v, TELENET]),
            ("without", "alternate holds the file", lambda v: [TELENET, *v]),
        ]
    ),
]


def _again(table: Rows) -> int:
    table.append(dict(table[0]))
    return len(table) - 1


def _drop(table: Rows) -> None:
    del table[0]


def _kept(table: Rows) -> int:
    table[1].update(file="t08.hd")
    return 1


OTHER_TABLES = [
    cell(
        "evicted-size",
        "size_gb",
        {"appliance": TELENET, "file": "t09.sd"},
        "size_gb",
        lambda v: v - 0.1,
        file=EVICTIONS,
    ),
    cell(
        "evicted-before-the-night",
        "within the night",
        {"appliance": BNIX, "file": "t05.hd"},
        "at",
        lambda _: FIRST - dt.timedelta(milliseconds=1),
        file=EVICTIONS,
    ),
    cell(
        "evicted-after-the-night",
        "within the night",
        {"appliance": BNIX, "file": "t05.hd"},
        "at",
        lambda _: FIRST + dt.timedelta(days=4),
        file=EVICTIONS,
    ),
    rows("eviction-lost", "every eviction has its time", _drop, file=EVICTIONS),
    rows("eviction-twice", "one row per appliance and file", _again, file=EVICTIONS),
    rows("kept-evicted", "is evicted", _kept, file=EVICTIONS),
    rows("unfilled-twice", "one row per appliance and file", _again, file=UNFILLED),
    *(
        rows(
            f"unfilled-{name}",
            check,
            lambda t, changed=changed: t[0].update(changed) or 0,  # type: ignore[misc]
            file=UNFILLED,
        )
        for name, check, changed in [
            ("placed", "not placed", {"file": "t07.hd", "size_gb": 23.446}),
            ("held", "not held", {"file": "t05.hd", "size_gb": 14.781}),
            ("file", "known file", {"file": "t99"}),
            ("box", "known appliance", {"appliance": "bnix/x/1"}),
            ("reason", "known reason", {"reason": "weather"}),
            ("size", "size_gb", {"size_gb": 1.0}),
            ("value", "value", {"value": -1.0}),
            ("dear", "value", {"value": 1e6}),
        ]
    ),
]


def more(value: float) -> float:
    return value * 1.001 + 1e-3


CLAIMS = [
    claim("peer-gb", "bytes_gb", "peer", by=more),
    claim("tier-gb", "bytes_gb", "tier", by=more),
    claim("origin-gb", "bytes_gb", "origin", by=lambda v: v * 0.9),
    claim("peak", "origin_peak_gbps", by=lambda v: v * 0.99),
    claim("naive", "naive_origin_gb", by=more),
    claim("entered", "entered_gb", by=lambda v: v * 0.99),
    claim("away-count", "away", "count", by=lambda v: v + 1),
    claim("away-gb", "away", "gb", by=lambda v: v + 1.0),
    claim("away-hours", "away", "longest_hours", by=lambda v: v + 1.0),
    claim("entered-again", "entered_again_gb", by=lambda v: v + 1.0),
    claim("unfilled-count", "unfilled", "count", by=lambda _: 0),
    claim("unfilled-gb", "unfilled", "gb", by=lambda _: 0.0),
    claim("unfilled-worth", "unfilled", "value", by=lambda v: v / 2),
    claim("trusted", "trusted_field", by=lambda _: -1, check="a count"),
    claim("until", "until", by=lambda _: "2026-07-06T04:59:00Z", check="the night"),
]

NIGHTS = [*TIMES, *FLOWS, *COPIES, *ROWS, *OTHER_TABLES, *CLAIMS]
