"""Changes of one and two files, against all of them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.optimize.round.settle_kernels import Charges, Options, settle, waste

N_FILES, N_COLUMNS, N_ROWS, WORTH = 7, 4, 3, 1e-6


class Drawn:
    """Columns of some files, with rows that about half of them fit into."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.file = np.repeat(np.arange(N_FILES, dtype=np.int32), N_COLUMNS)
        self.start = np.arange(N_FILES + 1) * N_COLUMNS
        self.use = rng.integers(0, 5, (N_FILES * N_COLUMNS, N_ROWS)).astype(np.float64)
        # Of the first row, files use one amount or nothing.
        self.use[:, 0] = np.repeat(rng.integers(1, 5, N_FILES), N_COLUMNS) * rng.integers(
            0, 2, self.file.size
        )
        self.even = np.arange(N_ROWS) == 0
        self.cost = rng.uniform(0.0, 20.0, self.file.size)
        self.room = 0.45 * 4 * N_FILES * np.ones(N_ROWS)
        self.price = rng.uniform(0.0, 3.0, N_ROWS) * (rng.random(N_ROWS) < 0.8)
        self.charge = self.price + rng.uniform(0.0, 20.0, N_ROWS)
        self.begin = self.start[:-1] + rng.integers(0, N_COLUMNS, N_FILES)

    def limits(self) -> Charges:
        """As kernels take them."""
        return Charges(self.room, self.price, self.charge)

    def value(self, choice: Ints) -> float:
        """Cost, and what excess costs."""
        over = np.maximum(self.use[choice].sum(axis=0) - self.room, 0.0)
        return float(self.cost[choice].sum() + over @ self.charge)

    def settled(self, pairs: bool, begin: Ints | None = None) -> Ints:
        choice = self.begin.copy()
        may = np.ones(N_FILES, dtype=np.bool_)
        if begin is not None:
            may = np.isin(np.arange(N_FILES), begin)
        reduced: Floats = self.cost + self.use @ self.price
        options = Options(reduced, self.use, self.file, self.start)
        settle(options, self.limits(), self.even, choice, may, pairs, WORTH)
        return choice

    def wasted(self, choice: Ints) -> Floats:
        """What each row wastes."""
        left = self.room - self.use[choice].sum(axis=0)
        return np.where(left >= 0.0, self.price * left, (self.price - self.charge) * left)

    def mends(self, choice: Ints, one: Ints, two: Ints) -> bool:
        """Whether a second change is of use where the first one leaves the worst row."""
        worst = int(np.argmax(self.wasted(one)))
        left = self.room[worst] - self.use[one, worst].sum()
        more = self.use[two, worst].sum() - self.use[one, worst].sum()
        return bool(more < 0.0 if left < 0.0 else more > 0.0)


def test_waste_is_what_cost_leaves_out() -> None:
    """Cost with excess charged = reduced costs + waste - the price of all room."""
    for seed in range(20):
        drawn = Drawn(seed)
        load = drawn.use[drawn.begin].sum(axis=0)
        reduced = drawn.cost[drawn.begin].sum() + load @ drawn.price
        total = reduced + waste(load, drawn.limits()) - drawn.room @ drawn.price
        assert total == pytest.approx(drawn.value(drawn.begin), rel=1e-12)


def with_column(choice: Ints, f: int, column: int) -> Ints:
    other = choice.copy()
    other[f] = f * N_COLUMNS + column
    return other


@pytest.mark.parametrize("pairs", [False, True])
def test_no_change_of_one_or_two_files_is_left_that_saves(pairs: bool) -> None:
    """Of two files, the second has to mend what the first leaves worst."""
    moved = seen = 0
    for seed in range(40):
        drawn = Drawn(seed)
        choice = drawn.settled(pairs)
        assert (drawn.file[choice] == np.arange(N_FILES)).all()
        best = drawn.value(choice)
        assert best <= drawn.value(drawn.begin) + 1e-9
        moved += int((choice != drawn.begin).any())
        for f, column in itertools.product(range(N_FILES), range(N_COLUMNS)):
            one = with_column(choice, f, column)
            assert drawn.value(one) >= best - WORTH - 1e-9
            if not pairs or one[f] == choice[f]:
                continue
            for g, other in itertools.product(range(N_FILES), range(N_COLUMNS)):
                two = with_column(one, g, other)
                if g != f and drawn.mends(choice, one, two):
                    seen += 1
                    assert drawn.value(two) >= best - WORTH - 1e-9
    assert moved > 30
    assert seen > 1_000 or not pairs


def test_pairs_bring_something() -> None:
    singles = [Drawn(seed).value(Drawn(seed).settled(pairs=False)) for seed in range(60)]
    pairs = [Drawn(seed).value(Drawn(seed).settled(pairs=True)) for seed in range(60)]
    assert sum(pairs) < sum(singles) - 1.0


def test_changes_begin_with_the_files_asked_for() -> None:
    """A single change is one of these files; none of them, no change at all."""
    changed = 0
    for seed in range(40):
        drawn = Drawn(seed)
        assert (drawn.settled(True, np.zeros(0)) == drawn.begin).all()
        alone = drawn.settled(False, np.array([2]))
        others = np.arange(N_FILES) != 2
        assert (alone[others] == drawn.begin[others]).all()
        changed += int(alone[2] != drawn.begin[2])
    assert changed > 10
