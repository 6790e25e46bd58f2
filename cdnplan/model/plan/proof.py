"""A stored proof of a bound: cases that together cover every plan, each with prices of its own."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Ints32
from cdnplan.model.plan.cuts import Cuts
from cdnplan.model.plan.placement import Prices


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """A binary tree of decisions: a pool holds a file, or it does not.

    The root, node 0, is the whole problem. A node that is split has two sides, which decide on the same file
    and pool; the others are cases, and prices prove a bound for each. Every plan belongs to one case, so none
    costs less than the lowest of their bounds. Where nothing is decided the root is the only case, and
    `prices` are its own.

    Parameters
    ----------
    parent : (n,) int32
        Node above each of the nodes 1 to n.
    file, pool : (n,) int32
        What the node decides on.
    holds : (n,) bool
        Whether the pool holds the file, all copies that are asked for.
    priced : (n,) int32
        Index into `prices` for a case; -1 for a node that is split.
    prices : tuple of Prices
        Several cases may share some.
    cuts : Cuts
        All prices may price them.
    """

    parent: Ints32
    file: Ints32
    pool: Ints32
    holds: npt.NDArray[np.bool_]
    priced: Ints32
    prices: tuple[Prices, ...]
    cuts: Cuts = field(default_factory=Cuts.none)

    @property
    def n_cases(self) -> int:
        """How many cases there are."""
        return max(1, int((self.priced >= 0).sum()))
