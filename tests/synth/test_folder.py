"""A folder is written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cdnplan.errors import InputError
from cdnplan.folders import Kind
from cdnplan.synth.folder import folder as synth_folder

KIND = Kind("text", "a.txt", lambda _: ())


def write_folder(target: Path, fill: Callable[[Path], None], *, force: bool = False) -> None:
    synth_folder.write_folder(target, fill, KIND, force=force)


def fill(text: str = "new") -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "a.txt").write_text(text)

    return write


def test_makes_parents(tmp_path: Path) -> None:
    write_folder(tmp_path / "x" / "y", fill())
    assert (tmp_path / "x" / "y" / "a.txt").read_text() == "new"
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["y"]


def test_empty_folder_is_kept_and_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = tmp_path.stat().st_ino
    write_folder(Path(), fill())
    assert Path("a.txt").read_text() == "new"
    assert tmp_path.stat().st_ino == before
    assert Path.cwd() == tmp_path
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_refuses_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(InputError, match="it holds another text; choose another name or say --force"):
        write_folder(tmp_path, fill())
    with pytest.raises(InputError, match="is a file"):
        write_folder(tmp_path / "a.txt", fill())
    assert (tmp_path / "a.txt").read_text() == "old"


def test_force_replaces_known_files_only(tmp_path: Path) -> None:
    target = tmp_path / "x"
    write_folder(target, fill("old"))
    write_folder(target, fill("new"), force=True)
    assert (target / "a.txt").read_text() == "new"
    (target / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match=r"holds 'mine.txt'"):
        write_folder(target, fill("newer"), force=True)
    assert (target / "mine.txt").read_text() == "keep"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_stopped_run_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    def stop(folder: Path) -> None:
        (folder / "a.txt").write_text("half")
        raise error

    with pytest.raises(error):
        write_folder(tmp_path / "x", stop)
    assert list(tmp_path.iterdir()) == []
    write_folder(tmp_path / "x", fill("old"))
    with pytest.raises(error):
        write_folder(tmp_path / "x", stop, force=True)
    assert (tmp_path / "x" / "a.txt").read_text() == "old"


def test_unwritable_place_is_a_clean_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file, expected a folder"):
        write_folder(tmp_path / "file" / "x", fill())
