"""Holders known of every file, and which of them go together.

Passes over prices leave several sets of holders for every file, each good at the prices of its pass. Those of
one pass leave some pools overfull and others half empty, and dropping files where they do not fit undoes what
made them good. So every file takes one of its sets again, one file after another, at prices that rise with
what the others use: an augmented Lagrangian of all limits [1]_, descended by coordinates, ever stiffer.

References
----------
.. [1] D. P. Bertsekas, "Constrained Optimization and Lagrange Multiplier Methods", Academic Press, 1982.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.fast.choice_kernels import KnownColumns, choose_columns
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.master.file_columns import columns_of, launch_use
from cdnplan.optimize.problem.limits import TINY, LimitVector
from cdnplan.parameters.parameters import DEFAULTS
from cdnplan.parameters.wide_gaps import ChoiceParameters

Bools = npt.NDArray[np.bool_]

FILES_AT_ONCE = 128
"""Columns are counted for so many files at a time: at first with a number for every limit."""


class KnownHolders:
    """Sets of holders, one for every file each, and the choice among them.

    Parameters
    ----------
    solver : FileSolver
    parameters : ChoiceParameters
    """

    def __init__(self, solver: FileSolver, parameters: ChoiceParameters = DEFAULTS.choice) -> None:
        self._solver, self._numbers = solver, parameters
        self._limits = LimitVector.of(solver.instance)
        self._sets: list[Bools] = []
        self._entries = 0
        self._pick: Ints = np.zeros(solver.instance.n_files, dtype=np.int64)

    def add(self, holds: Bools, *, taken: bool = False) -> None:
        """Take in holders of every file.

        Parameters
        ----------
        holds : (n_files, n_pools) bool
            Not copied.
        taken : bool
            Whether every file is to start its next choice from these.
        """
        inst = self._solver.instance
        # At most: each holder uses its pool's own rows, in every slice, and each file all that are shared.
        entries = int(np.count_nonzero(holds)) * (2 + inst.n_slices)
        entries += inst.n_files * (self._limits.n_own - inst.n_pools * (2 + inst.n_slices))
        if self._sets and self._entries + entries > self._numbers.most_entries:
            return
        self._entries += entries
        self._sets.append(holds)
        if taken:
            self._pick[:] = len(self._sets) - 1

    def choose(self, prices: Prices) -> Bools:
        """Choose holders of every file.

        Parameters
        ----------
        prices : Prices
            Of limits that are used in full; requests go where they cost least at these.

        Returns
        -------
        (n_pools, n_files) bool
            Limits are met nearly.
        """
        if not self._sets:
            raise ValueError("no holders are known")
        files, limits = np.arange(self._pick.size, dtype=np.int64), self._limits
        offer = self._offer(prices)
        exists = np.isfinite(limits.limit)
        limit = np.where(exists, np.maximum(limits.limit, TINY), 1.0)
        price = np.where(exists, self._at_least(limits.flat(prices)), 0.0)
        total = self._total(offer)
        rng = np.random.default_rng(0)
        for stiffness in self._numbers.stiffness:
            for _ in range(self._numbers.sweeps):
                order, n_known = rng.permutation(files), len(self._sets)
                changes = choose_columns(order, n_known, offer, limit, price, stiffness, total, self._pick)
                if changes == 0:
                    break
        chosen = np.empty((files.size, self._solver.instance.n_pools), dtype=np.bool_)
        for number, holds in enumerate(self._sets):
            mine = self._pick == number
            chosen[mine] = holds[mine]
        return np.ascontiguousarray(chosen.T)

    def _offer(self, prices: Prices) -> KnownColumns:
        """Columns of all sets, with requests where they cost least."""
        parts = list(self._parts(prices))
        counts = np.concatenate([part[1] for part in parts])
        return KnownColumns(
            np.concatenate([part[0] for part in parts]),
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            np.concatenate([part[2] for part in parts]),
            np.concatenate([part[3] for part in parts]),
        )

    def _parts(
        self, prices: Prices
    ) -> Iterator[tuple[Floats, Ints, npt.NDArray[np.int32], npt.NDArray[np.float32]]]:
        """For some files after others: costs of columns, how many limits each uses, which, and how much."""
        inst, known = self._solver.instance, len(self._sets)
        exists = np.isfinite(self._limits.limit)
        for start in range(0, self._pick.size, FILES_AT_ONCE):
            files = np.arange(start, min(start + FILES_AT_ONCE, self._pick.size), dtype=np.int32)
            cost = np.empty((files.size, known))
            use = np.empty((files.size, known, exists.size), dtype=np.float32)
            for number, holds in enumerate(self._sets):
                columns = columns_of(self._solver, prices, files, holds[files])
                cost[:, number] = columns.cost - launch_use(inst, columns) @ prices.launch
                use[:, number] = np.where(exists, columns.use, 0.0)
            flat = use.reshape(-1, exists.size)
            column, which = np.nonzero(flat)
            counts = np.bincount(column, minlength=flat.shape[0])
            yield cost.ravel(), counts, which.astype(np.int32), flat[column, which]

    def _total(self, offer: KnownColumns) -> Floats:
        """What the files use as they have chosen."""
        column = np.repeat(np.arange(offer.cost.size), np.diff(offer.ptr))
        chosen = np.zeros(offer.cost.size, dtype=np.bool_)
        chosen[np.arange(self._pick.size) * len(self._sets) + self._pick] = True
        entries = chosen[column]
        size = self._limits.limit.size
        return np.bincount(offer.which[entries], offer.use[entries], minlength=size).astype(np.float64)

    def _at_least(self, price: Floats) -> Floats:
        """Prices, none of them far below the mean of its kind: storage, other volumes, rates."""
        pools, volumes, raised = self._solver.instance.n_pools, self._limits.n_volumes, price.copy()
        for kind in (slice(0, pools), slice(pools, volumes), slice(volumes, None)):
            positive = price[kind][price[kind] > 0]
            if positive.size:
                least = self._numbers.least_price * float(positive.mean())
                raised[kind] = np.maximum(price[kind], least)
        return np.minimum(raised, self._limits.cap)
