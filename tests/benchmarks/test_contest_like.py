"""Drawn instances are read back as drawn, have the published sizes, and are solved."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from benchmarks import contest_like, hashcode, ufl
from benchmarks.contest_like import (
    STREAMING,
    StreamingSizes,
    draw_streaming,
    draw_ufl,
    or_library_text,
    simple_text,
    streaming_text,
)
from benchmarks.hashcode_score import read_streaming
from benchmarks.ufllib_like import FAMILIES, GALVAO, MEDIAN, OPENING, UNIT
from tests.instance_checks import check_instance

SMALL = StreamingSizes(videos=300, endpoints=12, requests=900, caches=90, cache_mb=400)
LONG = {"kratica_t", "inverse_2000"} | {
    f"median_{size}{kind}" for size in MEDIAN[2:] for kind in ("", "_dear", "_cheap")
}
"""Files of 10 to 50 MB."""


def write(folder: Path, text: str) -> Path:
    path = folder / "drawn.in"
    path.write_text(text, encoding="ascii")
    return path


def test_streaming_problems_are_read_back(tmp_path: Path) -> None:
    drawn = draw_streaming(SMALL, seed=3)
    read = read_streaming(write(tmp_path, streaming_text(drawn)))
    for field in fields(drawn):
        np.testing.assert_array_equal(getattr(read, field.name), getattr(drawn, field.name))
    assert streaming_text(draw_streaming(SMALL, seed=3)) == streaming_text(drawn)
    assert streaming_text(draw_streaming(SMALL, seed=4)) != streaming_text(drawn)


@pytest.mark.parametrize("name", sorted(STREAMING))
def test_sizes_are_the_published_ones(name: str) -> None:
    sizes, problem = STREAMING[name], draw_streaming(STREAMING[name], seed=0)
    assert problem.cache_ms.shape == (sizes.endpoints, sizes.caches)
    assert problem.size_mb.shape == (sizes.videos,)
    assert problem.video.shape == (sizes.requests,)
    degree = (problem.cache_ms >= 0).sum(axis=1)
    pools = hashcode.Pools.of(problem)
    assert len(pools.caches) == (1 if sizes.alike else sizes.caches)
    if not sizes.alike:
        assert degree.min() <= 1
        assert degree.max() > 64
    check_instance(hashcode.streaming_instance(problem, pools))


@pytest.mark.parametrize("euclidean", [True, False])
def test_both_formats_hold_the_same_costs(tmp_path: Path, euclidean: bool) -> None:
    drawn = draw_ufl(9, 14, seed=1, euclidean=euclidean)
    for text in (or_library_text(drawn), simple_text(drawn, "drawn")):
        read = ufl.read_ufl(write(tmp_path, text))
        np.testing.assert_array_equal(read.opening, drawn.opening)
        np.testing.assert_array_equal(read.allocation, drawn.allocation)


def test_a_small_one_is_solved(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, streaming_text(draw_streaming(SMALL, seed=5)))
    words = [str(path), "--out", str(tmp_path / "solution"), "--engine", "fast", "--time-limit", "5"]
    assert hashcode.main(words) == 0
    report = json.loads(capfd.readouterr().out)
    assert 0 < report["score"] <= report["bound"] <= 1.05 * report["score"]


def test_the_command_writes_every_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contest_like, "STREAMING", dict.fromkeys(STREAMING, SMALL))
    for name in contest_like.TEXTS.keys() - LONG:
        assert contest_like.main([name, "--out", str(tmp_path / name), "--seed", "2"]) == 0
        reader = read_streaming if name in STREAMING else ufl.read_ufl
        reader(tmp_path / name)
    assert ufl.read_ufl(tmp_path / "cap_random").allocation.shape == (1_000, 100)
    alike, other = (ufl.read_ufl(tmp_path / name).allocation for name in ("kg_b", "kg_b_asymmetric"))
    assert alike.shape == other.shape == (250, 250)
    np.testing.assert_array_equal(alike, alike.T)
    assert (other != other.T).mean() > 0.9


def reached(drawn: ufl.Ufl) -> np.ndarray:
    """Which facility can serve which customer, (customers, facilities)."""
    assert (drawn.opening == OPENING).all()
    cheap = drawn.allocation <= 4
    assert (drawn.allocation[~cheap] > OPENING).all()
    return cheap


def test_ten_facilities_for_each_customer_or_the_other_way_round_or_both() -> None:
    by_customer, by_facility, by_both = (reached(FAMILIES[f"gap_{kind}"](1)) for kind in "abc")
    for cheap, axes in ((by_customer, {1}), (by_facility, {0}), (by_both, {0, 1})):
        assert {axis for axis in (0, 1) if (cheap.sum(axis=axis) == 10).all()} == axes
    # Edges are exchanged: the ring they began with is gone.
    assert (np.diff(np.flatnonzero(by_both[0])) > 1).any()


@pytest.mark.parametrize(
    ("name", "size", "degree"),
    [("projective_11", 133, 12), ("projective_17", 307, 18), ("chess", 144, 9), ("codes", 128, 8)],
)
def test_structures_have_their_sizes_and_degrees(name: str, size: int, degree: int) -> None:
    cheap = reached(FAMILIES[name](1))
    assert cheap.shape == (size, size)
    assert (cheap == cheap.T).all()
    assert (cheap.sum(axis=0) == degree).all()
    if name.startswith("projective"):
        # Any two lines have one point in common.
        common = cheap.astype(int) @ cheap.T
        assert (common + np.diag(np.full(size, 1 - degree)) == 1).all()


@pytest.mark.parametrize(("name", "size"), [("kratica_o", 100), ("kratica_q", 300)])
def test_what_costs_less_to_be_served_from_costs_more_to_open(name: str, size: int) -> None:
    drawn = FAMILIES[name](1)
    assert np.corrcoef(drawn.opening, drawn.allocation.sum(axis=0))[0, 1] < -0.999
    assert (drawn.opening.min(), drawn.opening.max()) == (UNIT * size // 2, UNIT * 3 * size)
    lowest, highest = drawn.allocation.min(axis=1) / UNIT, drawn.allocation.max(axis=1) / UNIT
    demand = np.ceil(highest / 10)
    assert set(demand) == {1, 2, 3, 4, 5}
    assert (lowest >= 2 * demand).all()


def test_costs_of_paths_obey_the_triangle_inequality() -> None:
    for size in GALVAO:
        costs = FAMILIES[f"galvao_{size}"](1).allocation
        assert costs.shape == (size, size)
        np.testing.assert_array_equal(costs, costs.T)
        assert (costs[:, 7, None] + costs[7] >= costs).all()


def test_points_are_customers_and_facilities() -> None:
    for name, size in (("euclid", 100), ("median_500", 500), ("median_500_dear", 500)):
        drawn = FAMILIES[name](1)
        assert drawn.allocation.shape == (size, size)
        np.testing.assert_array_equal(drawn.allocation, drawn.allocation.T)
        assert (np.diag(drawn.allocation) == 0).all()
    assert FAMILIES["median_500_dear"](1).opening[0] == pytest.approx(1e4 * np.sqrt(500) / 10, abs=0.5)
