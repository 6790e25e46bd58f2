"""Broken topologies: keys and values."""

from __future__ import annotations

from tests.inputs.bad_case import Case, swap

_HOURS_23 = "[" + ", ".join(["1"] * 23) + "]"
_HOURS_0 = "[" + ", ".join(["0"] * 24) + "]"
VALUE_CASES = [
    Case(
        "unknown key",
        swap("kind: ixp", "kidn: ixp"),
        [(9, "unknown key 'kidn'; did you mean 'kind'?")],
    ),
    Case(
        "unknown key at the top",
        swap("links:", "linkz:"),
        [(23, "unknown key 'linkz'; did you mean 'links'?")],
    ),
    Case(
        "unknown key of the policy",
        swap("slices: 4", "slice: 4"),
        [(27, "policy.peak_profile: unknown key 'slice'; did you mean 'slices'?")],
    ),
    Case(
        "wrong unit",
        swap("{storage_tb: 24,", "{storage_gb: 24000,"),
        [
            (4, "unknown key 'storage_gb'; did you mean 'storage_tb'? 1 TB = 1000 GB"),
        ],
    ),
    Case(
        "wrong unit of a link",
        swap("capacity_gbps: 200", "capacity_mbps: 200"),
        [(25, "did you mean 'capacity_gbps'? 1 Gbps = 1000 Mbps")],
    ),
    Case(
        "maintenance of an appliance that is not there",
        swap(
            'fill_window: {start: "02:00", hours: 12}',
            'maintenance: [{start: "2026-03-09T01:00", hours: 3,'
            " appliances: [flash-1u/3, flash, storage-2u/04]}]",
        ),
        [
            (13, "no appliance 'flash-1u/3' at site 'ams-ix'; its appliances: flash-1u (1 to 2)"),
            (13, "no appliance 'flash' at site 'ams-ix'"),
            (13, "no appliance 'storage-2u/04' at site 'ams-ix'"),
        ],
    ),
    Case(
        "maintenance on a day that is not in the calendar",
        swap(
            'fill_window: {start: "02:00", hours: 12}',
            'maintenance: [{start: "2026-02-30T01:00", hours: 3}, {start: "tomorrow", hours: 0}]',
        ),
        [
            (13, "there is no '2026-02-30T01:00' in the calendar"),
            (13, "expected a local time as \"2026-03-09T01:00\", found the text 'tomorrow'"),
            (13, "maintenance[1].hours"),
        ],
    ),
    Case(
        "no unit",
        swap("capacity_gbps: 200", "capacity: 200"),
        [(25, "unknown key 'capacity'; did you mean 'capacity_gbps'?")],
    ),
    Case(
        "latitude as a key",
        swap("location: [52.3, 4.9]", "latitude: 52.3"),
        [(11, "write location: [latitude, longitude]")],
    ),
    Case(
        "text for a number",
        swap("storage_tb: 24", 'storage_tb: "24"'),
        [(4, "expected a number, found the text '24'; remove the quotes")],
    ),
    Case(
        "unit in the value",
        swap("capacity_gbps: 200", "capacity_gbps: 200 Gbps"),
        [(25, "found the text '200 Gbps'; write the number alone")],
    ),
    Case(
        "thousands separator",
        swap("capacity_gbps: 200", "capacity_gbps: 1_000"),
        [(25, "without leading zeros and separators")],
    ),
    Case(
        "leading zero",
        swap("count: 2", "count: 010"),
        [(14, "expected a whole number, found the text '010'")],
    ),
    Case(
        "list for a number",
        swap("storage_tb: 24", "storage_tb: [24]"),
        [(4, "expected a number, found a list")],
    ),
    Case(
        "nothing for a number",
        swap("storage_tb: 24", "storage_tb: ~"),
        [(4, "expected a number, found nothing")],
    ),
    Case(
        "bool for a number",
        swap("storage_tb: 24", "storage_tb: true"),
        [(4, "expected a number, found true")],
    ),
    Case("bool for a count", swap("count: 2", "count: true"), [(14, "expected a whole number, found true")]),
    Case(
        "fraction of an appliance",
        swap("count: 2", "count: 2.5"),
        [(14, "expected a whole number, found the number 2.5")],
    ),
    Case(
        "negative",
        swap("storage_tb: 24", "storage_tb: -24"),
        [(4, "hardware.flash-1u.storage_tb: expected more than 0, found -24")],
    ),
    Case("zero", swap("throughput_gbps: 180", "throughput_gbps: 0"), [(4, "expected more than 0, found 0")]),
    Case(
        "negative cost",
        swap("cost_per_gb: 0.002", "cost_per_gb: -1"),
        [(24, "expected at least 0, found -1")],
    ),
    Case(
        "NaN",
        swap("storage_tb: 24", "storage_tb: .nan"),
        [(4, "expected a finite number, found the number nan")],
    ),
    Case(
        "infinite",
        swap("storage_tb: 24", "storage_tb: .inf"),
        [(4, "expected a finite number, found the number inf")],
    ),
    Case(
        "too large",
        swap("storage_tb: 24", "storage_tb: 1" + "0" * 400),
        [(4, "expected a finite number, found the number inf")],
    ),
    Case(
        "a billion terabytes",
        swap("storage_tb: 24", "storage_tb: 1e12"),
        [(4, "expected at most 1000000000, found 1000000000000")],
    ),
    Case(
        "count of 0",
        swap("count: 2", "count: 0"),
        [(14, "sites[0].appliances[0].count: expected at least 1, found 0")],
    ),
    Case(
        "latitude 91",
        swap("[52.3, 4.9]", "[91, 4.9]"),
        [(11, "sites[0].location[0]: expected at most 90, found 91")],
    ),
    Case(
        "longitude",
        swap("[52.3, 4.9]", "[52.3, -181]"),
        [(11, "sites[0].location[1]: expected at least -180, found -181")],
    ),
    Case(
        "one coordinate",
        swap("[52.3, 4.9]", "[52.3]"),
        [(11, "expected [latitude, longitude], found one number")],
    ),
    Case(
        "three coordinates",
        swap("[52.3, 4.9]", "[52.3, 4.9, 3]"),
        [(11, "expected [latitude, longitude], found more than two")],
    ),
    Case(
        "location as text",
        swap("[52.3, 4.9]", '"52.3, 4.9"'),
        [(11, "expected [latitude, longitude], found the text")],
    ),
    Case(
        "unknown kind",
        swap("kind: ixp", "kind: IXP"),
        [(9, "expected 'ixp' or 'embedded', found the text 'IXP'; did you mean 'ixp'?")],
    ),
    Case(
        "number for a name",
        swap("name: kpn-utrecht", "name: 3"),
        [
            (15, "expected text, found the number 3; put it in quotes"),
            (21, "unknown site 'kpn-utrecht'"),
            (25, "unknown region, site or origin 'kpn-utrecht'"),
        ],
    ),
    Case(
        "bool for a name",
        swap("name: benelux", "name: true"),
        [(1, "expected text, found true; put it in quotes")],
    ),
    Case(
        "slash in a name",
        swap("name: origin-eu", "name: origin/eu"),
        [(6, "contains '/', which separates names")],
    ),
    Case(
        "arrow in a name",
        swap("name: origin-eu", 'name: "a>b"'),
        [(6, "contains '>', which separates names")],
    ),
    Case(
        "slash in a model",
        swap("  flash-1u: {", "  flash/1u: {", "{model: flash-1u,", "{model: flash/1u,"),
        [(4, "name 'flash/1u' contains '/'"), (14, "name 'flash/1u' contains '/'")],
    ),
    Case(
        "space around a name", swap("name: origin-eu", 'name: " origin-eu"'), [(6, "has spaces at its ends")]
    ),
    Case("empty name", swap("name: origin-eu", 'name: ""'), [(6, "a name may not be empty")]),
    Case(
        "country in lower case",
        swap("nl-kpn, country: NL", "nl-kpn, country: nl"),
        [(21, "unknown country code 'nl'; did you mean 'NL'?")],
    ),
    Case(
        "country by name",
        swap("nl-kpn, country: NL", "nl-kpn, country: Belgium"),
        [(21, "did you mean 'BE'?")],
    ),
    Case(
        "United Kingdom",
        swap("nl-kpn, country: NL", "nl-kpn, country: UK"),
        [(21, "unknown country code 'UK'; did you mean 'GB'?")],
    ),
    Case(
        "unknown country",
        swap("nl-kpn, country: NL", "nl-kpn, country: ZZ"),
        [(21, "unknown country code 'ZZ'; use an ISO 3166 code")],
    ),
    Case(
        "Norway as false",
        swap("nl-kpn, country: NL", "nl-kpn, country: false"),
        [(21, "expected text, found false; put it in quotes")],
    ),
    Case(
        "time zone",
        swap("Europe/Amsterdam", "Europe/Amsterdm"),
        [(12, "unknown time zone 'Europe/Amsterdm'; did you mean 'Europe/Amsterdam'?")],
    ),
    Case("time zone is a folder", swap("Europe/Amsterdam", "Europe"), [(12, "unknown time zone 'Europe'")]),
    Case("time zone is a path", swap("Europe/Amsterdam", "../../etc/passwd"), [(12, "unknown time zone")]),
    Case(
        "bad start of a fill window",
        swap('"02:00"', '"25:00"'),
        [(13, "expected a time as \"HH:MM\", found the text '25:00'")],
    ),
    Case("sexagesimal time", swap('"02:00"', "22:00"), [(13, "here 1320")]),
    Case("start as a number", swap('"02:00"', "120"), [(13, "expected text, found the number 120")]),
    Case("fill window of 25 hours", swap("hours: 12", "hours: 25"), [(13, "expected at most 24, found 25")]),
    Case(
        "fill window in minutes",
        swap("hours: 12", "minutes: 720"),
        [(13, "unknown key 'minutes'; did you mean 'hours'? 1 hour = 60 minutes")],
    ),
    Case("slices 0", swap("slices: 4", "slices: 0"), [(27, "expected at least 1, found 0")]),
    Case("slices 25", swap("slices: 4", "slices: 25"), [(27, "expected at most 24, found 25")]),
    Case(
        "23 hours",
        swap("slices: 4", f"hourly: {_HOURS_23}"),
        [(27, "policy.peak_profile.hourly: expected 24 values, found 23")],
    ),
    Case("all hours 0", swap("slices: 4", f"hourly: {_HOURS_0}"), [(27, "the 24 hourly weights are all 0")]),
    Case(
        "ratio above 1",
        swap("peak_profile: {slices: 4}", "churn_ratio: 5"),
        [(27, "expected at most 1, found 5; ratios go from 0 to 1: write 5 percent as 0.05")],
    ),
    Case(
        "another copy for no load",
        swap("peak_profile: {slices: 4}", "copy_load_ratio: 0"),
        [(27, "policy.copy_load_ratio: expected more than 0, found 0")],
    ),
    Case(
        "another copy for two appliances' load",
        swap("peak_profile: {slices: 4}", "copy_load_ratio: 2"),
        [(27, "policy.copy_load_ratio: expected at most 1, found 2")],
    ),
    Case(
        "reserve of everything",
        swap("peak_profile: {slices: 4}", "reserves: {storage_ratio: 1.0}"),
        [(27, "expected less than 1, found 1.0")],
    ),
    Case(
        "percent",
        swap("peak_profile: {slices: 4}", "reserves: {storage_percent: 5}"),
        [(27, "did you mean 'storage_ratio'? 5 percent is the ratio 0.05")],
    ),
    Case("share of 0", swap("share: 0.38", "share: 0"), [(22, "expected more than 0, found 0")]),
    Case("share above 1", swap("share: 0.38", "share: 38"), [(22, "expected at most 1, found 38")]),
    Case(
        "steering",
        swap("peak_profile: {slices: 4}", "steering: costs"),
        [(27, "expected 'cost' or 'order', found the text 'costs'; did you mean 'cost'?")],
    ),
    Case(
        "rule without files",
        swap("{title: Opener, ", "{"),
        [
            (
                28,
                "pins[0]: a rule names files by one of title, file, top, newer_than_days; found none of them",
            )
        ],
    ),
    Case(
        "rule with two selectors",
        swap("{title: Opener, ", "{title: Opener, top: 5, "),
        [(28, "found title and top")],
    ),
    Case(
        "rule with an empty place",
        swap("countries: [NL]", "countries: []"),
        [(29, "is empty, expected at least one entry; or leave the key out")],
    ),
    Case(
        "rule is a text",
        swap("[{title: Opener, sites: [ams-ix]}]", "[Opener]"),
        [(28, "expected a mapping (key: value), found the text 'Opener'")],
    ),
    Case("top 0", swap("{title: Opener, ", "{top: 0, "), [(28, "expected at least 1, found 0")]),
    Case(
        "copies of 0",
        swap("peak_profile: {slices: 4}", "copies: [{top: 5, copies: 0}]"),
        [(27, "policy.copies[0].copies: expected at least 1")],
    ),
]
