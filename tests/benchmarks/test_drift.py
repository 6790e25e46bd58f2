"""The demand of another night."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benchmarks import real_week
from benchmarks.drift import Drift, write_drifted
from cdnplan.sample import sample_folder


def sample() -> real_week.Files:
    root = sample_folder()
    return root / "topology.yaml", root / "titles.parquet", root / "demand.parquet"


def drifted(folder: Path, drift: Drift) -> real_week.Files:
    folder.mkdir()
    return write_drifted(sample(), folder, drift)


def test_the_same_seed_makes_the_same_night(tmp_path: Path) -> None:
    one, same, other = (
        drifted(tmp_path / name, Drift(seed=seed)) for name, seed in (("a", 2), ("b", 2), ("c", 3))
    )
    assert one[1].read_bytes() == same[1].read_bytes()
    assert one[2].read_bytes() == same[2].read_bytes()
    assert one[2].read_bytes() != other[2].read_bytes()


def test_titles_change_and_some_are_new(tmp_path: Path) -> None:
    before = real_week.read_files(sample())
    after = real_week.read_files(drifted(tmp_path / "a", Drift(premieres=5)))
    new = set(after.catalog.files) - set(before.catalog.files)
    assert len(new) == 5
    assert len(after.catalog.files) == len(before.catalog.files)
    launched = pq.read_table(tmp_path / "a" / "titles-2.parquet").to_pylist()
    day = before.demand.start
    assert {row["title"] for row in launched if row["launch_date"] == day} >= new
    asked = after.demand.gb.sum() / before.demand.gb.sum()
    assert 0.8 < asked < 1.25
    assert len(set(np.round(after.demand.gb.astype(float), 3))) > 1


def test_without_drift_only_new_titles_differ(tmp_path: Path) -> None:
    before = real_week.read_files(sample())
    after = real_week.read_files(drifted(tmp_path / "a", Drift(sigma=0.0, premieres=0)))
    assert after.catalog.files == before.catalog.files
    np.testing.assert_allclose(after.demand.gb, before.demand.gb, rtol=1e-6)
