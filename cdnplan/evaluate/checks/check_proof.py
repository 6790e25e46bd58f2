"""Check `proof.parquet`, its cuts and the prices of its cases, and rebuild the tree that proves the bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cdnplan.evaluate.checks.check_cuts import check_cuts
from cdnplan.evaluate.checks.check_prices import check_sets
from cdnplan.evaluate.proof.proof import proof_faults
from cdnplan.evaluate.verdict.report import Check, Ledger
from cdnplan.inputs.plans.plan_folder import HOLDS, LACKS, PROOF, PROOF_PRICES, Tree
from cdnplan.inputs.tables.parquet_columns import Columns
from cdnplan.model.instance.instance import Instance, Ints
from cdnplan.model.plan.placement import Prices
from cdnplan.model.plan.proof import Proof


def check_proof(instance: Instance, tree: Tree | None, ledger: Ledger) -> Proof | None:
    """Check every row and that the cases cover all plans, and rebuild the tree.

    Parameters
    ----------
    instance : Instance
    tree : tuple of Columns, or None
        `proof.parquet`, `proof_prices.parquet` and `proof_cuts.parquet`; None where the plan has none.
    ledger : Ledger
        Takes the checks.

    Returns
    -------
    Proof or None
        None when there is none, or anything about it is wrong: then it proves nothing.
    """
    if tree is None:
        return None
    nodes, prices, listed = tree
    decisions = _decisions(instance, nodes, ledger)
    cuts = check_cuts(instance, listed, ledger)
    if decisions is None or cuts is None:
        return None
    # A number that no row of prices has is one of prices all 0. Without nodes the root has the first.
    most = int(nodes.values["prices"].max()) if nodes.n_rows else 1
    own = prices.values["prices"] - 1
    sets = check_sets(instance, prices, PROOF_PRICES, own, most, ledger, cuts.n_cuts)
    row, file, pool, holds = decisions
    proof = Proof(
        parent=nodes.values["parent"][row],
        file=file[row].astype(np.int32),
        pool=pool[row].astype(np.int32),
        holds=(holds == 1)[row],
        priced=nodes.values["prices"][row] - 1,
        prices=(replace(Prices.zero(instance), cut=np.zeros(cuts.n_cuts)),) * most if sets is None else sets,
        cuts=cuts,
    )
    faults = list(proof_faults(instance, proof).items())

    def fault(i: int) -> Check:
        node, detail = faults[i]
        at = None if node == 0 else int(row[node - 1]) + 1
        return Check("case", False, PROOF, at, f"node {node}", detail=detail)

    said = f"{proof.n_cases:,} cases cover all plans" if nodes.n_rows else "nothing is decided"
    ledger.rows("case", PROOF, range(len(faults)), fault, said)
    return None if faults or sets is None else proof


def _decisions(instance: Instance, nodes: Columns, ledger: Ledger) -> tuple[Ints, Ints, Ints, Ints] | None:
    """Row of each node in order; file, pool and side of each row; None when one of them is unknown."""
    file = nodes.texts["file"].positions({name: f for f, name in enumerate(instance.files)})
    pool = nodes.texts["pool"].positions({name: p for p, name in enumerate(instance.pools)})
    holds = nodes.texts["side"].positions({LACKS: 0, HOLDS: 1})
    number, prices = nodes.values["node"], nodes.values["prices"]
    row = np.argsort(number, kind="stable")
    counted = np.zeros(nodes.n_rows, dtype=np.bool_)
    counted[row] = number[row] == np.arange(1, nodes.n_rows + 1)
    strange = (prices < 0) | (prices > nodes.n_rows)
    wrong = np.flatnonzero((file < 0) | (pool < 0) | (holds < 0) | ~counted | strange)

    def unknown(i: int) -> Check:
        for column, known in (("file", file), ("pool", pool), ("side", holds)):
            if known[i] < 0:
                name = nodes.texts[column].at(i)
                return Check("node", False, PROOF, i + 1, column, claimed=name, detail=f"no such {column}")
        if counted[i]:
            detail = "prices are numbered from 1, no more of them than nodes; 0: none"
            return Check("node", False, PROOF, i + 1, "prices", claimed=float(prices[i]), detail=detail)
        detail = f"nodes are numbered from 1 to {nodes.n_rows}, each once"
        return Check("node", False, PROOF, i + 1, "node", claimed=float(number[i]), detail=detail)

    ledger.rows("node", PROOF, wrong, unknown, f"{nodes.n_rows:,} rows")
    return None if wrong.size else (row, file, pool, holds)
