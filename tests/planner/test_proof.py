"""Where the bound rests on a tree of cases, the folder has it, and claims what the judge proves by it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cdnplan.evaluate.verdict.verdict import Verdict, evaluate
from cdnplan.inputs.plans.manifest_files import plan_id
from cdnplan.inputs.plans.plan_folder import TREE
from cdnplan.model.plan.proof import Proof
from cdnplan.optimize.fast.fast import solve_fast
from cdnplan.optimize.problem.outcome import Outcome
from cdnplan.planner.folder.proof_tables import proof_as_stored
from cdnplan.planner.folder.proven import Proven
from cdnplan.planner.folder.tables import as_stored
from cdnplan.planner.inputs.load import load
from tests.planner.knapsack import knapsack_request
from tests.planner.plans import assert_verified, expected_names, make, names_of, rows


@pytest.fixture(scope="module")
def knapsack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a plan that prices alone prove little about."""
    request = knapsack_request(tmp_path_factory.mktemp("knapsack"))
    make(request)
    return request.out


def record_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "plan.json").read_text(encoding="utf-8"))


def test_the_tree_is_part_of_the_plan(knapsack: Path) -> None:
    record = record_of(knapsack)
    assert record["bound_proof"] == "tree"
    assert names_of(knapsack) == expected_names(record)
    assert set(TREE) <= set(record["files"])
    assert record["id"] == plan_id(record["files"])
    assert record["id"] != plan_id({k: v for k, v in record["files"].items() if k not in TREE})
    assert record["lower_priced"] < record["lower"] <= record["upper"]
    gap = (record["upper"] - record["lower_priced"]) / (record["upper"] - record["ideal"])
    assert record["gap_ratio"] < 0.1 * gap, "what the tree proves is what is claimed"
    assert record["lower"] == pytest.approx(assert_verified(knapsack).lower_recomputed, rel=1e-12)


def test_its_tables_say_what_is_decided(knapsack: Path) -> None:
    nodes = rows(knapsack, "proof")
    assert [node["node"] for node in nodes] == list(range(1, len(nodes) + 1))
    assert (nodes[0]["file"], nodes[0]["pool"]) == ("large", "ams-ix/box")
    assert {node["side"] for node in nodes[:2]} == {"holds", "lacks"}
    named = {node["prices"] for node in nodes} - {0}
    prices = rows(knapsack, "proof_prices")
    assert {row["prices"] for row in prices} <= named == set(range(1, len(named) + 1))
    assert all(row["price"] > 0 for row in prices)


def test_a_plan_after_it_verifies_as_well(knapsack: Path, tmp_path: Path) -> None:
    request = knapsack_request(tmp_path)
    record = make(replace(request, previous=knapsack))
    assert record["bound_proof"] == "tree"


def test_a_plan_that_prices_prove_has_no_tree(tmp_path: Path) -> None:
    record = make(replace(knapsack_request(tmp_path), gap_ratio=0.5))
    assert record["bound_proof"] == "prices"
    assert not set(TREE) & names_of(tmp_path / "plan")


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Verdict]:
    """The engine's plan of the same network, and the judge's word on it."""
    instance = load(knapsack_request(tmp_path_factory.mktemp("judged"))).instance
    outcome = solve_fast(instance)
    served, origin = outcome.serving.candidate_gb(instance), outcome.serving.origin_gb(instance)
    prices, tree = as_stored(instance, outcome.prices), proof_as_stored(instance, outcome.proof)
    return outcome, evaluate(instance, outcome.placement, served, origin, prices, proof=tree)


def test_the_engines_word_counts_for_nothing_that_can_be_checked(judged: tuple[Outcome, Verdict]) -> None:
    outcome, verdict = judged
    boast = replace(outcome, lower=outcome.upper)
    proven = Proven.of(boast, verdict)
    assert (proven.lower, proven.priced, proven.rests_on) == (verdict.bound, verdict.priced, "tree")
    assert proven.tree is outcome.proof
    by_prices = Proven.of(replace(boast, bound_proof="prices"), replace(verdict, bound=verdict.priced))
    assert (by_prices.lower, by_prices.rests_on, by_prices.tree) == (verdict.priced, "prices", None)


def test_a_tree_that_proves_no_more_than_prices_is_left_out(judged: tuple[Outcome, Verdict]) -> None:
    outcome, verdict = judged
    proven = Proven.of(outcome, replace(verdict, bound=verdict.priced))
    assert (proven.lower, proven.rests_on, proven.tree) == (verdict.priced, "prices", None)


def test_a_solvers_search_is_taken_at_its_word_up_to_the_cost(judged: tuple[Outcome, Verdict]) -> None:
    outcome, verdict = judged
    assert verdict.bound is not None
    between = (verdict.bound + verdict.cost.total) / 2
    for claimed, lower in ((np.inf, verdict.cost.total), (between, between)):
        proven = Proven.of(replace(outcome, lower=claimed, bound_proof="branch-and-bound"), verdict)
        assert (proven.lower, proven.rests_on, proven.tree) == (lower, "branch-and-bound", None)


def test_cases_may_share_prices(judged: tuple[Outcome, Verdict]) -> None:
    """Prices of a side that was not solved are its parent's: one set for both sides is stored once."""
    outcome, _ = judged
    proof = outcome.proof
    assert isinstance(proof, Proof)
    assert len(proof.prices) <= proof.n_cases
    assert set(proof.priced[proof.priced >= 0].tolist()) == set(range(len(proof.prices)))
