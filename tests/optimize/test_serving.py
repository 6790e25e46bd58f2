"""The best serving of a placement agrees with a program over single files, also past 64 candidates."""

from __future__ import annotations

import dataclasses

import highspy
import numpy as np
import pulp
import pytest

from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.apart import Apart, mask_words
from cdnplan.model.plan.placement import Placement, Serving
from cdnplan.optimize.lp.highs import QuietHighs
from cdnplan.optimize.problem.objective import plan_cost, rate_loads
from cdnplan.optimize.serve import serving, serving_program
from cdnplan.optimize.serve.serving import best_serving
from tests.fill.pools import served
from tests.instances import check_instance, random_instance, to_dense
from tests.limits import with_limits
from tests.oracle.feasible import broken_limits
from tests.signatures import shares, signature

LIMITS = frozenset({"throughput", "links", "overload"})


def wide_instance(seed: int, n_pools: int, n_files: int = 12) -> Instance:
    """Two regions, one of which may be served by all pools; throughput binds."""
    base = random_instance(seed, n_regions=2, n_files=n_files, n_pools=n_pools, families=frozenset())
    rng = np.random.default_rng([seed, n_pools])
    pools = [rng.permutation(n_pools), rng.permutation(n_pools)[:3]]
    n = n_pools + 3
    instance = with_limits(
        base,
        cand_ptr=np.array([0, n_pools, n]),
        cand_pool=np.concatenate(pools).astype(np.int32),
        cand_cost=np.concatenate([np.sort(rng.uniform(0, 1, n_pools)), np.sort(rng.uniform(0, 1, 3))]),
        origin_cost=rng.uniform(0.5, 1.5, 2),
        cand_link_ptr=np.zeros(n + 1, dtype=np.int64),
        cand_link=np.zeros(0, dtype=np.int32),
        origin_link_ptr=np.zeros(3, dtype=np.int64),
        origin_link=np.zeros(0, dtype=np.int32),
        links=(),
        link_capacity_gbps=np.zeros(0),
    )
    peak = float((to_dense(instance).sum(axis=1) @ instance.gbps_per_gb).max())
    throughput = np.maximum(1e-6, peak / n_files * rng.uniform(0.02, 0.6, n_pools))
    instance = with_limits(
        instance,
        throughput_gbps=throughput,
        appliance_throughput_gbps=throughput / instance.pool_appliances,
    )
    check_instance(instance)
    return instance


def cost_file_by_file(instance: Instance, holds: np.ndarray, apart: Apart | None = None) -> float:
    """Least delivery and overload cost, with a variable for each region, file and holder.

    Appliances told apart bear even parts of what their pools serve of their files.
    """
    v, h = to_dense(instance), instance.gbps_per_gb
    program = pulp.LpProblem()
    cost = []
    pool_load = [[[] for _ in range(instance.n_slices)] for _ in range(instance.n_pools)]
    link_load = [[[] for _ in range(instance.n_slices)] for _ in range(instance.n_links)]
    own = np.zeros(0, dtype=np.int64) if apart is None else apart.pool
    appliance_load = [[[] for _ in range(instance.n_slices)] for _ in own]

    def part(name: str, r: int, f: int, price: float, pools: list[int], links: list[int]) -> pulp.LpVariable:
        y = program.add_variable(name, 0)
        cost.append(price * v[r, f] * y)
        for t in range(instance.n_slices):
            for load in (*(pool_load[p] for p in pools), *(link_load[e] for e in links)):
                load[t].append(float(h[r, t] * v[r, f]) * y)
            for a in np.flatnonzero(np.isin(own, pools)).tolist():
                if apart is not None and apart.holds[a, f]:
                    copies = int(apart.holds[own == own[a], f].sum())
                    appliance_load[a][t].append(float(h[r, t] * v[r, f]) / copies * y)
        return y

    for r in range(instance.n_regions):
        ptr, link = instance.path_links
        way = instance.cand_pool.size + r
        origin_links = link[ptr[way] : ptr[way + 1]]
        for f in np.flatnonzero(v[r] > 0):
            parts = [part(f"o_{r}_{f}", r, f, instance.origin_cost[r], [], origin_links.tolist())]
            for j in range(instance.cand_ptr[r], instance.cand_ptr[r + 1]):
                p = int(instance.cand_pool[j])
                if holds[p, f]:
                    on = link[ptr[j] : ptr[j + 1]]
                    parts.append(part(f"y_{j}_{f}", r, f, instance.cand_cost[j], [p], on.tolist()))
            program += pulp.lpSum(parts) == 1
    for t in range(instance.n_slices):
        for p, limit in enumerate(instance.throughput_gbps):
            program += pulp.lpSum(pool_load[p][t]) <= float(limit)
        for a, p in enumerate(own):
            program += pulp.lpSum(appliance_load[a][t]) <= float(instance.appliance_throughput_gbps[p])
        for e, capacity in enumerate(instance.link_capacity_gbps):
            over = program.add_variable(f"w_{e}_{t}", 0)
            cost.append(instance.rates.overload_cost[instance.link_rows][e] * over)
            program += pulp.lpSum(link_load[e][t]) <= float(capacity) + over
    program += pulp.lpSum(cost)
    assert pulp.LpStatus[program.solve(pulp.HiGHS(msg=False))] == "Optimal"
    return float(pulp.value(program.objective))


def check_against_single_files(
    instance: Instance, holds: np.ndarray, apart: Apart | None = None
) -> serving.Served:
    served = best_serving(instance, holds, apart)
    filled = dataclasses.replace(instance, fill_cost=np.zeros(instance.n_pools))
    best = cost_file_by_file(instance, holds, apart)
    assert plan_cost(filled, holds, served.serving) == pytest.approx(best, rel=1e-6, abs=1e-9)
    problems = broken_limits(instance, Placement(holds), served.serving)
    kept = ("storage", "fill", "churn", "a banned", "a pinned", "launch")
    assert [problem for problem in problems if not problem.startswith(kept)] == []
    assert (served.rate >= 0).all()
    return served


def test_small_instances_with_links_and_throughput() -> None:
    tight = 0
    for seed in range(40):
        instance = random_instance(seed, n_regions=3, n_files=6, n_pools=4, families=LIMITS)
        holds = np.random.default_rng(seed).random((4, 6)) < 0.6
        served = check_against_single_files(instance, holds)
        tight += bool(served.rate.any())
    assert tight > 10


@pytest.mark.parametrize("n_pools", [63, 64, 65, 130])
def test_any_number_of_candidates(n_pools: int) -> None:
    words, tight = -(-n_pools // 64), 0
    for seed in range(4):
        instance = wide_instance(seed, n_pools)
        holds = np.random.default_rng(seed).random((n_pools, instance.n_files)) < 0.1
        served = check_against_single_files(instance, holds)
        assert mask_words(instance.cand_ptr) == words
        assert served.serving.mask.shape == (served.serving.gb.size, words)
        tight += bool(served.rate.any())
    assert tight >= 2


def test_files_that_differ_in_a_far_candidate_only_have_signatures_of_their_own() -> None:
    instance = wide_instance(3, 130)
    holds = np.zeros((130, instance.n_files), dtype=np.bool_)
    asked = np.flatnonzero(to_dense(instance)[0] > 0)[:4]
    near, middle, far = instance.cand_pool[[0, 64, 129]]
    holds[near, asked[:3]] = True
    holds[middle, asked[1]] = True
    holds[far, asked[2:4]] = True
    found = best_serving(instance, holds).serving
    rows = [signature(found, row) for row in range(found.ptr[0], found.ptr[1])]
    every = {1, 1 | 1 << 64, 1 | 1 << 129, 1 << 129}
    assert every <= set(rows) <= every | {0}
    assert rows == sorted(rows)


def test_nothing_is_solved_where_nothing_is_tight(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("no limit is tight")

    monkeypatch.setattr(serving, "solve_program", refuse)
    instance = with_limits(wide_instance(5, 70), throughput_gbps=np.full(70, 1e9))
    holds = np.random.default_rng(5).random((70, instance.n_files)) < 0.2
    found = best_serving(instance, holds)
    assert not found.rate.any()
    for row in range(int(found.serving.ptr[1])):
        first = [k for k in range(70) if signature(found.serving, row) >> k & 1][:1]
        dear = bool(first) and instance.cand_cost[first[0]] > instance.origin_cost[0]
        assert shares(found.serving, row) == ({} if dear else dict.fromkeys(first, 1.0))


def random_appliances(instance: Instance, holds: np.ndarray, pools: np.ndarray, seed: int) -> Apart:
    """Tell the appliances of some pools apart; their files' copies are on random ones."""
    rng = np.random.default_rng([seed, 11])
    pool = np.repeat(pools, instance.pool_appliances[pools])
    on = np.zeros((pool.size, instance.n_files), dtype=np.bool_)
    for p in pools:
        mine = np.flatnonzero(pool == p)
        for f in np.flatnonzero(holds[p]):
            on[rng.permutation(mine)[: max(1, int(instance.copies[p, f]))], f] = True
    return Apart(pool, on)


def test_no_appliance_told_apart_is_asked_for_more_than_it_gives() -> None:
    dearer = 0
    for seed in range(40):
        instance = random_instance(seed, n_regions=3, n_files=8, n_pools=4, families=LIMITS)
        holds = np.random.default_rng(seed).random((4, 8)) < 0.7
        apart = random_appliances(instance, holds, np.array([0, 2, 3]), seed)
        served = check_against_single_files(instance, holds, apart)
        cost = plan_cost(instance, holds, served.serving)
        together = plan_cost(instance, holds, best_serving(instance, holds).serving)
        assert cost >= together * (1 - 1e-6)
        dearer += cost > together * (1 + 1e-4)
        assert (np.diff(served.serving.slot) > 0)[np.diff(served.serving.share_row()) == 0].all()
    assert dearer > 10


def test_pools_with_many_appliances_told_apart() -> None:
    """Signatures get longer than a word, and than the candidates alone would ask for."""
    base = random_instance(7, n_regions=2, n_files=30, n_pools=2, families=LIMITS)
    appliances = np.array([70, 3], dtype=np.int32)
    each = base.throughput_gbps / appliances
    instance = dataclasses.replace(base, pool_appliances=appliances, appliance_throughput_gbps=each)
    holds = np.ones((2, 30), dtype=np.bool_)
    apart = random_appliances(instance, holds, np.array([0, 1]), 7)
    served = check_against_single_files(instance, holds, apart)
    assert served.serving.mask.shape[1] == 2


def test_the_nearest_serving_costs_next_to_nothing_more_and_changes_less() -> None:
    moved_near = moved_far = 0.0
    for seed in range(40):
        instance = random_instance(seed, n_regions=3, n_files=12, n_pools=4, families=LIMITS)
        rng = np.random.default_rng(seed)
        holds = rng.random((4, 12)) < 0.7
        best = best_serving(instance, holds).serving
        cost = plan_cost(instance, holds, best)
        same = best_serving(instance, holds, near=best).serving
        np.testing.assert_allclose(
            same.candidate_gb(instance), best.candidate_gb(instance), rtol=1e-5, atol=1e-5 * best.gb.sum()
        )
        # Somewhat less throughput: only what is too much now has to go elsewhere.
        less = with_limits(instance, throughput_gbps=instance.throughput_gbps * rng.uniform(0.9, 1.0, 4))
        near = check_against_single_files_nearly(less, holds, best)
        far = best_serving(less, holds).serving
        before = best.candidate_gb(instance)
        moved_near += float(np.abs(near.candidate_gb(less) - before).sum()) / best.gb.sum()
        moved_far += float(np.abs(far.candidate_gb(less) - before).sum()) / best.gb.sum()
        any_way = served(instance, Placement(holds), rng, split=True)
        from_anywhere = check_against_single_files_nearly(instance, holds, any_way)
        assert plan_cost(instance, holds, from_anywhere) <= cost * (1 + 2 * serving.NEAR_RATIO) + 1e-9
    assert moved_near <= moved_far * (1 + 1e-6)


def check_against_single_files_nearly(instance: Instance, holds: np.ndarray, near: Serving) -> Serving:
    """The nearest serving keeps the limits, and costs at most as much more than the best as it may."""
    found = best_serving(instance, holds, near=near).serving
    filled = dataclasses.replace(instance, fill_cost=np.zeros(instance.n_pools))
    best = plan_cost(filled, holds, best_serving(instance, holds).serving)
    most = serving.NEAR_RATIO * plan_cost(filled, holds, near)
    assert plan_cost(filled, holds, found) <= best + most * (1 + 1e-6) + 1e-9
    problems = broken_limits(instance, Placement(holds), found)
    kept = ("storage", "fill", "churn", "a banned", "a pinned", "launch")
    assert [problem for problem in problems if not problem.startswith(kept)] == []
    return found


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_program_that_presolve_contradicts_is_solved_once_more(
    monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """First with a looser tolerance, then without presolve; what still fails is an error."""
    instance = wide_instance(1, n_pools=6)
    holds = np.ones((instance.n_pools, instance.n_files), dtype=np.bool_)
    expected = best_serving(instance, holds).serving
    settings: list[tuple[float, str]] = []

    class Contradicting(QuietHighs):
        def getModelStatus(self) -> highspy.HighsModelStatus:  # noqa: N802  # highspy's name
            tolerance = self.getOptionValue("primal_feasibility_tolerance")[1]
            settings.append((tolerance, self.getOptionValue("presolve")[1]))
            wrong = len(settings) <= times
            return highspy.HighsModelStatus.kInfeasible if wrong else super().getModelStatus()

    monkeypatch.setattr(serving_program, "QuietHighs", Contradicting)
    if times == 3:
        with pytest.raises(RuntimeError, match="Infeasible"):
            best_serving(instance, holds)
    else:
        found = best_serving(instance, holds).serving
        assert plan_cost(instance, holds, found) == pytest.approx(plan_cost(instance, holds, expected))
    retried = [(serving_program.LOOSE, "choose"), (serving_program.LOOSE, "off")]
    assert settings[1 : times + 1] == retried[:times]


def test_no_link_is_overloaded_by_rounding() -> None:
    """A link is either overloaded because that is cheaper, or not at all."""
    overloaded = 0
    for seed in range(60):
        families = frozenset({"links", "overload", "throughput"})
        instance = random_instance(seed, n_regions=4, n_pools=5, n_files=25, families=families)
        rng = np.random.default_rng(seed)
        served_by = best_serving(instance, (rng.random((5, 25)) < 0.6) & (instance.copies > 0)).serving
        served_gb, origin_gb = served_by.candidate_gb(instance), served_by.origin_gb(instance)
        above = (
            rate_loads(instance, served_gb, origin_gb)[instance.link_rows]
            - instance.link_capacity_gbps[:, None]
        )
        rounding = (above > 0) & (above < 1e-7 * instance.link_capacity_gbps[:, None])
        assert not rounding.any(), seed
        overloaded += bool((above > 0).any())
    assert overloaded > 10
