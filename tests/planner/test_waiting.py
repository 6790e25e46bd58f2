"""Which rules wait: those that windows cannot bring, no others, and what is left fits into the windows."""

from __future__ import annotations

import numpy as np
import pytest

from cdnplan.model.instance.instance import Instance
from cdnplan.planner.inputs.waiting import Waiting, waiting_rules, waiting_words
from tests.instances import random_instance
from tests.limits import with_limits

SEEDS = range(60)


def with_short_windows(seed: int) -> Instance:
    """Pins and launches on pools whose windows bring a part of what they could store."""
    families = frozenset({"pins", "launches", "storage", "copies"})
    instance = random_instance(seed, n_files=5, n_pools=3, families=families)
    rng = np.random.default_rng([seed, 7])
    window = rng.uniform(0.1, 1.0, instance.n_pools) * np.minimum(instance.storage_gb, instance.size_gb.sum())
    return with_limits(instance, fill_limit_gb=window, held=np.zeros_like(instance.held))


def bound_by(instance: Instance, waiting: tuple[Waiting, ...]) -> tuple[np.ndarray, set[tuple[str, str]]]:
    """Pins that bind tonight, and the pairs that wait."""
    pairs = {(one.pool, one.file) for one in waiting}
    waits = np.array([[(p, f) in pairs for f in instance.files] for p in instance.pools])
    return instance.pinned & ~waits, pairs


@pytest.mark.parametrize("seed", SEEDS)
def test_pins_that_bind_tonight_fit_into_the_windows(seed: int) -> None:
    instance = with_short_windows(seed)
    pinned, _ = bound_by(instance, waiting_rules(instance))
    need = (pinned * instance.copies * instance.size_gb).sum(axis=1)
    assert (need <= instance.new_limit_gb * (1 + 1e-6)).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_pin_waits_only_where_it_finds_no_time_beside_the_others(seed: int) -> None:
    instance = with_short_windows(seed)
    waiting = waiting_rules(instance)
    pinned, _ = bound_by(instance, waiting)
    left = instance.new_limit_gb - (pinned * instance.copies * instance.size_gb).sum(axis=1)
    for one in waiting:
        if one.rule == "pin":
            p, f = instance.pools.index(one.pool), instance.files.index(one.file)
            gb = float(instance.copies[p, f] * instance.size_gb[f])
            apiece = float(instance.appliance_window_gb[p])
            assert gb > left[p] or instance.size_gb[f] > apiece
            never = gb > instance.new_limit_gb[p] * (1 + 1e-6) or instance.size_gb[f] > apiece * (1 + 1e-6)
            assert (one.nights is None) == never
            assert one.nights is None or 1 <= one.nights <= instance.n_files


def test_some_do_wait_and_some_never_come() -> None:
    found = [one for seed in SEEDS for one in waiting_rules(with_short_windows(seed))]
    assert {one.rule for one in found} == {"pin", "launch"}
    assert {one.nights for one in found} >= {1, None}


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_waits_where_windows_are_wide(seed: int) -> None:
    instance = with_short_windows(seed)
    wide = with_limits(instance, fill_limit_gb=instance.storage_gb + 10 * instance.size_gb.sum())
    late = waiting_rules(wide)
    assert not [one for one in late if one.rule == "pin"]
    free = with_limits(instance, fill_limit_gb=np.full(instance.n_pools, np.inf))
    assert waiting_rules(free) == ()


def test_words_say_until_when() -> None:
    said = waiting_words(
        [Waiting("pin", "a/x", "f1", 2), Waiting("pin", "b/x", "f1", 2), Waiting("launch", "a/x", "f2", None)]
    )
    never, later = said
    assert never.startswith("1 copy for a launch cannot come, ever")
    assert never.endswith(": 'f2' at 'a/x'")
    assert later.startswith("2 pinned files must wait")
    assert later.endswith("expected 2 nights later: 'f1' at 'a/x', 'f1' at 'b/x'")
