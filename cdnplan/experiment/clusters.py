"""Clusters of units: from a table, by shared parents, or every unit its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cdnplan.errors import InputError, Problem
from cdnplan.experiment.design import Cluster
from cdnplan.experiment.sharing import Parents, clusters_by_parent
from cdnplan.inputs.tables.tables import Column, Table


def read_clusters(path: Path, unit: str) -> tuple[Cluster, ...]:
    """Read a table of clusters.

    Parameters
    ----------
    path : Path
        Columns `unit` and ``cluster``.
    unit : str

    Raises
    ------
    InputError
        All problems; among them units that are in two clusters.
    """
    table = Table(path, (Column(unit, "text"), Column("cluster", "text")))
    values = table.read()
    table.problems.raise_if_any()
    cluster_of: dict[str, str] = {}
    for row, (code, cluster) in enumerate(
        zip(values[unit].tolist(), values["cluster"].tolist(), strict=True), start=1
    ):
        name, own = table.names[unit].list[code], table.names["cluster"].list[cluster]
        if cluster_of.setdefault(name, own) != own:
            message = f"{name!r} is in the cluster {cluster_of[name]!r} already"
            table.problems.add("twin", message, row=row, column="cluster")
    table.problems.raise_if_any()
    members: dict[str, list[str]] = {}
    for name, own in cluster_of.items():
        members.setdefault(own, []).append(name)
    return tuple(Cluster(own, tuple(sorted(names))) for own, names in sorted(members.items()))


def make_clusters(
    units: Sequence[str],
    unit: str,
    *,
    table: Path | None = None,
    parents: Parents | None = None,
    together: bool = False,
    whole: bool = False,
) -> tuple[Cluster, ...]:
    """Make the clusters of a trial.

    Parameters
    ----------
    units : sequence of str
        Those with outcomes.
    unit : str
        What they are.
    table : Path or None
        Says which unit is in which cluster; others take no part.
    parents : mapping or None
    together : bool
        Put units that share parents into one cluster.
    whole : bool
        One cluster of all: a switchback of the whole network.

    Raises
    ------
    InputError
        More than one of these, parents are wanted and not given, or no unit of the table has outcomes.
    """
    if sum((table is not None, together, whole)) > 1:
        raise InputError([Problem("expected one of a table of clusters, clusters by parent, or all in one")])
    if together and parents is None:
        raise InputError([Problem("clusters by parent need a topology or a table of parents")])
    if whole:
        return (Cluster("all", tuple(sorted(units))),)
    if together:
        assert parents is not None
        return clusters_by_parent(units, parents)
    if table is None:
        return tuple(Cluster(name, (name,)) for name in sorted(units))
    known = set(units)
    found = [
        Cluster(cluster.name, tuple(name for name in cluster.units if name in known))
        for cluster in read_clusters(table, unit)
    ]
    kept = tuple(cluster for cluster in found if cluster.units)
    if not kept:
        raise InputError([Problem(f"no {unit} of the table has outcomes", file=str(table))])
    return kept
