"""Small instances drawn at random by number: every family of constraints, and cases at the edge of sense.

Most are `tests.instances.random_instance` with sizes, families and the kind of demand drawn; one in
`EDGE_EVERY` is bent into one of `EDGES` besides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from cdnplan.model.instance.instance import Instance
from tests.instances import FAMILIES, random_instance
from tests.limits import with_limits

EDGE_EVERY = 5
ALL_ON = 0.1
"""Part of the instances with all families at once."""
SIZES = ((3, 5, 4), (4, 8, 4), (5, 12, 5), (3, 20, 3))
"""Regions, files and pools at most."""
SIZE_CHANCE = (0.4, 0.3, 0.2, 0.1)


@dataclass(frozen=True)
class Drawn:
    """An instance and what there is in it.

    Parameters
    ----------
    label : str
    instance : Instance
    families : tuple of str
        Of `FAMILIES`, those switched on; kinds of demand; the edge, if it is at one.
    """

    label: str
    instance: Instance
    families: tuple[str, ...]


def draw(seed: int, number: int) -> Drawn:
    """Draw one of the instances of a seed; which others are drawn does not matter.

    Parameters
    ----------
    seed, number : int

    Returns
    -------
    Drawn

    Examples
    --------
    >>> draw(1, 7).label
    '1:7'
    """
    rng = np.random.default_rng([seed, number, 7])
    names = sorted(FAMILIES)
    on = {name for name in names if rng.random() < rng.uniform(0.2, 0.6)}
    on = set(names) if rng.random() < ALL_ON else on
    most = SIZES[int(rng.choice(len(SIZES), p=SIZE_CHANCE))]
    regions, files, pools = (int(rng.integers(1, size + 1)) for size in most)
    instance = random_instance(
        int(rng.integers(2**31)), n_regions=regions, n_files=files, n_pools=pools, families=frozenset(on)
    )
    tags = set(on)
    kind = ("as drawn", "sparse", "dense")[int(rng.choice(3, p=(0.6, 0.2, 0.2)))]
    if kind != "as drawn":
        instance = with_demand(instance, rng, 0.25 if kind == "sparse" else 1.0)
        tags.add(f"{kind} demand")
    shared = np.unique(instance.region_row).size < instance.n_regions
    tags.add("shared rows" if shared else "own rows")
    if instance.n_slices > 1:
        tags.add("several slices")
    if number % EDGE_EVERY == EDGE_EVERY - 1:
        edge = list(EDGES)[number // EDGE_EVERY % len(EDGES)]
        instance = EDGES[edge](instance, rng)
        tags.add(f"edge: {edge}")
    return Drawn(f"{seed}:{number}", instance, tuple(sorted(tags)))


def with_demand(instance: Instance, rng: np.random.Generator, asked_ratio: float) -> Instance:
    """Ask for another part of the files, for as many GB in all, so that limits stay as tight."""
    rows = instance.demand_ptr.size - 1
    asked = rng.random((rows, instance.n_files)) < asked_ratio
    gb = np.where(asked, 10.0 ** rng.uniform(0, 2, asked.shape), 0.0)
    total = float(gb.sum())
    if total > 0:
        gb *= float(instance.demand_gb.sum(dtype=np.float64)) / total
    return _asking(instance, gb)


def _asking(instance: Instance, gb: np.ndarray) -> Instance:
    """The instance with another demand matrix, (n_rows, n_files) [GB]."""
    where = gb > 0
    return replace(
        instance,
        demand_ptr=np.concatenate([[0], np.cumsum(where.sum(axis=1))]).astype(np.int64),
        demand_file=np.nonzero(where)[1].astype(np.int32),
        demand_gb=gb[where].astype(np.float32),
    )


def _unpinned(instance: Instance) -> Instance:
    """Without pins and launches, which an edge would make impossible."""
    none = np.zeros(0, dtype=np.int32)
    return replace(
        instance,
        pinned=np.zeros_like(instance.pinned),
        launch_ptr=np.zeros(1, dtype=np.int64),
        launch_pool=none,
        launch_file=none,
        launch_min=none,
    )


def _one_huge_file(instance: Instance, rng: np.random.Generator) -> Instance:
    """One file as large as a pool, or larger than all of them."""
    size = instance.size_gb.copy()
    size[int(rng.integers(size.size))] = max(1.0, float(instance.storage_gb.max())) * rng.choice([1.0, 100.0])
    return replace(_unpinned(instance), size_gb=size)


def _equal_files(instance: Instance, rng: np.random.Generator) -> Instance:
    """Files that nothing tells apart, in pools that nothing tells apart."""
    rows, files, pools = instance.demand_ptr.size - 1, instance.n_files, instance.n_pools
    fits = int(rng.integers(0, files + 1))
    plain = with_limits(
        _unpinned(instance),
        size_gb=np.full(files, 10.0),
        copies=np.ones_like(instance.copies),
        held=np.zeros_like(instance.held),
        storage_gb=np.full(pools, 10.0 * fits),
    )
    return _asking(plain, np.full((rows, files), 100.0))


def _no_demand(instance: Instance, rng: np.random.Generator) -> Instance:
    del rng
    return _asking(instance, np.zeros((instance.demand_ptr.size - 1, instance.n_files)))


def _no_storage(instance: Instance, rng: np.random.Generator) -> Instance:
    del rng
    return with_limits(_unpinned(instance), storage_gb=np.zeros(instance.n_pools))


def _all_banned(instance: Instance, rng: np.random.Generator) -> Instance:
    del rng
    return replace(_unpinned(instance), copies=np.zeros_like(instance.copies))


def _capacity(instance: Instance, rng: np.random.Generator, *, gbps: float) -> Instance:
    """Every rate limit the same, next to nothing or without effect."""
    del rng
    return with_limits(
        instance,
        throughput_gbps=np.full(instance.n_pools, gbps),
        link_capacity_gbps=np.full(instance.n_links, gbps),
    )


def _volume(instance: Instance, rng: np.random.Generator, *, gb: float) -> Instance:
    """Storage, fill window and churn limit the same."""
    del rng
    every = np.full(instance.n_pools, gb)
    return with_limits(_unpinned(instance), storage_gb=every, fill_limit_gb=every, churn_limit_gb=every)


def _orders_of_magnitude(instance: Instance, rng: np.random.Generator) -> Instance:
    """Demand over 12 orders of magnitude, with limits as they were."""
    shape = (instance.demand_ptr.size - 1, instance.n_files)
    return _asking(instance, 10.0 ** rng.uniform(-6, 6, shape))


def _free(instance: Instance, rng: np.random.Generator) -> Instance:
    """All costs of delivery the same, so that only fill and overload cost anything."""
    del rng
    return replace(
        instance, cand_cost=np.ones_like(instance.cand_cost), origin_cost=np.ones_like(instance.origin_cost)
    )


EDGES: dict[str, Callable[[Instance, np.random.Generator], Instance]] = {
    "one huge file": _one_huge_file,
    "equal files": _equal_files,
    "no demand": _no_demand,
    "no storage": _no_storage,
    "all banned": _all_banned,
    "rates 1e-9": partial(_capacity, gbps=1e-9),
    "rates 1e12": partial(_capacity, gbps=1e12),
    "volumes 1e-9": partial(_volume, gb=1e-9),
    "volumes 1e12": partial(_volume, gb=1e12),
    "12 orders of demand": _orders_of_magnitude,
    "delivery costs alike": _free,
}
"""By name, in turn."""
