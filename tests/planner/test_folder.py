"""A plan folder is written whole or not at all, and an earlier one is replaced only when asked."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cdnplan.errors import InputError
from cdnplan.folders import Kind, check_place, claimed
from cdnplan.planner import plan
from cdnplan.planner.folder import folder as planner_folder
from cdnplan.planner.folder.folder import PLAN
from tests.planner.plans import assert_verified, expected_names, files_of, make, names_of, sample_request

BE = frozenset({"BE"})
ANY = Kind("plan", "plan.json", files_of)
"""Whatever is in it belongs to it."""


def names(folder: Path) -> list[str]:
    """What is there, hidden or not."""
    return sorted(path.name for path in folder.iterdir())


def write_plan(
    out: Path,
    writers: Mapping[str, Callable[[Path], None]],
    record: Callable[[dict[str, str]], dict[str, Any]],
) -> None:
    """Write some files and a record, in place of what is there."""
    with claimed(out, ANY, replace=True) as place:
        planner_folder.write_plan(place, writers, record)


def fails(path: Path) -> None:
    """A writer that writes half a file."""
    path.write_text("half", encoding="utf-8")
    raise OSError(28, "No space left on device", str(path))


def test_nothing_is_left_of_a_plan_that_fails_while_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        write_plan(tmp_path / "p", {"a/b.txt": lambda path: path.touch(), "c.txt": fails}, lambda _: {})
    assert names(tmp_path) == []


def test_an_earlier_plan_outlives_one_that_fails(tmp_path: Path) -> None:
    write_plan(tmp_path / "p", {"a.txt": lambda path: path.touch()}, lambda sums: {"files": sums})
    before = files_of(tmp_path / "p")
    for error in (KeyboardInterrupt, OSError):
        with (
            pytest.raises(error),
            claimed(tmp_path / "p", ANY, replace=True) as place,
            place.whole() as partial,
        ):
            (partial / "half").touch()
            assert partial.parent == tmp_path, "beside it, so that it can be put in place at once"
            raise error
        assert files_of(tmp_path / "p") == before
        assert names(tmp_path) == ["p"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_earlier_plan_is_put_back_when_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    write_plan(tmp_path / "p", {"a.txt": lambda path: path.touch()}, lambda _: {})
    before = files_of(tmp_path / "p")
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if ".partial-" in self.name:
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(error):
        write_plan(tmp_path / "p", {"b.txt": lambda path: path.touch()}, lambda _: {})
    assert files_of(tmp_path / "p") == before
    assert names(tmp_path) == ["p"]


def test_numbers_that_are_none_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_plan(tmp_path / "p", {}, lambda _: {"upper": float("nan")})
    assert names(tmp_path) == []


def test_folders_above_are_made(tmp_path: Path) -> None:
    write_plan(tmp_path / "plans" / "2026" / "p", {}, lambda _: {})
    assert names(tmp_path / "plans" / "2026") == ["p"]


def test_places_where_a_plan_may_be_written(tmp_path: Path, belgian_plan: Path) -> None:
    check_place(tmp_path / "new", PLAN, replace=False)
    (tmp_path / "empty").mkdir()
    check_place(tmp_path / "empty", PLAN, replace=False)
    check_place(belgian_plan, PLAN, replace=True)


def test_places_where_none_is_written(tmp_path: Path, belgian_plan: Path) -> None:
    copy = shutil.copytree(belgian_plan, tmp_path / "plan")
    for name in ("mine", "linked", "hidden"):
        shutil.copytree(copy, tmp_path / name)
    (tmp_path / "mine" / "inputs" / "thesis.tex").touch()
    (tmp_path / "hidden" / ".git").mkdir()
    (tmp_path / "hidden" / ".git" / "config").touch()
    shutil.move(tmp_path / "linked" / "inputs", tmp_path / "elsewhere")
    (tmp_path / "linked" / "inputs").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "file").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").touch()
    shutil.copytree(tmp_path / "other", tmp_path / "terraform")
    (tmp_path / "terraform" / "plan.json").write_text('{"format_version": "1.2"}', encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "plan")
    cases = (
        ("plan", False, "the folder is not empty, it holds another plan"),
        ("other", False, "the folder is not empty"),
        ("other", True, "holds no plan: it is left alone"),
        ("mine", True, r"mine: holds 'inputs/thesis.tex', which is not part of the plan there"),
        ("hidden", True, r"holds '.git/config', which is not part"),
        ("linked", True, "holds 'inputs', which is not part"),
        ("terraform", True, r"terraform/plan.json"),
        ("file", True, "there is a file of this name"),
        ("link", True, "there is a file of this name"),
    )
    before = files_of(tmp_path)
    for name, forced, message in cases:
        with pytest.raises(InputError, match=message), claimed(tmp_path / name, PLAN, replace=forced):
            pass
    assert files_of(tmp_path) == before


def test_what_is_above_is_checked_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for out in (tmp_path / "file" / "p", tmp_path / "file" / "plans" / "p"):
        with pytest.raises(InputError, match=r"file: is a file, expected a folder to write into"):
            check_place(out, PLAN, replace=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(InputError, match="is the folder this command runs in"):
        check_place(Path(), PLAN, replace=False)
    check_place(Path("../there/../p"), PLAN, replace=False)


def test_a_path_with_dots_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    write_plan(Path("../p"), {}, lambda _: {})
    write_plan(Path("q/../r"), {}, lambda _: {})
    assert names(tmp_path) == ["here", "p"]
    assert names(tmp_path / "here") == ["r"]


def test_an_existing_plan_is_refused_before_any_input_is_read(belgian_plan: Path, tmp_path: Path) -> None:
    before = files_of(belgian_plan)
    request = sample_request(belgian_plan, countries=BE)
    with pytest.raises(InputError, match="choose another name or say --force"):
        plan(replace(request, titles=tmp_path / "nothing.csv"))
    assert files_of(belgian_plan) == before


def test_an_existing_plan_is_replaced_whole_when_asked(belgian_plan: Path, tmp_path: Path) -> None:
    out = tmp_path / "p"
    make(sample_request(out, countries=BE, previous=belgian_plan, gap_ratio=0.5))
    assert (out / "inputs" / "holdings.parquet").is_file()
    record = make(sample_request(out, countries=BE, gap_ratio=0.5, replace=True))
    assert names_of(out) == expected_names(record), "nothing of the earlier folder is left"
    assert names(tmp_path) == ["p"]


def test_an_existing_plan_stays_when_the_new_one_has_bad_inputs(belgian_plan: Path, tmp_path: Path) -> None:
    before = files_of(belgian_plan)
    request = sample_request(belgian_plan, countries=BE, replace=True)
    with pytest.raises(InputError):
        plan(replace(request, titles=tmp_path / "nothing.csv"))
    assert files_of(belgian_plan) == before
    assert_verified(belgian_plan)


def test_a_plan_may_replace_the_one_it_starts_from(belgian_plan: Path, tmp_path: Path) -> None:
    out = tmp_path / "p"
    make(sample_request(out, countries=BE, gap_ratio=0.5))
    record = make(sample_request(out, countries=BE, gap_ratio=0.5, previous=out, replace=True))
    assert record["fill_counted"] is True
    assert names(tmp_path) == ["p"]


def test_partial_folders_of_different_processes_do_not_meet(tmp_path: Path) -> None:
    with claimed(tmp_path / "p", PLAN) as place, place.whole() as partial:
        assert str(os.getpid()) in partial.name
        (partial / "x").touch()
    assert names(tmp_path) == ["p"]
