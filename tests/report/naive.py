"""The numbers of a report again, from the tables of a plan folder, one row and one request at a time."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from cdnplan.report.tables.facts import PlanFacts
from tests.planner.plans import copies, pool_of, rows

ORIGIN = "origin"


def held_by(folder: Path) -> dict[str, set[str]]:
    """Files by pool."""
    found: dict[str, set[str]] = defaultdict(set)
    for appliance, file in copies(folder, "keep", "add"):
        found[pool_of(appliance)].add(file)
    return found


def tier(facts: PlanFacts, region: str, pool: str) -> str:
    """Where the bytes of a region come from, by the words of docs/report.md."""
    if pool == ORIGIN:
        return "origin"
    kind = {site.name: site.kind for site in facts.topology.sites}
    site = pool.partition("/")[0]
    if kind[site] == "ixp":
        return "exchange"
    inside = [p.partition("/")[0] for p, _ in candidates(facts, region) if kind[p.partition("/")[0]] != "ixp"]
    return "own site" if site == inside[0] else "other site"


def candidates(facts: PlanFacts, region: str) -> list[tuple[str, float]]:
    """Pools that may serve a region with their cost per GB, cheapest first."""
    instance = facts.instance
    r = instance.regions.index(region)
    part = range(int(instance.cand_ptr[r]), int(instance.cand_ptr[r + 1]))
    return [(instance.pools[instance.cand_pool[j]], float(instance.cand_cost[j])) for j in part]


def requests(facts: PlanFacts) -> list[tuple[str, str, float]]:
    """What every region asks for: region, file, GB."""
    instance, found = facts.instance, []
    for r, region in enumerate(instance.regions):
        row = int(instance.region_row[r])
        for i in range(int(instance.demand_ptr[row]), int(instance.demand_ptr[row + 1])):
            gb = float(instance.region_share[r]) * float(instance.demand_gb[i])
            found.append((region, instance.files[int(instance.demand_file[i])], gb))
    return found


def out_of_reach(facts: PlanFacts, folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    """GB that no site in reach that is cheaper than the origin holds, by region and by file."""
    held = held_by(folder)
    origin = dict(zip(facts.instance.regions, facts.instance.origin_cost.tolist(), strict=True))
    by_region: dict[str, float] = defaultdict(float)
    by_file: dict[str, float] = defaultdict(float)
    for region, file, gb in requests(facts):
        if not any(file in held[pool] for pool, cost in candidates(facts, region) if cost < origin[region]):
            by_region[region] += gb
            by_file[file] += gb
    return by_region, by_file


def priced(facts: PlanFacts, folder: Path) -> tuple[dict[tuple[str, str], float], dict[str, float]]:
    """Cost of a GB with prices of throughput and links on the way: by region and pool, and from origins."""
    instance = facts.instance
    price: dict[tuple[str, str, int], float] = defaultdict(float)
    for row in rows(folder, "prices"):
        price[row["limit"], row["name"], row["slice"]] = row["price"]
    cost, origin = {}, {}
    ptr, links = instance.path_links
    for r, region in enumerate(instance.regions):
        rate = instance.gbps_per_gb[r].tolist()

        def dearer(links: list[int], pool: str | None, rate: list[float] = rate) -> float:
            return sum(
                h
                * (
                    (price["throughput", pool, t] if pool else 0.0)
                    + sum(price["link", instance.links[e], t] for e in links)
                )
                for t, h in enumerate(rate)
            )

        for j in range(int(instance.cand_ptr[r]), int(instance.cand_ptr[r + 1])):
            pool = instance.pools[instance.cand_pool[j]]
            on = links[ptr[j] : ptr[j + 1]].tolist()
            cost[region, pool] = float(instance.cand_cost[j]) + dearer(on, pool)
        j = instance.cand_pool.size + r
        on = links[ptr[j] : ptr[j + 1]].tolist()
        origin[region] = float(instance.origin_cost[r]) + dearer(on, None)
    return cost, origin


def worth(facts: PlanFacts, folder: Path) -> dict[tuple[str, str], float]:
    """What each copy, or one that is missing, changes in the cost of serving, by (pool, file)."""
    held = held_by(folder)
    cost, origin = priced(facts, folder)
    found: dict[tuple[str, str], float] = defaultdict(float)
    for region, file, gb in requests(facts):
        reach = [(pool, cost[region, pool]) for pool, _ in candidates(facts, region)]

        def least(holders: set[str], region: str = region, reach: list[tuple[str, float]] = reach) -> float:
            return min([origin[region], *(c for pool, c in reach if pool in holders)])

        there = {pool for pool, _ in reach if file in held[pool]}
        for pool, _ in reach:
            found[pool, file] += gb * (least(there - {pool}) - least(there | {pool}))
    return found


def served(folder: Path) -> dict[tuple[str, str], float]:
    """GB by region and pool, as planned."""
    return {(row["region"], row["pool"]): row["gb"] for row in rows(folder, "serving")}
