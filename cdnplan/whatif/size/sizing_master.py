"""The integer program over additions: the cheapest set that no bound and no fact rules out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.lp.integer_program import Row, solve_integer_program
from cdnplan.whatif.size.sizing_bounds import Cut
from cdnplan.whatif.size.sizing_problem import Counts, Relaxed, SizingProblem

SAME_PRICE = 1e-9
"""Sets whose prices differ by less than this part cost the same."""


@dataclass(frozen=True, slots=True)
class Need:
    """A goal in terms of its cuts: every one of them has to fall to `most`.

    Parameters
    ----------
    cuts : tuple of Cut
    most : float
        Goal and tolerance.
    """

    cuts: tuple[Cut, ...]
    most: float


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """What the program chose: units, maybe parts of them, and what they cost [currency]."""

    units: Floats
    price: float


class Master:
    """The program of one sizing problem; what rules sets out is given anew in each call.

    Columns are units: one more appliance of a candidate each, in order, so that sets of counts can be ruled
    out by linear rows.

    Parameters
    ----------
    problem : SizingProblem
    relaxed : Relaxed
    """

    def __init__(self, problem: SizingProblem, relaxed: Relaxed) -> None:
        self._relaxed = relaxed
        candidates = problem.sizing.candidates
        self._price = np.array([candidates[c].price for c in relaxed.candidate], dtype=np.float64)
        self._every = np.arange(relaxed.n_units)
        self._fixed = [
            *(_ordered(u) for u in np.flatnonzero(relaxed.number > 1).tolist()),
            *(
                Row(self._every, np.array(room.use)[relaxed.candidate], upper=room.allowed)
                for room in problem.sizing.rooms
            ),
        ]

    def cheapest(
        self, needs: Sequence[Need], rows: Iterable[Row] = (), *, whole: bool = True
    ) -> Chosen | None:
        """Find the cheapest units; of equally cheap ones, those that go farthest below the needs.

        Parameters
        ----------
        needs : sequence of Need
        rows : iterable of Row
            What else has to hold, over units.
        whole : bool
            Whole units; if not, parts of units are allowed.

        Returns
        -------
        Chosen or None
            None where nothing is left.
        """
        n = self._relaxed.n_units
        every = [*self._fixed, *rows]
        cuts = [(cut, need) for need in needs for cut in need.cuts]
        plain = [*every, *(Row(self._every, cut.gain, lower=cut.at_least - need.most) for cut, need in cuts)]
        integer = np.full(n, whole, dtype=np.bool_)
        found = solve_integer_program(self._price, np.ones(n), integer, plain)
        if found is None:
            return None
        if not whole or not cuts:
            return Chosen(found.columns, found.objective)
        # A second program: at this price, as far below what is needed as can be, by each cut's reach.
        least = found.objective
        bought = Row(self._every, self._price, upper=least + SAME_PRICE * max(1.0, abs(least)))
        deeper = []
        for cut, need in cuts:
            reach = max(float(cut.gain.sum()), abs(cut.at_least - need.most), 1e-300)
            gains = np.append(cut.gain, -reach)
            deeper.append(Row(np.append(self._every, n), gains, lower=cut.at_least - need.most))
        farther = solve_integer_program(
            np.append(np.zeros(n), -1.0), np.ones(n + 1), np.append(integer, False), [bought, *every, *deeper]
        )
        units = found.columns if farther is None else farther.columns[:n]
        return Chosen(units, float(self._price @ units))

    def not_this(self, counts: Counts) -> Row:
        """Rule out one set."""
        more, fewer = self._edges(counts)
        signs = np.concatenate([np.ones(more.size), -np.ones(fewer.size)])
        return Row(np.concatenate([more, fewer]), signs, lower=1.0 - fewer.size)

    def more_than(self, counts: Counts) -> Row:
        """Rule out a set and all that is part of it."""
        more = self._edges(counts)[0]
        return Row(more, np.ones(more.size), lower=1.0)

    def without_all_of(self, counts: Counts) -> Row:
        """Rule out a set and all that it is part of."""
        fewer = self._edges(counts)[1]
        return Row(fewer, np.ones(fewer.size), upper=fewer.size - 1.0)

    def _edges(self, counts: Counts) -> tuple[Ints, Ints]:
        """The next unit of each candidate that has one, and the last bought one of each that has one."""
        relaxed = self._relaxed
        count = np.array(counts, dtype=np.int64)[relaxed.candidate]
        return np.flatnonzero(relaxed.number == count + 1), np.flatnonzero(relaxed.number == count)


def _ordered(unit: int) -> Row:
    """A unit comes after the one before it."""
    return Row(np.array([unit - 1, unit]), np.array([1.0, -1.0]), lower=0.0)
