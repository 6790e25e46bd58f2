"""Single caches are the library's own, request by request."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cdnplan.errors import InputError
from cdnplan.replay.caches import caches
from cdnplan.replay.caches.caches import BLIND, POLICIES, Sizes, check_policies, next_requests, run_cache

library = pytest.importorskip("libcachesim")

N_FILES, N_REQUESTS, STORAGE = 200, 6_000, 20_000
REPEATABLE = [name for name in POLICIES if name != "belady"]


def requests() -> tuple[np.ndarray, np.ndarray]:
    """Sizes of files and a skewed sequence of requests."""
    rng = np.random.default_rng(3)
    weight = 1 / np.arange(1, N_FILES + 1) ** 0.8
    return rng.integers(50, 1500, N_FILES), rng.choice(N_FILES, N_REQUESTS, p=weight / weight.sum())


def of_library(policy: str, sizes: np.ndarray, files: np.ndarray, folder: Path) -> tuple[float, float]:
    """Miss ratios by requests and bytes as the library's own driver finds them in its own trace format."""
    trace = np.zeros(files.size, dtype=caches._TRACE)
    trace["id"], trace["size"], trace["next"] = files + 1, sizes[files], next_requests(files)
    path = folder / "trace.oracleGeneral"
    trace.tofile(path)
    entrance = caches._entrance(policy, STORAGE, sizes, files)
    power = int(np.unique(files).size).bit_length() + 1
    cache = getattr(library, POLICIES[policy])(cache_size=STORAGE, hashpower=power, **entrance)
    kind = library.TraceType.ORACLE_GENERAL_TRACE
    return cache.process_trace(library.TraceReader(str(path), kind, library.ReaderInitParam()))


@pytest.mark.parametrize("policy", REPEATABLE)
def test_agrees_with_the_library_exactly(policy: str, tmp_path: Path) -> None:
    sizes, files = requests()
    run = run_cache(policy, STORAGE, sizes, files)
    by_request, by_byte = of_library(policy, sizes, files, tmp_path)
    assert 1 - run.hit.mean() == pytest.approx(by_request, abs=1e-12)
    assert 1 - sizes[files][run.hit].sum() / sizes[files].sum() == pytest.approx(by_byte, abs=1e-12)
    assert 0.1 < run.hit.mean() < 0.9


def test_belady_bounds_what_others_hit(tmp_path: Path) -> None:
    sizes, files = requests()
    hits = {policy: run_cache(policy, STORAGE, sizes, files).hit.mean() for policy in POLICIES}
    assert max(hits, key=lambda name: hits[name]) == "belady"
    by_request, _ = of_library("belady", sizes, files, tmp_path)
    assert 1 - hits["belady"] == pytest.approx(by_request, abs=0.01)  # evicts the best of a random sample


@pytest.mark.parametrize("policy", REPEATABLE)
def test_warm_requests_change_nothing_but_the_report(policy: str) -> None:
    sizes, files = requests()
    whole = run_cache(policy, STORAGE, sizes, files)
    part = run_cache(policy, STORAGE, sizes, files, warm=2000, marks=(2000, 4000))
    assert np.array_equal(whole.hit[2000:], part.hit[2000:])
    assert not part.hit[:2000].any()
    if policy not in BLIND:
        assert part.held[0] @ sizes <= STORAGE
        assert part.held[0, files[2000]] == part.hit[2000]
        assert part.held[1, files[4000]] == part.hit[4000]


def test_files_larger_than_the_cache_pass_through() -> None:
    sizes = np.array([10, 500])
    run = run_cache("lru", 100, sizes, np.array([0, 1, 0, 1]))
    assert run.hit.tolist() == [False, False, True, False]


def test_warming_up_with_nothing_but_too_large_files_is_no_trace_at_all() -> None:
    """The library would end the process."""
    files = np.array([0, 0, 1, 1])
    run = run_cache("lru", 100, np.array([500, 50]), files, warm=2)
    assert run.hit.tolist() == [False, False, False, True]


def test_new_files_are_let_in_though_they_are_large() -> None:
    """The library's defaults turn away files above 1% or 10% of a cache: disks of some titles need more."""
    sizes = np.full(50, 300)
    files = np.tile(np.arange(3), 50)
    for policy in ("w-tinylfu", "s3-fifo"):
        assert run_cache(policy, 1000, sizes, files).hit.mean() > 0.9


def test_units_keep_small_files_apart() -> None:
    sizes = Sizes.of(np.array([0.5, 123.4]))
    assert sizes.file.tolist() == [500, 123_400]
    assert sizes.storage(1.0) == 1000


def test_unknown_policies_are_named() -> None:
    with pytest.raises(InputError, match="did you mean 'lru'"):
        check_policies(["lrru"])


def test_missing_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(caches.importlib, "import_module", missing)
    with pytest.raises(caches.MissingLibraryError, match=r"cdnplan\[replay\]"):
        check_policies(["lru"])
    assert check_policies([]) == ()
