"""Tables of the tree of cases and the cuts that prove a plan's bound, where there are any."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from cdnplan.inputs.plans.plan_folder import HOLDS, LACKS
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.proof import Proof
from cdnplan.planner.folder.tables import as_stored, coded, price_columns, price_rows, table


def proof_as_stored(instance: Instance, proof: Proof | None) -> Proof | None:
    """A proof as it is read back, see `as_stored`."""
    if proof is None:
        return None
    return replace(proof, prices=tuple(as_stored(instance, p) for p in proof.prices))


def proof_table(instance: Instance, proof: Proof) -> pa.Table:
    """``proof.parquet``: what each node decides, and which prices prove it, if it is a case."""
    return table(
        {
            "node": np.arange(1, proof.parent.size + 1, dtype=np.int32),
            "parent": proof.parent,
            "file": coded(proof.file, instance.files),
            "pool": coded(proof.pool, instance.pools),
            "side": coded(proof.holds, (LACKS, HOLDS)),
            "prices": proof.priced + np.int32(1),
        }
    )


def proof_prices_table(instance: Instance, proof: Proof) -> pa.Table:
    """``proof_prices.parquet``: the prices that cases name, only those above 0."""
    sets = [price_rows(instance, prices) for prices in proof.prices]
    number = np.repeat(np.arange(1, len(sets) + 1, dtype=np.int32), [len(rows) for rows in sets])
    return table({"prices": number, **price_columns([row for rows in sets for row in rows])})


def proof_cuts_table(instance: Instance, proof: Proof) -> pa.Table:
    """``proof_cuts.parquet``: a row for each file of each cut."""
    cuts = proof.cuts
    cut = np.repeat(np.arange(cuts.n_cuts), np.diff(cuts.ptr))
    return table(
        {
            "cut": cut.astype(np.int32) + np.int32(1),
            "pool": coded(cuts.pool[cut], instance.pools),
            "limit": cuts.limit[cut],
            "file": coded(cuts.file, instance.files),
            "weight": cuts.weight,
        }
    )
