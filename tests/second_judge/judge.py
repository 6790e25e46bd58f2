"""Costs, figures and limits of a plan (docs/recompute.md, sections 6 and 7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tests.second_judge import network
from tests.second_judge.copies import Rules, rules
from tests.second_judge.network import Way
from tests.second_judge.reading import ORIGIN, Plan

AGREES = 1e-9
"""Numbers agree to this part of them, parts of a cost to this part of the whole."""


@dataclass(frozen=True)
class Judged:
    """A plan with what follows from it."""

    plan: Plan

    @cached_property
    def rates(self) -> dict[str, list[float]]:
        """h[r,t]."""
        return network.rates(self.plan)

    @cached_property
    def capacity(self) -> dict[str, float]:
        """U[e]."""
        return network.limits_on(self.plan)

    @cached_property
    def demand(self) -> dict[str, dict[str, float]]:
        """v[r,f]."""
        found: dict[str, dict[str, float]] = {}
        for region in self.plan.topology["regions"]:
            source = region.get("demand", {})
            row = self.plan.demand_gb.get(source.get("region", region["name"]), {})
            found[region["name"]] = {file: source.get("share", 1) * gb for file, gb in row.items()}
        return found

    @cached_property
    def rules(self) -> Rules:
        """Copies, pins, launches."""
        return rules(self.plan, self.demand, self.rates)

    def way(self, region: str, pool: str) -> Way:
        """How a pool, or the origin, reaches a region."""
        *ways, origin = self.plan.paths[region]
        if pool == ORIGIN:
            return origin
        return next(way for way in ways if way[0] == self.plan.pools[pool].site["name"])

    def candidates(self, region: str) -> list[str]:
        """Pools that may serve a region."""
        sites = [place for place, _, _ in self.plan.paths[region][:-1]]
        return [pool.name for pool in self.plan.pools.values() if pool.site["name"] in sites]

    @cached_property
    def pool_gbps(self) -> dict[str, list[float]]:
        """Rate of each pool by slice."""
        found = {pool: [0.0] * self.slices for pool in self.plan.pools}
        for (region, pool), gb in self.plan.served_gb.items():
            if pool != ORIGIN:
                found[pool] = [was + gb * h for was, h in zip(found[pool], self.rates[region], strict=True)]
        return found

    @cached_property
    def link_gbps(self) -> dict[str, list[float]]:
        """Rate of each limit by slice."""
        found = {limit: [0.0] * self.slices for limit in self.capacity}
        for (region, pool), gb in self.plan.served_gb.items():
            for limit in network.passed(self.way(region, pool), self.capacity):
                found[limit] = [was + gb * h for was, h in zip(found[limit], self.rates[region], strict=True)]
        return found

    @cached_property
    def new_gb(self) -> dict[str, float]:
        """Bytes that are new to each pool."""
        found = dict.fromkeys(self.plan.pools, 0.0)
        for (pool, file), n in self.plan.copies.items():
            found[pool] += self.plan.size_gb[file] * max(0, n - self.plan.held.get((pool, file), 0))
        return found

    @property
    def slices(self) -> int:
        """Slices of the UTC day."""
        return int(self.plan.policy["peak_profile"]["slices"])

    def figures(self) -> dict[str, float]:
        """What ``plan.json`` claims, by the same names, parts of the cost as ``cost.PART``."""
        plan = self.plan
        served, per_gb = plan.served_gb, plan.policy["costs"]["fill_per_gb"]
        delivery = sum(self.way(*pair)[1] * gb for pair, gb in served.items())
        fill = per_gb * sum(self.new_gb.values()) if plan.fill_counts else 0.0
        above = sum(
            max(0.0, gbps - self.capacity[limit]) for limit, row in self.link_gbps.items() for gbps in row
        )
        overload = network.overload_price(plan) * above
        upper, lower = delivery + fill + overload, plan.claims["lower"]
        asked = {region: sum(row.values()) for region, row in self.demand.items()}
        demand = sum(asked.values())
        ideal = sum(gb * min(way[1] for way in plan.paths[region]) for region, gb in asked.items())
        offload = sum(gb for (_, pool), gb in served.items() if pool != ORIGIN)
        span = upper - ideal
        return {
            "cost.total": upper,
            "cost.delivery": delivery,
            "cost.fill": fill,
            "cost.overload": overload,
            "upper": upper,
            "ideal": ideal,
            "demand_gb": demand,
            "offload_byte_ratio": offload / demand if demand else 1.0,
            "gap_ratio": max(0.0, upper - lower) / span if span > 1e-12 * max(1.0, upper) else 0.0,
            "gap_to_upper_ratio": max(0.0, upper - lower) / upper if upper else 0.0,
        }

    def faults(self) -> list[str]:
        """Everything of section 7 that does not hold, but for the division of servings among files."""
        return [*self._wrong_copies(), *self._wrong_volumes(), *self._wrong_rates(), *self._wrong_demand()]

    def _wrong_copies(self) -> Iterator[str]:
        copies, rule = self.plan.copies, self.rules
        for (pool, file), n in copies.items():
            if n < rule.copies[pool, file] or not rule.copies[pool, file]:
                yield f"{n} copies of {file} in {pool}, not {rule.copies[pool, file]}"
        for appliance, files in self.plan.on_appliance.items():
            if len(set(files)) < len(files):
                yield f"{appliance} has a file twice"
        yield from (f"{file} is not in {pool}" for pool, file in rule.pinned if (pool, file) not in copies)
        for file, least, pools in rule.launches:
            if sum((pool, file) in copies for pool in pools) < least:
                yield f"{file} is launched in fewer than {least} pools"

    def _wrong_volumes(self) -> Iterator[str]:
        plan = self.plan
        for appliance, files in plan.on_appliance.items():
            pool, _, number = appliance.rpartition("/")
            if not 1 <= int(number) <= plan.pools[pool].appliances:
                yield f"there is no {appliance}"
            stored = sum(plan.size_gb[file] for file in files)
            if _passes(stored, plan.pools[pool].appliance_gb):
                yield f"{appliance} stores {stored} GB"
        for name, pool in plan.pools.items():
            stored = sum(plan.size_gb[file] * n for (p, file), n in plan.copies.items() if p == name)
            new, added = self.new_gb[name], plan.added_gb.get(name, 0.0)
            for what, gb, most in (
                ("stores", stored, pool.storage_gb),
                ("fetches", added, pool.fill_gb),
                ("gets new", new, min(pool.fill_gb, pool.churn_gb)),
            ):
                if _passes(gb, most):
                    yield f"{name} {what} {gb} GB, at most {most}"

    def _wrong_rates(self) -> Iterator[str]:
        for name, row in self.pool_gbps.items():
            if _passes(max(row), self.plan.pools[name].throughput_gbps):
                yield f"{name} serves {max(row)} Gbps"
        for appliance, gbps in self.plan.peak_gbps.items():
            if _passes(gbps, self.plan.pools[appliance.rpartition("/")[0]].appliance_gbps):
                yield f"{appliance} serves {gbps} Gbps"

    def _wrong_demand(self) -> Iterator[str]:
        for region, row in self.demand.items():
            asked = sum(row.values())
            served = sum(gb for (r, _), gb in self.plan.served_gb.items() if r == region)
            if abs(served - asked) > 1e-6 * asked + 1e-9:
                yield f"{region} asks for {asked} GB and gets {served}"
            allowed = {*self.candidates(region), ORIGIN}
            strange = [pool for r, pool in self.plan.served_gb if r == region and pool not in allowed]
            yield from (f"{region} is served from {pool}" for pool in strange)


def _passes(used: float, most: float) -> bool:
    return not used <= most + 1e-6 * most + 1e-9


def disagreements(plan: Plan) -> list[str]:
    """What `plan.json` and its tables claim and this judge finds otherwise, and limits that do not hold."""
    judged = Judged(plan)
    figures, claims = judged.figures(), plan.claims
    upper = figures["upper"]
    span = max(upper - figures["ideal"], 1e-12)
    said = []
    for name, found in figures.items():
        part, _, key = name.rpartition(".")
        claimed = (claims[part] if part else claims)[key]
        allowed = AGREES * (upper if part or key in ("upper", "ideal") else max(1.0, abs(found)))
        if key == "gap_ratio":
            allowed = AGREES * max(1.0, upper / span)
        if not abs(claimed - found) <= allowed:
            said.append(f"{name}: claimed {claimed!r}, found {found!r}")
    return [*said, *_wrong_overloads(judged), *judged.faults()]


def _wrong_overloads(judged: Judged) -> Iterator[str]:
    told = {(row["link"], row["slice"]): row["gbps"] for row in judged.plan.claims["overload"]}
    for limit, row in judged.link_gbps.items():
        for at, gbps in enumerate(row):
            most = judged.capacity[limit]
            claimed = told.pop((limit, at), 0.0)
            if abs(max(0.0, gbps - most) - claimed) > 1e-6 * (gbps + most) + 1e-9:
                yield f"{limit} in slice {at}: {gbps} Gbps, {claimed} above {most} claimed"
    yield from (f"there is no {limit} in slice {at}" for limit, at in told)


def wrong_paths(plan: Plan) -> list[str]:
    """Rows of ``inputs/paths.parquet`` that do not follow from the topology, order and ties included."""
    due = network.ways_by_the_topology(plan)
    said = []
    for region in due.keys() | plan.paths.keys():
        told, found = plan.paths.get(region, []), due.get(region, [])
        same = [(place, path) for place, _, path in told] == [(place, path) for place, _, path in found]
        costs = zip([way[1] for way in told], [way[1] for way in found], strict=False)
        if not same or any(abs(a - b) > AGREES * b for a, b in costs):
            said.append(f"{region}: told {told}, found {found}")
    return said
