"""Titles and files tables: the catalogue and the split of titles into files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.demand.catalog_reader import read_catalog
from cdnplan.inputs.demand.titles_reader import read_titles
from tests.inputs.bad_table_case import TITLES

FILES = """\
file,title,profile,size_gb,demand_ratio,region
z-sd,Alpha,sd,1,0.3,
a-hd,Alpha,hd,4,0.7005,
a-hd,Alpha,hd,4,1,Belgium
g-hd,Gamma,hd,2,1,NL
"""


def test_titles_are_files_where_no_files_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "titles.csv"
    path.write_text("title,size_gb,launch_date\nb,2,\nB,3,2024-01-01\na,1,\n")
    catalog, shares = read_catalog(path)
    assert catalog.files == catalog.titles == ("B", "a", "b")
    assert catalog.size_gb.tolist() == [3.0, 1.0, 2.0]
    assert catalog.file_title.tolist() == [0, 1, 2]
    assert catalog.file_title.dtype == np.int32
    assert catalog.launch_day.astype(str).tolist() == ["2024-01-01", "NaT", "NaT"]
    assert shares.one_each


@pytest.fixture
def with_files(tmp_path: Path) -> tuple[Path, Path]:
    titles, files = tmp_path / "titles.csv", tmp_path / "files.csv"
    titles.write_text(TITLES + "Gamma,tv,,,\n")
    files.write_text(FILES)
    return titles, files


def test_files_and_titles_without_any(with_files: tuple[Path, Path]) -> None:
    catalog, shares = read_catalog(*with_files)
    assert catalog.titles == ("Alpha", "Beta", "Gamma")
    assert catalog.files == ("Beta", "a-hd", "g-hd", "z-sd")
    assert catalog.size_gb.tolist() == [20.0, 4.0, 2.0, 1.0]
    assert catalog.file_title.tolist() == [1, 0, 2, 0]
    assert not shares.one_each
    assert shares.title_ptr.tolist() == [0, 2, 3, 4]
    assert shares.title_file.tolist() == [1, 3, 0, 2]


def test_shares_by_region(with_files: tuple[Path, Path]) -> None:
    _, shares = read_catalog(*with_files)
    everywhere = [1.0, 0.7005 / 1.0005, np.nan, 0.3 / 1.0005]
    np.testing.assert_allclose(shares.in_region("FR"), everywhere)
    np.testing.assert_allclose(shares.in_region("BE"), [1.0, 1.0, np.nan, 0.0])
    np.testing.assert_allclose(shares.in_region("be-isp", "BE"), [1.0, 1.0, np.nan, 0.0])
    np.testing.assert_allclose(shares.in_region("NL"), [*everywhere[:2], 1.0, everywhere[3]])
    assert np.isnan(shares.ratio[2])


def test_title_table(tmp_path: Path) -> None:
    path = tmp_path / "titles.csv"
    path.write_text(TITLES)
    titles = read_titles(path)
    assert titles.titles == ("Alpha", "Beta")
    assert [titles.kinds[k] for k in titles.kind] == ["film", "tv"]
    assert titles.launch_day.astype(str).tolist() == ["2024-01-01", "NaT"]
    assert titles.runtime_min.tolist() == [90.0, 600.0]
    assert titles.size_gb.tolist() == [10.0, 20.0]


def test_only_names_are_needed_for_forecasts(tmp_path: Path) -> None:
    path = tmp_path / "titles.csv"
    path.write_text("title\nAlpha\n")
    titles = read_titles(path)
    assert titles.n_titles == 1
    assert titles.kind.tolist() == [-1]
    assert np.isnat(titles.launch_day).all()
    assert np.isnan(titles.size_gb).all()


def test_a_size_that_is_wrong_is_not_missing_as_well(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("title,size_gb\nGamma,0\nAlpha,\nBeta,huge\nDelta,inf\nOmega,1\n")
    with pytest.raises(InputError) as caught:
        read_catalog(path)
    assert sorted((problem.row or 0, problem.message) for problem in caught.value.problems) == [
        (1, "found 0, expected a number > 0"),
        (2, "the title 'Alpha' has no size and no files, expected one of them"),
        (3, "found 'huge', expected a number > 0"),
        (4, "found inf, expected a number > 0"),
    ]


@pytest.mark.realdata
def test_real_titles(realdata: Path) -> None:
    catalog, shares = read_catalog(realdata / "world_week" / "titles.parquet")
    assert catalog.n_files == 15_811
    assert round(catalog.size_gb.sum()) == 793_876
    assert shares.one_each
