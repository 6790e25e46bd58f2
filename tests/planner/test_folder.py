"""A plan folder is written whole or not at all, and an earlier one is replaced only when asked."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from cdnplan.errors import InputError
from cdnplan.planner import folder as planner_folder
from cdnplan.planner import plan
from cdnplan.planner.folder import check_out, whole_folder, write_plan
from tests.planner.plans import assert_verified, expected_names, files_of, make, names_of, sample_request

BE = frozenset({"BE"})


def names(folder: Path) -> list[str]:
    """What is there, hidden or not."""
    return sorted(path.name for path in folder.iterdir())


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
        with pytest.raises(error), whole_folder(tmp_path / "p") as partial:
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


def test_places_where_a_plan_may_be_written(tmp_path: Path) -> None:
    check_out(tmp_path / "new", replace=False)
    (tmp_path / "empty").mkdir()
    check_out(tmp_path / "empty", replace=False)
    write_plan(tmp_path / "plan", {}, lambda _: {})
    check_out(tmp_path / "plan", replace=True)


def test_places_where_none_is_written(tmp_path: Path) -> None:
    write_plan(tmp_path / "plan", {}, lambda _: {})
    (tmp_path / "file").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").touch()
    (tmp_path / "link").symlink_to(tmp_path / "plan")
    cases = (
        ("plan", False, "the folder is not empty, and plans are never changed"),
        ("other", False, "the folder is not empty"),
        ("other", True, "holds no plan: it is left alone"),
        ("file", True, "there is a file of this name"),
        ("link", True, "there is a file of this name"),
    )
    for name, forced, message in cases:
        with pytest.raises(InputError, match=message):
            check_out(tmp_path / name, replace=forced)


def test_what_is_above_is_checked_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for out in (tmp_path / "file" / "p", tmp_path / "file" / "plans" / "p"):
        with pytest.raises(InputError, match=r"file: is a file, expected a folder to write into"):
            check_out(out, replace=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(InputError, match="is the folder this command runs in"):
        check_out(Path(), replace=False)
    check_out(Path("../there/../p"), replace=False)


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
    (out / "note.txt").write_text("mine", encoding="utf-8")
    (out / "inputs" / "old.parquet").touch()
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
    with whole_folder(tmp_path / "p") as partial:
        assert str(os.getpid()) in partial.name
        assert planner_folder.PLAN_JSON == "plan.json"
        (partial / "x").touch()
    assert names(tmp_path) == ["p"]
