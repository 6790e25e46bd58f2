"""Files with all their copies let into a full pool, against every arrangement there is."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from cdnplan.fill.shelves.admission_kernels import admit
from cdnplan.fill.shelves.bench_kernels import BEFORE, HERE, empty_bench, fits, put
from cdnplan.fill.shelves.shelf_kernels import Shelf
from cdnplan.fill.shelves.trade_kernels import clear_fresh, stock, worth

N_FILES = 7


def shelf(seed: int, *, window: float = 6.0, room: float = 14.0, new: float = np.inf) -> Shelf:
    """Two appliances that hold what they held before; files of one or two copies."""
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 6, N_FILES).astype(float)
    copies = rng.integers(1, 3, N_FILES)
    bench = empty_bench(size, copies, np.zeros((N_FILES, 0)), 2, room, window)
    had = rng.random((2, N_FILES)) < 0.4
    bench.on[had] = BEFORE
    for f in range(N_FILES):
        able = [a for a in (0, 1) if had[a, f] and fits(bench, a, f)]
        for a in able[: copies[f]] if len(able) >= copies[f] else []:
            put(bench, a, f)
    return Shelf(
        bench,
        value=np.round(rng.lognormal(0, 1, N_FILES) * size, 3),
        fresh=size * np.maximum(0, copies - had.sum(axis=0)),
        fixed=(bench.have > 0) & (rng.random(N_FILES) < 0.2),
        room_new=np.array([new]),
    )


def on_and_had(found: Shelf) -> tuple[np.ndarray, np.ndarray]:
    """Where copies are, and where they were before, (2, n_files) bool."""
    return (found.bench.on & HERE) > 0, (found.bench.on & BEFORE) > 0


def best(found: Shelf, window: float, room: float) -> float:
    """Largest worth of any arrangement that has what is fixed."""
    most, size, had = 0.0, found.bench.size, on_and_had(found)[1]
    ways = [
        [(), *combinations((0, 1), int(k))] if not fixed else list(combinations((0, 1), int(k)))
        for k, fixed in zip(found.bench.copies, found.fixed, strict=True)
    ]
    for places in product(*ways):
        on = np.zeros_like(had)
        for f, appliances in enumerate(places):
            on[list(appliances), f] = True
        within = (on @ size <= room + 1e-9).all() and ((on & ~had) @ size <= window + 1e-9).all()
        if within:
            most = max(most, float(found.value[on.any(axis=0)].sum()))
    return most


def check(found: Shelf, before: Shelf, window: float, room: float) -> None:
    """Books are right, limits hold, files have all their copies or none, and what is fixed stays."""
    bench, (on, had) = found.bench, on_and_had(found)
    count = on.sum(axis=0)
    assert (bench.have == count).all()
    assert ((count == 0) | (count == bench.copies)).all()
    assert (count[before.fixed] > 0).all()
    np.testing.assert_allclose(bench.used, on @ bench.size, atol=1e-9)
    np.testing.assert_allclose(bench.fetched, (on & ~had) @ bench.size, atol=1e-9)
    assert (bench.used <= room * (1 + 1e-9)).all()
    assert (bench.fetched <= window * (1 + 1e-9)).all()
    assert found.room_new[0] >= -1e-9


@pytest.mark.parametrize("seed", range(60))
def test_every_exchange_gains_and_keeps_all_limits(seed: int) -> None:
    before, found = shelf(seed), shelf(seed)
    made = admit(found, 0.0)
    check(found, before, 6.0, 14.0)
    assert (worth(found) > worth(before)) == (made > 0)


def test_close_to_the_best_of_all_arrangements() -> None:
    """From what is there, and from what has to be fetched chosen by worth per GB; the better one counts."""
    ratio = []
    for seed in range(60):
        now, anew = shelf(seed), shelf(seed)
        clear_fresh(anew)
        stock(anew, anew.value / np.maximum(anew.fresh, 1e-9))
        for each in (now, anew):
            admit(each, 0.0)
        check(anew, shelf(seed), 6.0, 14.0)
        ratio.append(max(worth(now), worth(anew)) / max(1e-9, best(now, 6.0, 14.0)))
    assert max(ratio) <= 1 + 1e-9
    assert min(ratio) >= 0.65, "a large file of two copies may take the place of all others"
    assert np.mean(ratio) >= 0.97


def test_a_small_gain_is_not_taken() -> None:
    seen = 0
    for seed in range(60):
        found = shelf(seed)
        before = worth(found)
        admit(found, 5.0)
        gain = worth(found) - before
        seen += gain > 0
        assert gain == 0 or gain > 5.0
    assert seen > 5


def test_what_the_pool_may_fetch_in_all_is_a_limit() -> None:
    for seed in range(40):
        found = shelf(seed, new=2.0)
        before = found.bench.have > 0
        admit(found, 0.0)
        after = found.bench.have > 0
        used = found.fresh[after & ~before].sum() - found.fresh[before & ~after].sum()
        assert found.room_new[0] == pytest.approx(2.0 - used)
        assert found.room_new[0] >= 0.0
