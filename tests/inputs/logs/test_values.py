"""Times, amounts, addresses and URLs against what Python's own libraries make of them."""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdnplan.inputs.logs.lines.line_kernels import find_prefixes
from cdnplan.inputs.logs.meaning import faults
from cdnplan.inputs.logs.meaning.sql import Sql
from cdnplan.inputs.logs.records.regions import Prefixes, read_prefixes
from cdnplan.inputs.logs.records.times import read_times, to_local, to_utc
from cdnplan.inputs.logs.records.values import read_amounts, read_statuses
from tests.inputs.logs.ingesting import combined, run, volumes

SQL = Sql()


def located(texts: list[str], table: Prefixes) -> tuple[np.ndarray, np.ndarray]:
    """Place of addresses in a table, and the faults of those that are none."""
    ends = np.cumsum([len(text) for text in texts]).astype(np.int32)
    starts = (ends - np.array([len(text) for text in texts])).astype(np.int32)
    data = np.frombuffer("".join(texts).encode(), np.uint8)
    found, fault = np.full(len(texts), -2, np.int32), np.zeros(len(texts), np.uint8)
    find_prefixes(data, starts, ends, table.edge_high, table.edge_low, table.code, fault, found)
    return found, fault


def times(pattern: str, texts: list[str]) -> list[tuple[int, bool] | None]:
    """Milliseconds of each text and whether they are by UTC; None where it is no time."""
    found = read_times(pa.array(texts), pattern, SQL)
    return [
        (ms, told) if good else None
        for ms, told, good in zip(found.ms.tolist(), found.told.tolist(), found.good.tolist(), strict=True)
    ]


moments = st.datetimes(dt.datetime(1980, 1, 1), dt.datetime(2199, 12, 31, 23, 59, 59)).map(
    lambda when: when.replace(microsecond=when.microsecond // 1000 * 1000)
)
offsets = st.integers(-14 * 4, 14 * 4).map(lambda quarters: 15 * quarters)


@settings(deadline=None, max_examples=200)
@given(moments, offsets)
def test_times_in_all_ways_to_write_them(when: dt.datetime, ahead: int) -> None:
    ms = (when - dt.datetime(1970, 1, 1)) // dt.timedelta(milliseconds=1)
    second = ms // 1000 * 1000
    ahead_ms = 60_000 * ahead
    zone = dt.timezone(dt.timedelta(minutes=ahead))
    local = when.replace(tzinfo=zone)
    assert times("apache", [local.strftime("%d/%b/%Y:%H:%M:%S %z")]) == [(second - ahead_ms, True)]
    iso = [
        local.isoformat(timespec="milliseconds"),
        when.isoformat(" ", timespec="milliseconds"),
        f"{when:%Y-%m-%d}",
    ]
    assert times("iso", iso) == [(ms - ahead_ms, True), (ms, False), (ms // 86_400_000 * 86_400_000, False)]
    assert times("%d.%m.%Y %H:%M:%S,%f", [when.strftime("%d.%m.%Y %H:%M:%S,%f")]) == [(ms, False)]
    epochs = [f"{ms / 1000:.3f}", f"{ms * 1000}"]
    if ms >= 10**12:
        assert times("epoch", [*epochs, str(ms), str(ms * 10**6)]) == [(ms, True)] * 4


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("apache", "31/Feb/2025:00:00:00 +0000"),
        ("apache", "01/Foo/2025:00:00:00 +0000"),
        ("apache", "01/Jan/2025:24:00:00 +0000"),
        ("apache", "01/Jan/2025:00:00:00 0000"),
        ("apache", "01/Jan/2025:00:00:00"),
        ("apache", "-"),
        ("iso", "2025-1-1"),
        ("iso", "2025-02-29"),
        ("iso", "2025-01-01T10"),
        ("iso", "2025-01-01T10:00:00.Z"),
        ("iso", "2025-01-01T10:00:00Zx"),
        ("iso", "1970-01-01"),
        ("iso", ""),
        ("epoch", "1e9"),
        ("epoch", "12"),
        ("epoch", ""),
    ],
)
def test_what_is_no_time(pattern: str, text: str) -> None:
    assert times(pattern, [text + "", "x"])[0] is None


def test_amounts() -> None:
    texts = [
        "0",
        "123456789012345678",
        "-",
        "12.0",
        "1e3",
        "12.5",
        "-1",
        "",
        "1e99",
        "0x1",
        "99999999999999999999",
        "9999999999999999999",
    ]
    amount, good = read_amounts(pa.array(texts), 1, SQL)
    assert amount[:5].tolist() == [0, 123456789012345678, 0, 12, 1000]
    assert good.tolist() == [True] * 5 + [False] * 7


@settings(deadline=None, max_examples=200)
@given(st.floats(0, 1e6))
def test_amounts_in_gb_are_whole_bytes(gb: float) -> None:
    amount, good = read_amounts(pa.array([f"{gb:.9f}", repr(gb)]), 10**9, SQL)
    assert good.all()
    assert np.abs(amount - gb * 1e9).max() <= 1 + 1e-6 * gb


def test_decimals_that_are_whole_bytes() -> None:
    amount, good = read_amounts(
        pa.array(["2.090289e+09", "8.799123e06", "1.5e0", "5.", ".5e1", "1_0", " 1"]), 1, SQL
    )
    assert good.tolist() == [True, True, False, True, True, False, False]
    assert amount[good].tolist() == [2_090_289_000, 8_799_123, 5, 5]


@pytest.mark.parametrize(
    ("pattern", "text", "plain"),
    [
        ("iso", "2024-12-31t23:59:60z", "2025-01-01T00:00:00Z"),
        ("iso", "2025-01-01 10:00:00,9999999 +02:00", "2025-01-01T08:00:00.999Z"),
        ("iso", "2025-01-01T10:00:00+02:", "2025-01-01T08:00:00Z"),
        ("iso", "2026-W10", "2026-03-08"),
        ("iso", "2026-w10-3", "2026-03-04"),
        ("apache", "31/DEC/2024:23:59:60 Z", "2025-01-01T00:00:00Z"),
        ("%d.%m.%Y %H:%M:%S,%f %z", "01.01.2025 00:00:60,9999999 +01", "2024-12-31T23:01:00.999Z"),
        ("%Y%m%d%%%H%M%S", "20250101%000060", "2025-01-01 00:01:00"),
    ],
)
def test_ways_to_write_a_time_that_are_rare(pattern: str, text: str, plain: str) -> None:
    assert times(pattern, [text, "x"]) == [times("iso", [plain])[0], None]
    assert times("iso", [plain])[0] is not None


@pytest.mark.parametrize("text", ["2025-W53", "2026-W54", "2026-W00", "2026-W10-8"])
def test_what_is_no_week(text: str) -> None:
    assert times("iso", [text]) == [None]


def test_statuses() -> None:
    texts = [b"200", b"000", b"099", b"600", b"20", b"2000", b"2x0"]
    assert read_statuses(pa.array(texts)).tolist() == [200, 0, -1, -1, -1, -1, -1]


PREFIXES = {
    "0.0.0.0/0": "rest",
    "10.0.0.0/8": "ten",
    "10.1.0.0/16": "one",
    "10.1.2.0/24": "two",
    "10.1.2.3": "host",
    "10.255.255.255/32": "last",
    "2001:db8::/32": "doc",
    "2001:db8:1::/48": "inner",
    "ffff::/16": "end",
}
addresses = st.one_of(
    st.ip_addresses(),
    st.ip_addresses(network="10.1.0.0/16"),
    st.ip_addresses(network="2001:db8::/31"),
    st.sampled_from(["10.1.2.3", "10.1.2.4", "10.255.255.255", "11.0.0.0", "ffff::", "::"]).map(
        ipaddress.ip_address
    ),
)


@settings(deadline=None, max_examples=300)
@given(addresses, st.sampled_from(["{}", "{}, 10.0.0.1", "{},x"]), st.booleans())
def test_the_longest_prefix_counts(
    tmp_path_factory: pytest.TempPathFactory, address: ipaddress.IPv4Address | ipaddress.IPv6Address,
    written: str, whole: bool,
) -> None:  # fmt: skip
    path = tmp_path_factory.getbasetemp() / "prefixes.csv"
    if not path.exists():
        path.write_text("prefix,region\n" + "".join(f"{p},{r}\n" for p, r in PREFIXES.items()))
    table = read_prefixes(path)
    text = address.exploded if whole else str(address)
    if address.version == 6 and address.ipv4_mapped:
        address = address.ipv4_mapped
    inside = [ipaddress.ip_network(p) for p in PREFIXES]
    matching = [net for net in inside if net.version == address.version and address in net]
    longest = max(matching, key=lambda net: net.prefixlen, default=None)
    wanted = next((r for p, r in PREFIXES.items() if ipaddress.ip_network(p) == longest), None)
    found, fault = located([written.format(text)], table)
    assert fault[0] == 0
    assert (None if found[0] < 0 else table.regions[found[0]]) == wanted


def test_addresses_with_ports_and_what_is_none(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("prefix,region\n10.1.2.3,a\n2001:db8::1,b\n")
    table = read_prefixes(tmp_path / "p.csv")
    good = ["10.1.2.3:80", "[2001:db8::1]:443", "[2001:db8::1]", "2001:DB8:0:0:0:0:0:1", "::ffff:10.1.2.3"]
    good.append("010.001.002.003")
    bad = [
        "",
        "-",
        "10.1.2",
        "10.1.2.3.4",
        "1::2::3",
        "1:2:3:4:5:6:7:8:9",
        "10.1.2.x",
        ":1",
        "1:",
        "[::1",
        "12345::",
        "10",
        "a\0",
        "1.2.3.4.5",
    ]
    found, fault = located([*good, *bad], table)
    assert [table.regions[i] for i in found[: len(good)]] == ["a", "b", "b", "b", "a", "a"]
    assert fault.tolist() == [0] * len(good) + [faults.CLIENT] * len(bad)


@settings(deadline=None, max_examples=100)
@given(st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2040, 1, 1)), st.sampled_from(
    ["Europe/Amsterdam", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "UTC"]
))  # fmt: skip
def test_zones(when: dt.datetime, zone: str) -> None:
    ms = np.array([(when - dt.datetime(1970, 1, 1)) // dt.timedelta(milliseconds=1)])
    local = when.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert to_local(ms, zone)[0] == (local - dt.datetime(1970, 1, 1)) // dt.timedelta(milliseconds=1)
    back = when.replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC).replace(tzinfo=None)
    assert to_utc(ms, zone)[0] == (back - dt.datetime(1970, 1, 1)) // dt.timedelta(milliseconds=1)


def test_days_begin_where_they_are_told_to(tmp_path: Path) -> None:
    text = combined(time="25/Oct/2025:21:59:59 +0000") + combined(time="25/Oct/2025:22:00:00 +0000")
    mapping = "region: {name: BE}\nday_timezone: Europe/Brussels\n"
    _, found = run(tmp_path, text, mapping)
    assert [row["date"] for row in found] == ["2025-10-25", "2025-10-26"]


def test_times_without_a_zone_are_local(tmp_path: Path) -> None:
    text = "time,region,object,bytes\n2025-07-01 01:59:59,BE,/a,1\n2025-07-01 02:00:00,BE,/a,2\n"
    _, found = run(tmp_path, text, "timezone: Europe/Brussels\n", "a.csv")
    assert volumes(found, "file") == {("2025-06-30", "BE", "/a"): 1, ("2025-07-01", "BE", "/a"): 2}


@pytest.mark.parametrize(
    ("part", "url", "name"),
    [
        ("path", "https://cdn.example/a/b?x=1#y", "/a/b"),
        ("path-and-query", "https://cdn.example/a/b?x=1", "/a/b?x=1"),
        ("whole", "https://cdn.example/a/b?x=1", "https://cdn.example/a/b?x=1"),
        ("path", "/a b.mp4", "/a b.mp4"),
        ("path", "/a://b", "/a://b"),
    ],
)
def test_what_of_a_url_names_the_object(tmp_path: Path, part: str, url: str, name: str) -> None:
    _, found = run(tmp_path, combined(url), f"region: {{name: BE}}\nobject: {{part: {part}}}\n")
    assert [row["file"] for row in found] == [name]
