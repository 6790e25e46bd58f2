"""`cdnplan verify` of plans that `cdnplan plan` made, whole and tampered with."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdnplan.inputs.plans.plan_folder import sha256
from tests.cli.running import Outcome, run_cli
from tests.planner.plans import make, sample_request


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan and the night after it."""
    folder = tmp_path_factory.mktemp("made")
    request = sample_request(folder / "first", countries=frozenset({"BE"}), gap_ratio=0.5)
    make(request)
    make(replace(request, out=folder / "second", previous=folder / "first"))
    return folder


@pytest.fixture
def plan(made: Path, tmp_path: Path) -> Path:
    """A copy to tamper with."""
    return shutil.copytree(made / "second", tmp_path / "plan")


class Verify:
    """Runs ``cdnplan verify``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._fixtures = monkeypatch, capsys

    def __call__(self, *args: str) -> Outcome:
        return run_cli(*self._fixtures, "verify", *args)


@pytest.fixture
def verify(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verify:
    return Verify(monkeypatch, capsys)


@pytest.mark.parametrize("name", ["first", "second"])
def test_a_plan_holds_from_its_folder_alone(made: Path, tmp_path: Path, verify: Verify, name: str) -> None:
    moved = shutil.copytree(made / name, tmp_path / "elsewhere" / "renamed")
    outcome = verify(str(moved))
    assert outcome.code == 0
    assert outcome.err == ""
    assert outcome.out.splitlines()[-1].endswith("checks hold")


def test_json(made: Path, verify: Verify) -> None:
    found = json.loads(verify(str(made / "first"), "--format", "json").out)
    claimed = json.loads((made / "first" / "plan.json").read_text(encoding="utf-8"))
    assert found["ok"] is True
    assert found["cost"]["total"] == pytest.approx(claimed["upper"])
    assert found["lower_recomputed"] == pytest.approx(claimed["lower"])
    assert found["gap_ratio"] == pytest.approx(claimed["gap_ratio"])


def change(folder: Path, name: str, column: str, row: int, value: object) -> None:
    """Change one cell and fix the checksum, as someone would who wants to hide it."""
    table = pq.read_table(folder / name)
    values = table[column].to_pylist()
    values[row] = value
    at = table.column_names.index(column)
    kind = table.schema.field(column).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    pq.write_table(table.set_column(at, column, pa.array(values, kind)), folder / name)
    claims = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    claims["files"][name] = sha256(folder / name)
    (folder / "plan.json").write_text(json.dumps(claims), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "column", "value", "told"),
    [
        ("placement.parquet", "action", "evict", "neither kept nor evicted|it was not there|storage|copies"),
        ("placement.parquet", "appliance", "ixp-london-gb/flash-1u/9", "the network has none"),
        ("placement.parquet", "size_gb", 0.001, "size_gb"),
        ("serving.parquet", "gb", 1e9, "serving"),
        ("serving.parquet", "pool", "nowhere/box", "nowhere/box"),
        ("appliances.parquet", "storage_gb", 1.0, "storage_gb"),
        ("prices.parquet", "price", 1e9, "lower"),
        ("inputs/demand.parquet", "gb", 1e6, "demand"),
        ("inputs/files.parquet", "size_gb", 1e5, "storage"),
    ],
)
def test_a_changed_cell_is_found(
    plan: Path, verify: Verify, name: str, column: str, value: object, told: str
) -> None:
    row = 0
    if name == "inputs/files.parquet":
        placed = pq.read_table(plan / "placement.parquet")["file"][0].as_py()
        row = pq.read_table(plan / name)["file"].to_pylist().index(placed)
    change(plan, name, column, row, value)
    outcome = verify(str(plan))
    assert outcome.code == 2
    failed = [line for line in outcome.out.splitlines() if line.startswith("FAILED ")]
    assert failed
    assert any(part in line for part in told.split("|") for line in failed), failed
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    "name",
    [
        "plan.json",
        "placement.parquet",
        "serving.parquet",
        "prices.parquet",
        "appliances.parquet",
        "inputs/topology.yaml",
        "inputs/demand.parquet",
        "inputs/paths.parquet",
        "inputs/files.parquet",
        "inputs/holdings.parquet",
    ],
)
@pytest.mark.parametrize("how", ["missing", "cut short", "changed"])
def test_a_file_that_is_not_as_it_was_written(plan: Path, verify: Verify, name: str, how: str) -> None:
    path = plan / name
    content = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "cut short":
        path.write_bytes(content[: len(content) // 2])
    else:
        path.write_bytes(content.replace(b"BE", b"FR").replace(b'"upper": 1', b'"upper": 2') + b" ")
    outcome = verify(str(plan))
    assert outcome.code == 2
    assert name in outcome.out
    assert "Traceback" not in outcome.out + outcome.err


def test_later_files_do_not_disturb(plan: Path, verify: Verify) -> None:
    """Reports and manifests may be added to a folder by other commands."""
    (plan / "report.html").write_text("<html></html>", encoding="utf-8")
    assert verify(str(plan)).code == 0
