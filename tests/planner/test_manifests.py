"""Manifests of plans: part of the folder, the same for the same inputs, and the judge reads every one."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cdnplan.evaluate.verify import verify
from cdnplan.inputs.plans.manifest_files import INDEX, manifest_path, plan_id, read_index, read_manifest
from cdnplan.inputs.plans.plan_folder import NIGHT, sha256
from cdnplan.planner import plan
from tests.planner.plans import files_of, rows, sample_request
from tests.planner.test_nights import other_tastes

BE = frozenset({"BE"})


@pytest.fixture(scope="module")
def night(belgian_plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second night of other demand, with copies to fetch and to remove."""
    folder = tmp_path_factory.mktemp("night")
    out, demand = folder / "second", other_tastes(folder / "demand.parquet")
    request = sample_request(out, countries=BE, previous=belgian_plan, demand=demand)
    plan(request)
    return out


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


def change_entry(folder: Path, **values: object) -> None:
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    index["manifests"][0] |= values
    (folder / INDEX).write_text(json.dumps(index), encoding="utf-8")


def link_out(folder: Path) -> None:
    path, outside = busiest(folder), folder.parent / "outside.jsonl"
    path.rename(outside)
    path.symlink_to(outside)


def add_stray(folder: Path) -> None:
    shutil.copy(busiest(folder), folder / "manifests" / "another.jsonl")


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
    "format": (lambda f: change_header(f, manifest=2), "written in format 2"),
    "format true": (lambda f: change_header(f, manifest=True), "written in format True"),
    "format none": (lambda f: change_header(f, manifest=None), "written in format None"),
    "keep_gb more": (lambda f: change_header(f, keep_gb=1e9), "keep_gb claimed"),
    "keep_gb infinite": (lambda f: change_header(f, keep_gb=float("inf")), "Infinity is not a number"),
    "keep_gb a text": (lambda f: change_header(f, keep_gb="0"), "keep_gb claimed 0"),
    "keep a part": (lambda f: change_header(f, keep=0.5), "keep claimed 0.5"),
    "fetch": (lambda f: change_header(f, fetch=0), "fetch claimed 0"),
    "fetch true": (lambda f: change_header(f, fetch=True), "fetch claimed True"),
    "fetch_gb": (lambda f: change_header(f, fetch_gb=0.0), "fetch_gb claimed 0"),
    "evict": (lambda f: change_header(f, evict=10**6), "evict claimed"),
    "evict_gb": (lambda f: change_header(f, evict_gb=1e9), "evict_gb claimed"),
    "unscheduled": (lambda f: change_header(f, unscheduled=7), "unscheduled claimed 7"),
    "index fetch": (lambda f: change_entry(f, fetch=10**6), "the index: fetch claimed"),
    "index evict_gb": (lambda f: change_entry(f, evict_gb=-1.0), "the index: evict_gb claimed"),
    "link out": (link_out, "a link that leads out"),
    "stray": (add_stray, "manifests/another.jsonl: not in the index"),
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


def rewritten(folder: Path, change: Callable[[dict[str, Any]], None]) -> list[str]:
    """What is wrong once plan.json is changed."""
    record = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    change(record)
    (folder / "plan.json").write_text(json.dumps(record), encoding="utf-8")
    return [str(check) for check in verify(folder).failed]


@pytest.fixture
def forged(night: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(night, tmp_path / "plan"))


def seal_manifest(folder: Path, head: Callable[[bytes], bytes]) -> None:
    """Change a first line as text, with new checksums all the way up."""
    path = busiest(folder)
    first, _, body = path.read_bytes().partition(b"\n")
    path.write_bytes(head(first) + b"\n" + body)
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    for entry in index["manifests"]:
        entry["sha256"] = sha256(folder / entry["path"])
    (folder / INDEX).write_text(json.dumps(index), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"{", b'{"keep": 0, ', "key 'keep' given twice"),
        (b'"keep_gb":', b'"keep_gb": NaN, "was":', "NaN is not a number"),
        (b'"unscheduled":', b'"fetch": 0, "unscheduled":', "key 'fetch' given twice"),
        (b'"keep":', b'"kept":', "keep is missing"),
    ],
)
def test_a_first_line_is_strict(forged: Path, old: bytes, new: bytes, said: str) -> None:
    seal_manifest(forged, lambda head: head.replace(old, new, 1))
    found = rewritten(forged, lambda record: record["files"].update({INDEX: sha256(forged / INDEX)}))
    assert any(said in line for line in found), found


def test_an_index_with_a_key_twice(forged: Path) -> None:
    text = (forged / INDEX).read_text(encoding="utf-8")
    (forged / INDEX).write_text(text.replace("{", '{"format": 1, ', 1), encoding="utf-8")
    found = rewritten(forged, lambda record: record["files"].update({INDEX: sha256(forged / INDEX)}))
    assert any("key 'format' given twice" in line for line in found), found


@pytest.mark.parametrize("name", [INDEX, *NIGHT])
@pytest.mark.parametrize("gone", [False, True])
def test_a_night_without_all_its_files(forged: Path, name: str, gone: bool) -> None:
    if gone:
        (forged / name).unlink()
    found = rewritten(forged, lambda record: record["files"].pop(name))
    assert any(name in line for line in found), found


@pytest.mark.parametrize("manifests", [False, True])
def test_a_night_that_is_not_told(forged: Path, manifests: bool) -> None:
    """Tables, figures, and with them manifests are gone: the plan's id gives it away."""
    for name in NIGHT:
        (forged / name).unlink()
    if not manifests:
        shutil.rmtree(forged / "manifests")

    def change(record: dict[str, Any]) -> None:
        del record["fills"]
        for name in (*NIGHT, *(() if manifests else (INDEX,))):
            del record["files"][name]
        record["id"] = plan_id(record["files"])

    found = rewritten(forged, change)
    assert any("fills is missing, though the plan has an id" in line for line in found), found


def test_the_judge_notices_another_id(night: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plan"
    shutil.copytree(night, folder)
    record = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    (folder / "plan.json").write_text(json.dumps(record | {"id": "0" * 16}), encoding="utf-8")
    assert len(manifest_faults(folder)) == 1
