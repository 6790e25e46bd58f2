"""Items dealt out to threads: each once, whatever their number, and no error is lost."""

from __future__ import annotations

import numpy as np
import pytest

from cdnplan.lanes import in_even_lanes, in_lanes, lanes


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize("n_items", [0, 1, 2, 5, 16])
def test_every_item_is_dealt_once(threads: int, n_items: int) -> None:
    even: list[list[int]] = []
    uneven: list[list[int]] = []
    with lanes(threads):
        in_even_lanes(lambda part: even.append(part.tolist()), n_items)
        in_lanes(lambda part: uneven.append(part.tolist()), np.arange(n_items), np.ones(n_items))
    assert sorted(item for part in even for item in part) == list(range(n_items))
    assert sorted(even) == sorted(uneven)
    assert len(even) == min(threads, n_items)


def test_parts_are_of_about_the_same_work() -> None:
    work = np.array([9.0, 1.0, 1.0, 8.0, 2.0, 9.0])
    sums: list[float] = []
    with lanes(2):
        in_lanes(lambda part: sums.append(float(work[part].sum())), np.arange(6), work)
    assert max(sums) <= 0.7 * work.sum()


def test_errors_of_any_thread_are_raised() -> None:
    def fail_at(part: np.ndarray, item: int) -> None:
        if item in part:
            raise ValueError(f"item {item}")

    for item in range(4):
        with lanes(2), pytest.raises(ValueError, match=f"item {item}"):
            in_even_lanes(fail_at, 4, item)
