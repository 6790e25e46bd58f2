"""Instances for tests by the names of the first families: limits of pools and links, one array each."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from cdnplan.model.instance.instance import Instance
from cdnplan.model.limits.families import CHURN, FILL, code
from cdnplan.model.limits.limits import RateRows, VolumeRows, link_rates, pool_rates, pool_volumes

LINKS = (
    "links", "cand_link_ptr", "cand_link", "origin_link_ptr", "origin_link", "link_capacity_gbps",
    "overload_cost",
)  # fmt: skip
POOLS = ("storage_gb", "throughput_gbps", "fill_limit_gb", "churn_limit_gb")
FIELDS = frozenset(field.name for field in fields(Instance))


def instance_of(**given: Any) -> Instance:
    """Make an instance of its fields, limits given by the names in `LINKS` and `POOLS`.

    Without links there are none; without fill and churn limits neither counts. Sites and models are what
    pools are called after, and appliances take in equal parts of a window, unless these are given.
    """
    pools, n_pools, n_regions = given["pools"], len(given["pools"]), len(given["regions"])
    own = {name: value for name, value in given.items() if name in FIELDS}
    none = np.full(n_pools, np.inf)
    fill, churn = given.get("fill_limit_gb", none), given.get("churn_limit_gb", none)
    rates = pool_rates(pools, given["throughput_gbps"], given["cand_pool"], n_regions)
    if given.get("links"):
        ptr, origin_ptr = given["cand_link_ptr"], given["origin_link_ptr"]
        rates = rates.joined(
            link_rates(
                given["links"],
                given["link_capacity_gbps"],
                given["overload_cost"],
                np.concatenate([ptr, ptr[-1] + origin_ptr[1:]]).astype(np.int64),
                np.concatenate([given["cand_link"], given["origin_link"]]).astype(np.int32),
            )
        )
    sites = tuple(sorted({pool.split("/")[0] for pool in pools}))
    models = tuple(sorted({pool.split("/")[-1] for pool in pools}))
    usual: dict[str, Any] = {
        "sites": sites,
        "models": models,
        "pool_site": np.array([sites.index(pool.split("/")[0]) for pool in pools], dtype=np.int32),
        "pool_model": np.array([models.index(pool.split("/")[-1]) for pool in pools], dtype=np.int32),
        "appliance_window_gb": fill / given["pool_appliances"],
        "rates": rates,
        "volumes": pool_volumes(pools, given["storage_gb"], fill, churn),
    }
    return Instance(**(usual | own))


def with_limits(instance: Instance, **changes: Any) -> Instance:
    """Change fields of an instance, and limits by the names in `LINKS` and `POOLS`; other rows stay."""
    own = {name: value for name, value in changes.items() if name in FIELDS}
    changed = {name: value for name, value in changes.items() if name not in FIELDS}
    assert set(changed) <= {*LINKS, *POOLS}, changed.keys()
    base = replace(instance, **own)
    parts = limits_of(instance) | changed
    now = {field.name: getattr(base, field.name) for field in fields(Instance)}
    kept = ("sites", "models", "pool_site", "pool_model")
    drop = {"rates", "volumes", *(kept if "pools" in own else ())}
    if {"fill_limit_gb", "pool_appliances"} & {*changes} and "appliance_window_gb" not in own:
        drop.add("appliance_window_gb")
    made = instance_of(**({name: value for name, value in now.items() if name not in drop} | parts))
    rates, volumes = instance.rates, instance.volumes
    more, shared = other_rates(rates, instance.link_rows.stop), other_volumes(volumes, 2 * instance.n_pools)
    # Without any, pools and paths may be others.
    made = replace(made, rates=made.rates.joined(more)) if more.n_rows else made
    return replace(made, volumes=made.volumes.joined(shared)) if shared.n_rows else made


def limits_of(instance: Instance) -> dict[str, Any]:
    """Limits of an instance by the names in `LINKS` and `POOLS`."""
    ptr, link = instance.path_links
    n_cand, kind = instance.cand_pool.size, instance.volumes.family[instance.n_pools : 2 * instance.n_pools]
    costs = instance.rates.overload_cost[instance.link_rows]
    return {
        "links": instance.links,
        "cand_link_ptr": ptr[: n_cand + 1],
        "cand_link": link[: ptr[n_cand]],
        "origin_link_ptr": ptr[n_cand:] - ptr[n_cand],
        "origin_link": link[ptr[n_cand] :],
        "link_capacity_gbps": instance.link_capacity_gbps,
        "overload_cost": float(costs[0]) if costs.size else 0.0,
        "storage_gb": instance.storage_gb,
        "throughput_gbps": instance.throughput_gbps,
        "fill_limit_gb": np.where(kind == code(FILL), instance.new_limit_gb, np.inf),
        "churn_limit_gb": np.where(kind == code(CHURN), instance.new_limit_gb, np.inf),
    }


def other_rates(rates: RateRows, first: int) -> RateRows:
    """Rate rows from this one on, numbered from 0."""
    kept = rates.use_row >= first
    ptr = np.concatenate([[0], np.cumsum(kept)])[rates.use_ptr].astype(np.int64)
    return RateRows(
        rates.family[first:],
        rates.names[first:],
        rates.capacity[first:],
        rates.overload_cost[first:],
        ptr,
        (rates.use_row[kept] - first).astype(np.int32),
        rates.use_weight[kept],
    )


def other_volumes(volumes: VolumeRows, first: int) -> VolumeRows:
    """Volume rows from this one on, numbered from 0."""
    return VolumeRows(
        volumes.family[first:],
        volumes.names[first:],
        volumes.capacity_gb[first:],
        volumes.fresh[first:],
        volumes.ptr[first:] - volumes.ptr[first],
        volumes.pool[volumes.ptr[first] :],
    )


def with_shared(instance: Instance, pools: list[int], capacity_gb: float) -> Instance:
    """The instance with a limit on the new bytes of some pools together."""
    row = VolumeRows(
        np.full(1, code(FILL), dtype=np.int8),
        ("shared",),
        np.array([capacity_gb]),
        np.array([True]),
        np.array([0, len(pools)], dtype=np.int64),
        np.array(pools, dtype=np.int32),
    )
    return replace(instance, volumes=instance.volumes.joined(row))
