"""Random small networks in any zones, with a night that is right by construction."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cdnplan.evaluate.checks.check_fills import check_fills
from cdnplan.evaluate.count.assignment import Assignment, Fleet
from cdnplan.evaluate.verdict.report import Check, Ledger
from cdnplan.inputs.plans.plan_folder import NIGHT, TABLES, PlanFiles, sorted_holdings
from cdnplan.inputs.plans.plan_json import FILL_NUMBERS, FillClaims, PlanJson
from cdnplan.inputs.tables.parquet_columns import Columns, read_columns
from cdnplan.model.instance.build import build_instance
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.policy import FillPolicy, PeakProfile, Policy, Reserves
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
from tests.evaluate.nights import Held, Night, Scheduler
from tests.evaluate.plan_writer import write_night

ZONES = (
    *("Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kolkata"),
    *("Pacific/Apia", "America/St_Johns", "Africa/Casablanca", "Asia/Beirut", "Pacific/Chatham", "UTC", None),
    *("America/Havana", "Europe/Dublin", "Pacific/Kiritimati", "America/Santiago", "Asia/Kathmandu"),
)
NIGHTS = (
    *("2026-03-28", "2026-03-27", "2026-10-24", "2026-10-25", "2026-03-07", "2026-03-08", "2026-10-31"),
    *("2026-04-04", "2026-09-26", "2026-10-03", "2026-06-10", "2025-12-31", "2026-04-05", "2026-09-05"),
)
"""Around the changes of clocks in Europe, America, Australia, New Zealand and Chile."""


@dataclass
class Case:
    """A network and its night."""

    topology: Topology
    instance: Instance
    holdings: Holdings
    held: Held
    served: Floats
    origin: Floats
    scheduler: Scheduler
    night: Night

    def checks(self, folder: Path) -> list[Check]:
        """What the judge says, through the tables as they are read from files."""
        write_night(folder, self.night)
        fills, evictions, unfilled = (read_columns(folder / name, TABLES[name]) for name in NIGHT)
        claims = self.night.claims
        told = FillClaims(
            dt.datetime.fromisoformat(claims["from"]),
            dt.datetime.fromisoformat(claims["until"]),
            claims["bytes_gb"],
            {key: claims[key] for key in FILL_NUMBERS},
            claims["unfilled"],
            claims["away"],
        )
        ledger = Ledger()
        files = PlanFiles(
            folder, _plan(told), self._placement(folder), fills, fills, fills, (fills, evictions, unfilled)
        )
        check_fills(self._assignment(), self.topology, self.holdings, files, self.served, self.origin, ledger)
        return ledger.checks

    def _after(self) -> dict[tuple[str, str], str]:
        gone = {(row["appliance"], row["file"]) for row in self.night.evictions}
        actions = {copy: "evict" if copy in gone else "keep" for copy in self.held}
        return actions | {(row["appliance"], row["file"]): "add" for row in self.night.fills}

    def _assignment(self) -> Assignment:
        fleet = Fleet.of(self.instance)
        number = {fleet.name(a): a for a in range(fleet.size)}
        file = {name: i for i, name in enumerate(self.instance.files)}
        rows = sorted(
            (number[a], file[f], action == "add")
            for (a, f), action in self._after().items()
            if action != "evict"
        )
        columns = list(zip(*rows, strict=True)) if rows else [(), (), ()]
        return Assignment(
            fleet, *(np.array(c, dtype=np.int64) for c in columns[:2]), np.array(columns[2], dtype=bool)
        )

    def _placement(self, folder: Path) -> Columns:
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = sorted((a, f, action) for (a, f), action in self._after().items())
        columns: Any = list(zip(*rows, strict=True)) if rows else [(), (), ()]
        names = ("appliance", "file", "action")
        table = {name: pa.array(list(c), pa.string()) for name, c in zip(names, columns, strict=True)}
        pq.write_table(pa.table(table), folder / "placement.parquet")
        return read_columns(folder / "placement.parquet", dict.fromkeys(names, "text"))


def _plan(fills: FillClaims) -> PlanJson:
    nothing: Any = {}
    return PlanJson(
        *("", "", ""),
        *(nothing, nothing, (), ()),
        *(dt.date(2026, 1, 1), dt.date(2026, 1, 7), 7.0, True),
        *(nothing, nothing, (), nothing, nothing),
        fills=fills,
    )


def draw(seed: int) -> Case:
    """Draw a network, what it holds and wants, and its night."""
    rng = np.random.default_rng([seed, 77])
    topology = _topology(rng)
    start = dt.datetime.fromisoformat(str(rng.choice(NIGHTS)))
    start += dt.timedelta(minutes=int(rng.choice([0, 0, 7 * 60 + 13])))
    n_files = int(rng.integers(5, 16))
    catalog = Catalog(
        files=tuple(f"f{i:02}" for i in range(n_files)),
        size_gb=rng.uniform(0.01, 9.0, n_files).round(3),
        titles=tuple(f"f{i:02}" for i in range(n_files)),
        file_title=np.arange(n_files, dtype=np.int32),
        launch_day=np.full(n_files, np.datetime64("NaT"), dtype="datetime64[D]"),
    )
    demand = Demand(
        regions=("all",),
        ptr=np.array([0, n_files]),
        file=np.arange(n_files, dtype=np.int32),
        gb=rng.uniform(1.0, 3000.0, n_files).astype(np.float32),
        start=(start + dt.timedelta(days=1)).date(),
        period_days=7.0,
    )
    instance, _ = build_instance(topology, catalog, demand, Holdings.empty())
    fleet = Fleet.of(instance)
    held, wanted = (_some_copies(rng, instance, fleet) for _ in range(2))
    # In order: a set's own order differs from run to run.
    wanted = {copy for copy in sorted(held) if rng.random() < 0.5} | {
        copy for copy in sorted(wanted) if rng.random() < 0.6
    }
    wanted = _within(instance, fleet, wanted)
    served = rng.uniform(0.0, 1500.0, instance.cand_pool.size)
    origin = rng.uniform(0.0, 500.0, instance.n_regions)
    scheduler = Scheduler(topology, instance, served, origin, held, wanted, start, seed)
    return Case(topology, instance, _holdings(held), held, served, origin, scheduler, scheduler.run())


def _topology(rng: np.random.Generator) -> Topology:
    n_sites = int(rng.integers(2, 6))
    names = [f"s{i}" for i in range(n_sites)]
    origins = [f"o{i}" for i in range(int(rng.integers(1, 3)))]
    hardware = tuple(
        Hardware(
            name,
            float(rng.uniform(0.02, 0.05)),
            1.0,
            float(rng.uniform(0.002, 0.02)),
            None if rng.random() < 0.5 else float(rng.uniform(0.001, 0.01)),
        )
        for name in ("m", "n")
    )
    linked = rng.random() < 0.7
    regions = tuple(
        Region(f"r{i}", "NL", _place(rng), (), DemandShare("all", 0.3), "UTC")
        for i in range(int(rng.integers(1, 4)))
    )
    return Topology(
        name="random",
        hardware=hardware,
        origins=tuple(
            Origin(o, _place(rng), None if rng.random() < 0.4 else float(rng.uniform(0.02, 0.2)))
            for o in origins
        ),
        sites=tuple(_site(rng, name) for name in names),
        regions=regions,
        links=_links(rng, names, origins, [region.name for region in regions]) if linked else (),
        policy=Policy(
            reserves=Reserves(fill_ratio=float(rng.choice([0.0, 0.1]))),
            peak_profile=PeakProfile(slices=int(rng.choice([1, 2, 4, 5, 24]))),
            cold_start="limited",
            fill=FillPolicy(origin_gbps=None if rng.random() < 0.5 else float(rng.uniform(0.01, 0.05))),
        ),
    )


def _place(rng: np.random.Generator) -> tuple[float, float]:
    return float(rng.uniform(-60, 60)), float(rng.uniform(-180, 180))


def _site(rng: np.random.Generator, name: str) -> Site:
    zone = ZONES[int(rng.integers(len(ZONES)))]
    hour, minute = int(rng.integers(24)), int(rng.choice([0, 0, 30, 17]))
    if rng.random() < 0.5:
        hour = int(rng.choice([0, 1, 2, 3]))  # where clocks change
    closed = tuple(
        Maintenance(
            f"{rng.choice(NIGHTS)}T{int(rng.integers(24)):02}:{minute:02}",
            float(rng.uniform(0.5, 8.0)),
            (("m",), ("m/1",), ("n/1", "m"), ())[int(rng.integers(4))],
        )
        for _ in range(int(rng.integers(0, 4)))
    )
    groups = [ApplianceGroup("m", int(rng.integers(1, 4)))]
    if rng.random() < 0.5:
        groups.append(ApplianceGroup("n", int(rng.integers(1, 3))))
    hours = float(rng.choice([3.0, 6.5, 12.0, 24.0]))
    return Site(
        name,
        "ixp",
        _place(rng),
        tuple(groups),
        "NL",
        zone,
        FillWindow(f"{hour:02}:{minute:02}", hours),
        closed,
    )


def _links(
    rng: np.random.Generator, sites: list[str], origins: list[str], regions: list[str]
) -> tuple[Link, ...]:
    nodes = [*sites, *origins]
    pairs = [(nodes[int(rng.integers(i))], nodes[i]) for i in range(1, len(nodes)) if rng.random() < 0.85]
    for _ in range(2):
        a, b = (str(name) for name in rng.choice(nodes, 2, replace=False))
        if (a, b) not in pairs and (b, a) not in pairs:
            pairs.append((a, b))
    pairs += [(region, str(rng.choice(sites))) for region in regions]
    return tuple(
        Link(
            a,
            b,
            None if rng.random() < 0.3 else float(rng.uniform(0.01, 0.1)),
            None if rng.random() < 0.3 else float(rng.uniform(0.001, 0.05)),
        )
        for a, b in pairs
    )


def _some_copies(rng: np.random.Generator, instance: Instance, fleet: Fleet) -> Held:
    copies = {
        (fleet.name(a), file) for a in range(fleet.size) for file in instance.files if rng.random() < 0.5
    }
    return _within(instance, fleet, copies)


def _within(instance: Instance, fleet: Fleet, copies: Held) -> Held:
    """As many of the copies, by name, as appliances have room for."""
    size = dict(zip(instance.files, instance.size_gb.tolist(), strict=True))
    left = {fleet.name(a): float(instance.appliance_storage_gb[p]) for a, p in enumerate(fleet.pools())}
    kept: Held = set()
    for appliance, file in sorted(copies):
        if size[file] <= left[appliance]:
            left[appliance] -= size[file]
            kept.add((appliance, file))
    return kept


def _holdings(held: Held) -> Holdings:
    rows = sorted((a.rpartition("/")[0], int(a.rpartition("/")[2]), f) for a, f in held)
    pools, files = sorted({row[0] for row in rows}), sorted({row[2] for row in rows})
    return sorted_holdings(
        tuple(pools),
        tuple(files),
        np.array([pools.index(row[0]) for row in rows], dtype=np.int32),
        np.array([row[1] for row in rows], dtype=np.int32),
        np.array([files.index(row[2]) for row in rows], dtype=np.int32),
    )
