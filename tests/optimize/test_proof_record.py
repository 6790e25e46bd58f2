"""A record of a search puts prices of different cuts together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cdnplan.model.plan.cuts import Cuts
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.master.proof_record import ProofRecord
from tests.instances import random_instance

ONE = Cuts.one(pool=0, limit=1, file=[0, 1], weight=[1, 1])
OTHER = Cuts.one(pool=1, limit=2, file=[0, 2], weight=[2, 1])
THIRD = Cuts.one(pool=0, limit=1, file=[1, 2], weight=[1, 1])


def priced(*price: float) -> Prices:
    """Prices of cuts alone."""
    return replace(Prices.zero(random_instance(1)), cut=np.array(price))


def test_cases_with_different_cuts_price_all_of_them() -> None:
    record = ProofRecord(priced(1.0, 0.0), Cuts.joined(ONE, OTHER))
    holds, lacks = record.split(0, file=0, pool=0)
    record.price(holds, priced(3.0, 4.0), Cuts.joined(THIRD, ONE))
    record.price(lacks, priced(0.0, 5.0), Cuts.joined(ONE, OTHER))
    proof = record.proof()
    named = [
        (int(proof.cuts.pool[c]), proof.cuts.file[proof.cuts.ptr[c] : proof.cuts.ptr[c + 1]].tolist())
        for c in range(proof.cuts.n_cuts)
    ]
    assert named == [(0, [1, 2]), (0, [0, 1]), (1, [0, 2])], "each once, those without a price left out"
    assert [prices.cut.tolist() for prices in proof.prices] == [[3.0, 4.0, 0.0], [0.0, 0.0, 5.0]]
    assert proof.priced.tolist() == [0, 1]


def test_without_a_decision_the_root_is_the_case() -> None:
    proof = ProofRecord(priced(0.0, 2.0), Cuts.joined(ONE, OTHER)).proof()
    assert (proof.parent.size, proof.n_cases, len(proof.prices)) == (0, 1, 1)
    assert (proof.cuts.n_cuts, proof.prices[0].cut.tolist()) == (1, [2.0])
