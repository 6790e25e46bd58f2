"""Check `proof_cuts.parquet`: rows that make cuts, and cuts that hold for every plan."""

from __future__ import annotations

import numpy as np

from cdnplan.evaluate.proof.cuts import cut_faults
from cdnplan.evaluate.verdict.report import Check, Ledger
from cdnplan.inputs.plans.plan_folder import PROOF_CUTS
from cdnplan.inputs.tables.parquet_columns import Columns
from cdnplan.model.instance.instance import Instance, Ints
from cdnplan.model.plan.cuts import Cuts


def check_cuts(instance: Instance, table: Columns | None, ledger: Ledger) -> Cuts | None:
    """Check every row and every cut, and rebuild them.

    Parameters
    ----------
    instance : Instance
    table : Columns or None
        `proof_cuts.parquet`, its rows in any order; None where the proof has no cuts.
    ledger : Ledger
        Takes the checks.

    Returns
    -------
    Cuts or None
        None when a row is wrong, or some plan might not keep a cut: then nothing is proven.
    """
    if table is None:
        return Cuts.none()
    file = table.texts["file"].positions({name: f for f, name in enumerate(instance.files)})
    pool = table.texts["pool"].positions({name: p for p, name in enumerate(instance.pools)})
    known, first, own = np.unique(table.values["cut"], return_index=True, return_inverse=True)
    order = np.lexsort((file, own))
    if not _check_rows(table, file, pool, first[own], order, ledger):
        return None
    cuts = Cuts(
        pool=pool[first].astype(np.int32),
        limit=table.values["limit"][first],
        ptr=np.concatenate([[0], np.cumsum(np.bincount(own, minlength=known.size))]).astype(np.int64),
        file=file[order].astype(np.int32),
        weight=table.values["weight"][order],
    )
    faults = list(cut_faults(instance, cuts).items())

    def fault(i: int) -> Check:
        cut, detail = faults[i]
        return Check("cut", False, PROOF_CUTS, int(first[cut]) + 1, f"cut {cut + 1}", detail=detail)

    ledger.rows("cut", PROOF_CUTS, range(len(faults)), fault, f"{cuts.n_cuts:,} cuts hold for every plan")
    return None if faults else cuts


def _check_rows(table: Columns, file: Ints, pool: Ints, lead: Ints, order: Ints, ledger: Ledger) -> bool:
    """Check names and numbers; given the first row of each row's cut, and rows by cut, then file."""
    number, limit = table.values["cut"], table.values["limit"]
    counted = (number >= 1) & (number <= np.unique(number).size)
    other = (pool != pool[lead]) | (limit != limit[lead])
    again = np.zeros(table.n_rows, dtype=np.bool_)
    again[order[1:]] = (np.diff(lead[order]) == 0) & (np.diff(file[order]) == 0)
    wrong = np.flatnonzero((file < 0) | (pool < 0) | ~counted | other | again)

    def fault(i: int) -> Check:
        for column, known in (("file", file), ("pool", pool)):
            if known[i] < 0:
                name = table.texts[column].at(i)
                detail = f"no such {column}"
                return Check("entry", False, PROOF_CUTS, i + 1, column, claimed=name, detail=detail)
        detail = f"in another row of cut {number[i]}, too"
        if not counted[i]:
            detail = "cuts are numbered from 1, no number is left out"
        elif other[i]:
            detail = f"another pool or limit than in row {lead[i] + 1}"
        return Check("entry", False, PROOF_CUTS, i + 1, f"cut {number[i]}", detail=detail)

    ledger.rows("entry", PROOF_CUTS, wrong, fault, f"{table.n_rows:,} rows")
    return not wrong.size
