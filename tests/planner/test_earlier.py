"""Starting from an earlier plan: nearly as good in a part of the passes, and proven like any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.plans.plan_folder import PRICES, TABLES
from cdnplan.inputs.tables.parquet_columns import read_columns
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.fast.fast import solve_fast
from cdnplan.optimize.problem.objective import gap_ratio, ideal_cost
from cdnplan.optimize.problem.warm_start import WarmStart
from cdnplan.parameters.parameters import DEFAULTS
from cdnplan.planner.folder.tables import PriceRow, as_stored, price_columns, price_rows, table, write_table
from cdnplan.planner.inputs.earlier import prices_for, start_from
from cdnplan.planner.inputs.load import load
from tests.instances import random_instance
from tests.limits import with_shared
from tests.planner.plans import make, sample_request


def test_prices_and_placement_are_matched_by_name(sample_plan: Path, tmp_path: Path) -> None:
    instance = load(sample_request(tmp_path / "plan")).instance
    start = start_from(sample_plan, instance)
    rows = pq.read_table(sample_plan / PRICES).to_pylist()
    stored = {row["name"]: row["price"] / 1000 for row in rows if row["limit"] == "storage"}
    assert stored
    assert dict(zip(instance.pools, start.prices.volume[: instance.n_pools], strict=True)) == pytest.approx(
        dict.fromkeys(instance.pools, 0.0) | stored
    )
    placed = pq.read_table(sample_plan / "placement.parquet").to_pylist()
    pairs = {(row["appliance"].rpartition("/")[0], row["file"]) for row in placed if row["action"] != "evict"}
    pool, file = np.nonzero(start.holds)
    assert {(instance.pools[p], instance.files[f]) for p, f in zip(pool, file, strict=True)} == pairs


def test_what_the_network_does_not_know_is_ignored(belgian_plan: Path, tmp_path: Path) -> None:
    instance = load(sample_request(tmp_path / "plan", countries=frozenset({"NL"}))).instance
    start = start_from(belgian_plan, instance)
    assert start.holds.shape == (instance.n_pools, instance.n_files)


def test_plan_started_from_another_is_proven(sample_plan: Path, tmp_path: Path) -> None:
    cold = make(sample_request(tmp_path / "cold", gap_ratio=1.0))
    warm = make(sample_request(tmp_path / "warm", start=sample_plan))
    assert "start" in warm["input_hashes"]
    assert warm["gap_ratio"] <= cold["gap_ratio"] + 0.003


def test_missing_plan_to_start_from(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such plan folder"):
        make(sample_request(tmp_path / "plan", start=tmp_path / "nowhere"))
    assert not (tmp_path / "plan").exists()


@pytest.mark.parametrize("seed", range(4))
def test_few_passes_from_good_prices_and_none_from_none(seed: int) -> None:
    instance = random_instance(seed, n_regions=8, n_files=300, n_pools=6)
    ideal = ideal_cost(instance)
    passes = []
    cold = solve_fast(instance)
    start = WarmStart(cold.prices, cold.placement.holds)
    warm = solve_fast(instance, start=start, progress=lambda phase, done, *_: passes.append((phase, done)))
    done = [part for phase, part in passes if phase == "prices and plans"]
    # It may end before the last of them, where a plan is good enough.
    passes = DEFAULTS.prices.warm_passes
    assert 1 <= len(done) <= passes
    assert done == pytest.approx([(i + 1) / passes for i in range(len(done))])
    assert gap_ratio(warm.lower, warm.upper, ideal) <= gap_ratio(cold.lower, cold.upper, ideal) + 0.003
    nothing = WarmStart(Prices.zero(instance), np.zeros_like(cold.placement.holds))
    poor = solve_fast(instance, start=nothing)
    assert poor.lower <= cold.upper * (1 + 1e-9)


def read_back(instance: Instance, rows: list[PriceRow], folder: Path) -> Prices:
    write_table(table(price_columns(rows)), folder / PRICES)
    return prices_for(read_columns(folder / PRICES, TABLES[PRICES]), instance)


def test_prices_of_every_row_are_read_back(tmp_path: Path) -> None:
    instance = with_shared(random_instance(3, n_pools=4), [0, 1], 50.0)
    rng = np.random.default_rng(3)
    zero = Prices.zero(instance)
    prices = Prices(*(rng.random(part.shape) for part in (zero.volume, zero.rate, zero.launch)))
    read = read_back(instance, price_rows(instance, prices), tmp_path)
    stored = as_stored(instance, prices)
    for part in ("volume", "rate", "launch"):
        assert np.array_equal(getattr(read, part), getattr(stored, part))


def test_window_and_churn_of_a_pool_are_one_limit(tmp_path: Path) -> None:
    """Plans written earlier have a price on each; both were about the bytes that the pool takes in."""
    instance = random_instance(3, n_pools=2)
    pool = instance.pools[1]
    rows = [("fill", pool, 0, 3000.0, "per TB"), ("churn", pool, 0, 500.0, "per TB")]
    read = read_back(instance, rows, tmp_path)
    assert read.volume.tolist() == [0.0, 0.0, 0.0, 3.5]
    assert not read.rate.any()
