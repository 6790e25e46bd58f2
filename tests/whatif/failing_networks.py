"""Small random networks in which failures hurt: scarce throughput, links with capacities, few candidates."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cdnplan.evaluate.count.cost import plan_cost
from cdnplan.model.instance.build import build_instance
from cdnplan.model.instance.instance import Instance
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.policy import Costs, PeakProfile, Policy
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
from cdnplan.model.plan.placement import Placement
from cdnplan.optimize.serve.serving import best_serving
from cdnplan.whatif.base.base import Inputs
from cdnplan.whatif.base.failures import Failure
from cdnplan.whatif.scenario.apply import apply_all
from cdnplan.whatif.scenario.scenario_reader import read_scenarios

Bools = npt.NDArray[np.bool_]
DAY = dt.date(2026, 3, 8)


@dataclass(frozen=True)
class Case:
    """A network, its problem, and a placement."""

    inputs: Inputs
    instance: Instance
    holds: Bools


def case(seed: int) -> Case:
    """The network of a seed; every second one has links."""
    rng = np.random.default_rng([seed, 61])
    n_sites, n_regions, n_files = (int(rng.integers(*span)) for span in ((3, 8), (3, 9), (5, 30)))
    sites = tuple(
        Site(
            f"s{i}",
            "ixp" if rng.random() < 0.6 else "embedded",
            (float(rng.uniform(40, 60)), float(rng.uniform(-5, 20))),
            tuple(
                ApplianceGroup(m, int(rng.integers(1, 3))) for m in ("disk", "flash")[: rng.integers(1, 3)]
            ),
            "NL",
            "Europe/Amsterdam",
        )
        for i in range(n_sites)
    )
    linked = seed % 2 == 0
    regions = tuple(
        Region(
            f"r{i}",
            "NL",
            (float(rng.uniform(40, 60)), float(rng.uniform(-5, 20))),
            _listed(rng, sites) if rng.random() < 0.6 else (),
            DemandShare(f"d{i % 2}", float(rng.uniform(0.05, 0.4))),
            ("Europe/Amsterdam", "Asia/Kolkata")[int(rng.integers(2))],
        )
        for i in range(n_regions)
    )
    size = rng.uniform(2.0, 30.0, n_files).round(2)
    rate = float(rng.choice([0.002, 0.01, 0.05]))
    topology = Topology(
        "failing",
        (
            Hardware("disk", float(size.sum()) / 1000, rate, 1.0),
            Hardware("flash", float(size.sum()) / 1000, 2 * rate, 1.0),
        ),
        (
            Origin("o-a", (53.0, -6.0), rate if rng.random() < 0.5 else None),
            Origin("o-b", (41.0, 2.0)),
        ),
        sites,
        regions,
        _links(rng, sites, regions, rate) if linked else (),
        Policy(
            costs=Costs(overload_per_gbps=float(rng.choice([500.0, 5000.0]))),
            peak_profile=PeakProfile(slices=int(rng.choice([1, 3]))),
            max_sites=int(rng.integers(2, 5)),
        ),
    )
    gb = (300.0 / np.arange(1, n_files + 1) * rng.lognormal(0.0, 1.0, (2, n_files))).astype(np.float32)
    catalog = Catalog(
        tuple(f"f{i:02}.x" for i in range(n_files)),
        size,
        tuple(f"f{i:02}" for i in range(n_files)),
        np.arange(n_files, dtype=np.int32),
        np.full(n_files, np.datetime64("NaT"), dtype="datetime64[D]"),
    )
    demand = Demand(
        ("d0", "d1"),
        np.array([0, n_files, 2 * n_files]),
        np.tile(np.arange(n_files), 2).astype(np.int32),
        gb.ravel(),
        DAY,
        7.0,
    )
    inputs = Inputs(topology, catalog, demand)
    instance = build_instance(topology, catalog, demand)[0]
    holds = (rng.random((instance.n_pools, n_files)) < rng.uniform(0.2, 0.8)) & (instance.copies > 0)
    return Case(inputs, instance, holds)


def _listed(rng: np.random.Generator, sites: tuple[Site, ...]) -> tuple[str, ...]:
    names = [site.name for site in sites]
    return tuple(rng.permutation(names)[: rng.integers(1, len(names) + 1)].tolist())


def _links(
    rng: np.random.Generator, sites: tuple[Site, ...], regions: tuple[Region, ...], rate: float
) -> tuple[Link, ...]:
    """Sites in a ring with chords, the first two at an origin; regions at what they list, or at one site."""

    def capacity() -> float | None:
        return float(rate * rng.uniform(0.2, 3.0)) if rng.random() < 0.6 else None

    names = [site.name for site in sites]
    pairs = {(names[i], names[(i + 1) % len(names)]) for i in range(len(names))}
    pairs |= {(a, b) for a in names for b in names if a < b and rng.random() < 0.2 and (b, a) not in pairs}
    links = [Link(a, b, capacity(), float(rng.uniform(0.0005, 0.006))) for a, b in sorted(pairs)]
    links += [Link(names[i], "o-a", capacity(), 0.03) for i in range(2)]
    for region in regions:
        at = region.sites[:2] if region.sites else (names[int(rng.integers(len(names)))],)
        links += [Link(region.name, name, capacity(), float(rng.uniform(0.0, 0.004))) for name in at]
    return tuple(links)


def exact_cost(case: Case, failure: Failure, folder: Path) -> float:
    """Cost of a failure at once, by way of a scenario and the exact serving of its whole problem."""
    fails = [f"sites: [{', '.join(failure.sites)}]"] if failure.sites else []
    fails += [f"links: ['{a}>{b}']" for a, b in failure.links]
    file = folder / "scenario.yaml"
    file.write_text(f"name: it\nchanges:\n  - fail: {{{', '.join(fails)}}}\n", encoding="utf-8")
    (applied,) = apply_all(read_scenarios([file]), case.inputs)
    inputs = applied.inputs
    instance = build_instance(inputs.topology, inputs.catalog, inputs.demand)[0]
    place = {name: p for p, name in enumerate(case.instance.pools)}
    holds = case.holds[[place[name] for name in instance.pools]] & (instance.copies > 0)
    serving = best_serving(instance, holds).serving
    served, origin = serving.candidate_gb(instance), serving.origin_gb(instance)
    return plan_cost(instance, Placement(holds), served, origin).total
