"""Manifests of plans: part of the folder, the same for the same inputs, and the judge reads every one."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdnplan.evaluate.verify import verify
from cdnplan.inputs.manifest_files import INDEX, manifest_path, plan_id, read_index, read_manifest
from cdnplan.inputs.plan_folder import sha256
from cdnplan.planner import plan
from tests.planner.plans import files_of, rows, sample_request

BE = frozenset({"BE"})


@pytest.fixture(scope="module")
def night(belgian_plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night after which copies are back that the field has lost, and some that nobody knows are gone."""
    folder = tmp_path_factory.mktemp("night")
    held = [(row["appliance"], row["file"]) for row in rows(belgian_plan, "placement")]
    kept = [copy for n, copy in enumerate(held) if n % 3] + [(name, "unknown") for name, _ in held[::40]]
    table = {"appliance": [name for name, _ in kept], "file": [file for _, file in kept]}
    pq.write_table(pa.table(table), folder / "held.parquet")
    request = sample_request(folder / "plan", countries=BE, holdings=folder / "held.parquet", gap_ratio=0.2)
    plan(request)
    assert rows(request.out, "fills")
    assert rows(request.out, "evictions")
    return request.out


def manifest_faults(folder: Path) -> list[str]:
    return [
        str(check) for check in verify(folder).failed if check.check in ("manifest", "plan id", "checksum")
    ]


def test_every_appliance_has_one(night: Path) -> None:
    index = read_index(night)
    record = json.loads((night / "plan.json").read_text(encoding="utf-8"))
    assert index.plan == record["id"] == plan_id(record["files"])
    assert {entry.appliance for entry in index.manifests} == {
        row["appliance"] for row in rows(night, "appliances")
    }
    for row in rows(night, "placement"):
        assert read_manifest(night / manifest_path(row["appliance"])).header["plan"] == record["id"]
    assert manifest_faults(night) == []


def test_headers_count_what_is_kept_and_what_is_not_scheduled(belgian_plan: Path) -> None:
    added: dict[str, int] = {}
    for row in rows(belgian_plan, "placement"):
        added[row["appliance"]] = added.get(row["appliance"], 0) + 1
    for entry in read_index(belgian_plan).manifests:
        header = read_manifest(belgian_plan / entry.path).header
        assert (header["keep"], header["fetch"]) == (0, 0), "a cold start whose filling does not count"
        assert header["unscheduled"] == added.get(entry.appliance, 0)


def test_the_same_inputs_have_the_same_id_and_manifests(belgian_plan: Path, tmp_path: Path) -> None:
    plan(sample_request(tmp_path / "again", countries=BE))
    first, again = files_of(belgian_plan), files_of(tmp_path / "again")
    manifests = [name for name in first if name.startswith("manifests/")]
    assert manifests
    assert {name: again.get(name) for name in manifests} == {name: first[name] for name in manifests}


def reseal(folder: Path) -> None:
    """Make all checksums right again, so that only what manifests say can be wrong."""
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    for entry in index["manifests"]:
        path = folder / entry["path"]
        if not path.is_file():
            continue
        head, _, body = path.read_bytes().partition(b"\n")
        header = json.loads(head) | {"sha256": hashlib.sha256(body).hexdigest()}
        path.write_bytes(json.dumps(header).encode() + b"\n" + body)
        entry["sha256"] = sha256(path)
    (folder / INDEX).write_text(json.dumps(index), encoding="utf-8")
    record = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    record["files"][INDEX] = sha256(folder / INDEX)
    (folder / "plan.json").write_text(json.dumps(record), encoding="utf-8")


def busiest(folder: Path) -> Path:
    return max((folder / "manifests").rglob("*.jsonl"), key=lambda path: (path.stat().st_size, path))


def change_line(folder: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path = busiest(folder)
    head, *lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(head + b"".join(change(lines)))


def change_header(folder: Path, **values: object) -> None:
    path = busiest(folder)
    head, _, body = path.read_bytes().partition(b"\n")
    path.write_bytes(json.dumps(json.loads(head) | values).encode() + b"\n" + body)


def drop_entry(folder: Path) -> None:
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    index["manifests"].pop()
    (folder / INDEX).write_text(json.dumps(index), encoding="utf-8")


TAMPERINGS: dict[str, tuple[Callable[[Path], None], str]] = {
    "line missing": (lambda f: change_line(f, lambda lines: lines[:-1]), "the tables have"),
    "line changed": (
        lambda f: change_line(f, lambda lines: [lines[0].replace(b'"file":"', b'"file":"x'), *lines[1:]]),
        "line 2 says something else",
    ),
    "lines swapped": (lambda f: change_line(f, lambda lines: lines[::-1]), "says something else"),
    "count": (lambda f: change_header(f, keep=99999), "keep claimed 99999"),
    "other plan": (lambda f: change_header(f, plan="0" * 16), "of another appliance or plan"),
    "file missing": (lambda f: busiest(f).unlink(), "cannot be read"),
    "entry missing": (drop_entry, "no manifest"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_the_judge_notices(night: Path, tmp_path: Path, name: str) -> None:
    change, message = TAMPERINGS[name]
    folder = tmp_path / "plan"
    shutil.copytree(night, folder)
    reseal(folder)
    assert manifest_faults(folder) == []
    change(folder)
    reseal(folder)
    found = manifest_faults(folder)
    assert len(found) == 1
    assert message in found[0]


def test_the_judge_notices_another_id(night: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plan"
    shutil.copytree(night, folder)
    record = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    (folder / "plan.json").write_text(json.dumps(record | {"id": "0" * 16}), encoding="utf-8")
    assert len(manifest_faults(folder)) == 1
