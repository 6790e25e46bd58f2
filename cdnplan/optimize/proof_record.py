"""What a search tree leaves behind for others to check: its decisions, and the prices of each case."""

from __future__ import annotations

import numpy as np

from cdnplan.model.cuts import Cuts
from cdnplan.model.placement import Prices
from cdnplan.model.proof import Proof


class ProofRecord:
    """Grows with a search tree, and is a whole proof at any time.

    A case is proven by the prices it was given, or by those of the nearest node above that was given some:
    with one more decision these prove at least as much.

    Parameters
    ----------
    root : Prices
        Of the whole problem.
    cuts : Cuts or None
        That all prices price.

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
        self._cuts = Cuts.none() if cuts is None else cuts
        self._prices: list[Prices] = [root]
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

    def price(self, case: int, prices: Prices) -> None:
        """Give a case prices that prove more than those it has."""
        self._prices[case] = prices

    @property
    def decided(self) -> bool:
        """Whether there are any decisions: without, the prices of the whole problem are all there is."""
        return self._split[0]

    def proof(self) -> Proof:
        """The tree as it is; where nothing is decided yet, the prices of the whole problem."""
        nodes = range(1, len(self._parent))
        number: dict[int, int] = {}
        kept: list[Prices] = []
        priced = np.full(len(nodes), -1, dtype=np.int32)
        for node in nodes:
            if not self._split[node]:
                prices = self._prices[node]
                if id(prices) not in number:
                    number[id(prices)] = len(kept)
                    kept.append(prices)
                priced[node - 1] = number[id(prices)]
        if not self.decided:
            kept.append(self._prices[0])
        decided = np.array(self._decided[1:], dtype=np.int32).reshape(-1, 3)
        return Proof(
            parent=np.array(self._parent[1:], dtype=np.int32),
            file=decided[:, 0],
            pool=decided[:, 1],
            holds=decided[:, 2].astype(np.bool_),
            priced=priced,
            prices=tuple(kept),
            cuts=self._cuts,
        )
