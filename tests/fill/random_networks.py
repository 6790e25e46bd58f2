"""Small random networks for nights of filling: zones, clock changes, links, maintenance, scarce sources."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.policy import Costs, Files, FillPolicy, PeakProfile, Pin, Places, Policy
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

ZONES = (
    "Europe/Amsterdam",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Pacific/Apia",
    None,
)
DAYS = (
    dt.date(2026, 3, 9),  # clocks of New York go forward the night before
    dt.date(2026, 3, 30),
    dt.date(2026, 10, 26),
    dt.date(2026, 11, 2),
    dt.date(2026, 7, 6),
)
"""First days of periods; for most of them some clock changes in the night before."""
STARTS = ("00:00", "01:30", "02:00", "02:30", "23:15", "12:00")


@dataclass(frozen=True)
class Case:
    """A network, its files, and what is asked for in two periods."""

    topology: Topology
    catalog: Catalog
    demands: tuple[Demand, Demand]


def case(seed: int) -> Case:
    """The network of a seed."""
    rng = np.random.default_rng([seed, 17])
    n_files = int(rng.integers(6, 25))
    size = rng.uniform(2.0, 30.0, n_files).round(2)
    sites = tuple(_site(rng, i) for i in range(int(rng.integers(2, 6))))
    kept = float(size.sum() * rng.uniform(0.25, 0.6))
    hours = float(np.mean([site.fill_window.hours for site in sites]))
    fill = kept * rng.uniform(0.3, 1.2) * 8 / 3600 / hours
    hardware = (
        Hardware("disk", kept / 950, 1.0, fill, None if rng.random() < 0.5 else fill * rng.uniform(0.4, 2.0)),
        Hardware("flash", kept / 2000, 2.0, fill * 0.5),
    )
    regions = tuple(
        Region(f"r{i}", "NL", (50.0 + i, 4.0), tuple(s.name for s in sites), DemandShare(f"d{i % 2}", 0.3))
        for i in range(int(rng.integers(2, 5)))
    )
    origins = (
        Origin("o-a", (53.0, -6.0), fill * 3 if rng.random() < 0.3 else None),
        Origin("o-b", (40.0, -80.0)),
    )
    links = _links(rng, sites, regions, fill) if rng.random() < 0.5 else ()
    policy = Policy(
        costs=Costs(fill_per_gb=0.001),
        peak_profile=PeakProfile(slices=int(rng.choice([1, 4, 5, 24]))),
        cold_start="limited",
        fill=FillPolicy(
            fill * rng.uniform(0.5, 3.0) if rng.random() < 0.3 else None, 0.02 if rng.random() < 0.3 else None
        ),
        pins=(Pin(Files(title="f00"), Places(sites=(sites[0].name,))),) if rng.random() < 0.2 else (),
    )
    catalog = Catalog(
        files=tuple(f"f{i:02}.x" for i in range(n_files)),
        size_gb=size,
        titles=tuple(f"f{i:02}" for i in range(n_files)),
        file_title=np.arange(n_files, dtype=np.int32),
        launch_day=np.full(n_files, np.datetime64("NaT"), dtype="datetime64[D]"),
    )
    day = DAYS[int(rng.integers(len(DAYS)))]
    topology = Topology("random", hardware, origins, sites, regions, links, policy)
    return Case(topology, catalog, (_demand(rng, n_files, day), _demand(rng, n_files, day)))


def _site(rng: np.random.Generator, i: int) -> Site:
    groups = [ApplianceGroup("disk", int(rng.integers(1, 4)))]
    if rng.random() < 0.4:
        groups.append(ApplianceGroup("flash", int(rng.integers(1, 3))))
    maintenance = []
    if rng.random() < 0.4:
        named = [(), ("disk",), ("disk/1",)][int(rng.integers(3))]
        day = DAYS[int(rng.integers(len(DAYS)))] - dt.timedelta(days=1)
        start = f"{day.isoformat()}T{int(rng.integers(24)):02}:30"
        maintenance.append(Maintenance(start, round(float(rng.uniform(0.5, 8.0)), 2), named))
    return Site(
        f"s{i}",
        "ixp" if rng.random() < 0.5 else "embedded",
        (50.0 + 2 * i, float(rng.uniform(-170, 170))),
        tuple(groups),
        "NL",
        ZONES[int(rng.integers(len(ZONES)))],
        FillWindow(STARTS[int(rng.integers(len(STARTS)))], float(rng.choice([2.0, 6.5, 12.0]))),
        tuple(maintenance),
    )


def _links(
    rng: np.random.Generator, sites: tuple[Site, ...], regions: tuple[Region, ...], fill: float
) -> tuple[Link, ...]:
    """Every region at every site; sites in a row, the first at an origin; some with little capacity."""

    def capacity() -> float | None:
        return float(fill * rng.uniform(0.3, 6.0)) if rng.random() < 0.7 else None

    links = [Link(r.name, s.name, None, float(rng.uniform(0, 0.004))) for r in regions for s in sites]
    links += [Link(a.name, b.name, capacity(), float(rng.uniform(0.001, 0.006))) for a, b in pairwise(sites)]
    return (*links, Link(sites[0].name, "o-a", capacity(), 0.03))


def _demand(rng: np.random.Generator, n_files: int, day: dt.date) -> Demand:
    gb = (800.0 / np.arange(1, n_files + 1) * rng.lognormal(0.0, 1.0, (2, n_files))).astype(np.float32)
    return Demand(
        regions=("d0", "d1"),
        ptr=np.array([0, n_files, 2 * n_files]),
        file=np.tile(np.arange(n_files), 2).astype(np.int32),
        gb=gb.ravel(),
        start=day,
        period_days=7.0,
    )
