"""Caches that begin with the plan: what they are given, and counts that correct the forecast."""

from __future__ import annotations

import numpy as np
import pytest

from cdnplan.replay.caches.caches import run_cache
from cdnplan.replay.caches.corrected import run_corrected
from cdnplan.replay.caches.prefill import fetched_gb, forecast_strength

N_FILES, N_PERIODS, STORAGE = 12, 3, 300


def naive(
    sizes: np.ndarray,
    stock: list[int],
    periods: list[list[int]],
    given: list[np.ndarray],
    prior: np.ndarray,
    play_gb: np.ndarray,
) -> tuple[list[bool], list[set[int]]]:
    """The same cache, told as plainly as can be: sort everything at every miss."""
    held, hits, before = set(stock), [], []
    for k, requests in enumerate(periods):
        before.append(set(held))
        worth = {f: prior[k, f] * play_gb[f] / sizes[f] for f in range(N_FILES)}
        count = dict.fromkeys(range(N_FILES), 0)
        put = set(given[k].tolist())
        for file in sorted(held - put, key=lambda f: (worth[f], f)):
            if sum(sizes[f] for f in held | put) <= STORAGE:
                break
            held.remove(file)
        held |= put
        for file in requests:
            count[file] += 1
            worth[file] = (prior[k, file] + count[file]) * play_gb[file] / sizes[file]
            hits.append(file in held)
            if file in held or sizes[file] > STORAGE:
                continue
            left = set(held)
            for other in sorted(held, key=lambda f: (worth[f], f)):
                if sum(sizes[f] for f in left) + sizes[file] <= STORAGE or worth[other] >= worth[file]:
                    break
                left.remove(other)
            if sum(sizes[f] for f in left) + sizes[file] <= STORAGE:
                held = left | {file}
    return hits, before


@pytest.mark.parametrize("seed", range(30))
def test_is_what_it_is_said_to_be(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(20, 160, N_FILES)
    sizes[0] = STORAGE + 1  # never fits
    play_gb = rng.uniform(0.5, 2.0, N_FILES)
    periods = [rng.integers(0, N_FILES, 60).tolist() for _ in range(N_PERIODS)]
    drawn = [rng.permutation(np.arange(1, N_FILES)) for _ in range(N_PERIODS + 1)]
    *given, stock = ([f for i, f in enumerate(p) if sizes[p[: i + 1]].sum() <= STORAGE] for p in drawn)
    given = [np.array(files[::-1], dtype=np.int64) for files in given]
    expected = rng.integers(0, 9, (N_PERIODS, N_FILES)).astype(np.float32)
    strength = np.array([np.nan, 0.0, 25.0])
    weight = np.array([float(given[0].size), 0.0, 25.0])
    prior = expected / expected.sum(axis=1, keepdims=True, dtype=np.float64) * weight[:, None]
    files = np.concatenate([np.array(p, dtype=np.int64) for p in periods])
    run = run_corrected(
        STORAGE,
        sizes,
        np.array(stock[::-1], dtype=np.int64),
        files,
        [0, 60, 120],
        given=given,
        expected=expected,
        strength=strength,
        play_gb=play_gb,
    )
    hits, before = naive(sizes, stock, periods, given, prior, play_gb)
    assert run.hit.tolist() == hits
    assert [set(np.flatnonzero(row).tolist()) for row in run.held] == before
    assert 0 < sum(hits) < len(hits)


def test_a_right_forecast_holds_the_best_from_the_first_request_on() -> None:
    """A strong and right prior: nothing it holds is given up for what chance asks for."""
    share = np.array([0.4, 0.3, 0.1, 0.1, 0.1], dtype=np.float32)
    files = np.random.default_rng(1).choice(5, 500, p=share / share.sum())
    common = {
        "given": [np.array([1, 0])],
        "expected": share[None, :],
        "play_gb": np.ones(5),
    }
    strong = run_corrected(
        200, np.full(5, 100), np.zeros(0, np.int64), files, [0], strength=np.array([1e9]), **common
    )
    assert strong.hit.tolist() == np.isin(files, [0, 1]).tolist()


def test_a_wrong_forecast_is_given_up() -> None:
    files = np.full(100, 3)
    run = run_corrected(
        100,
        np.full(5, 100),
        np.zeros(0, np.int64),
        files,
        [0],
        given=[np.array([0])],
        expected=np.array([[1, 0, 0, 0, 0]], dtype=np.float32),
        strength=np.array([20.0]),
        play_gb=np.ones(5),
    )
    # 20 requests that were expected weigh as much as 20 that came: the next one decides.
    assert run.hit.tolist() == [False] * 21 + [True] * 79


def test_strength_of_dirichlet_shares_is_found() -> None:
    rng = np.random.default_rng(5)
    share = rng.dirichlet(np.ones(20))
    forecast = [np.tile(share, (50, 1)).astype(np.float32)] * 3
    came = [rng.dirichlet(30.0 * share, 50).astype(np.float32) for _ in range(3)]
    found = forecast_strength(forecast, came)
    assert np.isnan(found[0])
    assert found[1:] == pytest.approx(30.0, rel=0.15)


def test_strength_knows_only_earlier_periods() -> None:
    rng = np.random.default_rng(6)
    forecast = [rng.random((4, 6)).astype(np.float32) for _ in range(3)]
    came = [rng.random((4, 6)).astype(np.float32) for _ in range(3)]
    found = forecast_strength(forecast, came)
    other = forecast_strength(forecast, [*came[:2], came[2][:, ::-1].copy()])
    assert np.array_equal(found, other, equal_nan=True)


def test_the_librarys_caches_are_given_files() -> None:
    """What is put in at a mark is there, in place of what was asked for least recently."""
    pytest.importorskip("libcachesim")
    files = np.array([0, 1, 2, 5, 3])
    run = run_cache("lru", 300, np.full(6, 100), files, marks=[0, 3], given=[np.array([4]), np.array([5, 3])])
    assert run.hit.tolist() == [False, False, False, True, True]
    assert np.flatnonzero(run.held[1]).tolist() == [0, 1, 2]


def test_only_what_was_lacking_is_fetched() -> None:
    held = np.array([[True, False, False, False]])
    found = fetched_gb(
        [np.array([0, 1, 2])], held, np.array([1.0, 2.0, 4.0, 8.0]), np.zeros(1), np.array([2]), 1
    )
    assert found.tolist() == [[6.0, 2.0]]
