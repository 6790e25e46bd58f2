"""Broken topologies: includes, environments, override files, and many problems at once."""

from __future__ import annotations

from tests.inputs.bad_case import BASE, Case, cut, swap

FILE_CASES = [
    Case(
        "missing include",
        "include: [bsae.yaml]\n" + BASE,
        [
            (1, "cannot include"),
        ],
        files={"base.yaml": "name: x\n"},
    ),
    Case(
        "include is a text",
        "include: base.yaml\n" + BASE,
        [(1, "expected a list of files, found the text 'base.yaml'; write include: [base.yaml]")],
    ),
    Case(
        "include of a number",
        "include: [3]\n" + BASE,
        [(1, "expected the name of a file, found the number 3")],
    ),
    Case(
        "circle of includes",
        "include: [a.yaml]\n" + BASE,
        [(1, "files include each other in a circle: ")],
        files={"a.yaml": "include: [b.yaml]\n", "b.yaml": "include: [t.yaml]\n"},
    ),
    Case("file includes itself", "include: [t.yaml]\n" + BASE, [(1, "t.yaml -> ")]),
    Case(
        "broken include",
        "include: [a.yaml]\n" + BASE.replace("count: 2", "count: 0"),
        [(2, "broken YAML"), (15, "expected at least 1, found 0")],
        files={"a.yaml": "name: [1\nx: 2\n"},
    ),
    Case(
        "conflicting includes",
        "include: [a.yaml, b.yaml]\n" + cut("name:", "hardware:"),
        [(1, "name: is the text 'two' here, but the text 'one' at ")],
        files={"a.yaml": "name: one\n", "b.yaml": "name: two\n"},
    ),
    Case(
        "conflicting hardware",
        "include: [a.yaml, b.yaml]\n" + BASE,
        [(1, "hardware.big.storage_tb: is the number 2 here, but the number 1 at ")],
        files={
            "a.yaml": "hardware: {big: {storage_tb: 1, throughput_gbps: 1, fill_gbps: 1}}\n",
            "b.yaml": "hardware: {big: {storage_tb: 2, throughput_gbps: 1, fill_gbps: 1}}\n",
        },
    ),
    Case(
        "error in an include",
        "include: [a.yaml]\n" + BASE,
        [(2, "hardware.big.storage_tb: expected more than 0, found -1")],
        files={"a.yaml": "hardware:\n  big: {storage_tb: -1, throughput_gbps: 1, fill_gbps: 1}\n"},
    ),
    Case(
        "unknown environment",
        BASE + "overrides: {prod: {name: p}}\n",
        [(None, "unknown environment 'prd'; did you mean 'prod'?")],
        options=("--env", "prd"),
    ),
    Case(
        "environment without any",
        BASE,
        [(None, "unknown environment 'prod'; no environment has overrides")],
        options=("--env", "prod"),
    ),
    Case(
        "error in an environment",
        BASE + "overrides:\n  prod:\n    policy: {max_sites: 0}\n",
        [(32, "policy.max_sites: expected at least 1, found 0")],
    ),
    Case(
        "error in two environments",
        BASE + "overrides:\n  a: {nmae: x}\n  b: {policy: {steering: x}}\n",
        [(31, "unknown key 'nmae'"), (32, "expected 'cost' or 'order'")],
    ),
    Case(
        "overrides are a list",
        BASE + "overrides: [prod]\n",
        [(30, "expected a mapping of environments, found a list")],
    ),
    Case(
        "an environment is a text",
        BASE + "overrides: {prod: x}\n",
        [(30, "overrides.prod: expected a mapping (key: value), found the text 'x'")],
    ),
    Case(
        "include in an environment",
        BASE + "overrides: {prod: {include: [x.yaml]}}\n",
        [(30, "'include' is not allowed here")],
    ),
    Case("missing override file", BASE, [(None, "no such file")], options=("--override", "none.yaml")),
    Case(
        "error in an override file",
        BASE,
        [(2, "capacity_gbps: expected more than 0, found -5")],
        files={"o.yaml": "links:\n  - {from: ams-ix, to: nl-kpn, capacity_gbps: -5}\n"},
        options=("--override", "o.yaml"),
    ),
]

MANY_CASES = [
    Case(
        "several problems at once",
        swap(
            "storage_tb: 24,",
            "storage_gb: 24,",
            "kind: ixp",
            "kind: ix",
            "country: NL\n    location: [52.3, 4.9]",
            "country: NL\n    location: [152.3, 4.9]",
            "Europe/Amsterdam",
            "CEST",
            "count: 4",
            "count: -4",
            "[kpn-utrecht, ams-ix]",
            "[kpn, ams-ix]",
            "slices: 4",
            "slices: 99",
            "sites: [ams-ix]}]",
            "site: [ams-ix]}]",
        ),
        [
            (4, "unknown key 'storage_gb'"),
            (9, "expected 'ixp' or 'embedded', found the text 'ix'"),
            (11, "expected at most 90, found 152.3"),
            (12, "unknown time zone 'CEST'"),
            (14, "expected at least 1, found -4"),
            (21, "unknown site 'kpn'"),
            (27, "expected at most 24, found 99"),
            (28, "unknown key 'site'; did you mean 'sites'?"),
        ],
    ),
    Case(
        "duplicate key and what else is wrong",
        swap("name: benelux", "name: benelux\nname: again", "count: 2", "count: two"),
        [(2, "duplicate key 'name'"), (15, "expected a whole number, found the text 'two'")],
    ),
    Case(
        "everything is missing",
        "name: x\n",
        [(1, f"{key!r} is missing") for key in ("hardware", "origins", "sites", "regions")],
    ),
]
