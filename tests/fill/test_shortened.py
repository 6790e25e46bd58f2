"""Nights without some of their transfers: everything else can still happen, in a replay of its own."""

from __future__ import annotations

import numpy as np
import pytest

from cdnplan.fill.loads.copies import Copies
from cdnplan.fill.night.schedule import Schedule, schedule
from cdnplan.fill.night.shortened import shortened
from cdnplan.fill.night.source_kernels import ORIGIN, PEER, Network
from tests.fill.test_schedule import copies, network, rows

N_FILES = 12


def drawn(seed: int) -> tuple[Network, Copies, Copies, Copies]:
    """Full appliances of two sites that change a part of their files; much is kept somewhere."""
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 5, N_FILES).astype(float)
    net = network([3, 2], size_gb=size.tolist(), limit_gb=14.0)
    parts: tuple[list[tuple[int, int, float]], ...] = ([], [], [])
    for a in range(5):
        used, coming = 0.0, 0.0
        for f in rng.permutation(N_FILES).tolist():
            value = float(rng.random())
            if used + size[f] <= 14.0:
                used += size[f]
                stays = rng.random() < 0.5
                parts[0 if stays else 2].append((a, f, value))
                coming += 0.0 if stays else size[f]
            elif coming >= size[f]:
                coming -= size[f]
                parts[1].append((a, f, value))
    kept, wanted, leaving = (copies(*part) for part in parts)
    return net, kept, wanted, leaving


def holds_from(night: Schedule, kept: Copies, a: int, f: int, start: int, end: int) -> bool:
    """Whether appliance a has file f all the time between two instants."""
    if ((kept.appliance == a) & (kept.file == f)).any():
        return True
    there = np.flatnonzero((night.leaving.appliance == a) & (night.leaving.file == f))
    if there.size:
        gone = night.gone[there[0]]
        return bool(gone < 0 or gone >= end)
    came = np.flatnonzero(night.fetched & (night.wanted.appliance == a) & (night.wanted.file == f))
    return bool(came.size and night.end[came[0]] <= start)


def faults(net: Network, night: Schedule, kept: Copies) -> list[str]:
    """What cannot happen in a night."""
    found = []
    for q in np.flatnonzero(night.fetched):
        f, start, end = int(night.wanted.file[q]), int(night.start[q]), int(night.end[q])
        others = [int(b) for b in night.alternates[q] if b >= 0]
        sources = others + ([] if night.kind[q] == ORIGIN else [int(night.source[q])])
        found += [f"{b} lacks {f}" for b in sources if not holds_from(night, kept, b, f, start, end)]
    for a in range(net.site.size):
        used = sum(net.size_gb[part.file[part.appliance == a]].sum() for part in (kept, night.leaving))
        goes = np.flatnonzero((night.gone >= 0) & (night.leaving.appliance == a))
        comes = np.flatnonzero(night.fetched & (night.wanted.appliance == a))
        events = [(night.gone[i], -net.size_gb[night.leaving.file[i]]) for i in goes]
        starts = [(night.start[q], net.size_gb[night.wanted.file[q]]) for q in comes]
        for moment in sorted({t for t, _ in events + starts}):
            used += sum(gb for t, gb in events + starts if t == moment)
            if used > net.limit_gb[a] + 1e-9:
                found.append(f"{a} is overfull at {moment}")
            if any(t == moment and used - gb <= net.limit_gb[a] - 1e-9 for t, gb in events):
                found.append(f"{a} removes something too soon at {moment}")
    return found


@pytest.mark.parametrize("seed", range(60))
def test_what_is_left_of_a_night_can_happen(seed: int) -> None:
    net, kept, wanted, leaving = drawn(seed)
    night = schedule(net, kept, wanted, leaving, 0)
    assert not faults(net, night, kept), "the replay agrees with the scheduler"
    without = night.fetched & (np.random.default_rng(seed).random(night.wanted.size) < 0.3)
    found = shortened(net, night, kept, without)
    if found is None:
        return
    np.testing.assert_array_equal(found.fetched, night.fetched & ~without)
    assert not faults(net, found, kept)
    np.testing.assert_array_equal(found.start[found.fetched], night.start[found.fetched])
    went = found.gone >= 0
    assert (night.gone[went] >= 0).all()
    assert (found.gone[went] >= night.gone[went]).all(), "later is safe for those that fetch from them"


def test_most_nights_can_be_shortened() -> None:
    asked = possible = 0
    for seed in range(60):
        net, kept, wanted, leaving = drawn(seed)
        night = schedule(net, kept, wanted, leaving, 0)
        for q in np.flatnonzero(night.fetched):
            asked += 1
            possible += shortened(net, night, kept, np.arange(wanted.size) == q) is not None
    assert asked > 100
    assert possible > 0.5 * asked


def test_a_transfer_that_another_one_needs_cannot_be_left_out() -> None:
    net = network([2], size_gb=[1.0])
    night = schedule(net, copies(), copies((0, 0), (1, 0)), copies(), 0)
    first = night.kind == ORIGIN
    assert rows(night)[int(night.wanted.appliance[~first][0]), 0][0] == PEER
    assert shortened(net, night, copies(), first) is None
    left = shortened(net, night, copies(), ~first)
    assert left is not None
    assert left.fetched.tolist() == first.tolist()


def test_a_file_of_which_nothing_stays_is_not_touched() -> None:
    """Its last copy could only go because the new one was on its way."""
    net = network([2], size_gb=[2.0, 2.0], limit_gb=2.0)
    night = schedule(net, copies(), copies((0, 1, 1.0), (1, 0, 9.0)), copies((0, 0)), 0)
    assert night.fetched.all()
    assert shortened(net, night, copies(), night.wanted.file == 0) is None
    kept = copies((1, 0))
    night = schedule(net, kept, copies((0, 1)), copies((0, 0)), 0)
    left = shortened(net, night, kept, night.wanted.file == 1)
    assert left is not None
    assert (left.gone < 0).all(), "nothing has to go any more"
