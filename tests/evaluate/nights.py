"""Nights of filling that are right by construction: one copy after the other where and when there is room.

Slow and plain on purpose, and nothing is shared with the judge: every limit is counted anew over all
transfers at each moment at which something may change.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import networkx as nx
import numpy as np

from cdnplan.evaluate.count.loads import rate_used
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.network.geo import distance_km
from cdnplan.model.network.topology import Site, Topology

HOUR = 3_600_000
EPOCH = dt.datetime(1970, 1, 1)
Held = set[tuple[str, str]]
"""Copies as (appliance, file)."""


def ms(moment: dt.datetime) -> int:
    return (moment - EPOCH) // dt.timedelta(milliseconds=1)


@lru_cache(maxsize=100_000)
def offset(zone: str, instant: int) -> int:
    moment = (EPOCH + dt.timedelta(milliseconds=instant)).replace(tzinfo=dt.UTC)
    found = moment.astimezone(ZoneInfo(zone)).utcoffset()
    assert found is not None
    return found // dt.timedelta(milliseconds=1)


def first_shown(site: Site, wall: int) -> int:
    """First instant at which a site's clock shows a time or a later one, looking every quarter of an hour.

    Clocks change at whole quarters of UTC, in the years used here.
    """
    if site.timezone is None:
        return wall - round(site.location[1] / 15) * HOUR
    instant = (wall - 30 * HOUR) // (HOUR // 4) * (HOUR // 4)
    while True:
        ahead = offset(site.timezone, instant)
        found = max(instant, wall - ahead)
        if found < instant + HOUR // 4:
            return found
        instant += HOUR // 4


def window(site: Site, night: int) -> tuple[int, int]:
    """First window of a site that begins in the night."""
    day = (EPOCH + dt.timedelta(milliseconds=night)).date()
    start = dt.time.fromisoformat(site.fill_window.start)
    begins = [
        first_shown(site, ms(dt.datetime.combine(day + dt.timedelta(days=n), start))) for n in range(-2, 5)
    ]
    begin = min(begin for begin in begins if begin >= night)
    return begin, begin + round(site.fill_window.hours * HOUR)


@dataclass
class Night:
    """Tables as rows, and what plan.json says."""

    fills: list[dict[str, Any]] = field(default_factory=list)
    evictions: list[dict[str, Any]] = field(default_factory=list)
    unfilled: list[dict[str, Any]] = field(default_factory=list)
    claims: dict[str, Any] = field(default_factory=dict)


class Scheduler:
    """Schedules one copy after the other; `rng` mixes sources and rates."""

    def __init__(
        self,
        topology: Topology,
        instance: Instance,
        served: Floats,
        origin: Floats,
        held: Held,
        wanted: Held,
        night: dt.datetime,
        seed: int,
    ) -> None:
        self.topology, self.instance = topology, instance
        self.rng = np.random.default_rng(seed)
        self.night = ms(night)
        self.models = {h.name: h for h in topology.hardware}
        self.sites = {site.name: site for site in topology.sites}
        self.windows = {name: window(site, self.night) for name, site in self.sites.items()}
        self.until = max(end for _, end in self.windows.values())
        self.size = dict(zip(instance.files, instance.size_gb.tolist(), strict=True))
        self.appliances = [
            f"{pool}/{n + 1}"
            for p, pool in enumerate(instance.pools)
            for n in range(instance.pool_appliances[p])
        ]
        self.order = {name: i for i, name in enumerate(self.appliances)}
        self.storage = {
            f"{pool}/{n + 1}": float(instance.appliance_storage_gb[p])
            for p, pool in enumerate(instance.pools)
            for n in range(instance.pool_appliances[p])
        }
        self.origins = [o.name for o in topology.origins]
        self.held = {copy for copy in held if copy[0] in self.order and copy[1] in self.size}
        self.wanted = wanted
        self.ready = dict.fromkeys(self.held, self.night)
        """From when on each copy is there."""
        self.gone: dict[tuple[str, str], int] = {}
        self.busy: dict[tuple[str, str], int] = {}
        self.last_start: dict[str, int] = {}
        self.flows: dict[str, list[tuple[int, int, float]]] = defaultdict(list)
        self._network(served, origin)

    def _network(self, served: Floats, origin: Floats) -> None:
        t = self.topology
        location = t.locations()
        regions = {region.name for region in t.regions}
        self.graph: nx.Graph[str] = nx.Graph()
        self.capacity: dict[str, float] = {}
        for link in t.links:
            if link.capacity_gbps is not None:
                self.capacity[f"{link.from_}>{link.to}"] = link.capacity_gbps
                self.capacity[f"{link.to}>{link.from_}"] = link.capacity_gbps
            if not {link.from_, link.to} & regions:
                cost = link.cost_per_gb
                if cost is None:
                    km = float(distance_km(location[link.from_], location[link.to]))
                    cost = t.policy.costs.per_gb_per_1000km * km / 1000.0
                self.graph.add_edge(link.from_, link.to, weight=cost)
        for o in t.origins:
            if o.capacity_gbps is not None:
                self.capacity[f"origin:{o.name}"] = o.capacity_gbps
        if t.policy.fill.origin_gbps is not None:
            self.capacity["cap"] = t.policy.fill.origin_gbps
        load = rate_used(self.instance, served, origin)[self.instance.link_rows]
        self.load = dict(zip(self.instance.links, load, strict=True))
        for name in self.appliances:
            model = self.models[name.split("/")[1]]
            self.capacity[f"in {name}"] = model.fill_gbps * (1 - t.policy.reserves.fill_ratio)
            out = model.fill_gbps if model.upload_gbps is None else model.upload_gbps
            self.capacity[f"out {name}"] = out

    def limits(self, source: str, appliance: str) -> list[str] | None:
        """What a transfer counts against; None where no links lead from the source."""
        site = appliance.split("/", maxsplit=1)[0]
        names = [f"in {appliance}"]
        place = source.split("/", maxsplit=1)[0]
        if source in self.order:
            names.append(f"out {source}")
            if place == site:
                return names
        else:
            names += [f"origin:{source}", "cap"]
        if place in self.graph and site in self.graph and nx.has_path(self.graph, site, place):
            path = nx.dijkstra_path(self.graph, place, site)
            names += [f"{a}>{b}" for a, b in itertools.pairwise(path)]
        elif site in self.graph and (source in self.order or self.joined_origins(site)):
            return None
        return [name for name in names if name in self.capacity]

    def dear(self, source: str, appliance: str) -> bool:
        """Whether another site is too far away to fetch from."""
        place, site = source.partition("/")[0], appliance.partition("/")[0]
        return source in self.order and place != site and self.cost(place, site) > self.tier_limit(site)

    def joined_origins(self, site: str) -> list[str]:
        """Origins that links lead from."""
        if site not in self.graph:
            return []
        return [o for o in self.origins if o in self.graph and nx.has_path(self.graph, o, site)]

    def cost(self, place: str, site: str) -> float:
        """Of the way [currency/GB]."""
        if place in self.graph and site in self.graph and nx.has_path(self.graph, site, place):
            return float(nx.dijkstra_path_length(self.graph, site, place))
        costs, location = self.topology.policy.costs, self.topology.locations()
        base = costs.origin_per_gb
        if place in self.sites:
            base = {"ixp": costs.ixp_per_gb, "embedded": costs.embedded_per_gb}[self.sites[place].kind]
        return base + costs.per_gb_per_1000km * float(distance_km(location[place], location[site])) / 1000.0

    def tier_limit(self, site: str) -> float:
        """What a way from another site may cost [currency/GB]."""
        given = self.topology.policy.fill.tier_max_cost_per_gb
        if given is not None:
            return given
        return min(self.cost(o, site) for o in self.joined_origins(site) or self.origins)

    def fits(self, names: list[str], start: int, end: int, gbps: float) -> bool:
        """Whether there is room for one more transfer all the time."""
        for name in names:
            flows = self.flows[name]
            moments = {start, *(s for s, _, _ in flows if start < s < end)}
            moments |= set(range(-(-start // HOUR) * HOUR, end, HOUR))
            for t in moments:
                used = gbps + sum(g for s, e, g in flows if s <= t < e)
                if name in self.load:
                    n = len(self.load[name])
                    used += float(self.load[name][t // HOUR % 24 * n // 24])
                if used > self.capacity[name] * (1 + 1e-9):
                    return False
        return True

    def closed(self, name: str) -> Iterator[tuple[int, int]]:
        """Maintenance of an appliance."""
        if name not in self.order:
            return
        site, model, number = name.split("/")
        for item in self.sites[site].maintenance:
            if not item.appliances or {model, f"{model}/{number}"} & set(item.appliances):
                begin = first_shown(self.sites[site], ms(dt.datetime.fromisoformat(item.start)))
                yield begin, begin + round(item.hours * HOUR)

    def sources(self, appliance: str, file: str) -> list[tuple[str, str]]:
        """Places that have the file at some time, with their kind: peers first, or any order."""
        site = appliance.split("/", maxsplit=1)[0]
        found = [
            (a, "peer" if a.split("/")[0] == site else "tier")
            for a, f in sorted(self.ready)
            if f == file and a != appliance
        ]
        found.sort(key=lambda item: item[1])
        found += [(name, "origin") for name in self.origins]
        if self.rng.random() < 0.5:
            found = [found[i] for i in self.rng.permutation(len(found))]
        return found

    def room(self, appliance: str, file: str, start: int) -> list[str] | None:
        """Files to evict at a moment for one more, largest first; None where that does not do."""
        # What goes at that very moment for an earlier choice is chosen anew: it may not be needed any more.
        there = {f for a, f in self.ready if a == appliance and self.gone.get((a, f), start) == start}
        used = math.fsum(self.size[f] for f in there) + self.size[file]
        gone: list[str] = []
        for f in sorted(there, key=lambda f: (-self.size[f], f)):
            if used <= self.storage[appliance]:
                break
            if (appliance, f) in self.wanted or self.busy.get((appliance, f), 0) > start:
                continue
            stays = any(g == f for _, g in self.wanted)
            others = [a for a, g in self.wanted if g == f and self.ready.get((a, g), start + 1) <= start]
            if stays and not others:
                continue
            gone.append(f)
            used -= self.size[f]
        return gone if used <= self.storage[appliance] else None

    def schedule(self, appliance: str, file: str) -> dict[str, Any] | None:
        """First transfer found that breaks nothing."""
        begin, end = self.windows[appliance.split("/", maxsplit=1)[0]]
        lower = max(begin, self.last_start.get(appliance, begin))
        for source, kind in self.sources(appliance, file):
            names = self.limits(source, appliance)
            if names is None or self.dear(source, appliance):
                continue
            closed = [*self.closed(appliance), *self.closed(source)]
            there = self.ready.get((source, file), self.night) if kind != "origin" else self.night
            until = self.gone.get((source, file), end)
            moments = {lower, there, *(e for _, e in closed)}
            moments |= {e for name in names for _, e, _ in self.flows[name]}
            moments |= set(range(-(-begin // HOUR) * HOUR, end, HOUR))
            for start in sorted(t for t in moments if t >= max(lower, there)):
                for part in self.rng.permutation([1.0, 0.5]):
                    gbps = part * min(self.capacity[name] for name in names)
                    stop = start + math.ceil(self.size[file] * 8000.0 / gbps)
                    gbps = self.size[file] * 8000.0 / (stop - start)
                    if stop > min(end, until) or any(s < stop and e > start for s, e in closed):
                        continue
                    if not self.fits(names, start, stop, gbps):
                        continue
                    gone = self.room(appliance, file, start)
                    if gone is None:
                        continue
                    self._take(appliance, file, source, names, start, stop, gbps, gone)
                    return {"source": source, "kind": kind, "start": start, "end": stop}
        return None

    def _take(
        self,
        appliance: str,
        file: str,
        source: str,
        names: list[str],
        start: int,
        stop: int,
        gbps: float,
        gone: list[str],
    ) -> None:
        for name in names:
            self.flows[name].append((start, stop, gbps))
        self.ready[appliance, file] = stop
        self.last_start[appliance] = start
        if source in self.order:
            self.busy[source, file] = max(stop, self.busy.get((source, file), 0))
        for copy in [copy for copy, at in self.gone.items() if copy[0] == appliance and at == start]:
            del self.gone[copy]
        for f in gone:
            self.gone[appliance, f] = start

    def alternates(self, appliance: str, file: str, fill: dict[str, Any]) -> list[str]:
        """Holders that stay, then the first origin."""
        kept = [
            a
            for a, f in sorted(self.held & self.wanted)
            if f == file and a not in (appliance, fill["source"])
        ]
        rest = [name for name in self.origins if name != fill["source"]]
        return [*kept[:2], *rest[:1]] if rest else []

    def most_saved(self, appliance: str, file: str) -> float:
        """What holding a file saves if all that is asked of it came from the dearest place otherwise."""
        instance = self.instance
        pool, f = instance.pools.index(appliance.rpartition("/")[0]), instance.files.index(file)
        saved = 0.0
        for r in range(instance.n_regions):
            row, entries = instance.region_row[r], range(instance.cand_ptr[r], instance.cand_ptr[r + 1])
            asked = range(instance.demand_ptr[row], instance.demand_ptr[row + 1])
            gb = sum(float(instance.demand_gb[i]) for i in asked if instance.demand_file[i] == f)
            dearest = max([instance.origin_cost[r], *(instance.cand_cost[j] for j in entries)])
            for j in entries:
                if instance.cand_pool[j] == pool:
                    saved += instance.region_share[r] * gb * (dearest - instance.cand_cost[j])
        return float(saved)

    def run(self) -> Night:
        """Schedule all that is wanted and not there."""
        night = Night()
        todo = sorted(self.wanted - self.held)
        for i in self.rng.permutation(len(todo)):
            appliance, file = todo[i]
            row = {"appliance": appliance, "file": file, "size_gb": self.size[file]}
            value = float(self.rng.uniform(0.0, 1.0)) * self.most_saved(appliance, file)
            fill = self.schedule(appliance, file)
            if fill is None:
                night.unfilled.append({**row, "value": value, "reason": "window"})
            else:
                more = {"value": value, "alternates": self.alternates(appliance, file, fill)}
                night.fills.append({**row, **fill, **more})
        night.fills.sort(key=lambda row: (self.order[row["appliance"]], row["start"], row["file"]))
        for i, row in enumerate(night.fills):
            same = i > 0 and night.fills[i - 1]["appliance"] == row["appliance"]
            row["priority"] = night.fills[i - 1]["priority"] + 1 if same else 1
        for copy in sorted(self.held - self.wanted):
            row = {"appliance": copy[0], "file": copy[1], "size_gb": self.size[copy[1]]}
            night.evictions.append({**row, "at": self.gone.get(copy, self.until)})
        night.claims = self._claims(night)
        return night

    def _again(self, night: Night) -> float:
        """GB of what entered a site although it did before in that night."""
        seen = set()
        again = 0.0
        for row in night.fills:
            entry = row["appliance"].partition("/")[0], row["file"]
            if row["kind"] != "peer":
                again += row["size_gb"] if entry in seen else 0.0
                seen.add(entry)
        return again

    def _claims(self, night: Night) -> dict[str, Any]:
        gb = {
            kind: math.fsum(row["size_gb"] for row in night.fills if row["kind"] == kind)
            for kind in ("peer", "tier", "origin")
        }
        out = [
            (row["start"], row["end"], row["size_gb"] * 8000.0 / (row["end"] - row["start"]))
            for row in night.fills
            if row["kind"] == "origin"
        ]
        peak = max((math.fsum(g for s, e, g in out if s <= t < e) for t, _, _ in out), default=0.0)
        return {
            "from": (EPOCH + dt.timedelta(milliseconds=self.night)).isoformat() + "Z",
            "until": (EPOCH + dt.timedelta(milliseconds=self.until)).isoformat() + "+00:00",
            "bytes_gb": gb,
            "origin_peak_gbps": peak,
            "naive_origin_gb": math.fsum(gb.values()),
            "entered_gb": gb["tier"] + gb["origin"],
            "entered_again_gb": self._again(night),
            "unfilled": {
                "count": len(night.unfilled),
                "gb": math.fsum(row["size_gb"] for row in night.unfilled),
                "value": math.fsum(row["value"] for row in night.unfilled),
            },
            "away": {"count": 0, "gb": 0.0, "longest_hours": 0.0},
            "trusted_field": 0,
        }
