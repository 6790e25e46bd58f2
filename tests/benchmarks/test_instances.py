"""The catalogue of instances; those from real data are built small or looked at once."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import hard_week, real_week
from benchmarks.growth import PAIRS
from benchmarks.instances import CATALOGUE, choose, main
from benchmarks.run import run_all
from cdnplan.errors import InputError
from cdnplan.model.instance.build import build_instance
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from tests.conftest import ROOT


def labels(*arguments: object, **named: object) -> list[str]:
    return [chosen.label for chosen in choose(*arguments, **named)]  # type: ignore[arg-type]


def test_what_is_chosen() -> None:
    assert labels("sample:3,FR-300", seeds=2) == ["sample:3", "FR-300:1", "FR-300:2"]
    assert labels(quick=True, seeds=1) == ["sample:1", "country:1"]
    assert len(labels("sample")) == 5
    assert {label.split(":")[0] for label in labels()} == {case.name for case in CATALOGUE}
    with pytest.raises(InputError, match="no instance 'contry'; did you mean 'country'"):
        choose("contry")


def test_names() -> None:
    names = [case.name for case in CATALOGUE]
    assert len(set(names)) == len(names)
    assert {name for pair in PAIRS for name in (pair.base, pair.larger)} <= set(names)
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    described = text.split("## Instances")[1].split("<!-- table")[0]
    assert [name for name in names if f"{name.split('-')[0]}" not in described] == []


def test_files_and_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "it"
    assert main(["sample:2", "--out", str(out)]) == 0
    words = shlex.split(capsys.readouterr().out)
    assert words[:3] == ["cdnplan", "plan", "--topology"]
    assert all(Path(path).is_file() for path in words[3::2])
    [chosen] = choose("sample:2")
    again = chosen.case.make(tmp_path, 2)
    assert again.topology.read_bytes() == Path(words[3]).read_bytes()
    instance = again.read()
    assert (instance.n_regions, instance.n_files, instance.n_slices) == (14, 300, 4)
    assert main(["sample:2", "--out", str(out)]) == 2, "it is not empty any more"
    assert "not empty" in capsys.readouterr().err
    assert main([]) == 0
    assert "world_week-hard" in capsys.readouterr().out


def test_missing_real_data_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDNPLAN_REALDATA", str(tmp_path / "none"))
    run_all(choose("FR-300:1"), ["fast"], None, lambda results: pytest.fail("it ran"))  # type: ignore[arg-type]
    assert f"SKIPPED: FR-300:1, no real data at {tmp_path / 'none'}" in capsys.readouterr().err


def small_demand() -> tuple[Demand, Catalog]:
    start = np.datetime64("2024-01-07").astype(object)
    gb = np.array([5.0, 1.0, 2.0, 8.0], dtype=np.float32)
    file = np.array([0, 2, 1, 2], dtype=np.int32)
    demand = Demand(("BE", "NL"), np.array([0, 2, 4]), file, gb, start, 7.0)
    titles = ("a", "b", "c")
    size = np.array([1.0, 2.0, 3.0])
    launch = np.full(3, np.datetime64("NaT"), dtype="datetime64[D]")
    return demand, Catalog(titles, size, titles, np.arange(3, dtype=np.int32), launch)


def test_demand_is_written_as_it_is_read(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    demand, catalog = small_demand()
    real_week.write_demand(demand, catalog.files, tmp_path / "demand.parquet")
    table = pq.read_table(tmp_path / "demand.parquet")
    assert table.schema.metadata[b"period_days"] == b"7"
    rows = [tuple(row.values())[1:] for row in table.to_pylist()]
    assert rows == [("BE", "a", 5.0), ("BE", "c", 1.0), ("NL", "b", 2.0), ("NL", "c", 8.0)]


def test_other_weeks() -> None:
    demand, _ = small_demand()
    many = replace(
        demand,
        ptr=np.array([0, 20_000, 40_000]),
        file=np.tile(np.arange(20_000, dtype=np.int32), 2),
        gb=np.ones(40_000, dtype=np.float32),
    )
    week, again = real_week.other_week(many, 2).gb, real_week.other_week(many, 2).gb
    assert np.array_equal(week, again)
    assert not np.array_equal(week, real_week.other_week(many, 3).gb)
    assert float(week.mean()) == pytest.approx(1.0, abs=0.02)
    logs = np.log(week.astype(np.float64)).reshape(2, -1)
    assert logs.std() == pytest.approx(real_week.WEEK_SIGMA * np.sqrt(2), rel=0.05)
    assert np.corrcoef(logs)[0, 1] == pytest.approx(0.5, abs=0.05), "titles go up and down everywhere"


@pytest.mark.realdata
def test_sample_of_a_country(realdata: Path, tmp_path: Path) -> None:
    [chosen] = choose("FR-300:2")
    inputs = chosen.case.make(tmp_path, 2)
    instance = inputs.read()
    assert instance.n_files == 300
    assert (instance.file_gb() > 0).all()
    assert all(name.startswith("fr-") for name in instance.regions)
    whole = real_week.imported_network()
    share = instance.size_gb.sum() / 793_876
    storage = max(h.storage_tb for h in whole.hardware) * 1000 * share * 0.95
    assert instance.appliance_storage_gb.max() == pytest.approx(storage, rel=1e-3)


@pytest.mark.realdata
def test_transit_links_keep_the_candidates(realdata: Path) -> None:
    demand, catalog = small_demand()
    some = real_week.imported_network().restricted_to(frozenset({"BE", "NL"}))
    linked = replace(some, links=hard_week.transit_links(some))
    before, _ = build_instance(some, catalog, demand)
    after, _ = build_instance(linked, catalog, demand)
    assert np.array_equal(before.cand_ptr, after.cand_ptr)
    for r in range(before.n_regions):
        entries = slice(before.cand_ptr[r], before.cand_ptr[r + 1])
        assert set(before.cand_pool[entries]) == set(after.cand_pool[entries])
    assert (after.origin_cost >= before.origin_cost - 1e-6).all(), "the way round costs no less"
    assert after.n_links > 0
    from_origin = np.diff(after.path_links[0])[-after.n_regions :]
    assert (from_origin > 0).all(), "the origin is always behind a limited link"
