"""Lies that can be told about the tree of cases that proves a bound, each with what gives it away.

The tree is that of `plan_writer`: node 1 is a case, node 2 is split into 3 and 4, which are cases.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cdnplan.inputs.plans.plan_folder import PROOF, PROOF_PRICES, TREE
from tests.evaluate.plan_writer import change_json, change_table, seal
from tests.evaluate.tamperings import Rows, Tampering, cell, claim, table, where


def _without_tables(folder: Path) -> None:
    for name in TREE:
        (folder / name).unlink()
    seal(folder)


def _without_prices(folder: Path) -> None:
    (folder / PROOF_PRICES).unlink()
    seal(folder)


def _all_proven(claims: dict[str, Any]) -> None:
    claims["lower"] = claims["upper"]
    claims["gap_ratio"] = claims["gap_to_upper_ratio"] = 0.0
    claims["status"] = "optimal"


def _set(rows: Rows, number: int, **changed: Any) -> None:
    rows[number - 1].update(changed)


def _exchange(rows: Rows) -> None:
    """Cases 1 and 3 are said to be proven by each other's prices."""
    rows[0]["prices"], rows[3]["prices"] = rows[3]["prices"], rows[0]["prices"]


def _scale(rows: Rows, by: float, **wanted: Any) -> None:
    found = where(rows, **wanted)
    assert found
    for i in found:
        rows[i]["price"] *= by


def _priced(rows: Rows, limit: str, **changed: Any) -> None:
    rows[where(rows, limit=limit)[0]].update(changed)


def _only_half(rows: Rows) -> None:
    """Nothing is said of plans in which kpn does not hold the file."""
    del rows[1:]


def _without_second_split(rows: Rows) -> None:
    """Only plans in which bnix holds the file are looked at where kpn does not."""
    del rows[3]


def _undecided(folder: Path) -> None:
    """The root is the only case, with prices that are all 0."""
    change_table(folder, PROOF, lambda rows: rows.clear())
    change_table(folder, PROOF_PRICES, lambda rows: rows.clear())


SHAPES = [
    table("half-is-missing", PROOF, "node 0; its sides are not the two cases", _only_half),
    table(
        "case-is-missing", PROOF, "row 2: case of node 2; its sides are not the two", _without_second_split
    ),
    table("node-is-missing", PROOF, "row 3: node of node claimed 4", lambda rows: rows.pop(2)),
    table(
        "side-said-twice", PROOF, "of node 2; its sides are not the two", lambda r: _set(r, 4, side="holds")
    ),
    table("both-hold", PROOF, "node 0; its sides are not the two", lambda rows: _set(rows, 2, side="holds")),
    table("other-file", PROOF, "different files or pools", lambda rows: _set(rows, 4, file="t01.hd")),
    table(
        "other-pool", PROOF, "different files or pools", lambda rows: _set(rows, 3, pool="ams-ix/flash-1u")
    ),
    table(
        "decided-again",
        PROOF,
        "row 3: case of node 3; decides again what node 2",
        lambda rows: [row.update(pool="kpn/storage-2u") for row in rows],
    ),
    table("third-side", PROOF, "node 0; its sides decide on different", lambda r: _set(r, 3, parent=0)),
    table("own-parent", PROOF, "row 2: case of node 2; no node before it", lambda r: _set(r, 2, parent=2)),
    table("later-parent", PROOF, "row 1: case of node 1; no node before", lambda r: _set(r, 1, parent=4)),
    table("no-parent", PROOF, "row 1: case of node 1; no node before", lambda r: _set(r, 1, parent=-1)),
    table("number-twice", PROOF, "each once", lambda rows: _set(rows, 4, node=3)),
    table("nothing-decided", PROOF, "row 26: price of storage ams", lambda rows: rows.clear()),
    Tampering("nothing-decided-nor-priced", _undecided, "bound: lower claimed"),
    cell("unknown-file", PROOF, "row 2: node of file claimed t99.hd", 1, "file", lambda _: "t99.hd"),
    cell("unknown-pool", PROOF, "row 2: node of pool claimed linx", 1, "pool", lambda _: "linx"),
    cell("unknown-side", PROOF, "row 2: node of side claimed maybe", 1, "side", lambda _: "maybe"),
]

PRICES_OF_CASES = [
    table("split-with-prices", PROOF, "row 2: case of node 2; has prices", lambda r: _set(r, 2, prices=1)),
    table("case-without-prices", PROOF, "node 3; is a case without prices", lambda r: _set(r, 3, prices=0)),
    table("too-many-prices", PROOF, "no more of them than nodes", lambda rows: _set(rows, 3, prices=2**30)),
    table("others-prices", PROOF, "bound: lower claimed", _exchange),
    table("prices-of-nobody", PROOF_PRICES, "no case has these prices", lambda r: _set(r, 1, prices=4)),
    table("negative-price", PROOF_PRICES, "less than 0", lambda rows: _scale(rows, -1.0, prices=2)),
    table("prices-twice", PROOF_PRICES, "given twice", lambda rows: rows.append(dict(rows[5]))),
    table(
        "too-dear-link", PROOF_PRICES, "above the cost of overload", lambda r: _priced(r, "link", price=1e6)
    ),
    table("no-such-limit", PROOF_PRICES, "no such limit", lambda r: _priced(r, "storage", name="linx")),
    table("lifted", PROOF_PRICES, "bound: lower claimed", lambda r: _scale(r, 3.0, limit="storage")),
    table("lowered", PROOF_PRICES, "bound: lower claimed", lambda rows: _scale(rows, 0.5)),
    table("no-prices", PROOF_PRICES, "bound: lower claimed", lambda rows: rows.clear()),
]

TREE_CLAIMS = [
    claim("more", "bound: lower claimed", "lower", by=lambda v: v + 1e-3),
    Tampering("all-proven", lambda d: change_json(d, _all_proven), "bound: lower claimed"),
    claim("priced", "lower_priced claimed", "lower_priced", by=lambda v: v + 1e-3),
    claim("by-prices", "found 'prices', expected 'tree'", "bound_proof", by=lambda _: "prices"),
    claim("by-search", "expected 'tree'", "bound_proof", by=lambda _: "branch-and-bound"),
    Tampering("tables-gone", _without_tables, "proof.parquet: can be read; missing"),
    Tampering("table-gone", _without_prices, "proof_prices.parquet: can be read; missing"),
]

TREE_TAMPERINGS = [*SHAPES, *PRICES_OF_CASES, *TREE_CLAIMS]
