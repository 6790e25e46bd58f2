"""The numbers of a report again, from the tables of a plan folder, one row and one request at a time."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from cdnplan.report.facts import PlanFacts
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


def worth(
    facts: PlanFacts, folder: Path
) -> tuple[dict[tuple[str, str], float], dict[str, float], dict[str, float]]:
    """GB by (pool, file) that it serves or would serve; GB that no candidate holds, by region and by file."""
    held = held_by(folder)
    origin = dict(zip(facts.instance.regions, facts.instance.origin_cost.tolist(), strict=True))
    by_copy: dict[tuple[str, str], float] = defaultdict(float)
    by_region: dict[str, float] = defaultdict(float)
    by_file: dict[str, float] = defaultdict(float)
    for region, file, gb in requests(facts):
        for pool, cost in candidates(facts, region):
            if cost >= origin[region]:
                continue
            by_copy[pool, file] += gb
            if file in held[pool]:
                break
        else:
            by_region[region] += gb
            by_file[file] += gb
    return by_copy, by_region, by_file


def served(folder: Path) -> dict[tuple[str, str], float]:
    """GB by region and pool, as planned."""
    return {(row["region"], row["pool"]): row["gb"] for row in rows(folder, "serving")}
