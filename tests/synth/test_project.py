"""Projects to start from, and the topologies and tables of the repository."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.demand.catalog_reader import read_catalog
from cdnplan.inputs.demand.demand_reader import read_demand
from cdnplan.inputs.demand.history_reader import read_history
from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.inputs.topology.topology_warnings import topology_warnings
from cdnplan.sample import sample_folder
from cdnplan.synth.folder.project import new

ROOT = Path(__file__).resolve().parent.parent.parent


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_new_project(tmp_path: Path) -> None:
    new(tmp_path / "p")
    names = {path.name for path in (tmp_path / "p").iterdir()}
    tables = {"titles.parquet", "history.parquet", "demand.parquet"}
    assert names == tables | {"topology.yaml", "README.md", ".gitignore"}
    for name in (*tables, "topology.yaml"):
        assert (tmp_path / "p" / name).read_bytes() == (sample_folder() / name).read_bytes()
    commands = [
        line for line in (tmp_path / "p" / "README.md").read_text().splitlines() if line.startswith("    ")
    ]
    assert [line.split()[1] for line in commands] == ["topology", "plan", "verify"]
    assert "plans/" in (tmp_path / "p" / ".gitignore").read_text()


def test_new_project_as_csv(tmp_path: Path) -> None:
    new(tmp_path / "p", csv=True)
    written = rows(tmp_path / "p" / "history.csv")
    table = pq.read_table(sample_folder() / "history.parquet").to_pylist()
    assert len(written) == len(table)
    for row, wanted in list(zip(written, table, strict=True))[::500]:
        assert (row["date"], row["region"], row["title"]) == (
            str(wanted["date"]),
            wanted["region"],
            wanted["title"],
        )
        assert float(row["gb"]) == pytest.approx(wanted["gb"])
    assert "titles.csv" in (tmp_path / "p" / "README.md").read_text()


def test_new_refuses_to_overwrite(tmp_path: Path) -> None:
    (tmp_path / "topology.yaml").write_text("name: mine\n")
    with pytest.raises(InputError, match="not empty"):
        new(tmp_path)
    assert (tmp_path / "topology.yaml").read_text() == "name: mine\n"


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "topologies").glob("*.yaml")))
def test_topologies_are_sound(name: str) -> None:
    topology = read_topology(ROOT / "topologies" / name)
    assert topology_warnings(topology) == []
    assert name in (ROOT / "topologies" / "README.md").read_text()


def test_topologies_show_what_they_say() -> None:
    folder = ROOT / "topologies"
    assert (folder / "four-countries.yaml").read_bytes() == (sample_folder() / "topology.yaml").read_bytes()
    assert len(read_topology(folder / "one-isp.yaml").sites) == 2
    assert len(read_topology(folder / "backbone.yaml").links) >= 10


@pytest.mark.parametrize(
    ("topology", "tables", "kind"),
    [
        (sample_folder() / "topology.yaml", sample_folder(), "parquet"),
        (ROOT / "topologies" / "one-isp.yaml", ROOT / "forecasts" / "one-isp", "csv"),
    ],
)
def test_tables_are_read_without_a_word(topology: Path, tables: Path, kind: str) -> None:
    regions = read_topology(topology).regions
    known = {region.demand.region: region.country for region in regions}
    catalog, shares = read_catalog(tables / f"titles.{kind}")
    demand, warnings = read_demand(
        tables / f"demand.{kind}",
        catalog,
        shares,
        known=known,
        wanted=frozenset(known),
        date=None,
        period_days=None,
    )
    assert warnings == []
    assert demand.period_days == 7
    assert set(demand.regions) == set(known)
    assert demand.gb.size == len(known) * catalog.n_files
    read_history(tables / f"history.{kind}")


def test_tables_belong_to_their_topology() -> None:
    folder = ROOT / "forecasts" / "one-isp"
    topology = read_topology(ROOT / "topologies" / "one-isp.yaml")
    titles, history, demand = (rows(folder / f"{name}.csv") for name in ("titles", "history", "demand"))
    names = {row["title"] for row in titles}
    assert len(names) == len(titles) == 60
    assert all(float(row["size_gb"]) > 0 for row in titles)
    for table in (history, demand):
        assert {row["region"] for row in table} == {region.demand.region for region in topology.regions}
        assert {row["title"] for row in table} <= names
        assert min(float(row["gb"]) for row in table) > 0
    assert len({row["date"] for row in history}) == 8
    assert {row["date"] for row in demand} == {"2026-03-08"}
