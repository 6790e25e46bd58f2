"""The demand table: one period of it, for the regions that are planned."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.demand.catalog_reader import read_catalog
from cdnplan.inputs.demand.demand_build import Part, gather
from cdnplan.inputs.demand.demand_reader import read_demand
from cdnplan.inputs.demand.demand_regions import match_regions
from cdnplan.inputs.places.countries import country_code
from cdnplan.inputs.tables import table_files
from cdnplan.inputs.tables.table_problems import TableProblems
from cdnplan.inputs.tables.tables import Column, Table
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand

HEAD = "date,region,title,gb\n"
FILES = "file,title,size_gb,demand_ratio,region\nx,Beta,1,0.25,\nb,Beta,1,0.75,\nb,Beta,1,1,NL\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("titles.csv").write_text("title,size_gb\nAlpha,1\nBeta,2\nGamma,3\n")
    Path("files.csv").write_text(FILES)
    return tmp_path


def read(
    text: str,
    known: Mapping[str, str],
    wanted: set[str] | None = None,
    *,
    files: bool = False,
    **options: Any,
) -> tuple[Demand, Catalog, list[str]]:
    Path("d.csv").write_text(text)
    return read_path(Path("d.csv"), known, wanted, files=files, **options)


def read_path(
    path: Path,
    known: Mapping[str, str],
    wanted: set[str] | None = None,
    *,
    files: bool = False,
    **options: Any,
) -> tuple[Demand, Catalog, list[str]]:
    catalog, shares = read_catalog(Path("titles.csv"), Path("files.csv") if files else None)
    demand, warnings = read_demand(
        path, catalog, shares, known=known, wanted=frozenset(known if wanted is None else wanted), **options
    )
    return demand, catalog, warnings


def entries(demand: Demand, catalog: Catalog) -> dict[tuple[str, str], float]:
    """The demand as a dictionary; checks the matrix on the way."""
    assert demand.ptr[0] == 0
    assert demand.ptr[-1] == demand.file.size == demand.gb.size
    assert (demand.file.dtype, demand.gb.dtype, demand.ptr.dtype) == (np.int32, np.float32, np.int64)
    assert (demand.gb > 0).all()
    assert demand.regions == tuple(sorted(demand.regions))
    found = {}
    for r, region in enumerate(demand.regions):
        own = slice(demand.ptr[r], demand.ptr[r + 1])
        assert (np.diff(demand.file[own]) > 0).all()
        for file, gb in zip(demand.file[own], demand.gb[own], strict=True):
            found[region, catalog.files[file]] = float(gb)
    return found


def test_rows_in_any_order_without_zeros(folder: Path) -> None:
    text = (
        f"{HEAD}2024-01-07,NL,Gamma,3\n2024-01-07,BE,Beta,0\n2024-01-07,NL,Alpha,1\n2024-01-07,BE,Alpha,5\n"
    )
    demand, catalog, warnings = read(text, {"BE": "BE", "NL": "NL"})
    assert entries(demand, catalog) == {("BE", "Alpha"): 5, ("NL", "Alpha"): 1, ("NL", "Gamma"): 3}
    assert (demand.start, demand.end) == (dt.date(2024, 1, 1), dt.date(2024, 1, 7))
    assert warnings == []


def test_shares_of_files(folder: Path) -> None:
    text = f"{HEAD}2024-01-07,NL,Beta,8\n2024-01-07,BE,Beta,4\n2024-01-07,BE,Alpha,5\n"
    demand, catalog, _ = read(text, {"BE": "BE", "nl-all": "NL"}, files=True)
    expected = {("BE", "Alpha"): 5, ("BE", "b"): 3, ("BE", "x"): 1, ("nl-all", "b"): 8}
    assert entries(demand, catalog) == expected


def test_a_region_without_shares_of_a_title(folder: Path) -> None:
    Path("files.csv").write_text("file,title,size_gb,demand_ratio,region\nb,Beta,1,1,NL\n")
    with pytest.raises(InputError, match="no shares of the files of title 'Beta' in region 'BE'"):
        read(f"{HEAD}2024-01-07,BE,Beta,8\n", {"BE": "BE"}, files=True)


def test_by_file(folder: Path) -> None:
    text = "date,region,title,file,gb\n2024-01-07,BE,Beta,x,8\n2024-01-07,BE,Beta,b,1\n"
    demand, catalog, _ = read(text, {"BE": "BE"}, files=True)
    assert entries(demand, catalog) == {("BE", "x"): 8, ("BE", "b"): 1}


@pytest.mark.parametrize(
    ("known", "in_table"),
    [
        ({"BE": "BE"}, "BE"),
        ({"BE": "BE"}, "Belgium"),
        ({"Belgium": "BE"}, "BE"),
        ({"Kingdom of Belgium": "BE"}, "Belgium"),
        ({"be-isp": "BE", "nl": "NL"}, "be-isp"),
    ],
)
def test_names_of_regions(folder: Path, known: dict[str, str], in_table: str) -> None:
    demand, catalog, _ = read(f"{HEAD}2024-01-07,{in_table},Beta,8\n", known, {next(iter(known))})
    assert entries(demand, catalog) == {(next(iter(known)), "Beta"): 8}


def test_the_only_region_of_a_country_is_used_with_a_warning(folder: Path) -> None:
    demand, catalog, warnings = read(f"{HEAD}2024-01-07,Belgium,Beta,8\n", {"be-isp": "BE"})
    assert entries(demand, catalog) == {("be-isp", "Beta"): 8}
    assert warnings == ["d.csv: demand of 'Belgium' is used for 'be-isp', the only demand region in BE"]


def test_regions_that_are_not_planned(folder: Path) -> None:
    """Known ones are passed over, with whatever they ask for; foreign countries are counted."""
    text = (
        f"{HEAD}2024-01-07,BE,Beta,1\n2024-01-07,NL,Omega,1\n2024-01-07,Peru,Omega,5\n2024-01-07,FR,Beta,1\n"
    )
    demand, catalog, warnings = read(text, {"BE": "BE", "NL": "NL", "LU": "LU"}, {"BE", "LU"})
    assert demand.regions == ("BE", "LU")
    assert entries(demand, catalog) == {("BE", "Beta"): 1}
    assert warnings == [
        "d.csv: skipped 2 regions that no region of the topology draws on, all countries: 75.0% of the GB",
        "d.csv: no demand for 'LU'",
    ]


def test_a_country_with_several_regions_is_not_given_to_one_of_them() -> None:
    problems = TableProblems("")
    match = match_regions(["NL", "be-isp"], {"nl-a": "NL", "nl-b": "NL", "be-isp": "BE"}, problems)
    assert match.known == (None, "be-isp")
    assert match.skipped == (True, False)
    assert not problems


DATES = f"{HEAD}2024-01-14,BE,Alpha,2\n2024-01-07,BE,Alpha,1\n2024-01-15,BE,Alpha,3\n2024-01-08,BE,Alpha,9\n"


def test_one_period_of_several(folder: Path) -> None:
    demand, catalog, _ = read(DATES, {"BE": "BE"})
    assert entries(demand, catalog) == {("BE", "Alpha"): 1}
    assert (demand.start, demand.period_days) == (dt.date(2024, 1, 7), 1.0)
    demand, catalog, _ = read(DATES, {"BE": "BE"}, date=dt.date(2024, 1, 14), period_days=3.5)
    assert entries(demand, catalog) == {("BE", "Alpha"): 2}
    assert (demand.start, demand.end, demand.period_days) == (dt.date(2024, 1, 11), dt.date(2024, 1, 14), 3.5)


def test_the_period_a_file_states(folder: Path) -> None:
    table = pa.table({"date": ["2024-01-07"], "region": ["BE"], "title": ["Alpha"], "gb": [1.0]})
    pq.write_table(table.replace_schema_metadata({"period_days": "1"}), "d.parquet")
    assert read_path(Path("d.parquet"), {"BE": "BE"})[0].period_days == 1.0
    assert read_path(Path("d.parquet"), {"BE": "BE"}, period_days=2.0)[0].period_days == 2.0


def test_quantiles(folder: Path) -> None:
    head = "date,region,title,gb,quantile\n"
    medians = "2024-01-07,BE,Alpha,2,0.5\n2024-01-07,BE,Alpha,9,0.9\n"
    demand, catalog, _ = read(head + medians, {"BE": "BE"})
    assert entries(demand, catalog) == {("BE", "Alpha"): 2}
    demand, catalog, _ = read(head + medians + "2024-01-07,BE,Alpha,3,\n", {"BE": "BE"})
    assert entries(demand, catalog) == {("BE", "Alpha"): 3}
    # Another date has expected values; this one has medians only.
    demand, catalog, _ = read(head + medians + "2024-01-14,BE,Alpha,3,\n", {"BE": "BE"})
    assert entries(demand, catalog) == {("BE", "Alpha"): 2}


def test_many_batches_in_any_order_make_the_same_matrix(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(7)
    regions = sorted(str(country_code(name)) for name in ("Belgium", "France", "Italy", "Spain", "Peru"))
    rows = [(r, t, float(rng.integers(0, 5))) for r in regions for t in ("Alpha", "Beta", "Gamma")]
    known = dict(zip(regions, regions, strict=True))
    found = []
    for order in (range(len(rows)), rng.permutation(len(rows))):
        picked = [rows[i] for i in order]
        columns = {name: [row[i] for row in picked] for i, name in enumerate(("region", "title", "gb"))}
        pq.write_table(pa.table({"date": ["2024-01-07"] * len(rows), **columns}), "d.parquet")
        monkeypatch.setattr(table_files, "BATCH_ROWS", 4)
        demand, catalog, _ = read_path(Path("d.parquet"), known, files=True)
        found.append((demand.ptr.tolist(), demand.file.tolist(), demand.gb.tolist()))
        assert sum(entries(demand, catalog).values()) == pytest.approx(sum(row[2] for row in rows))
    assert found[0] == found[1]


def test_gather_frees_its_parts() -> None:
    parts = [
        Part(np.array([1, 0], np.int32), np.array([5, 4], np.int32), np.array([1, 2], np.float32)),
        Part(np.array([1, 1], np.int32), np.array([2, 9], np.int32), np.array([3, 4], np.float32)),
    ]
    matrix = gather(parts, 3)
    assert parts == []
    assert matrix.ptr.tolist() == [0, 1, 4, 4]
    assert matrix.item.tolist() == [4, 2, 5, 9]
    assert matrix.gb.tolist() == [2, 3, 1, 4]


@pytest.mark.realdata
def test_a_real_week_is_read_fast(realdata: Path) -> None:
    """1.2 million rows within 2 s of processor time, by names or by codes, nothing lost."""
    world = realdata / "world_week"
    catalog, shares = read_catalog(world / "titles.parquet")
    table = Table(world / "regions.csv", (Column("region", "text"),))
    table.read()
    codes = {str(country_code(name)): str(country_code(name)) for name in table.names["region"].list}
    begun = time.process_time()
    demand, warnings = read_demand(
        world / "demand.parquet", catalog, shares, known=codes, wanted=frozenset(codes)
    )
    assert time.process_time() - begun < 2.0
    assert warnings == []
    assert (len(demand.regions), demand.file.size) == (133, 1_205_296)
    source = pq.read_table(world / "demand.parquet", columns=["gb"])["gb"].to_numpy()
    assert demand.gb.sum(dtype=np.float64) == pytest.approx(source.sum(dtype=np.float64), rel=1e-9)
