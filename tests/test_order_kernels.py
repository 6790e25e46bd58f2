"""Sorting in kernels: the order that numpy's stable sort gives, for any length and with ties."""

from __future__ import annotations

import numpy as np
import pytest

from cdnplan.order_kernels import RUN, increasing


@pytest.mark.parametrize("n", [0, 1, 2, RUN - 1, RUN, RUN + 1, 2 * RUN, 2 * RUN + 1, 5 * RUN, 1000, 1024])
def test_same_order_as_a_stable_sort(n: int) -> None:
    random = np.random.default_rng(n)
    for values in (
        random.normal(size=n),
        random.integers(0, 4, n).astype(np.float64),
        np.where(random.random(n) < 0.5, np.inf, -np.inf),
        -np.arange(n, dtype=np.float64),
    ):
        assert increasing(values).tolist() == np.argsort(values, kind="stable").tolist()


def test_a_part_of_an_array_is_sorted_as_well() -> None:
    values = np.array([5.0, 3.0, 4.0, 1.0])
    assert increasing(values[1:3]).tolist() == [0, 1]
