"""Manifests say what the tables say, one for each appliance, whole and in order."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdnplan.errors import InputError
from cdnplan.fill.export import manifests
from cdnplan.fill.export.manifests import write_manifests
from cdnplan.inputs.plans.manifest_files import manifest_path, plan_id, read_index, read_manifest
from tests.fill.night import APPLIANCES, EVICTIONS, FILLS, PLACEMENT, write_night, write_table

ID = "0123456789abcdef"


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    folder = write_night(tmp_path / "plan")
    write_manifests(folder, ID)
    return folder


def shown(milliseconds: int) -> str:
    return f"{np.datetime64(milliseconds, 'ms')}Z"


def test_every_appliance_has_one_and_the_index_knows_it(plan: Path) -> None:
    index = read_index(plan)
    assert index.plan == ID
    assert [entry.appliance for entry in index.manifests] == sorted(APPLIANCES)
    for entry in index.manifests:
        content = (plan / entry.path).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry.sha256
        assert read_manifest(plan / entry.path).header["appliance"] == entry.appliance
    written = {p.relative_to(plan).as_posix() for p in (plan / "manifests").rglob("*") if p.is_file()}
    assert written == {entry.path for entry in index.manifests} | {"manifests/index.json"}


def test_lines_are_the_rows_of_the_tables(plan: Path) -> None:
    for appliance in APPLIANCES:
        lines = list(read_manifest(plan / manifest_path(appliance)).lines)
        fetched = sorted((row for row in FILLS if row[0] == appliance), key=lambda row: row[7])
        removed = sorted((row for row in EVICTIONS if row[0] == appliance), key=lambda row: row[3])
        assert lines == [
            {
                "do": "fetch",
                "priority": row[7],
                "file": row[1],
                "size_gb": row[2],
                "sources": [row[3], *row[9]],
                "start": shown(row[5]),
                "end": shown(row[6]),
            }
            for row in fetched
        ] + [{"do": "evict", "file": row[1], "size_gb": row[2], "at": shown(row[3])} for row in removed]


def test_first_lines_count(plan: Path) -> None:
    headers = {name: read_manifest(plan / manifest_path(name)).header for name in APPLIANCES}
    assert headers["ams/box/1"] | {"sha256": ""} == {
        "manifest": 1,
        "appliance": "ams/box/1",
        "plan": ID,
        "keep": 1,
        "keep_gb": 0.125,
        "fetch": 2,
        "fetch_gb": 5.5,
        "evict": 1,
        "evict_gb": 1.0,
        "unscheduled": 0,
        "sha256": "",
    }
    assert headers["ams/box/2"]["unscheduled"] == 1, "b is added, and no fill brings it"
    kept = {a: sum(row[0] == a and row[2] == "keep" for row in PLACEMENT) for a in APPLIANCES}
    assert {a: header["keep"] for a, header in headers.items()} == kept


def test_a_night_without_fills_has_manifests_too(tmp_path: Path) -> None:
    folder = write_night(tmp_path / "plan", quiet=True)
    write_manifests(folder, ID)
    assert len(read_index(folder).manifests) == len(APPLIANCES)
    read = [read_manifest(folder / manifest_path(name)) for name in APPLIANCES]
    assert [manifest.lines for manifest in read] == [()] * len(APPLIANCES)


def test_bytes_depend_on_nothing_but_the_rows(
    plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = write_night(tmp_path / "other")
    write_table(other / "fills.parquet", FILLS[::-1])
    write_table(other / "evictions.parquet", EVICTIONS[::-1])
    monkeypatch.setattr(manifests, "ROWS_AT_ONCE", 1)
    write_manifests(other, ID)
    for entry in read_index(plan).manifests:
        assert (other / entry.path).read_bytes() == (plan / entry.path).read_bytes()
    assert (other / "manifests/index.json").read_bytes() == (plan / "manifests/index.json").read_bytes()


def test_a_changed_or_cut_manifest_is_noticed(plan: Path) -> None:
    path = plan / manifest_path("ams/box/1")
    whole = path.read_bytes()
    for content in (whole.replace(b"3.5", b"3.6"), whole[: whole.rstrip().rfind(b"\n") + 1], whole[:-5]):
        path.write_bytes(content)
        with pytest.raises(InputError):
            read_manifest(path)
    path.write_bytes(whole)
    assert read_manifest(path).lines


def test_appliances_that_are_no_more_are_told_to_remove(tmp_path: Path) -> None:
    folder = write_night(tmp_path / "plan")
    write_table(folder / "evictions.parquet", [*EVICTIONS, ("gone/box/1", "a", 2.0, EVICTIONS[0][3])])
    write_manifests(folder, ID)
    manifest = read_manifest(folder / manifest_path("gone/box/1"))
    assert [line["do"] for line in manifest.lines] == ["evict"]


NAMES = st.text(st.characters(exclude_characters="/>\0", exclude_categories=["Cs", "Cc"]), min_size=1)


@given(st.lists(st.tuples(NAMES, NAMES), min_size=2, max_size=2, unique=True))
def test_paths_stay_in_the_folder_and_differ(names: list[tuple[str, str]]) -> None:
    paths = [manifest_path(f"{site}/{model}/1") for site, model in names]
    assert paths[0] != paths[1]
    for path in paths:
        parts = path.split("/")
        assert len(parts) == 4
        assert not any(part.startswith(".") for part in parts)
        assert path.count("index.json") == 0 or "/index.json/" not in path


@given(NAMES)
def test_names_of_all_kinds_survive(name: str) -> None:
    assert json.loads(manifests._json(name)) == name


def test_the_id_is_that_of_the_content() -> None:
    sums = {"placement.parquet": "aa", "fills.parquet": "bb"}
    assert (
        plan_id(sums)
        == plan_id(dict(reversed(sums.items())))
        == plan_id(sums | {"manifests/index.json": "c"})
    )
    assert len({plan_id(sums), plan_id(sums | {"fills.parquet": "bc"}), plan_id({})}) == 3
