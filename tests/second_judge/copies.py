"""How many copies a pool holds of what it holds, pins and launches (docs/recompute.md, section 5)."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tests.second_judge.reading import Plan, Pool

Cell = tuple[str, str]
"""Pool and file."""
ABOUT = 1 + 1e-9


@dataclass(frozen=True)
class Rules:
    """k by pool and file, pinned cells, and launches: file, minimum, pools that may count."""

    copies: dict[Cell, int]
    pinned: set[Cell]
    launches: list[tuple[str, int, list[str]]]


def rules(plan: Plan, demand: dict[str, dict[str, float]], rates: dict[str, list[float]]) -> Rules:
    """Resolve all rules, in the order of section 5.

    Parameters
    ----------
    plan : Plan
    demand : dict
        v[r,f] by region [GB].
    rates : dict
        h[r,t] by region.
    """
    chosen = {
        key: [(rule, _files(plan, rule, demand), _places(plan, rule)) for rule in plan.policy.get(key) or []]
        for key in ("copies", "bans", "pins", "launches")
    }
    copies = {(pool, file): 1 for pool in plan.pools for file in plan.size_gb}
    for rule, files, places in chosen["copies"]:
        for pool in places:
            for file in files:
                most = min(rule.get("copies", 2), plan.pools[pool].appliances)
                copies[pool, file] = max(copies[pool, file], most)
    for _, files, places in chosen["bans"]:
        copies |= {(pool, file): 0 for pool in places for file in files}
    for pool, file in copies:
        if plan.size_gb[file] > plan.pools[pool].appliance_gb * ABOUT:
            copies[pool, file] = 0
    pinned = {(pool, file) for _, files, places in chosen["pins"] for pool in places for file in files}
    launches = [
        (file, rule.get("min_pools", 1), [pool for pool in places if copies[pool, file]])
        for rule, files, places in chosen["launches"]
        if places
        for file in files
    ]
    asked = pinned | {(pool, file) for file, _, places in launches for pool in places}
    _for_load(plan, demand, rates, copies)
    _rule_out(plan, copies, pinned, asked)
    return Rules(copies, pinned, launches)


def _files(plan: Plan, rule: dict[str, Any], demand: dict[str, dict[str, float]]) -> list[str]:
    if "top" in rule:
        gb = dict.fromkeys(sorted(plan.size_gb), 0.0)
        for row in demand.values():
            for file, value in row.items():
                gb[file] += value
        return [file for file in sorted(gb, key=lambda file: -gb[file])[: rule["top"]] if gb[file] > 0]
    if "newer_than_days" in rule:
        since = plan.start - dt.timedelta(days=rule["newer_than_days"])
        return [file for file, day in plan.launch.items() if day > since]
    key = "title" if "title" in rule else "file"
    name = plan.title if key == "title" else {file: file for file in plan.size_gb}
    exact = [file for file in plan.size_gb if name[file] == rule[key]]
    return exact or [file for file in plan.size_gb if fnmatchcase(name[file], rule[key])]


def _places(plan: Plan, rule: dict[str, Any]) -> list[str]:
    def there(pool: Pool) -> bool:
        return (
            any(fnmatchcase(pool.site["name"], glob) for glob in rule.get("sites", ["*"]))
            and ("countries" not in rule or pool.site.get("country") in rule["countries"])
            and ("kinds" not in rule or pool.site["kind"] in rule["kinds"])
            and ("models" not in rule or pool.model in rule["models"])
        )

    return [pool.name for pool in plan.pools.values() if there(pool)]


def _for_load(
    plan: Plan, demand: dict[str, dict[str, float]], rates: dict[str, list[float]], copies: dict[Cell, int]
) -> None:
    """Step 3: more copies of what could keep an appliance busy."""
    ratio = plan.policy["copy_load_ratio"]
    for pool in plan.pools.values():
        if ratio is None or pool.appliances == 1:
            continue
        peak: dict[str, float] = {}
        for region, ways in plan.paths.items():
            if pool.site["name"] in {place for place, _, _ in ways}:
                for file, gb in demand[region].items():
                    peak[file] = peak.get(file, 0.0) + gb * max(rates[region])
        for file, gbps in peak.items():
            need = math.ceil(gbps / (ratio * pool.appliance_gbps) * (1 - 1e-9))
            need = min(max(1, need), pool.appliances, 255)
            if plan.size_gb[file] > pool.fill_gb / pool.appliances * ABOUT:
                need = min(need, max(1, plan.held.get((pool.name, file), 0)))
            if copies[pool.name, file]:
                copies[pool.name, file] = max(copies[pool.name, file], need)


def _rule_out(plan: Plan, copies: dict[Cell, int], pinned: set[Cell], asked: set[Cell]) -> None:
    """Steps 4 and 5: what has no room beside the pins, and what cannot come in time."""
    for pool in plan.pools.values():
        everywhere = [f for p, f in pinned if p == pool.name and copies[p, f] >= pool.appliances]
        left = pool.appliance_gb - sum(plan.size_gb[file] for file in everywhere)
        for file, gb in plan.size_gb.items():
            if gb > left * ABOUT and (pool.name, file) not in asked:
                copies[pool.name, file] = 0
    for (name, file), k in list(copies.items()):
        pool = plan.pools[name]
        late = plan.size_gb[file] > pool.fill_gb / pool.appliances * ABOUT
        if late and plan.held.get((name, file), 0) < k and (name, file) not in asked:
            copies[name, file] = 0
