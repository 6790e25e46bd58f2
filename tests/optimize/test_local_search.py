"""What holds a file come what may, pins and enough pools for each launch; and refitting of overfull pools."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.place.local_search import LocalSearch, forced_holders
from cdnplan.optimize.problem.columns import Columns
from tests.fill.pools import Pool
from tests.instances import random_instance
from tests.limits import with_limits


def launch_in_one_of_two() -> Instance:
    """One file, two pools without other limits than storage, of which one must hold it."""
    instance = random_instance(1, n_regions=1, n_files=1, n_pools=2, families=frozenset())
    return with_limits(
        instance,
        launch_ptr=np.array([0, 2], dtype=np.int64),
        launch_pool=np.array([0, 1], dtype=np.int32),
        launch_file=np.zeros(1, dtype=np.int32),
        launch_min=np.ones(1, dtype=np.int32),
        storage_gb=instance.size_gb[0] * np.array([9.0, 2.0]),
    )


def test_a_launch_goes_where_most_room_is_and_not_where_it_is_banned() -> None:
    instance = launch_in_one_of_two()
    assert forced_holders(instance).ravel().tolist() == [True, False]
    banned = replace(instance, copies=np.array([[0], [1]], dtype=np.uint8))
    assert forced_holders(banned).ravel().tolist() == [False, True]
    nowhere = replace(instance, copies=np.zeros((2, 1), dtype=np.uint8))
    with pytest.raises(NoFeasiblePlanError, match="no room was found for the launch"):
        forced_holders(nowhere)


def test_a_window_that_has_a_price_is_used_though_storage_is_short_too() -> None:
    """Prices say that new files hardly pay; dropped for want of storage, they would leave the window idle."""
    worth = [*np.linspace(0.1, 1.0, 10), 5.0, 5.0, 5.0]
    pool, _, _ = Pool([1.0] * 13, worth, appliances=1, storage_gb=10.0).case()
    held = np.zeros((1, 13), dtype=np.uint8)
    held[0, :10] = 1
    instance = with_limits(pool, held=held, fill_limit_gb=np.array([3.0]))
    prices = replace(Prices.zero(instance), volume=np.array([0.01, 4.9]))
    found = LocalSearch(instance, Columns.of(instance)).refit(
        np.ones((1, 13), dtype=np.bool_), prices, lambda: False, 1
    )
    assert np.flatnonzero(~found.holds[0]).tolist() == [0, 1, 2], "the least valuable of all give way"
    small = with_limits(instance, fill_limit_gb=np.array([2.0]))
    found = LocalSearch(small, Columns.of(small)).refit(
        np.ones((1, 13), dtype=np.bool_), prices, lambda: False, 1
    )
    assert found.holds[0, 10:].sum() == 2
    assert np.flatnonzero(~found.holds[0, :10]).tolist() == [0, 1]
