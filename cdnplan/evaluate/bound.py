"""The lower bound that given prices prove, by docs/bound.md and in code of its own."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import get_num_threads

from cdnplan.evaluate.bound_kernels import Files, Network, entries_by_file
from cdnplan.evaluate.facility_kernels import BLOCK, bound_block
from cdnplan.evaluate.limits import exceeds
from cdnplan.model.cuts import Cuts
from cdnplan.model.instance import Floats, Instance, Ints, Ints32
from cdnplan.model.placement import Prices

SAFETY = 1e-9
"""The bound is lowered by this part of the sum of the absolute values of its terms."""

HIGHEST_PRICE = 1e100
"""Sums of higher prices might pass what floats can say."""

COMPILED_FROM = 5_000
"""(Pools + regions + candidate entries) × files from which compiling pays; below, the same code is
interpreted."""

NODE_LIMIT = 2_000
"""Nodes that the search of one file's problem may take."""
SEARCH_EFFORT = 1_000_000_000
"""Nodes of one file × candidate entries × files × cases: what all searches may take, in a minute or two."""
FEWEST_NODES = 60
"""Where the effort allows no more for each file, there is no search."""
STEP_LIMIT, STEP_EFFORT, FEWEST_STEPS = 300, 6_000_000_000, 50
"""Steps of row prices for a file that no search has solved; steps × candidate entries × files × cases;
and where that allows no more, there are none."""


def price_faults(instance: Instance, prices: Prices, cuts: Cuts | None = None) -> list[str]:
    """Why some prices prove nothing; empty when they are valid.

    Parameters
    ----------
    instance : Instance
    prices : Prices
    cuts : Cuts, optional
        Those that are priced as well; None: there are none.

    Returns
    -------
    list of str
        One sentence per fault: negative or above `HIGHEST_PRICE`, on a limit that does not exist, a link's
        price above the cost of overload, or not one price for each cut.
    """
    faults: list[str] = []
    n_cuts = 0 if cuts is None else cuts.n_cuts
    if prices.cut.size != n_cuts:
        faults.append(f"{prices.cut.size} prices of cuts, but {n_cuts} cuts")
    for limit in ("storage", "throughput", "link", "fill", "churn", "launch", "cut"):
        price: Floats = getattr(prices, limit)
        faults += [
            f"{_name(instance, limit, at)}: price {price[tuple(at)]:g} is not between 0 and {HIGHEST_PRICE:g}"
            for at in np.argwhere(~((price >= 0) & (price <= HIGHEST_PRICE)))
        ]
    limits = {
        "storage": instance.storage_gb,
        "throughput": instance.throughput_gbps,
        "link": instance.link_capacity_gbps,
        "fill": instance.fill_limit_gb,
        "churn": instance.churn_limit_gb,
    }
    for limit, allowed in limits.items():
        price = getattr(prices, limit)
        paid = price > 0 if price.ndim == 1 else (price > 0).any(axis=1)
        faults += [
            f"{_name(instance, limit, at)}: a price on a limit that does not exist"
            for at in np.argwhere(paid & ~np.isfinite(allowed))
        ]
    most = instance.overload_cost
    faults += [
        f"{_name(instance, 'link', at)}: price {prices.link[tuple(at)]:g} above that of overload, {most:g}"
        for at in np.argwhere(prices.link > most * (1 + 1e-12))
    ]
    return faults


def dual_bound(
    instance: Instance, prices: Prices, nodes: int | None = None, cases: int = 1, cuts: Cuts | None = None
) -> float:
    """Bound the cost of every possible plan from below.

    With prices on the shared limits the problem falls apart into one facility location problem per file,
    which dual ascent and adjustment [1]_ bound, and branch and bound solves where the network is small; the
    priced limits are taken off (weak Lagrangian duality). The order of all steps is that of
    docs/bound.md. The result does not depend on the number of threads.

    Parameters
    ----------
    instance : Instance
    prices : Prices
        Any valid prices; better ones give a better bound.
    nodes : int, optional
        Nodes of branch and bound for each file; 0: nothing beyond dual ascent. None: `search_nodes`.
    cases : int
        How many problems like this are bounded for one proof: they share the effort of the search.
    cuts : Cuts, optional
        Priced as well. That they hold is taken for granted here, see `cdnplan.evaluate.cuts.cut_faults`.

    Returns
    -------
    float
        Lower bound on delivery, fill and overload cost together [currency].

    Raises
    ------
    ValueError
        When the prices are not valid, see `price_faults`.

    References
    ----------
    .. [1] D. Erlenkotter, "A Dual-Based Procedure for Uncapacitated Facility Location",
       Operations Research 26(6), 1978.
    """
    cuts = Cuts.none() if cuts is None else cuts
    faults = price_faults(instance, prices, cuts)
    if faults:
        raise ValueError("; ".join(faults))
    values = file_bounds(instance, prices, nodes, cases, cuts)
    terms = np.concatenate([values, _limit_terms(instance, prices), -prices.cut * cuts.limit])
    return math.fsum(terms) - SAFETY * math.fsum(np.abs(terms))


def file_bounds(
    instance: Instance, prices: Prices, nodes: int | None = None, cases: int = 1, cuts: Cuts | None = None
) -> Floats:
    """Bound each file's problem at given prices.

    Parameters
    ----------
    instance : Instance
    prices : Prices
    nodes : int, optional
        Nodes of branch and bound for each file; 0: nothing beyond dual ascent. None: `search_nodes`.
    cases : int
        How many problems like this are bounded for one proof: they share the effort of the search.
    cuts : Cuts, optional
        Priced as well.

    Returns
    -------
    (n_files,) float64
        [currency]
    """
    cand_price, origin_price = priced_costs(instance, prices)
    region = np.repeat(np.arange(instance.n_regions, dtype=np.int32), np.diff(instance.cand_ptr))
    order = np.lexsort((cand_price, region))
    pool_ptr, by_pool = _groups(instance.cand_pool, instance.n_pools)
    row_ptr, row_region = _groups(instance.region_row, instance.demand_ptr.size - 1)
    launch_ptr, launch_rule = _groups(instance.launch_file, instance.n_files)
    work = instance.n_files * (instance.n_pools + instance.n_regions + instance.cand_pool.size)
    compiled = cases * work >= COMPILED_FROM
    transpose: Any = entries_by_file if compiled else entries_by_file.py_func
    file_ptr, file_row, file_entry = transpose(instance.demand_ptr, instance.demand_file, instance.n_files)
    net = Network(
        cand_ptr=instance.cand_ptr,
        cand_pool=instance.cand_pool[order],
        cand_price=cand_price[order],
        origin_price=origin_price,
        pool_ptr=pool_ptr,
        pool_region=region[by_pool],
        pool_price=cand_price[by_pool],
        row_ptr=row_ptr,
        row_region=row_region,
        share=instance.region_share,
    )
    files = Files(
        ptr=file_ptr,
        row=file_row,
        entry=file_entry,
        demand_gb=instance.demand_gb,
        size_gb=instance.size_gb,
        copies=possible_copies(instance),
        held=instance.held,
        pinned=instance.pinned,
        storage_price=prices.storage,
        new_price=instance.fill_cost + prices.fill + prices.churn,
        surcharge=_surcharges(instance, prices, cuts),
        launch_ptr=launch_ptr,
        launch_rule=launch_rule,
        rule_ptr=instance.launch_ptr,
        rule_pool=instance.launch_pool,
        rule_price=prices.launch,
    )
    steps = 0 if nodes == 0 else row_steps(instance, cases)
    nodes = search_nodes(instance, cases) if nodes is None else nodes
    return _run_blocks(net, files, (nodes, steps), compiled=compiled)


def _surcharges(instance: Instance, prices: Prices, cuts: Cuts | None) -> Floats:
    """What prices of cuts add to the cost of opening, (n_files, n_pools) [currency]; (0, 0) without cuts.

    Where several cuts are about a file in a pool, their parts are added up in the order of the cuts.
    """
    if cuts is None or cuts.n_cuts == 0:
        return np.zeros((0, 0))
    total = np.zeros((instance.n_files, instance.n_pools))
    for cut in range(cuts.n_cuts):
        entries = slice(int(cuts.ptr[cut]), int(cuts.ptr[cut + 1]))
        total[cuts.file[entries], cuts.pool[cut]] += prices.cut[cut] * cuts.weight[entries]
    return total


def possible_copies(instance: Instance) -> npt.NDArray[np.uint8]:
    """Copies that a pool needs if it holds a file.

    Parameters
    ----------
    instance : Instance

    Returns
    -------
    (n_pools, n_files) uint8
        0 where the file is banned, or is not pinned and would pass a limit all by itself.
    """
    size, copies = instance.size_gb, instance.copies
    most_new = np.minimum(instance.fill_limit_gb, instance.churn_limit_gb)
    biggest = np.full(instance.n_pools, size.max(initial=0.0) * copies.max(initial=0))
    for p in np.flatnonzero(exceeds(biggest, np.minimum(instance.storage_gb, most_new))):
        if copies is instance.copies:
            copies = copies.copy()
        wanted = instance.copies[p].astype(np.int64)
        too_much = exceeds(size * wanted, instance.storage_gb[p])
        too_much |= exceeds(size * np.maximum(0, wanted - instance.held[p]), most_new[p])
        copies[p] = np.where(too_much & ~instance.pinned[p], 0, instance.copies[p])
    return copies


def search_nodes(instance: Instance, cases: int = 1) -> int:
    """Nodes of branch and bound that each file's problem may take.

    Parameters
    ----------
    instance : Instance
    cases : int
        How many problems of this size share the effort.

    Returns
    -------
    int
        Fewer for larger networks; 0, no search, from 17 million candidate entries × files × cases.
    """
    nodes = min(NODE_LIMIT, SEARCH_EFFORT // max(1, instance.cand_pool.size * instance.n_files * cases))
    return nodes if nodes >= FEWEST_NODES else 0


def row_steps(instance: Instance, cases: int = 1) -> int:
    """Steps by which the row prices of each file's problem may rise.

    Parameters
    ----------
    instance : Instance
    cases : int
        See `dual_bound`.

    Returns
    -------
    int
        Fewer for larger networks; 0 from 120 million candidate entries × files × cases.
    """
    steps = min(STEP_LIMIT, STEP_EFFORT // max(1, instance.cand_pool.size * instance.n_files * cases))
    return steps if steps >= FEWEST_STEPS else 0


def _run_blocks(net: Network, files: Files, effort: tuple[int, int], *, compiled: bool) -> Floats:
    """Bound all files by so many nodes and steps each; compiled, on as many threads as numba may use."""
    value = np.zeros(files.size_gb.size)
    blocks = range((value.size + BLOCK - 1) // BLOCK)
    if not compiled:
        for block in blocks:
            bound_block.py_func(block, net, files, *effort, value)
        return value
    with ThreadPoolExecutor(get_num_threads()) as threads:
        for done in [threads.submit(bound_block, block, net, files, *effort, value) for block in blocks]:
            done.result()
    return value


def priced_costs(instance: Instance, prices: Prices) -> tuple[Floats, Floats]:
    """Delivery cost with the prices of throughput and links on the way.

    Parameters
    ----------
    instance : Instance
    prices : Prices

    Returns
    -------
    candidates : (n_cand,) float64
    origin : (n_regions,) float64
        [currency/GB]
    """
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    rate = instance.gbps_per_gb
    candidates = instance.cand_cost + _by_slice(rate[region], prices.throughput[instance.cand_pool])
    candidates += _tolls(instance.cand_link_ptr, instance.cand_link, rate[region], prices)
    origin = instance.origin_cost + _tolls(instance.origin_link_ptr, instance.origin_link, rate, prices)
    return candidates, origin


def _by_slice(rate: Floats, price: Floats) -> Floats:
    """Sum rate × price over slices, (n,), one slice after the other.

    A dot product sums in an order that depends on the machine; where two levels are equal but for the last
    bit, the ascent, and with it the bound, would too.
    """
    total = np.zeros(rate.shape[0])
    for t in range(rate.shape[1]):
        total += rate[:, t] * price[:, t]
    return total


def _tolls(ptr: Ints, link: Ints32, rate: Floats, prices: Prices) -> Floats:
    """Price of the links on each path for a GB, (n_paths,), from the paths' rates (n_paths, n_slices)."""
    path = np.repeat(np.arange(ptr.size - 1), np.diff(ptr))
    total = np.zeros(ptr.size - 1)
    np.add.at(total, path, _by_slice(rate[path], prices.link[link]))
    return total


def _limit_terms(instance: Instance, prices: Prices) -> Floats:
    """What the priced limits add to the bound; only priced ones, as 0 times no limit (inf) is nothing."""
    parts = [prices.launch * instance.launch_min]
    for price, allowed in (
        (prices.storage, instance.storage_gb),
        (prices.throughput, instance.throughput_gbps[:, None]),
        (prices.link, instance.link_capacity_gbps[:, None]),
        (prices.fill, instance.fill_limit_gb),
        (prices.churn, instance.churn_limit_gb),
    ):
        paid = price > 0
        parts.append(-price[paid] * np.broadcast_to(allowed, price.shape)[paid])
    return np.concatenate(parts)


def _groups(key: Ints32, n_keys: int) -> tuple[Ints, Ints32]:
    """Group indices by key: members of key g are ``member[ptr[g]:ptr[g + 1]]``, increasing."""
    member = np.argsort(key, kind="stable").astype(np.int32)
    ptr = np.zeros(n_keys + 1, dtype=np.int64)
    np.cumsum(np.bincount(key, minlength=n_keys), out=ptr[1:])
    return ptr, member


def _name(instance: Instance, limit: str, at: Ints) -> str:
    """Readable name of one priced limit."""
    if limit == "launch":
        return f"launch {instance.files[instance.launch_file[at[0]]]}"
    if limit == "cut":
        return f"cut {at[0] + 1}"
    names = instance.links if limit == "link" else instance.pools
    where = f"{limit} {names[at[0]]}"
    return f"{where} slice {at[1]}" if at.size > 1 else where
