"""Lies that can be told about the cuts of a proof and their prices, each with what gives it away.

The cuts are those of `tree_writer`: cut 1 is about bnix, cut 2 about kpn, and both have prices
in all three cases.
"""

from __future__ import annotations

from pathlib import Path

from cdnplan.inputs.plans.plan_folder import PRICES, PROOF_CUTS, PROOF_PRICES, TOPOLOGY, TREE
from tests.evaluate.plan_writer import change_json, seal
from tests.evaluate.tamperings import Rows, Tampering, cell, remove, table, text, where

FIRST_OF_2 = 20
"""Where rows of cut 2 begin, counted from 1."""


def _set(rows: Rows, cut: int, /, **changed: object) -> None:
    """Change all rows of a cut."""
    found = where(rows, cut=cut)
    assert found[0] == (FIRST_OF_2 - 1 if cut == 2 else 0)
    for i in found:
        rows[i].update(changed)


def _renumber(rows: Rows) -> None:
    _set(rows, 2, cut=3)


def _priced(rows: Rows, **changed: object) -> None:
    rows[where(rows, limit="cut", name="2", prices=2)[0]].update(changed)


def _scale(rows: Rows, by: float) -> None:
    for i in where(rows, limit="cut", name="2"):
        rows[i]["price"] *= by


def _heavier(rows: Rows) -> None:
    """A file of cut 2 weighs as much as its limit, and there is room beside it."""
    rows[FIRST_OF_2]["weight"] = rows[FIRST_OF_2]["limit"]


def _without_table(folder: Path) -> None:
    (folder / PROOF_CUTS).unlink()
    seal(folder)


def _left_over(folder: Path) -> None:
    """The plan is said to rest on its prices, but cuts are still there."""
    for name in TREE:
        (folder / name).unlink()
    change_json(folder, lambda claims: claims.update(bound_proof="prices"))
    seal(folder)


ENTRIES = [
    cell("unknown-file", PROOF_CUTS, "row 2: entry of file claimed t99.hd", 1, "file", lambda _: "t99.hd"),
    cell("unknown-pool", PROOF_CUTS, "row 2: entry of pool claimed linx", 1, "pool", lambda _: "linx"),
    cell("number-0", PROOF_CUTS, "row 1: entry of cut 0; cuts are numbered", 0, "cut", lambda _: 0),
    table("number-left-out", PROOF_CUTS, f"row {FIRST_OF_2}: entry of cut 3; cuts are", _renumber),
    cell(
        "other-pool",
        PROOF_CUTS,
        f"row 30: entry of cut 2; another pool or limit than in row {FIRST_OF_2}",
        29,
        "pool",
        lambda _: "bnix/storage-2u",
    ),
    cell("other-limit", PROOF_CUTS, "row 3: entry of cut 1; another pool", 2, "limit", lambda v: v + 1),
    table(
        "file-twice",
        PROOF_CUTS,
        "row 44: entry of cut 1; in another row of cut 1, too",
        lambda rows: rows.append(dict(rows[4])),
    ),
]

HOLDING = [
    table(
        "limit-too-low",
        PROOF_CUTS,
        f"row {FIRST_OF_2}: cut of cut 2; kpn/storage-2u has room for files that weigh 224",
        lambda rows: _set(rows, 2, limit=223),
    ),
    table("too-heavy", PROOF_CUTS, "kpn/storage-2u has room for files that weigh 225", _heavier),
    table(
        "another-pool",
        PROOF_CUTS,
        "ams-ix/storage-2u has room for files that weigh 225",
        lambda rows: _set(rows, 2, pool="ams-ix/storage-2u"),
    ),
    table(
        "limit-below-0", PROOF_CUTS, "row 1: cut of cut 1; limit -1 is not", lambda r: _set(r, 1, limit=-1)
    ),
    table("limit-too-high", PROOF_CUTS, "limit 10001 is not between", lambda r: _set(r, 1, limit=10_001)),
    cell("no-weight", PROOF_CUTS, f"row {FIRST_OF_2}: cut of cut 2; weight 0", 30, "weight", lambda _: 0),
    cell("negative-weight", PROOF_CUTS, "row 1: cut of cut 1; weight -3 is", 3, "weight", lambda _: -3),
    text("more-storage", TOPOLOGY, "storage_tb: 0.12", "storage_tb: 0.24", "bnix/storage-2u has room for"),
]

LESS = [
    table("limit-raised", PROOF_CUTS, "bound: lower claimed", lambda rows: _set(rows, 2, limit=250)),
    table("weights-lost", PROOF_CUTS, "bound: lower claimed", lambda r: _set(r, 2, weight=1)),
    table("cut-lost", PROOF_CUTS, "price of cut 2 claimed", lambda rows: remove(rows, cut=2)),
    table("no-cuts", PROOF_CUTS, "price of cut 1 claimed", lambda rows: rows.clear()),
    Tampering("table-gone", _without_table, "found nothing; no such limit"),
    Tampering("left-over", _left_over, "expected 'tree': there is proof_cuts.parquet"),
]

PRICES_OF_CUTS = [
    table("negative", PROOF_PRICES, "less than 0", lambda rows: _scale(rows, -1.0)),
    table("beyond-floats", PROOF_PRICES, "not a number one can use", lambda r: _priced(r, price=1e308)),
    table("of-nothing", PROOF_PRICES, "price of cut 3 claimed", lambda rows: _priced(rows, name="3")),
    table("not-a-number", PROOF_PRICES, "price of cut 02 claimed", lambda rows: _priced(rows, name="02")),
    table("slice", PROOF_PRICES, "no slice 1", lambda rows: _priced(rows, slice=1)),
    table("unit", PROOF_PRICES, "counted 'per TB', expected 'per unit'", lambda r: _priced(r, unit="per TB")),
    table("twice", PROOF_PRICES, "found nothing; given twice", lambda rows: _priced(rows, prices=1)),
    table("lifted", PROOF_PRICES, "bound: lower claimed", lambda rows: _scale(rows, 10.0)),
    table("lowered", PROOF_PRICES, "bound: lower claimed", lambda rows: _scale(rows, 0.1)),
    table("dropped", PROOF_PRICES, "bound: lower claimed", lambda rows: remove(rows, limit="cut", name="2")),
    table(
        "outside-the-proof",
        PRICES,
        "prices.parquet row 1: price of cut 1 claimed",
        lambda rows: rows[0].update(limit="cut", name="1", unit="per unit"),
    ),
]

CUT_TAMPERINGS = [*ENTRIES, *HOLDING, *LESS, *PRICES_OF_CUTS]
