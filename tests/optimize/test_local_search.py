"""What holds a file come what may: pins, and enough pools for each launch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cdnplan.errors import NoFeasiblePlanError
from cdnplan.model.instance import Instance
from cdnplan.optimize.local_search import forced_holders
from tests.instances import random_instance


def launch_in_one_of_two() -> Instance:
    """One file, two pools without other limits than storage, of which one must hold it."""
    instance = random_instance(1, n_regions=1, n_files=1, n_pools=2, families=frozenset())
    return replace(
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
