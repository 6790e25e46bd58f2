"""What is proven before a proof is written is proven by what is read back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cdnplan.evaluate.checks.check_proof import check_proof
from cdnplan.evaluate.proof.proof import tree_bound
from cdnplan.evaluate.verdict.report import Ledger
from cdnplan.inputs.plans.plan_folder import PROOF, PROOF_CUTS, PROOF_PRICES, TABLES
from cdnplan.inputs.tables.parquet_columns import read_columns
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.cuts import Cuts
from cdnplan.model.plan.proof import Proof
from cdnplan.planner.folder.proof_tables import (
    proof_as_stored,
    proof_cuts_table,
    proof_prices_table,
    proof_table,
)
from cdnplan.planner.folder.tables import write_table
from tests.evaluate.prices import random_prices
from tests.evaluate.test_cuts import random_cuts, with_cuts
from tests.evaluate.test_proof import random_tree, undecided
from tests.instances import random_instance


def written_and_read(folder: Path, instance: Instance, proof: Proof) -> Proof:
    """Write the tables and rebuild the proof as `verify` does."""
    write_table(proof_table(instance, proof), folder / PROOF)
    write_table(proof_prices_table(instance, proof), folder / PROOF_PRICES)
    nodes, prices = (read_columns(folder / name, TABLES[name]) for name in (PROOF, PROOF_PRICES))
    cuts = None
    if proof.cuts.n_cuts:
        write_table(proof_cuts_table(instance, proof), folder / PROOF_CUTS)
        cuts = read_columns(folder / PROOF_CUTS, TABLES[PROOF_CUTS])
    ledger = Ledger()
    found = check_proof(instance, (nodes, prices, cuts), ledger)
    assert [str(check) for check in ledger.checks if not check.ok] == []
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(20))
def test_the_same_bound(seed: int, tmp_path: Path) -> None:
    instance = random_instance(seed, n_files=5, n_pools=3)
    cuts, tree = random_cuts(instance, seed), random_tree(instance, seed, 0.1)
    alone = undecided(with_cuts(random_prices(instance, seed, 0.1), cuts, seed, 0.1))
    sets = tuple(with_cuts(own, cuts, seed + i, 0.1) for i, own in enumerate(tree.prices))
    for proof in (tree, replace(tree, prices=sets, cuts=cuts), replace(alone, cuts=cuts)):
        stored = proof_as_stored(instance, proof)
        assert stored is not None
        read = written_and_read(tmp_path, instance, proof)
        assert tree_bound(instance, read) == tree_bound(instance, stored)
        assert read.n_cases == proof.n_cases
        for part in ("pool", "limit", "ptr", "file", "weight"):
            assert np.array_equal(getattr(read.cuts, part), getattr(proof.cuts, part))


def test_cuts_on_one_file_and_pool_keep_their_order(tmp_path: Path) -> None:
    instance = random_instance(1, n_files=3, n_pools=2, families=frozenset())
    cuts = Cuts.joined(*(Cuts.one(p, 3, [0, 1, 2], [1, 1, 1]) for p in (1, 0, 1)))
    proof = replace(undecided(with_cuts(random_prices(instance, 1, 0.1), cuts, 1, 0.1)), cuts=cuts)
    read = written_and_read(tmp_path, instance, proof)
    assert read.cuts.pool.tolist() == [1, 0, 1]
    assert np.array_equal(read.prices[0].cut, proof.prices[0].cut)
