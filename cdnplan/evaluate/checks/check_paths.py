"""Check `inputs/paths.parquet`: who may serve each region, at what cost, and over which links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from cdnplan.evaluate.verdict.report import Check, Ledger, close
from cdnplan.inputs.plans.plan_folder import PATHS, TABLES
from cdnplan.inputs.tables.parquet_columns import read_columns
from cdnplan.model.instance.instance import Instance
from cdnplan.model.network.geo import distance_km
from cdnplan.model.network.topology import Topology
from cdnplan.units import KM_PER_1000KM

Way = tuple[float, frozenset[str]]
"""Cost [currency/GB], and the limits of links and origins that are passed."""
ANY_ORIGIN = "/origin"
"""Stands for whichever it is; no name has a slash."""


@dataclass(frozen=True, slots=True)
class _Network:
    """What rows are held against.

    Parameters
    ----------
    due : mapping of (region, site) to Way
        In the instance's order; `ANY_ORIGIN` comes last.
    arcs : mapping of (str, str) to float
        Cost of every link in both directions [currency/GB].
    limited : frozenset of str
        Links and origins with a capacity.
    lifted : bool
        Whether steering may have lifted a cost above that of its path.
    """

    due: Mapping[tuple[str, str], Way]
    arcs: Mapping[tuple[str, str], float]
    limited: frozenset[str]
    lifted: bool


def check_paths(instance: Instance, topology: Topology, folder: Path, ledger: Ledger) -> None:
    """Check that the table tells the candidates, costs and limited links that the topology gives.

    It is there for those who recompute a plan without this program; nothing is taken from it here.

    Parameters
    ----------
    instance : Instance
    topology : Topology
    folder : Path
        A plan folder; those of earlier releases have no such table.
    ledger : Ledger
        Takes the checks.

    Raises
    ------
    InputError
        The table cannot be read.
    """
    if not (folder / PATHS).is_file():
        return
    table = read_columns(folder / PATHS, TABLES[PATHS])
    network = _Network(
        due=_due(instance),
        arcs=_link_costs(topology),
        limited=frozenset(instance.links),
        lifted=topology.policy.steering == "order",
    )
    origins = {origin.name for origin in topology.origins}
    told: dict[str, list[str]] = {name: [] for name in instance.regions}
    faults: list[Check] = []
    for i in range(table.n_rows):
        region, place, path = (table.texts[column].at(i) for column in ("region", "place", "path"))
        fault = _fault(network, region, place, place in origins, float(table.values["cost_per_gb"][i]), path)
        if fault:
            faults.append(Check("path", False, PATHS, i + 1, f"{region} from {place}", detail=fault))
        told.setdefault(region, []).append(ANY_ORIGIN if place in origins else place)
    ledger.rows("path", PATHS, range(len(faults)), faults.__getitem__, f"{table.n_rows:,} rows")
    _check_order(network, told, ledger)


def _due(instance: Instance) -> dict[tuple[str, str], Way]:
    """By region and site: what the way must be."""
    due: dict[tuple[str, str], Way] = {}
    links, (ptr, link), n_cand = instance.links, instance.path_links, instance.cand_pool.size
    for r, region in enumerate(instance.regions):
        for entry in range(int(instance.cand_ptr[r]), int(instance.cand_ptr[r + 1])):
            site = instance.sites[instance.pool_site[instance.cand_pool[entry]]]
            on_path = link[ptr[entry] : ptr[entry + 1]]
            due[region, site] = (float(instance.cand_cost[entry]), frozenset(links[e] for e in on_path))
        on_path = link[ptr[n_cand + r] : ptr[n_cand + r + 1]]
        due[region, ANY_ORIGIN] = (float(instance.origin_cost[r]), frozenset(links[e] for e in on_path))
    return due


def _link_costs(topology: Topology) -> dict[tuple[str, str], float]:
    location = topology.locations()
    costs: dict[tuple[str, str], float] = {}
    for link in topology.links:
        cost = link.cost_per_gb
        if cost is None:
            km = float(distance_km(location[link.from_], location[link.to]))
            cost = topology.policy.costs.per_gb_per_1000km * km / KM_PER_1000KM
        costs[link.from_, link.to] = costs[link.to, link.from_] = cost
    return costs


def _fault(network: _Network, region: str, place: str, is_origin: bool, cost: float, path: str) -> str:
    """What is wrong with a row, empty if nothing is."""
    way = network.due.get((region, ANY_ORIGIN if is_origin else place))
    if way is None:
        return "the region cannot be served from there"
    if not close(cost, way[0]):
        return f"costs {cost:.9g} per GB, found {way[0]:.9g}"
    nodes = path.split(">") if path else []
    if nodes and (nodes[0] != place or nodes[-1] != region):
        return f"{path!r} does not lead from {place!r} to {region!r}"
    arcs = list(pairwise(nodes))
    unknown = [">".join(arc) for arc in arcs if arc not in network.arcs]
    if unknown:
        return f"there is no link {unknown[0]!r}"
    along = sum(network.arcs[arc] for arc in arcs)
    if arcs and not close(along, cost) and (is_origin or not network.lifted or along > cost):
        return f"the links of {path!r} cost {along:.9g} per GB, not {cost:.9g}"
    passed = network.limited.intersection([*(">".join(arc) for arc in arcs), f"origin:{place}" * is_origin])
    if passed != way[1]:
        return f"passes {_listed(sorted(passed))}, found {_listed(sorted(way[1]))}"
    return ""


def _check_order(network: _Network, told: Mapping[str, Sequence[str]], ledger: Ledger) -> None:
    """Each region has all its candidates in their order, then one origin."""
    order: dict[str, list[str]] = {}
    for region, place in network.due:
        order.setdefault(region, []).append(place)
    wrong = [name for name, places in order.items() if told[name] != places]

    def failure(i: int) -> Check:
        detail = f"told: {_listed(told[wrong[i]])}; due in this order: {_listed(order[wrong[i]])}"
        return Check("places of a region", False, PATHS, key=wrong[i], detail=detail)

    ledger.rows("places of a region", PATHS, range(len(wrong)), failure, f"{len(order):,} regions")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(name.lstrip("/") for name in names) or "none"
