"""Small sizing questions drawn at random, and their answers by trying every set."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, replace

import numpy as np

from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.policy import Costs, LaunchRule, PeakProfile, Pin, Places, Policy, Reserves
from cdnplan.model.network.policy import Files as FilesOf
from cdnplan.model.network.topology import (
    ApplianceGroup,
    DemandShare,
    Hardware,
    Link,
    Origin,
    Region,
    Site,
    Topology,
)
from cdnplan.whatif.size.sizing_file import Candidate, Room, Sizing
from cdnplan.whatif.size.sizing_problem import Counts, SizingProblem
from cdnplan.whatif.size.sizing_search import Options, Planned, SizingSearch
from cdnplan.whatif.size.sizing_targets import Goal, failure_goals

MOST_SETS = 160
"""Sets of a drawn question: what enumeration plans in some seconds."""


@dataclass(frozen=True)
class Case:
    """A drawn question with its network."""

    label: str
    topology: Topology
    catalog: Catalog
    demand: Demand
    sizing: Sizing

    def problem(self) -> SizingProblem:
        return SizingProblem.of(self.topology, self.catalog, self.demand, self.sizing)


def draw(seed: int) -> Case:
    """Draw a question: up to 8 sites, 3 models, 4 regions, 9 files; some set may reach the target.

    Prices are drawn from few values in some cases, so that many sets cost the same.
    """
    rng = np.random.default_rng([seed, 61])
    n_sites, n_models = int(rng.integers(2, 9)), int(rng.integers(1, 4))
    n_regions, n_files = int(rng.integers(1, 5)), int(rng.integers(3, 10))
    catalog, demand = _content(rng, n_regions, n_files)
    topology = _network(rng, n_sites, n_models, n_regions, catalog)
    sizing = _question(rng, topology)
    case = Case(f"sizing {seed}", topology, catalog, demand, sizing)
    return _with_goals(rng, case)


def _content(rng: np.random.Generator, n_regions: int, n_files: int) -> tuple[Catalog, Demand]:
    names = tuple(f"f{i}" for i in range(n_files))
    catalog = Catalog(
        names,
        rng.integers(5, 40, n_files).astype(np.float64),
        names,
        np.arange(n_files, dtype=np.int32),
        np.full(n_files, np.datetime64("NaT"), dtype="datetime64[D]"),
    )
    gb = np.round(10.0 ** rng.uniform(1, 3, (n_regions, n_files)), 1)
    keep = rng.random(gb.shape) < 0.8
    keep[:, 0] = True
    demand = Demand(
        regions=tuple(f"r{i}" for i in range(n_regions)),
        ptr=np.concatenate([[0], np.cumsum(keep.sum(axis=1))]).astype(np.int64),
        file=np.nonzero(keep)[1].astype(np.int32),
        gb=gb[keep].astype(np.float32),
        start=dt.date(2026, 3, 8),
        period_days=7.0,
    )
    return catalog, demand


def _network(
    rng: np.random.Generator, n_sites: int, n_models: int, n_regions: int, catalog: Catalog
) -> Topology:
    total = float(catalog.size_gb.sum())
    models = tuple(
        Hardware(
            f"m{i}",
            round(float(rng.uniform(0.2, 0.7)) * total / 1000, 4),
            round(10.0 ** float(rng.uniform(-2.6, -1.2)), 4),
            1.0,
        )
        for i in range(n_models)
    )
    sites = tuple(
        Site(
            f"s{i}",
            "ixp" if rng.random() < 0.5 else "embedded",
            (float(rng.uniform(45, 55)), float(rng.uniform(0, 12))),
            (ApplianceGroup(f"m{int(rng.integers(n_models))}", int(rng.integers(1, 3))),),
        )
        for i in range(n_sites)
    )
    regions = tuple(
        Region(
            f"r{i}",
            "DE",
            (float(rng.uniform(45, 55)), float(rng.uniform(0, 12))),
            tuple(
                f"s{j}" for j in sorted(rng.choice(n_sites, int(rng.integers(1, min(4, n_sites) + 1)), False))
            ),
            DemandShare(f"r{i}"),
        )
        for i in range(n_regions)
    )
    origin = Origin(
        "o", (40.0, -3.0), round(10.0 ** float(rng.uniform(-2.5, -1)), 4) if rng.random() < 0.5 else None
    )
    links: tuple[Link, ...] = ()
    if rng.random() < 0.4:
        ends = {(region.name, site) for region in regions for site in region.sites}
        ends |= {(region.name, "o") for region in regions}
        links = tuple(
            Link(a, b, round(10.0 ** float(rng.uniform(-2, -0.5)), 4) if rng.random() < 0.5 else None,
                 round(float(rng.uniform(0.001, 0.02 if b != "o" else 0.05)), 4))
            for a, b in sorted(ends)
        )  # fmt: skip
    policy = Policy(
        reserves=Reserves(storage_ratio=0.0, throughput_ratio=0.0),
        costs=Costs(),
        peak_profile=PeakProfile(slices=int(rng.integers(1, 3))),
        pins=(Pin(FilesOf(file="f0"), Places(sites=("s0",))),) if rng.random() < 0.2 else (),
        launches=(LaunchRule(FilesOf(file="f1"), Places(), min_pools=2),) if rng.random() < 0.2 else (),
    )
    return Topology("drawn", models, (origin,), sites, regions, links, policy)


def _some_sites(rng: np.random.Generator, n_sites: int) -> tuple[str, ...]:
    chosen = rng.choice(n_sites, int(rng.integers(1, min(4, n_sites) + 1)), replace=False)
    return tuple(f"s{j}" for j in sorted(chosen))


def _question(rng: np.random.Generator, topology: Topology) -> Sizing:
    """Candidates and room, with at most `MOST_SETS` sets."""
    few = rng.random() < 0.4
    price = {
        m.name: float(rng.choice([10, 20, 30])) if few else round(float(rng.uniform(5, 50)), 2)
        for m in topology.hardware
    }
    pairs = [(s.name, m.name) for s in topology.sites for m in topology.hardware]
    chosen = [pairs[i] for i in sorted(rng.permutation(len(pairs))[: int(rng.integers(2, 8))])]
    candidates: list[Candidate] = []
    sets = 1
    for site, model in chosen:
        most = int(rng.integers(1, 4))
        if sets * (most + 1) <= MOST_SETS:
            sets *= most + 1
            candidates.append(Candidate(site, model, price[model], most, float(rng.integers(1, 3))))
    rooms = []
    if rng.random() < 0.4:
        site = candidates[int(rng.integers(len(candidates)))].site
        use = tuple(c.rack_units if c.site == site else 0.0 for c in candidates)
        rooms.append(Room(f"rack units at {site}", use, 3.0))
    return Sizing("drawn", float(rng.choice([1.0, 1.5])), (), tuple(candidates), tuple(rooms), (), 0, 0)


def _with_goals(rng: np.random.Generator, case: Case) -> Case:
    """Goals between what there is and what all additions reach, or a little beyond."""
    kinds = ["offload", "regions", "distance", "overload", "failures"]
    kind = kinds[int(rng.choice(5, p=(0.4, 0.15, 0.15, 0.15, 0.15)))]
    probes: dict[str, list[Goal]] = {
        "offload": [Goal("offload", "offload", 0.0)],
        "regions": [Goal("offload of r0", "offload", 0.0, frozenset({"r0"}))],
        "distance": [Goal("mean distance", "distance", 1e9)],
        "overload": [Goal("overload", "overload", 1e9), Goal("offload", "offload", 0.0)],
        "failures": [*failure_goals([s.name for s in case.topology.sites], 0.0, rng.random() < 0.5)],
    }
    probe = replace(case, sizing=replace(case.sizing, goals=tuple(probes[kind])))
    search = SizingSearch(probe.problem(), Options(engine="exact"))
    low, high = search.plan(search.nothing()), search.plan(tuple(c.most for c in case.sizing.candidates))
    part = float(rng.uniform(0.05, 1.02))
    goals = []
    for i, goal in enumerate(probes[kind]):
        if goal.kind == "overload":
            goals.append(replace(goal, wanted=0.0))
            continue
        if not (low.reached and high.reached):
            wanted = 0.7 if goal.kind == "offload" else 500.0
        elif goal.failed is None:
            a, b = low.reached[i].value, high.reached[i].value
            wanted = a + part * (b - a)
        else:
            worst = [min(p.value for p in plan.reached if p.goal.kind == "offload") for plan in (low, high)]
            wanted = worst[0] + part * (worst[1] - worst[0])
        goals.append(replace(goal, wanted=min(1.0, wanted) if goal.kind == "offload" else wanted))
    return replace(case, sizing=replace(case.sizing, goals=tuple(goals)))


def all_sets(problem: SizingProblem) -> list[Counts]:
    """Every set that there is room for, cheapest first."""
    ranges = [range(c.most + 1) for c in problem.sizing.candidates]
    fitting = [counts for counts in itertools.product(*ranges) if problem.fits(counts)]
    return sorted(fitting, key=lambda counts: (problem.price(counts), counts))


def by_trying(case: Case) -> tuple[float, int]:
    """Plan sets from the cheapest on with the exact engine, until one reaches the goals: price, sets planned.

    The price is inf where none does. Sets dearer than the answer need no plan.
    """
    problem = case.problem()
    search = SizingSearch(problem, Options(engine="exact"))
    for number, counts in enumerate(all_sets(problem), start=1):
        found: Planned = search.plan(counts)
        if found.reaches(case.sizing.goals):
            return found.price, number
    return np.inf, len(search.planned)
