"""The lower bound that given prices prove, by docs/bound.md and in code of its own."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import get_num_threads

from cdnplan.evaluate.count.limits import exceeds
from cdnplan.evaluate.proof.bound_kernels import Files, Network, entries_by_file
from cdnplan.evaluate.proof.facility_kernels import BLOCK, bound_block
from cdnplan.model.instance.instance import Floats, Instance, Ints, Ints32
from cdnplan.model.limits.families import FAMILIES
from cdnplan.model.plan.cuts import Cuts
from cdnplan.model.plan.placement import Prices

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
        One sentence per fault: negative or above `HIGHEST_PRICE`, on a limit that does not exist, that of a
        rate above its cost of overload, or not one price for each cut.
    """
    faults: list[str] = []
    n_cuts = 0 if cuts is None else cuts.n_cuts
    if prices.cut.size != n_cuts:
        faults.append(f"{prices.cut.size} prices of cuts, but {n_cuts} cuts")
    for kind in ("volume", "rate", "launch", "cut"):
        price: Floats = getattr(prices, kind)
        faults += [
            f"{_name(instance, kind, at)}: price {price[tuple(at)]:g} is not between 0 and {HIGHEST_PRICE:g}"
            for at in np.argwhere(~((price >= 0) & (price <= HIGHEST_PRICE)))
        ]
    rates, most = instance.rates, instance.rates.overload_cost
    for kind, paid, allowed in (
        ("volume", prices.volume > 0, instance.volumes.capacity_gb),
        ("rate", (prices.rate > 0).any(axis=1), rates.capacity),
    ):
        faults += [
            f"{_name(instance, kind, at)}: a price on a limit that does not exist"
            for at in np.argwhere(paid & ~np.isfinite(allowed))
        ]
    faults += [
        f"{_name(instance, 'rate', at)}: price {prices.rate[tuple(at)]:g} above that of overload, "
        f"{most[at[0]]:g}"
        for at in np.argwhere(prices.rate > most[:, None] * (1 + 1e-12))
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
        Priced as well. That they hold is taken for granted here, see
        `cdnplan.evaluate.proof.cuts.cut_faults`.

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
    stored_price, new_price = volume_prices(instance, prices)
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
        storage_price=stored_price,
        new_price=instance.fill_cost + new_price,
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
        0 where the file is banned, or is not pinned and would pass a limit all by itself, with nothing else
        in any pool.
    """
    size, copies = instance.size_gb, instance.copies
    most_stored, most_new = _by_pool(instance, np.minimum, np.inf, instance.volumes.capacity_gb)
    biggest = np.full(instance.n_pools, size.max(initial=0.0) * copies.max(initial=0))
    for p in np.flatnonzero(exceeds(biggest, np.minimum(most_stored, most_new))):
        if copies is instance.copies:
            copies = copies.copy()
        wanted = instance.copies[p].astype(np.int64)
        too_much = exceeds(size * wanted, most_stored[p])
        too_much |= exceeds(size * np.maximum(0, wanted - instance.held[p]), most_new[p])
        copies[p] = np.where(too_much & ~instance.pinned[p], 0, instance.copies[p])
    return copies


def _by_pool(instance: Instance, join: np.ufunc, start: float, value: Floats) -> tuple[Floats, Floats]:
    """Values of volume rows, joined for each pool: of those on all that it stores, and on what is new.

    Parameters
    ----------
    instance : Instance
    join : np.ufunc
    start : float
        Where there is no row.
    value : (n_volume_rows,) float64
    """
    rows = instance.volumes
    row = np.repeat(np.arange(rows.n_rows), np.diff(rows.ptr))
    joined = np.full((2, instance.n_pools), start)
    join.at(joined, (rows.fresh[row].astype(np.int64), rows.pool), value[row])
    return joined[0], joined[1]


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
    """Delivery cost with the prices of rates on the way.

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
    rows, n_cand = instance.rates, instance.cand_pool.size
    path = rows.use_path()
    rate = instance.gbps_per_gb[instance.path_region[path]]
    toll = rows.use_weight * _by_slice(rate, prices.rate[rows.use_row])
    # An entry's pool, then all else on its way: in another order the last bits would not be the same.
    first = rows.use_ptr[:n_cand]
    cost = np.concatenate([instance.cand_cost + toll[first], instance.origin_cost])
    toll[first] = 0.0
    cost += np.bincount(path, toll, minlength=cost.size)
    return cost[:n_cand], cost[n_cand:]


def volume_prices(instance: Instance, prices: Prices) -> tuple[Floats, Floats]:
    """What a GB costs in each pool by the prices of its volume rows.

    Parameters
    ----------
    instance : Instance
    prices : Prices

    Returns
    -------
    stored, new : (n_pools,) float64
        [currency/GB]
    """
    return _by_pool(instance, np.add, 0.0, prices.volume)


def _by_slice(rate: Floats, price: Floats) -> Floats:
    """Sum rate × price over slices, (n,), one slice after the other.

    A dot product sums in an order that depends on the machine; where two levels are equal but for the last
    bit, the ascent, and with it the bound, would too.
    """
    total = np.zeros(rate.shape[0])
    for t in range(rate.shape[1]):
        total += rate[:, t] * price[:, t]
    return total


def _limit_terms(instance: Instance, prices: Prices) -> Floats:
    """What the priced limits add to the bound; only priced ones, as 0 times no limit (inf) is nothing."""
    parts = [prices.launch * instance.launch_min]
    for price, allowed in (
        (prices.volume, instance.volumes.capacity_gb),
        (prices.rate, instance.rates.capacity[:, None]),
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


def _name(instance: Instance, kind: str, at: Ints) -> str:
    """Readable name of one priced limit."""
    if kind == "launch":
        return f"launch {instance.files[instance.launch_file[at[0]]]}"
    if kind == "cut":
        return f"cut {at[0] + 1}"
    rows = instance.volumes if kind == "volume" else instance.rates
    where = f"{FAMILIES[rows.family[at[0]]].name} {rows.names[at[0]]}"
    return f"{where} slice {at[1]}" if at.size > 1 else where
