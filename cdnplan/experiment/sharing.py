"""Who shares a parent with whom: sites and regions whose arms may touch each other's figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import networkx as nx
import numpy as np
import numpy.typing as npt

from cdnplan.experiment.design import Cluster
from cdnplan.inputs.tables.tables import Column, Table
from cdnplan.model.instance.network import find_candidates
from cdnplan.model.network.topology import Topology

Parents = Mapping[str, frozenset[str]]


def read_parents(path: Path, unit: str) -> Parents:
    """Read a table of parents: a row for each unit and parent.

    Parameters
    ----------
    path : Path
        Columns `unit` and ``parent``.
    unit : str

    Raises
    ------
    InputError
        All problems of the table.
    """
    table = Table(path, (Column(unit, "text"), Column("parent", "text")))
    values = table.read()
    table.problems.raise_if_any()
    found: dict[str, set[str]] = {}
    for code, parent in zip(values[unit].tolist(), values["parent"].tolist(), strict=True):
        found.setdefault(table.names[unit].list[code], set()).add(table.names["parent"].list[parent])
    return {name: frozenset(parents) for name, parents in found.items()}


def parents_of(topology: Topology, unit: str, served_by: int) -> Parents:
    """Parents by a topology.

    Parameters
    ----------
    topology : Topology
    unit : {"region", "site"}
        What figures are of.
    served_by : int
        So many candidate sites of a region, the cheapest ones, count.

    Returns
    -------
    mapping of str to frozenset of str
        Parents of a region are the first candidates it is served from. Those of a site are the sites that
        a link joins it to, and ``region NAME`` for every region that counts it among its first candidates:
        another site of that region takes what it misses.
    """
    index = {site.name: i for i, site in enumerate(topology.sites)}
    reach = find_candidates(topology, topology.regions, index)
    first: dict[str, list[str]] = {}
    for r, region in enumerate(topology.regions):
        own = reach.cand_site[reach.cand_ptr[r] : reach.cand_ptr[r + 1]][:served_by]
        first[region.name] = [topology.sites[int(s)].name for s in own]
    if unit == "region":
        return {name: frozenset(sites) for name, sites in first.items()}
    found: dict[str, set[str]] = {site.name: set() for site in topology.sites}
    for region_name, sites in first.items():
        for name in sites:
            found[name].add(f"region {region_name}")
    for link in topology.links:
        if link.from_ in index and link.to in index:
            found[link.from_].add(link.to)
            found[link.to].add(link.from_)
    return {name: frozenset(parents) for name, parents in found.items()}


def clusters_by_parent(units: Sequence[str], parents: Parents) -> tuple[Cluster, ...]:
    """Put units together that are joined by shared parents, directly or through others.

    Examples
    --------
    >>> shared = {"a": frozenset("x"), "b": frozenset("xy"), "c": frozenset("y"), "d": frozenset("z")}
    >>> [cluster.units for cluster in clusters_by_parent("abcd", shared)]
    [('a', 'b', 'c'), ('d',)]
    """
    graph: nx.Graph[tuple[str, str]] = nx.Graph()
    for unit in units:
        graph.add_node(("unit", unit))
        graph.add_edges_from((("unit", unit), ("parent", parent)) for parent in parents.get(unit, ()))
    found = []
    for part in nx.connected_components(graph):
        names = tuple(sorted(name for kind, name in part if kind == "unit"))
        found.append(Cluster(names[0], names))
    return tuple(sorted(found, key=lambda cluster: cluster.name))


def neighbour_matrix(units: Sequence[str], parents: Parents) -> npt.NDArray[np.bool_]:
    """Whether two units share a parent, or one is the other's, (n_units, n_units); nobody his own."""
    names = sorted({parent for unit in units for parent in parents.get(unit, ())} | set(units))
    place = {name: i for i, name in enumerate(names)}
    has = np.zeros((len(units), len(names)), dtype=np.float32)
    for i, unit in enumerate(units):
        has[i, [place[parent] for parent in parents.get(unit, ())]] = 1
    shared = has @ has.T > 0
    own = np.array([place[unit] for unit in units], dtype=np.int64)
    child = has[:, own] > 0
    together = shared | child | child.T
    np.fill_diagonal(together, val=False)
    return together
