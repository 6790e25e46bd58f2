"""One run at a time writes a folder, and over nothing that is not its own."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from cdnplan.errors import InputError
from cdnplan.folders import Kind, claimed
from cdnplan.replay.run.folder import REPLAY
from cdnplan.synth.folder.generate import GENERATED
from cdnplan.whatif.ask.output import WHATIF
from cdnplan.whatif.scenario.scenario_reader import read_scenarios
from cdnplan.whatif.size.sizing_output import SIZING
from tests.cli.processes import Process
from tests.planner.plans import assert_verified, files_of

KIND = Kind("thing", "thing.json", lambda _: ())


def write(out: Path, *, replace: bool = False) -> None:
    with claimed(out, KIND, replace=replace) as place, place.whole() as folder:
        (folder / "thing.json").write_text("new", encoding="utf-8")


def test_the_second_of_two_runs_is_refused_before_it_works(tmp_path: Path) -> None:
    out = tmp_path / "above" / "out"
    with claimed(out, KIND) as place:
        with pytest.raises(InputError, match="another run is about to write this folder"), claimed(out, KIND):
            pass
        with place.whole() as folder:
            (folder / "thing.json").touch()
    assert sorted(path.name for path in out.parent.rglob("*")) == ["out", "thing.json"]


def test_of_many_runs_at_once_one_writes(tmp_path: Path) -> None:
    out, gate, ends = tmp_path / "out", threading.Barrier(8), []

    def run() -> None:
        gate.wait()
        try:
            write(out)
            ends.append("wrote")
        except InputError:
            ends.append("refused")

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["refused"] * 7 + ["wrote"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("replace", [False, True])
def test_what_others_put_there_meanwhile_stays(tmp_path: Path, replace: bool) -> None:
    out = tmp_path / "out"
    with (
        pytest.raises(InputError, match="out: "),
        claimed(out, KIND, replace=replace) as place,
        place.whole() as folder,
    ):
        (folder / "thing.json").touch()
        out.mkdir()
        (out / "thesis.tex").write_text("mine", encoding="utf-8")
    assert files_of(tmp_path) == {"out/thesis.tex": b"mine"}


def test_a_claim_that_wrote_nothing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), claimed(tmp_path / "a" / "b" / "out", KIND):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_claim_of_a_run_that_was_killed_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".out.claim").touch()
    write(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("kind", [REPLAY, WHATIF, SIZING, GENERATED], ids=lambda kind: kind.name)
def test_foreign_files_are_never_replaced(tmp_path: Path, kind: Kind) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / kind.mark).write_text("cdnplan synth", encoding="utf-8")
    with claimed(tmp_path / "out", kind, replace=True):
        pass
    (tmp_path / "out" / "thesis.tex").touch()
    message = f"holds 'thesis.tex', which is not part of the {kind.name} there"
    with pytest.raises(InputError, match=message), claimed(tmp_path / "out", kind, replace=True):
        pass


def test_a_project_of_ones_own_is_no_generated_one(tmp_path: Path) -> None:
    for name in ("topology.yaml", "README.md"):
        (tmp_path / name).write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="left alone"), claimed(tmp_path, GENERATED, replace=True):
        pass


def test_two_plan_runs_into_one_new_folder(tmp_path: Path) -> None:
    out = tmp_path / "p"
    args = ("plan", "--countries", "BE", "--engine", "fast", "--gap", "0.5", "--out", str(out))
    with Process(*args) as one:
        one.wait_for_line("cdnplan: optimise")
        with Process(*args) as two:
            assert two.ends() == 2
        assert one.ends() == 0
    assert_verified(out)
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    with pytest.raises(InputError, match="there is a file of this name"), claimed(tmp_path / "one", WHATIF):
        pass
    with pytest.raises(InputError, match="cannot be read: Too many levels of symbolic links"):
        read_scenarios([tmp_path / "two"])
