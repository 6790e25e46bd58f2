"""The table of `make bench`, and the fill by popularity."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cdnplan.evaluate.verdict import evaluate
from cdnplan.model.placement import Placement
from tests.benchmarks.baselines import popularity_holders, popularity_plan
from tests.benchmarks.run import COLUMNS, Options, compare, generated, instances
from tests.instances import FAMILIES, random_instance

FEASIBLE = FAMILIES - {"launches"}


@pytest.mark.parametrize("seed", range(40))
def test_popularity_keeps_every_limit(seed: int) -> None:
    instance = random_instance(seed, n_files=5, n_pools=4, families=FEASIBLE)
    plan = popularity_plan(instance)
    served, origin = plan.serving.candidate_gb(instance), plan.serving.origin_gb(instance)
    verdict = evaluate(instance, Placement(plan.holds), served, origin)
    assert verdict.violations == ()
    assert verdict.cost.total == pytest.approx(plan.cost)


def test_popularity_takes_what_is_asked_most_per_gb() -> None:
    base = random_instance(3, n_regions=1, n_files=3, n_pools=1, slices=1, families=frozenset())
    instance = replace(
        base,
        demand_ptr=np.array([0, 3]),
        demand_file=np.arange(3, dtype=np.int32),
        demand_gb=np.array([30, 50, 90], dtype=np.float32),
        region_row=np.zeros(1, dtype=np.int32),
        cand_ptr=np.array([0, 1]),
        cand_pool=np.zeros(1, dtype=np.int32),
        cand_cost=np.zeros(1),
        cand_link_ptr=np.zeros(2, dtype=np.int64),
        cand_link=np.zeros(0, dtype=np.int32),
        size_gb=np.array([1.0, 2.0, 10.0]),
        copies=np.ones((1, 3), dtype=np.uint8),
        held=np.zeros((1, 3), dtype=np.uint8),
        pinned=np.zeros((1, 3), dtype=np.bool_),
    )

    def taken(storage: float, fill: float = np.inf) -> list[bool]:
        limits = {"storage_gb": np.array([storage]), "fill_limit_gb": np.array([fill])}
        return popularity_holders(replace(instance, **limits))[0].tolist()

    assert taken(1.5) == [True, False, False]
    assert taken(3.0) == [True, True, False]
    assert taken(12.0) == [True, True, False], "the third does not fit beside the better ones"
    assert taken(11.0, fill=10.0) == [True, True, False]
    assert taken(13.0) == [True, True, True]
    assert taken(13.0, fill=2.5) == [True, False, False]
    banned = replace(instance, copies=np.array([[0, 1, 1]], dtype=np.uint8), storage_gb=np.array([11.0]))
    assert popularity_holders(banned)[0].tolist() == [False, True, False]


def test_rows_of_the_table() -> None:
    instance = random_instance(7, n_regions=3, n_files=5, n_pools=4, families=frozenset({"storage"}))
    rows = compare("tiny", instance, Options(time_limit_s=5.0, threads=1))
    assert [row[COLUMNS.index("method")] for row in rows] == ["fast", "greedy", "popularity", "exact"]
    table = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    assert all(row["cost above ideal"] >= row["lower bound above ideal"] for row in table)
    best = min(row["cost above ideal"] for row in table)
    assert table[3]["cost above ideal"] == best
    assert table[3]["gap ratio"] == 0
    assert table[0]["time over fast"] == 1
    assert all(0 <= row["offload byte ratio"] <= 1 and row["peak_memory_gb"] > 0 for row in table)


def test_missing_real_data_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDNPLAN_REALDATA", str(tmp_path / "none"))
    monkeypatch.setattr("tests.benchmarks.run.generated", lambda preset, folder: preset)
    assert list(instances(tmp_path, quick=False)) == [("sample", "sample"), ("country", "country")]
    assert f"SKIPPED: real instances, no real data at {tmp_path / 'none'}" in capsys.readouterr().err


def test_generated_sample(tmp_path: Path) -> None:
    instance = generated("sample", tmp_path / "sample")
    assert (instance.n_regions, instance.n_files) == (14, 300)
