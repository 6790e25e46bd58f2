"""Gale's condition agrees with a maximum flow over single files."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from cdnplan.evaluate.count import serving
from cdnplan.evaluate.count.serving import serving_violations
from cdnplan.evaluate.count.signatures import held_by_any, signature_gb, sums_over_sets
from cdnplan.evaluate.count.transport_kernels import overclaiming
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.plan.placement import Placement
from tests.instances import random_instance, to_dense
from tests.limits import with_limits


def max_flow(instance: Instance, holds: np.ndarray, region: int, served: Floats) -> float:
    """How much of the claimed serving can be delivered, file by file."""
    v = to_dense(instance)[region]
    entries = range(instance.cand_ptr[region], instance.cand_ptr[region + 1])
    network: nx.DiGraph[object] = nx.DiGraph()
    network.add_nodes_from(("source", "sink"))
    for j in entries:
        network.add_edge(("pool", j), "sink", capacity=float(served[j]))
        for f in np.flatnonzero(v > 0):
            network.add_edge("source", ("file", f), capacity=float(v[f]))
            if holds[instance.cand_pool[j], f]:
                network.add_edge(("file", f), ("pool", j))
    return float(nx.maximum_flow_value(network, "source", "sink"))


def greedy_serving(instance: Instance, holds: np.ndarray, rng: np.random.Generator) -> Floats:
    """Each file from any of its holders, in parts."""
    served = np.zeros(instance.cand_pool.size)
    v = to_dense(instance)
    for r in range(instance.n_regions):
        entries = np.arange(instance.cand_ptr[r], instance.cand_ptr[r + 1])
        for f in np.flatnonzero(v[r] > 0):
            having = entries[holds[instance.cand_pool[entries], f]]
            if having.size:
                served[having] += v[r, f] * rng.dirichlet(np.ones(having.size)) * rng.choice([0.5, 1.0])
    return served


def rest(instance: Instance, served: Floats) -> Floats:
    """What the origin serves then."""
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    return instance.region_gb() - np.bincount(region, served, minlength=instance.n_regions)


def draw(seed: int, n_pools: int = 5) -> tuple[Instance, np.ndarray, np.random.Generator]:
    instance = random_instance(seed, n_regions=3, n_files=12, n_pools=n_pools)
    rng = np.random.default_rng([seed, 6])
    return instance, rng.random((instance.n_pools, instance.n_files)) < 0.3, rng


@pytest.mark.parametrize("sets_of", [14, 0])
def test_against_flow_over_files(sets_of: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with every region decided by the flow (`MAX_SETS_OF` 0)."""
    monkeypatch.setattr(serving, "MAX_SETS_OF", sets_of)
    outcomes = {True: 0, False: 0}
    for seed in range(150):
        instance, holds, rng = draw(seed)
        served = greedy_serving(instance, holds, rng)
        if seed % 3:
            j = int(rng.integers(served.size)) if served.size else 0
            served[j : j + 1] += instance.region_gb().mean() * rng.uniform(0.0, 0.5)
        origin = rest(instance, served)
        if (origin < 0).any():
            continue
        found = serving_violations(instance, Placement(holds), served, origin)
        broken = {violation.name.split(" from ")[0] for violation in found}
        for r, name in enumerate(instance.regions):
            entries = slice(instance.cand_ptr[r], instance.cand_ptr[r + 1])
            total = float(served[entries].sum())
            possible = max_flow(instance, holds, r, served) >= total * (1 - 1e-6) - 1e-9
            assert (name not in broken) == possible, (seed, name)
            outcomes[possible] += 1
    assert outcomes[True] > 100
    assert outcomes[False] > 30


def test_more_candidates_than_sets_can_be_listed() -> None:
    """20 pools in use: the flow decides, and names a set that claims more than it holds."""
    instance, holds, rng = draw(1, n_pools=24)
    instance = with_limits(
        instance,
        cand_ptr=np.array([0, 20, 20, 20]),
        cand_pool=np.arange(20, dtype=np.int32),
        cand_cost=np.zeros(20),
        cand_link_ptr=np.zeros(21, dtype=np.int64),
    )
    holds[:20] |= rng.random((20, instance.n_files)) < 0.5
    served = greedy_serving(instance, holds, rng)
    assert (served > 0).sum() > serving.MAX_SETS_OF
    assert serving_violations(instance, Placement(holds), served, rest(instance, served)) == []
    unheld = int(np.argmax(to_dense(instance)[0]))
    holds[:20, unheld] = False
    holds[3, :] = False
    served *= 0.5
    served[3] += 0.9 * to_dense(instance)[0].sum() - served.sum()
    (violation,) = serving_violations(instance, Placement(holds), served, rest(instance, served))
    assert instance.pools[3] in violation.name
    assert violation.used > violation.allowed


@pytest.mark.parametrize("seed", range(30))
def test_overclaiming_against_flow_over_files(seed: int) -> None:
    """More than 64 pools in use: claims are met exactly when a flow meets them, else a set shows why not."""
    rng = np.random.default_rng(seed)
    holds = rng.random((70, 40)) < 0.08
    gb = rng.exponential(1.0, 40)
    claimed = np.zeros(70)
    for f in np.flatnonzero(holds.any(axis=0)):
        having = np.flatnonzero(holds[:, f])
        claimed[having] += gb[f] * rng.dirichlet(np.ones(having.size))
    claimed[int(rng.integers(70))] += rng.choice([0.0, 0.3])
    network: nx.DiGraph[object] = nx.DiGraph()
    for p, f in np.argwhere(holds):
        network.add_edge("source", ("file", f), capacity=float(gb[f]))
        network.add_edge(("file", f), ("pool", p))
        network.add_edge(("pool", p), "sink", capacity=float(claimed[p]))
    missing = float(claimed.sum() - nx.maximum_flow_value(network, "source", "sink"))
    members = overclaiming(holds, gb, claimed, 1e-9)
    assert members.any() == (missing > 1e-6)
    if members.any():
        excess = claimed[members].sum() - gb[holds[members].any(axis=0)].sum()
        assert excess == pytest.approx(missing, abs=1e-6), "the worst set"


def test_volumes_add_up_and_are_not_negative() -> None:
    instance, holds, rng = draw(2)
    served = greedy_serving(instance, holds, rng)
    origin = rest(instance, served)
    assert serving_violations(instance, Placement(holds), served, origin) == []
    origin[1] += 1e-3 * instance.region_gb()[1]
    (violation,) = serving_violations(instance, Placement(holds), served, origin)
    assert violation.name == f"{instance.regions[1]}: all demand"
    origin[1] = -5.0
    assert "negative" in serving_violations(instance, Placement(holds), served, origin)[0].name
    served[0] = np.nan
    assert serving_violations(instance, Placement(holds), served, origin)


def test_nobody_serves_what_he_does_not_hold() -> None:
    instance, holds, _ = draw(4)
    r = int(np.argmax(np.diff(instance.cand_ptr)))
    served = np.zeros(instance.cand_pool.size)
    served[instance.cand_ptr[r]] = 0.5 * instance.region_gb()[r]
    holds[:] = False
    (violation,) = serving_violations(instance, Placement(holds), served, rest(instance, served))
    assert violation.limit == "serving"
    assert violation.allowed == 0.0


def test_signatures_by_hand() -> None:
    instance, holds, _ = draw(7)
    v = to_dense(instance)
    for r in range(instance.n_regions):
        entries = np.arange(instance.cand_ptr[r], instance.cand_ptr[r + 1])
        expected: dict[int, float] = {}
        for f in np.flatnonzero(v[r] > 0):
            mask = sum(1 << i for i, j in enumerate(entries) if holds[instance.cand_pool[j], f])
            expected[mask] = expected.get(mask, 0.0) + v[r, f]
        signature, gb = signature_gb(instance, holds, r, entries)
        assert dict(zip(signature.tolist(), gb, strict=True)) == pytest.approx(expected)
        n = entries.size
        held, sums = held_by_any(signature, gb, n), sums_over_sets(np.arange(1.0, n + 1.0))
        for chosen in range(1 << n):
            assert held[chosen] == pytest.approx(sum(g for m, g in expected.items() if m & chosen), abs=1e-9)
            assert sums[chosen] == sum(i + 1.0 for i in range(n) if chosen >> i & 1)
