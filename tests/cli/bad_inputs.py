"""Whole commands with bad inputs: what is wrong, and part of what is said about it."""

from __future__ import annotations

from tests.cli.bad_case import (
    DEMAND,
    DEMAND_TABLE,
    HEAD,
    HISTORY,
    HISTORY_PLAN,
    PARQUET,
    PLAN,
    TITLES,
    TOPOLOGY,
    Case,
    D,
    F,
    H,
    T,
    changed,
    policy,
    with_row,
)

TABLE_CASES = (
    Case(
        "no such file",
        ("error: nowhere.csv: no such file",),
        command=f"plan {T} {F} --demand nowhere.csv --out out",
    ),
    Case(
        "a folder for a table",
        ("error: .: not a table, expected a name that ends in .parquet",),
        command=f"plan {T} {F} --demand . --out out",
    ),
    Case(
        "parquet cut short",
        ("d.parquet: cannot be read, broken or cut short",),
        {"d.parquet": b"PAR1\x15\x04"},
        PARQUET,
    ),
    Case("text called parquet", ("d.parquet: cannot be read",), {"d.parquet": DEMAND}, PARQUET),
    Case(
        "unknown kind of table",
        ("d.xlsx: not a table",),
        {"d.xlsx": b"PK"},
        f"plan {T} {F} --demand d.xlsx --out out",
    ),
    Case("empty file", ("demand.csv: the file is empty",), {"demand.csv": ""}),
    Case("header alone", ("demand.csv: the table has no rows",), {"demand.csv": HEAD}),
    Case(
        "parquet without rows",
        ("d.parquet: the table has no rows",),
        {"d.parquet": DEMAND_TABLE.slice(0, 0)},
        PARQUET,
    ),
    Case(
        "NaN",
        ("d.parquet: row 2: gb: found NaN, expected a number >= 0",),
        {"d.parquet": changed(gb=[1.0, float("nan"), 2.0])},
        PARQUET,
    ),
    Case(
        "infinity",
        ("d.parquet: row 3: gb: found inf",),
        {"d.parquet": changed(gb=[1.0, 2.0, float("inf")])},
        PARQUET,
    ),
    Case(
        "negative",
        ("demand.csv: row 4: gb: found -3, expected a number >= 0",),
        with_row("2026-03-08,BE,Beta,-3"),
    ),
    Case("text for a number", ("demand.csv: row 4: gb: found 'much'",), with_row("2026-03-08,BE,Beta,much")),
    Case(
        "a day that is none",
        ("demand.csv: row 4: date: found '2026-02-30'",),
        with_row("2026-02-30,BE,Beta,1"),
    ),
    Case(
        "the same row twice",
        ("demand.csv: row 4: 'NL' and 'Beta' are there already, on the same date in row 2",),
        with_row("2026-03-08,NL,Beta,1"),
    ),
    Case(
        "a column is missing",
        ("demand.csv: gb: the column 'gb' is missing; did you mean 'GB'?",),
        {"demand.csv": DEMAND.replace("gb", "GB", 1)},
    ),
    Case(
        "unknown region",
        ("demand.csv: row 4: region: unknown region 'NLX'",),
        with_row("2026-03-08,NLX,Beta,1"),
    ),
    Case(
        "unknown title",
        ("demand.csv: row 4: title: 'Bata' is not a title of the catalogue; did you mean 'Beta'?",),
        with_row("2026-03-08,BE,Bata,1"),
    ),
    Case(
        "no region that is planned",
        ("demand.csv: region: no rows for any of the regions that are planned",),
        {"demand.csv": f"{HEAD}2026-03-08,Peru,Alpha,1\n"},
    ),
    Case(
        "another date",
        ("demand.csv: date: the table has no rows of 2026-03-15, it has 2026-03-02 to 2026-03-08 only",),
        command=f"{PLAN} --date 2026-03-15",
    ),
    Case(
        "a size of zero",
        ("titles.csv: row 2: size_gb: found 0, expected a number > 0",),
        {"titles.csv": TITLES.replace(",40", ",0")},
    ),
    Case(
        "no size",
        ("titles.csv: row 3: size_gb: the title 'Gamma' has no size and no files",),
        {"titles.csv": TITLES.replace(",50", ",")},
    ),
    Case(
        "no sizes at all",
        ("titles.csv: size_gb: the column 'size_gb' is missing",),
        {"titles.csv": "title\nAlpha\nBeta\nGamma\n"},
    ),
    Case(
        "a title twice",
        ("titles.csv: row 4: the title 'Beta' is there already",),
        {"titles.csv": TITLES + "Beta,tv,,9\n"},
    ),
    Case(
        "shares of files beyond one",
        ("files.csv: row 1: demand_ratio: the shares of title 'Alpha' sum to 1.3, expected 1",),
        {"files.csv": "file,title,profile,size_gb,demand_ratio\na.hd,Alpha,hd,9,0.8\na.sd,Alpha,sd,3,0.5\n"},
        f"{PLAN} --files files.csv",
    ),
)

HISTORY_CASES = (
    Case(
        "dates between weeks",
        ("history.csv: row 3: date: found 2026-02-10, expected whole weeks from 2026-02-01",),
        {"history.csv": HISTORY.replace("2026-02-08", "2026-02-10")},
        HISTORY_PLAN,
    ),
    Case(
        "months",
        ("history.csv: date: dates are usually 28 days apart, expected 1 (daily) or 7 (weekly)",),
        {"history.csv": f"{HEAD}2026-02-01,NL,Alpha,1\n2026-03-01,NL,Alpha,1\n"},
        HISTORY_PLAN,
    ),
    Case(
        "history twice",
        ("history.csv: row 11: 'NL' and 'Alpha' are there already",),
        {"history.csv": HISTORY + "2026-02-01,NL,Alpha,7\n"},
        HISTORY_PLAN,
    ),
    Case(
        "a history of nothing",
        ("history.csv: gb: no row has more than 0 GB",),
        {"history.csv": f"{HEAD}2026-02-01,NL,Alpha,0\n"},
        HISTORY_PLAN,
    ),
    Case("a history that begins later", ("2026-01-01",), command=f"{HISTORY_PLAN} --date 2026-01-01"),
    Case(
        "a history of other regions",
        ("unknown region 'NLX'",),
        {"history.csv": HISTORY.replace(",BE,", ",NLX,")},
        HISTORY_PLAN,
    ),
    Case(
        "a history of unknown titles",
        ("'Alfa'", "did you mean 'Alpha'?"),
        {"history.csv": HISTORY.replace("Alpha", "Alfa")},
        HISTORY_PLAN,
    ),
)

RULE_CASES = (
    Case(
        "unknown title in a pin",
        ("topology.yaml:12:10: unknown title 'Alhpa'; did you mean 'Alpha'?",),
        policy(pins=[{"title": "Alhpa"}]),
    ),
    Case(
        "a pin of what is banned",
        ("topology.yaml:12:10: infeasible pin: the same file is banned at one of its places",),
        policy(pins=[{"title": "Beta"}], bans=[{"title": "B*", "countries": ["BE"]}]),
    ),
    Case(
        "pins beyond the storage",
        (
            "topology.yaml:12:10: infeasible pins at pool 'bnix/box': 120.0 GB pinned,",
            "but its usable storage is 95.0 GB",
        ),
        policy(pins=[{"title": "*"}]),
    ),
    Case(
        "a launch in too many pools",
        ("topology.yaml:12:14: infeasible launch rule: 'Gamma' must be in 3 pools, but only 2 may hold it",),
        policy(launches=[{"title": "Gamma", "min_pools": 3}]),
    ),
    Case(
        "several rules at once",
        (
            "topology.yaml:12:10: unknown title 'x'",
            "topology.yaml:13:10: unknown file 'y'",
            "2 problems; nothing was written",
        ),
        policy(pins=[{"title": "x"}], bans=[{"file": "y"}]),
    ),
    Case(
        "topology with a wrong key",
        ("topology.yaml:5:20:", "'kidn'"),
        {"topology.yaml": TOPOLOGY.replace("kind: ixp", "kidn: ixp", 1)},
    ),
    Case("no such environment", ("'prod'",), command=f"{PLAN} --env prod"),
    Case("no such override", ("nothing.yaml",), command=f"{PLAN} --override nothing.yaml"),
)

OPTION_CASES = (
    Case(
        "demand and history",
        ("give one of --demand and --history",),
        command=f"plan {T} {F} {D} {H} --out out",
    ),
    Case(
        "neither demand nor history",
        ("give one of --demand and --history",),
        command=f"plan {T} {F} --out out",
    ),
    Case("no titles", ("--titles is missing",), command=f"plan {T} {D} --out out"),
    Case(
        "a table alone",
        ("--topology is missing", "--titles is missing", "2 problems"),
        command=f"plan {D} --out out",
    ),
    Case(
        "a country without regions",
        ("no region of the topology is in 'FR'",),
        command=f"{PLAN} --countries NL,FR",
    ),
    Case("no country", ("unknown country 'Atlantis'",), command=f"{PLAN} --countries Atlantis"),
    Case(
        "only commas between countries",
        ("--countries: found ',,', expected codes as BE,NL",),
        command=f"{PLAN} --countries ,,",
    ),
    Case(
        "every input has a problem",
        (
            "topology.yaml:3:",
            "titles.csv: row 1: size_gb: found 0",
            "demand.csv: row 2: gb: found -80",
            "3 problems",
        ),
        {
            "topology.yaml": TOPOLOGY.replace("location: [50, 0]", "location: [500, 0]"),
            "titles.csv": TITLES.replace(",30", ",0"),
            "demand.csv": DEMAND.replace(",80", ",-80"),
        },
    ),
    Case(
        "a title and a region of the demand table",
        (
            "titles.csv: row 1: size_gb: found 0",
            "demand.csv: row 3: region: unknown region 'Batavia'",
            "2 problems",
        ),
        {
            "titles.csv": TITLES.replace(",30", ",0"),
            "demand.csv": DEMAND.replace("08,BE", "08,Batavia"),
        },
    ),
    Case(
        "no previous plan, and a title of the demand table that is none",
        ("nothing", "demand.csv: row 2: title: 'Betamax' is not a title of the catalogue", "2 problems"),
        {"demand.csv": DEMAND.replace("Beta", "Betamax")},
        command=f"{PLAN} --previous nothing",
    ),
    Case("no previous plan", ("nothing",), command=f"{PLAN} --previous nothing"),
    Case(
        "a previous plan that is none", ("plan.json",), {"old/readme.txt": "mine"}, f"{PLAN} --previous old"
    ),
    Case("unknown engine", ("'best'", "auto", "exact", "fast"), command=f"{PLAN} --engine best", usage=True),
    Case("negative gap", ("--gap",), command=f"{PLAN} --gap -1", usage=True),
    Case("a date that is none", ("--date",), command=f"{PLAN} --date yesterday", usage=True),
    Case("unknown option", ("--treads",), command=f"{PLAN} --treads 2", usage=True),
    Case("no place to write to", ("--out",), command=f"plan {T} {F} {D}", usage=True),
    Case(
        "a file where the plan should go",
        ("there is a file of this name",),
        command=f"plan {T} {F} {D} --out titles.csv",
    ),
    Case(
        "a folder of something else",
        ("the folder is not empty and holds no plan",),
        {"work/thesis.tex": "x"},
        f"plan {T} {F} {D} --out work --force",
    ),
    Case(
        "a place below a file",
        ("titles.csv: is a file, expected a folder to write into",),
        command=f"plan {T} {F} {D} --out titles.csv/plan",
    ),
    Case(
        "the folder one is in",
        (".: is the folder this command runs in",),
        command=f"plan {T} {F} {D} --out . --force",
    ),
    Case("unknown command", ("paln",), command="paln --out out", usage=True),
    Case(
        "forecast without history",
        ("nowhere.csv: no such file",),
        command="forecast --history nowhere.csv --titles titles.csv --out out.csv",
    ),
    Case("generator with an odd preset", ("city",), command="synth --preset city --out out", usage=True),
    Case("topology that is not there", ("nowhere.yaml",), command="topology check nowhere.yaml"),
)

SEVERAL_CASES = (
    Case(
        "problems of all files at once",
        (
            "topology.yaml:5:",
            "titles.csv: row 2: size_gb: found 0",
            "old: ",
            "nothing was written",
        ),
        {
            "topology.yaml": TOPOLOGY.replace("kind: ixp", "kind: ixq", 1),
            "titles.csv": TITLES.replace(",40", ",0"),
        },
        f"{PLAN} --previous old",
    ),
    Case(
        "titles and a history",
        ("titles.csv: row 2: size_gb: found 0", "history.csv: row 11: gb: found -7"),
        {
            "titles.csv": TITLES.replace(",40", ",0"),
            "history.csv": f"{HISTORY}2026-02-01,NL,Beta,-7\n",
        },
        HISTORY_PLAN,
    ),
)

CASES = (*TABLE_CASES, *HISTORY_CASES, *RULE_CASES, *OPTION_CASES, *SEVERAL_CASES)
