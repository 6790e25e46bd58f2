"""Decide files one after the other, each by a linear program that lets all others make good for it [1]_.

References
----------
.. [1] T. Berthold, "Primal Heuristics for Mixed Integer Programs", Zuse Institute Berlin, 2006, chapter 3.
"""

from __future__ import annotations

import numpy as np

from cdnplan.model.instance.instance import Ints
from cdnplan.optimize.lp.mixture import Mixture, largest_shares
from cdnplan.optimize.master.file_columns import Columns
from cdnplan.optimize.round.rounding_rows import Rows
from cdnplan.parameters.parameters import DEFAULTS

WHOLE = 1e-6


def dive(
    columns: Columns,
    rows: Rows,
    choice: Ints,
    order: Ints,
    mixture: Mixture | None = None,
    steps: int = DEFAULTS.rounding.dive_steps,
) -> Ints:
    """Decide some files anew, all others keep their columns.

    Parameters
    ----------
    columns : Columns
        Sorted by file.
    rows : Rows
        Of these columns.
    choice : (n_files,) int64
        Column of each file.
    order : (n,) int64
        The files to decide, first to last: each takes the column with the largest share in the mixture, with
        it the next ones of which a column is whole anyway.
    mixture : Mixture, optional
        Of these columns, where all files are to be decided: their program, written once for many dives.
    steps : int
        It solves its program about so often at most.

    Returns
    -------
    (n_files,) int64
        The choice after the dive. Limits may be exceeded, where no column fits.
    """
    choice, free = choice.copy(), np.sort(order)
    if free.size == 0:
        return choice
    mine, first = _columns_of(rows, free)
    if mixture is None:
        kept = np.ones(choice.size, dtype=np.bool_)
        kept[free] = False
        room = rows.room - rows.matrix[choice[kept]].sum(axis=0)
        mixture = Mixture(columns.cost[mine], rows.matrix[mine], first, room, rows.charge)
    program, turn = mixture.program(), np.searchsorted(free, order)
    step, done = 1 + free.size // steps, 0
    while True:
        share = np.asarray(program.getSolution().col_value)[: mine.size]
        top = largest_shares(share, first)[turn]
        split = np.flatnonzero(share[top[done:]] < 1.0 - WHOLE)
        last = min(done + int(split[0]) + step if split.size else free.size, free.size)
        choice[order[done:last]] = mine[top[done:last]]
        if last == free.size:
            return choice
        decided = np.concatenate([np.arange(first[f], first[f + 1]) for f in turn[done:last]])
        fixed = np.isin(decided, top[done:last]).astype(np.float64)
        program.changeColsBounds(decided.size, decided.astype(np.int32), fixed, fixed)
        program.run()
        done = last


def _columns_of(rows: Rows, files: Ints) -> tuple[Ints, Ints]:
    """Columns of some files, and where those of each begin."""
    mine = np.concatenate([np.arange(rows.start[f], rows.start[f + 1]) for f in files])
    return mine, np.concatenate([[0], np.cumsum(np.diff(rows.start)[files])])
