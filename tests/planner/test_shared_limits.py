"""Limits on new bytes that pools share, between the engine's plan and the night."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cdnplan.fill.deal.appliances import split_pools
from cdnplan.fill.loads.room import new_room_gb, room_beside
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Placement
from cdnplan.optimize.problem.objective import new_gb
from cdnplan.optimize.problem.rules import keeps_rules
from cdnplan.optimize.serve.serving import best_serving
from cdnplan.planner.decide.dealing import _late, required_files
from cdnplan.planner.inputs.waiting import waiting_rules
from tests.instances import random_instance
from tests.limits import with_limits, with_shared

SEEDS = range(12)


def all_new(seed: int) -> Instance:
    """Pools that hold nothing yet."""
    instance = random_instance(seed, n_files=6, n_pools=4, families=frozenset({"pins", "copies"}))
    return replace(instance, held=np.zeros_like(instance.held))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_pool_may_take_in_what_others_leave(seed: int) -> None:
    rng = np.random.default_rng(seed)
    instance = all_new(seed)
    holds = (rng.random(instance.copies.shape) < 0.5) & (instance.copies > 0)
    taken = new_gb(instance, holds)
    assert (new_room_gb(instance, holds) == instance.new_limit_gb).all()
    shared = with_shared(instance, [0, 2], float(taken[[0, 2]].sum()) + 3.0)
    room = new_room_gb(shared, holds)
    np.testing.assert_allclose(room[[0, 2]], np.minimum(instance.new_limit_gb, taken + 3.0)[[0, 2]])
    assert (room[[1, 3]] == instance.new_limit_gb[[1, 3]]).all()
    assert (room_beside(shared, np.zeros(4))[[0, 2]] <= taken[[0, 2]].sum() + 3.0).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_dealing_leaves_out_what_pools_take_in_together_too_much(seed: int) -> None:
    instance = all_new(seed)
    holds = instance.copies > 0
    used = float(new_gb(instance, holds)[[0, 1]].sum())
    pinned = float(new_gb(instance, instance.pinned)[[0, 1]].sum())
    shared = with_shared(instance, [0, 1], pinned + 0.5 * (used - pinned))
    serving = best_serving(shared, holds).serving
    assignment = split_pools(shared, Placement(holds), serving, None)
    pool, file = _late(shared, assignment)
    assert pool.size > 0
    assert set(pool.tolist()) <= {0, 1}
    assert not required_files(shared)[pool, file].any()
    holds[pool, file] = False
    row = 2 * shared.n_pools
    taken = float(new_gb(shared, holds)[[0, 1]].sum())
    assert taken <= shared.volumes.capacity_gb[row] * (1 + 1e-9)
    # No more is left out than has to be: with any one of them it would be too much, or that one is small.
    last = int(np.argmax(shared.size_gb[file] * shared.copies[pool, file]))
    again = holds.copy()
    again[pool[last], file[last]] = True
    assert float(new_gb(shared, again)[[0, 1]].sum()) > shared.volumes.capacity_gb[row]


@pytest.mark.parametrize("seed", SEEDS)
def test_pins_wait_for_what_their_pools_share(seed: int) -> None:
    instance = all_new(seed)
    wide = np.full(instance.n_pools, 1e6)
    instance = with_limits(instance, storage_gb=wide, fill_limit_gb=wide)
    instance = replace(instance, pinned=instance.copies > 0)
    gb = new_gb(instance, instance.pinned)
    assert waiting_rules(instance) == ()
    largest = float((instance.copies * instance.size_gb).max())
    shared = with_shared(instance, [0, 1], max(largest, 0.4 * float(gb[[0, 1]].sum())))
    waiting = waiting_rules(shared)
    assert {one.pool for one in waiting} <= {instance.pools[0], instance.pools[1]}
    pairs = {(one.pool, one.file) for one in waiting}
    waits = np.array([[(p, f) in pairs for f in instance.files] for p in instance.pools])
    tonight = replace(shared, pinned=shared.pinned & ~waits)
    assert keeps_rules(tonight, tonight.pinned)
    assert waiting, "some have to"
    assert all(one.nights is not None and one.nights >= 1 for one in waiting)
