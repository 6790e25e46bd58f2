"""What closes the gap of small networks, part by part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cdnplan.evaluate.proof.proof import tree_bound
from cdnplan.model.instance.instance import Instance
from cdnplan.optimize.fast import closing, fast
from cdnplan.optimize.problem.objective import gap_ratio, ideal_cost
from cdnplan.optimize.problem.outcome import Outcome, Stop
from cdnplan.parameters.closing import RoundingParameters, TreeParameters
from cdnplan.parameters.parameters import DEFAULTS, Parameters
from tests.instances import random_instance
from tests.limits import with_limits


def large_file(seed: int) -> Instance:
    """Every pool has room for one file of two thirds of it, or for twenty others."""
    inst = random_instance(seed, n_regions=6, n_files=40, n_pools=4, families=frozenset({"storage"}))
    size = np.full(inst.n_files, 1.0)
    size[0] = 20.0
    asked = np.where(inst.demand_file == 0, 6.0, 1.0) * inst.demand_gb
    return with_limits(
        inst, size_gb=size, storage_gb=np.full(inst.n_pools, 30.0), copies=np.ones_like(inst.copies),
        demand_gb=asked.astype(inst.demand_gb.dtype),
    )  # fmt: skip


def solved(inst: Instance, parameters: Parameters = DEFAULTS) -> Outcome:
    """As far as the engine goes."""
    return fast.solve_fast(inst, stop=Stop(gap_ratio=1e-6), parameters=parameters)


def gap(outcome: Outcome, inst: Instance) -> float:
    """By the engine's own numbers."""
    return gap_ratio(outcome.lower, outcome.upper, ideal_cost(inst))


def test_the_tree_narrows_what_a_large_file_leaves() -> None:
    """Over some networks: with the tree the certified gap is a fraction of that without."""
    instances = [large_file(seed) for seed in range(6)]
    with_tree = [solved(inst) for inst in instances]
    without = [solved(inst, Parameters(tree=TreeParameters(nodes=0))) for inst in instances]
    after = np.array([gap(one, inst) for one, inst in zip(with_tree, instances, strict=True)])
    before = np.array([gap(one, inst) for one, inst in zip(without, instances, strict=True)])
    assert before.max() > 0.01, "nothing to narrow"
    assert after.sum() < 0.3 * before.sum()
    assert (after <= before + 1e-9).all()
    assert any(one.bound_proof == "tree" for one in with_tree)
    # One plan's cost is at least any bound of the other run.
    for one, other in zip(with_tree, without, strict=True):
        assert one.lower <= other.upper * (1 + 1e-9) and other.lower <= one.upper * (1 + 1e-9)


@pytest.mark.parametrize("nodes", [1, 2, 3, 200])
def test_what_the_tree_leaves_proves_its_bound(nodes: int) -> None:
    """Wherever the search ends, the judge finds the engine's bound in the decisions and prices it left."""
    parameters = Parameters(
        tree=TreeParameters(nodes=nodes, patience=0, progress=0.0),
        rounding=RoundingParameters(vain=2),  # it proves nothing, and takes most of the time
    )
    raised = 0
    for seed in range(6):
        inst = large_file(seed)
        outcome = solved(inst, parameters)
        assert (outcome.proof is not None) == (outcome.bound_proof == "tree")
        if outcome.proof is None:
            continue
        assert outcome.lower > outcome.lower_priced
        assert outcome.proof.parent.size <= nodes + 1, "the side that was not solved has its parent's prices"
        proven = min(tree_bound(inst, outcome.proof), outcome.upper)
        assert proven == pytest.approx(outcome.lower, rel=1e-6)
        raised += 1
    assert raised >= (3 if nodes > 1 else 0)


@pytest.mark.parametrize("seed", [0, 2, 5])
@pytest.mark.parametrize("nodes", [2, 3])
def test_a_search_that_is_stopped_leaves_a_proof(seed: int, nodes: int) -> None:
    """Stopped by the caller after some nodes: the judge finds the bound again."""
    inst, seen = large_file(seed), Counter[str]()

    def progress(phase: str, done: float, lower: float | None, upper: float | None) -> None:
        seen[phase] += 1

    stop = Stop(gap_ratio=1e-6, asked=lambda: seen["tree"] >= nodes)
    outcome = fast.solve_fast(inst, stop=stop, progress=progress)
    assert outcome.status == "interrupted"
    assert outcome.proof is not None and outcome.lower > outcome.lower_priced
    assert min(tree_bound(inst, outcome.proof), outcome.upper) == pytest.approx(outcome.lower, rel=1e-6)


def few_fit(seed: int) -> Instance:
    """Every pool has room for two files and most of a third."""
    inst = random_instance(seed, n_regions=6, n_files=30, n_pools=4, families=frozenset({"storage"}))
    size = np.random.default_rng(seed).uniform(9.0, 11.0, inst.n_files)
    return with_limits(
        inst, size_gb=size, storage_gb=np.full(inst.n_pools, 28.0), copies=np.ones_like(inst.copies)
    )  # fmt: skip


def test_cuts_narrow_what_is_left_of_a_third_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """With cuts and no tree the bound is above that of prices, and the judge finds it in what is left."""
    monkeypatch.setattr(closing, "split_on", lambda run, tree, found, patience: found)
    narrowed = 0
    for seed in range(6):
        inst = few_fit(seed)
        outcome = solved(inst)
        if outcome.proof is None:
            continue
        assert outcome.proof.parent.size == 0, "nothing is decided"
        assert outcome.proof.cuts.n_cuts > 0
        proven = min(tree_bound(inst, outcome.proof), outcome.upper)
        assert proven == pytest.approx(outcome.lower, rel=1e-6)
        narrowed += outcome.lower - outcome.lower_priced > 1e-3 * (outcome.upper - ideal_cost(inst))
    assert narrowed >= 3


@pytest.mark.parametrize("wanted", [0.2, 0.05, 0.02, 0.01])
def test_nothing_follows_once_the_gap_is_closed(wanted: float) -> None:
    """Master program, cuts or tree: of all reports only the last says that the run may end."""
    ended_in = Counter[str]()
    for seed in range(8):
        inst = few_fit(seed)
        told: list[tuple[str, float | None, float | None]] = []
        fast.solve_fast(
            inst,
            stop=Stop(gap_ratio=wanted),
            progress=lambda phase, _, lower, upper, told=told: told.append((phase, lower, upper)),
        )
        gaps = [
            np.inf if lower is None or upper is None else gap_ratio(lower, upper, ideal_cost(inst))
            for _, lower, upper in told
        ]
        assert min(gaps[:-1]) > wanted >= gaps[-1]
        ended_in[told[-1][0]] += 1
    assert set(ended_in) >= ({"master", "cut"} if wanted == 0.2 else {"cut"})


class Run:
    """What `_split` asks of a run, with plans that cost less each time they are told to."""

    def __init__(self, costs: Iterable[float]) -> None:
        self.lower, self.upper, self.nodes = 90.0, 100.0, 0
        self.local, self.parts = SimpleNamespace(improve=lambda *_: next(self._costs)), DEFAULTS.parts
        self.parameters = DEFAULTS
        self.clock = SimpleNamespace(each=lambda _, steps: steps, phase=self.phase)
        self._costs = iter(costs)

    def phase(self, name: str) -> AbstractContextManager[None]:
        """Nothing is timed."""
        return nullcontext()

    def closed(self) -> bool:
        """It goes on as long as nodes are worth it."""
        return False

    ended = closed

    def take_bound(self, *_: object) -> None:
        """No node raises it."""

    def take_plan(self, cost: float) -> None:
        """Keep the cheapest."""
        self.upper = min(self.upper, cost)

    def report(self, *_: object) -> None:
        """Count the nodes."""
        self.nodes += 1


@pytest.mark.parametrize(
    ("costs", "nodes"),
    [
        (lambda k: 100.0, 3),
        (lambda k: 100.0 - k // 2, 20),  # a better plan every other node
        (lambda k: 100.0 - min(k, 4), 8),  # three in a row without one, after five with
        (lambda k: 100.0 - 1e-3 * k, 3),  # too little to count
    ],
)
def test_the_tree_goes_on_while_nodes_bring_better_plans(costs: Callable[[int], float], nodes: int) -> None:
    """Bound or plan: it is left once neither has closed a part of the gap for so many nodes."""
    step: Any = SimpleNamespace(
        lowest="node", proof=None, found=SimpleNamespace(bound=0.0, prices=None, mixture=0.0, wish=None)
    )
    run: Any = Run(costs(k) for k in range(20))
    assert closing.split_on(run, iter([step] * 20), "root", 3) == "node"  # type: ignore[arg-type]
    assert run.nodes == nodes
