"""What a search tree leaves behind for others to check: its decisions, and the prices of each case."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cdnplan.model.plan.cuts import Cuts
from cdnplan.model.plan.placement import Prices
from cdnplan.model.plan.proof import Proof

_Priced = tuple[Prices, Cuts]


class ProofRecord:
    """Grows with a search tree, and is a whole proof at any time.

    A case is proven by the prices it was given, or by those of the nearest node above that was given some:
    with one more decision these prove at least as much.

    Parameters
    ----------
    root : Prices
        Of the whole problem.
    cuts : Cuts or None
        That they price.

    Examples
    --------
    >>> from tests.instances import random_instance
    >>> record = ProofRecord(Prices.zero(random_instance(1)))
    >>> holds, lacks = record.split(0, file=0, pool=0)
    >>> record.split(lacks, file=1, pool=0)
    (3, 4)
    >>> record.proof().parent.tolist(), record.proof().n_cases
    ([0, 0, 2, 2], 3)
    """

    def __init__(self, root: Prices, cuts: Cuts | None = None) -> None:
        self._prices: list[_Priced] = [(root, Cuts.none() if cuts is None else cuts)]
        self._parent: list[int] = [-1]
        self._decided: list[tuple[int, int, bool]] = [(-1, -1, False)]
        self._split: list[bool] = [False]

    def split(self, node: int, file: int, pool: int) -> tuple[int, int]:
        """Split a case at a file and a pool.

        Parameters
        ----------
        node, file, pool : int

        Returns
        -------
        holds, lacks : int
            Numbers of the two new cases.
        """
        self._split[node] = True
        for holds in (True, False):
            self._parent.append(node)
            self._decided.append((file, pool, holds))
            self._prices.append(self._prices[node])
            self._split.append(False)
        return len(self._parent) - 2, len(self._parent) - 1

    def price(self, case: int, prices: Prices, cuts: Cuts) -> None:
        """Give a case prices that prove more than those it has, and the cuts that they price."""
        self._prices[case] = prices, cuts

    @property
    def decided(self) -> bool:
        """Whether there are any decisions: without, the prices of the whole problem are all there is."""
        return self._split[0]

    def proof(self) -> Proof:
        """The tree as it is; where nothing is decided yet, the prices of the whole problem."""
        nodes = range(1, len(self._parent))
        number: dict[int, int] = {}
        kept: list[_Priced] = []
        priced = np.full(len(nodes), -1, dtype=np.int32)
        for node in nodes:
            if not self._split[node]:
                given = self._prices[node]
                if id(given) not in number:
                    number[id(given)] = len(kept)
                    kept.append(given)
                priced[node - 1] = number[id(given)]
        if not self.decided:
            kept.append(self._prices[0])
        prices, cuts = _together(kept)
        decided = np.array(self._decided[1:], dtype=np.int32).reshape(-1, 3)
        return Proof(
            parent=np.array(self._parent[1:], dtype=np.int32),
            file=decided[:, 0],
            pool=decided[:, 1],
            holds=decided[:, 2].astype(np.bool_),
            priced=priced,
            prices=prices,
            cuts=cuts,
        )


def _together(kept: list[_Priced]) -> tuple[tuple[Prices, ...], Cuts]:
    """Prices of all cuts that any of them price, each cut once, and these cuts."""
    number: dict[bytes, int] = {}
    cuts = [Cuts.none()]
    places: list[list[int]] = []
    for prices, known in kept:
        places.append([])
        for c in np.flatnonzero(prices.cut > 0.0):
            one = known.take(np.array([c]))
            entries = np.concatenate([one.pool, one.limit, one.file, one.weight])
            place = number.setdefault(entries.tobytes(), len(number))
            if place == len(cuts) - 1:
                cuts.append(one)
            places[-1].append(place)
    together = []
    for (prices, _), mine in zip(kept, places, strict=True):
        price = np.zeros(len(number))
        price[mine] = prices.cut[prices.cut > 0.0]
        together.append(replace(prices, cut=price))
    return tuple(together), Cuts.joined(*cuts)
