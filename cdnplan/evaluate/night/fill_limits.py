"""What appliances, links and origins allow in a night of filling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.evaluate.count.loads import rate_used
from cdnplan.evaluate.night.fill_paths import FillPaths, Route
from cdnplan.evaluate.night.fill_rows import Bools, FillRows
from cdnplan.evaluate.night.fill_windows import Span, fill_window, local_span
from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.network.topology import Topology

NO_TIME = Span(0, 0)
"""Window of a site that has none in the night."""
ORIGIN_CAP = "policy.fill.origin_gbps"
"""Limit of all fills from origins together."""


@dataclass(frozen=True, slots=True, eq=False)
class ApplianceLimits:
    """Limits of each appliance, (n_appliances,).

    Parameters
    ----------
    storage_gb, in_gbps, out_gbps : float64
        Usable storage [GB], rates of what comes in and what goes out to others [Gbit/s].
    begin, end : int64
        Its window [ms]; both 0 where none begins in time.
    closed : dict of int to list of Span
        Maintenance by appliance.
    """

    storage_gb: Floats
    in_gbps: Floats
    out_gbps: Floats
    begin: Ints
    end: Ints
    closed: dict[int, list[Span]]


def appliance_limits(instance: Instance, topology: Topology, night: int) -> ApplianceLimits:
    """Find the limits of all appliances in the night that begins at an instant [ms]."""
    models = {hardware.name: hardware for hardware in topology.hardware}
    sites = {site.name: site for site in topology.sites}
    windows = {name: fill_window(site, night) or NO_TIME for name, site in sites.items()}
    site_of = [instance.sites[site] for site in instance.pool_site.tolist()]
    model_of = [instance.models[model] for model in instance.pool_model.tolist()]
    count = instance.pool_appliances
    taken = 1.0 - topology.policy.reserves.fill_ratio
    come = np.array([models[model].fill_gbps * taken for model in model_of])
    limits = [(models[model].upload_gbps, models[model].fill_gbps) for model in model_of]
    go = np.array([fill if upload is None else upload for upload, fill in limits], dtype=np.float64)
    begin = np.array([windows[site].begin for site in site_of], dtype=np.int64)
    end = np.array([windows[site].end for site in site_of], dtype=np.int64)
    return ApplianceLimits(
        storage_gb=np.repeat(instance.appliance_storage_gb, count),
        in_gbps=np.repeat(come, count),
        out_gbps=np.repeat(go, count),
        begin=np.repeat(begin, count),
        end=np.repeat(end, count),
        closed=_maintenance(instance, topology),
    )


def _maintenance(instance: Instance, topology: Topology) -> dict[int, list[Span]]:
    """Maintenance of each appliance that has any."""
    pools = {name: p for p, name in enumerate(instance.pools)}
    first = np.concatenate([[0], np.cumsum(instance.pool_appliances)])
    found: dict[int, list[Span]] = {}
    for site in topology.sites:
        for item in site.maintenance:
            span = local_span(site, item.start, item.hours)
            for model in {group.model for group in site.appliances}:
                p = pools[f"{site.name}/{model}"]
                for number in range(1, int(instance.pool_appliances[p]) + 1):
                    named = {model, f"{model}/{number}"} & set(item.appliances)
                    if named or not item.appliances:
                        found.setdefault(int(first[p]) + number - 1, []).append(span)
    return found


def in_maintenance(limits: ApplianceLimits, appliance: Ints, start: Ints, end: Ints) -> Bools:
    """Which transfers meet a maintenance of an appliance.

    Parameters
    ----------
    limits : ApplianceLimits
    appliance, start, end : (n,) int64
        [ms]
    """
    met = np.zeros(appliance.size, dtype=bool)
    if not limits.closed:
        return met
    order = np.argsort(appliance, kind="stable")
    ordered = appliance[order]
    for number, spans in limits.closed.items():
        low, high = np.searchsorted(ordered, [number, number + 1])
        own = order[low:high]
        for span in spans:
            met[own] |= (start[own] < span.end) & (end[own] > span.begin)
    return met


@dataclass(frozen=True, slots=True, eq=False)
class NetworkLimits:
    """Limits that fills share with serving, and which of them each fill counts against.

    Parameters
    ----------
    names : tuple of str
        A link direction ``from>to``, ``origin:NAME``, or `ORIGIN_CAP`.
    gbps : (n_limits,) float64
        Capacity [Gbit/s].
    serving_gbps : (n_limits, n_slices) float64
        Load of serving in each slice of the UTC day [Gbit/s].
    ptr, limit : (n_fills + 1,), (.,) int64
        Limits of each fill.
    no_way : (n_fills,) bool
        The network leads from the source to another site, but not to this one.
    cost, allowed : (n_fills,) float64
        Of the way, and what a way from another site may cost [currency/GB]; 0 and inf within a site and where
        there is none.
    """

    names: tuple[str, ...]
    gbps: Floats
    serving_gbps: Floats
    ptr: Ints
    limit: Ints
    no_way: Bools
    cost: Floats
    allowed: Floats


def network_limits(rows: FillRows, topology: Topology, served_gb: Floats, origin_gb: Floats) -> NetworkLimits:
    """Find the way of every fill and the limits on it.

    Parameters
    ----------
    rows : FillRows
    topology : Topology
    served_gb, origin_gb : (n_cand,), (n_regions,) float64
        Serving that links have to carry meanwhile [GB per period].
    """
    instance = rows.places.fleet.instance
    capacity = _capacities(topology)
    names = tuple(sorted(capacity))
    index = {name: i for i, name in enumerate(names)}
    load = rate_used(instance, served_gb, origin_gb)[instance.link_rows]
    serving = np.zeros((len(names), instance.n_slices))
    for e, link in enumerate(instance.links):
        serving[index[link]] = load[e]
    pair, routes, allowed = _routes(rows, topology)
    origins = {*rows.places.origins}
    crossed = [_crossed(source, route, index, from_origin=source in origins) for source, route in routes]
    count = np.array([len(limits) for limits in crossed], dtype=np.int64)[pair]
    ptr = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    flat = np.array([e for limits in crossed for e in limits], dtype=np.int64)
    begin = np.concatenate([[0], np.cumsum([len(limits) for limits in crossed])]).astype(np.int64)[:-1]
    at = np.arange(ptr[-1]) - np.repeat(ptr[:-1], count) + np.repeat(begin[pair], count)
    return NetworkLimits(
        names=names,
        gbps=np.array([capacity[name] for name in names], dtype=np.float64),
        serving_gbps=serving,
        ptr=ptr,
        limit=flat[at],
        no_way=np.array([route is None for _, route in routes], dtype=bool)[pair],
        cost=np.array([0.0 if route is None else route.cost for _, route in routes])[pair],
        allowed=np.array(allowed)[pair],
    )


def _capacities(topology: Topology) -> dict[str, float]:
    """Capacity of each link direction and origin that has one [Gbit/s]."""
    found: dict[str, float] = {}
    for link in topology.links:
        if link.capacity_gbps is not None:
            found[f"{link.from_}>{link.to}"] = link.capacity_gbps
            found[f"{link.to}>{link.from_}"] = link.capacity_gbps
    for origin in topology.origins:
        if origin.capacity_gbps is not None:
            found[f"origin:{origin.name}"] = origin.capacity_gbps
    if topology.policy.fill.origin_gbps is not None:
        found[ORIGIN_CAP] = topology.policy.fill.origin_gbps
    return found


def _routes(rows: FillRows, topology: Topology) -> tuple[Ints, list[tuple[str, Route | None]], list[float]]:
    """Pair of places of each fill; of each pair the source, the way, and what it may cost [currency/GB].

    What stays within a site crosses nothing.
    """
    places = rows.places
    sites, site_of = places.sites()
    names = (*sites, *places.origins)
    place_of = np.concatenate([site_of, len(sites) + np.arange(len(places.origins))])
    nowhere = len(names)
    source = np.where(rows.sound, np.append(place_of, nowhere)[rows.source], nowhere)
    target = np.where(rows.sound, np.append(site_of, nowhere)[rows.appliance], nowhere)
    codes, pair = np.unique(target * (nowhere + 1) + source, return_inverse=True)
    wanted: dict[int, list[int]] = {}
    for code in codes.tolist():
        wanted.setdefault(code // (nowhere + 1), []).append(code % (nowhere + 1))
    paths, most = FillPaths(topology), topology.policy.fill.tier_max_cost_per_gb
    routes: list[tuple[str, Route | None]] = []
    allowed: list[float] = []
    for to, sources in wanted.items():
        outside = [names[s] for s in sources if s not in (to, nowhere)]
        if outside:
            paths.find(names[to], outside)
        for s in sources:
            away = s not in (to, nowhere)
            routes.append((names[s], paths.route(names[s], names[to])) if away else ("", Route(0.0)))
            tier = away and s < len(sites)
            limit = paths.origin_cost(names[to]) if tier and most is None else most
            allowed.append(np.inf if limit is None or not tier else limit)
    return pair.astype(np.int64).reshape(-1), routes, allowed


def _crossed(source: str, route: Route | None, index: dict[str, int], *, from_origin: bool) -> list[int]:
    """Limits on a way, those of the origin it comes from included."""
    names = [f"{a}>{b}" for a, b in route.arcs] if route is not None else []
    if from_origin:
        names += [f"origin:{source}", ORIGIN_CAP]
    return [index[name] for name in names if name in index]
