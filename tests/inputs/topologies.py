"""Topologies for tests: any valid one for hypothesis, and large ones by seed."""

from __future__ import annotations

import random

from hypothesis import strategies as st

from cdnplan.inputs.tables.periods import MOST_DAYS
from cdnplan.model.network.policy import (
    Ban,
    CopyRule,
    Costs,
    Files,
    FillPolicy,
    LaunchRule,
    PeakProfile,
    Pin,
    Places,
    Policy,
    Reserves,
)
from cdnplan.model.network.topology import (
    ApplianceGroup,
    DemandShare,
    FillWindow,
    Hardware,
    Link,
    Maintenance,
    Origin,
    Region,
    Site,
    Topology,
)

_AWKWARD = [
    "no",
    "Yes",
    "null",
    "~",
    "1e3",
    "007",
    "-",
    "# x",
    "a: b",
    "[x]",
    "é",
    "日本",
    "ams-ix",
    "12:30",
    "<<",
    "&a",
]


def _as_name(text: str) -> str:
    """Take out what names may not contain."""
    return "".join(sign for sign in text if sign.isprintable() and sign not in "/>*?[").strip() or "x"


TEXTS = st.sampled_from(_AWKWARD) | st.text(min_size=1, max_size=8)
NAMES = TEXTS.map(_as_name)
COUNTRIES = st.sampled_from(["NL", "NO", "BE", "XK"])
TIMEZONES = st.none() | st.sampled_from(["Europe/Amsterdam", "UTC", "Etc/GMT+5"])
LOCATIONS = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
POSITIVE = st.floats(1e-6, 1e9) | st.integers(1, 1000).map(float)
NOT_NEGATIVE = st.just(0.0) | POSITIVE
RESERVE = st.floats(0, 1, exclude_max=True)
WEIGHTS = st.lists(st.floats(0.01, 100), min_size=24, max_size=24).map(
    lambda weights: tuple(weight / sum(weights) for weight in weights)
)


def _optional(values: st.SearchStrategy[float]) -> st.SearchStrategy[float | None]:
    return st.none() | values


FILES = st.one_of(
    TEXTS.map(lambda text: Files(title=text)),
    TEXTS.map(lambda text: Files(file=text)),
    st.integers(1, 10**6).map(lambda top: Files(top=top)),
    st.integers(1, 1000).map(lambda days: Files(newer_than_days=days)),
)


def _some(values: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


@st.composite
def _policies(draw: st.DrawFn, sites: list[str], models: list[str]) -> Policy:
    places = st.builds(
        Places,
        sites=_some([*sites, "*"]),
        countries=_some(["NL", "NO"]),
        kinds=_some(["ixp"]),
        models=_some(models),
    )

    def rules(kind: type, **numbers: st.SearchStrategy[int]) -> tuple:
        return tuple(draw(st.lists(st.builds(kind, FILES, places, **numbers), max_size=2)))

    return Policy(
        reserves=draw(st.builds(Reserves, RESERVE, RESERVE, RESERVE, RESERVE) | st.just(Reserves())),
        costs=draw(st.builds(Costs, *[NOT_NEGATIVE] * 5, _optional(NOT_NEGATIVE)) | st.just(Costs())),
        peak_profile=draw(st.builds(PeakProfile, st.integers(1, 24), WEIGHTS) | st.just(PeakProfile())),
        steering=draw(st.sampled_from(["cost", "order"])),
        max_sites=draw(st.integers(1, 64)),
        churn_ratio=draw(_optional(st.floats(0, 1))),
        copy_load_ratio=draw(_optional(st.just(0.5) | st.floats(0, 1, exclude_min=True))),
        cold_start=draw(st.sampled_from(["free", "limited"])),
        period_days=draw(_optional(POSITIVE.filter(lambda days: days <= MOST_DAYS))),
        fill=FillPolicy(draw(_optional(POSITIVE)), draw(_optional(NOT_NEGATIVE))),
        pins=rules(Pin),
        bans=rules(Ban),
        copies=rules(CopyRule, copies=st.integers(1, 255)),
        launches=rules(LaunchRule, min_pools=st.integers(1, 100)),
    )


def _maintenance(groups: tuple[ApplianceGroup, ...]) -> st.SearchStrategy[tuple[Maintenance, ...]]:
    named = [group.model for group in groups] + [f"{group.model}/{group.count}" for group in groups]
    starts = st.datetimes().map(lambda at: at.isoformat()[:16])
    return st.lists(st.builds(Maintenance, starts, st.floats(0.5, 100), _some(named)), max_size=2).map(tuple)


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    """Any valid topology of a few parts, with names and texts that YAML finds hard."""
    models = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    names = draw(st.lists(NAMES, min_size=3, max_size=8, unique=True))
    cut = draw(st.integers(2, len(names) - 1))
    origins, sites, regions = names[:1], names[1:cut], names[cut:]
    groups = st.lists(st.sampled_from(models), min_size=1, max_size=2, unique=True).flatmap(
        lambda chosen: st.tuples(
            *[st.builds(ApplianceGroup, st.just(m), st.integers(1, 10_000)) for m in chosen]
        )
    )
    windows = st.just(FillWindow()) | st.builds(
        FillWindow,
        st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda time: f"{time[0]:02d}:{time[1]:02d}"),
        st.floats(0.5, 24),
    )
    demands = [
        st.just(DemandShare(name)) | st.just(DemandShare(f"row {i}", 0.25)) for i, name in enumerate(regions)
    ]
    listed = st.lists(st.sampled_from(sites), max_size=3, unique=True).map(tuple)
    pairs = st.tuples(st.sampled_from(sites), st.sampled_from(regions))
    ends = draw(st.lists(pairs, max_size=3, unique=True))
    linked = {region for _, region in ends}
    return Topology(
        name=draw(TEXTS),
        hardware=tuple(
            draw(st.builds(Hardware, st.just(m), POSITIVE, POSITIVE, POSITIVE, _optional(POSITIVE)))
            for m in models
        ),
        origins=tuple(Origin(n, draw(LOCATIONS), draw(_optional(POSITIVE))) for n in origins),
        sites=tuple(
            Site(
                n,
                draw(st.sampled_from(["ixp", "embedded"])),
                draw(LOCATIONS),
                here,
                draw(COUNTRIES),
                draw(TIMEZONES),
                draw(windows),
                draw(_maintenance(here)),
            )
            for n, here in [(n, draw(groups)) for n in sites]
        ),
        regions=tuple(
            Region(
                n,
                draw(COUNTRIES),
                draw(LOCATIONS),
                () if n in linked else draw(listed),
                draw(d),
                draw(TIMEZONES),
            )
            for n, d in zip(regions, demands, strict=True)
        ),
        links=tuple(Link(a, b, draw(_optional(POSITIVE)), draw(_optional(NOT_NEGATIVE))) for a, b in ends),
        policy=draw(_policies(sites, models)),
    )


def large_topology(n: int) -> Topology:
    """Build `n` sites and `n` regions that list six sites each, always the same."""
    rng = random.Random(1)

    def place() -> tuple[float, float]:
        return round(rng.uniform(-60, 60), 3), round(rng.uniform(-170, 170), 3)

    sites = tuple(
        Site(f"isp-{i}-city-{i % 97}", "embedded", place(), (ApplianceGroup("big", 2),), country="NL")
        for i in range(n)
    )
    regions = tuple(
        Region(
            f"isp-{i}-viewers",
            "NL",
            place(),
            tuple(sites[j].name for j in rng.sample(range(n), 6)),
            DemandShare("NL", 0.5 / n),
        )
        for i in range(n)
    )
    hardware = (Hardware("big", 280.0, 80.0, 1.2),)
    return Topology("large", hardware, (Origin("origin", (53.3, -6.3)),), sites, regions)
