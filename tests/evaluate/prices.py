"""Random prices, and the bound's procedure written out once more, slowly and in words of docs/bound.md."""

from __future__ import annotations

import itertools

import numpy as np

from cdnplan.model.instance import Floats, Instance
from cdnplan.model.placement import Prices
from tests.instances import to_dense


def random_prices(instance: Instance, seed: int, scale: float) -> Prices:
    """Valid prices, about a third of them zero."""
    rng = np.random.default_rng([seed, 77])
    zero = Prices.zero(instance)

    def draw(like: Floats, unit: float) -> Floats:
        return rng.uniform(0.0, unit * scale, like.shape) * (rng.random(like.shape) < 0.7)

    return Prices(
        storage=draw(zero.storage, 0.5),
        throughput=draw(zero.throughput, 3.0),
        link=np.minimum(draw(zero.link, 3.0), instance.overload_cost),
        fill=np.where(np.isfinite(instance.fill_limit_gb), draw(zero.fill, 0.5), 0.0),
        churn=np.where(np.isfinite(instance.churn_limit_gb), draw(zero.churn, 0.5), 0.0),
        launch=draw(zero.launch, 20.0),
    )


def priced_cost(instance: Instance, prices: Prices, region: int, entry: int | None) -> float:
    """ĉ of a candidate entry, or of the origin."""
    if entry is None:
        links = instance.origin_link[instance.origin_link_ptr[region] : instance.origin_link_ptr[region + 1]]
        total = float(instance.origin_cost[region])
    else:
        links = instance.cand_link[instance.cand_link_ptr[entry] : instance.cand_link_ptr[entry + 1]]
        total = float(instance.cand_cost[entry])
    for t in range(instance.n_slices):
        price = 0.0 if entry is None else prices.throughput[instance.cand_pool[entry], t]
        price += sum(prices.link[e, t] for e in links)
        total += instance.gbps_per_gb[region, t] * price
    return total


def opening_cost(instance: Instance, prices: Prices, pool: int, file: int) -> float:
    """F of docs/bound.md."""
    copies, held = int(instance.copies[pool, file]), int(instance.held[pool, file])
    size = float(instance.size_gb[file])
    total = prices.storage[pool] * size * copies
    per_gb = instance.fill_cost[pool] + prices.fill[pool] + prices.churn[pool]
    total += per_gb * size * max(0, copies - held)
    for rule in range(instance.n_launches):
        pools = instance.launch_pool[instance.launch_ptr[rule] : instance.launch_ptr[rule + 1]]
        if instance.launch_file[rule] == file and pool in pools:
            total -= prices.launch[rule]
    return float(total)


def limit_terms(instance: Instance, prices: Prices) -> float:
    """What the priced limits add to the bound."""
    total = float(prices.launch @ instance.launch_min) - float(prices.storage @ instance.storage_gb)
    total -= float((prices.throughput * instance.throughput_gbps[:, None]).sum())
    total -= float((prices.link * instance.link_capacity_gbps[:, None]).sum())
    for price, limit in ((prices.fill, instance.fill_limit_gb), (prices.churn, instance.churn_limit_gb)):
        total -= sum(p * w for p, w in zip(price, limit, strict=True) if p > 0)
    return total


def best_holders(instance: Instance, prices: Prices, file: int) -> float:
    """Optimum of one file's problem, over all sets of holders."""
    v = to_dense(instance)[:, file]
    may = [p for p in range(instance.n_pools) if instance.copies[p, file] > 0]
    must = {p for p in may if instance.pinned[p, file]}
    best = np.inf
    for chosen in itertools.chain.from_iterable(itertools.combinations(may, n) for n in range(len(may) + 1)):
        if must <= set(chosen):
            cost = sum(opening_cost(instance, prices, p, file) for p in chosen)
            for r in np.flatnonzero(v > 0):
                entries = range(instance.cand_ptr[r], instance.cand_ptr[r + 1])
                ways = [
                    priced_cost(instance, prices, r, j) for j in entries if instance.cand_pool[j] in chosen
                ]
                cost += v[r] * min([*ways, priced_cost(instance, prices, r, None)])
            best = min(best, cost)
    return float(best)


def dual_ascent(instance: Instance, prices: Prices, file: int) -> float:
    """Steps 1 to 4 of docs/bound.md for one file."""
    v = to_dense(instance)[:, file]
    constants, slack = 0.0, {}
    for p in range(instance.n_pools):
        if instance.copies[p, file] > 0:
            slack[p] = opening_cost(instance, prices, p, file)
            if instance.pinned[p, file] or slack[p] < 0:
                constants += slack[p]
                slack[p] = 0.0
    levels, cap, u = {}, {}, {}
    for r in np.flatnonzero(v > 0):
        entries = range(instance.cand_ptr[r], instance.cand_ptr[r + 1])
        levels[r] = {
            instance.cand_pool[j]: v[r] * priced_cost(instance, prices, r, j)
            for j in entries
            if instance.cand_pool[j] in slack
        }
        cap[r] = v[r] * priced_cost(instance, prices, r, None)
        u[r] = min([cap[r], *levels[r].values()])
    raised = True
    while raised:
        raised = False
        for r, level in levels.items():
            goal = min([cap[r], *(value for value in level.values() if value > u[r])])
            payers = [p for p, value in level.items() if value <= u[r]]
            step = min([goal - u[r], *(slack[p] for p in payers)])
            if step > 0:
                raised = True
                u[r] = min(goal, u[r] + step)
                for p in payers:
                    slack[p] -= step
    return constants + sum(u.values())
