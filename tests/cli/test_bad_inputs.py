"""Every bad input ends with a message for people, exit code 2, and nothing written."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.bad_case import FILES, PLAN, Case, Content
from tests.cli.bad_inputs import CASES
from tests.cli.running import run_cli


def write(path: Path, content: Content) -> None:
    """Write one input."""
    path.parent.mkdir(exist_ok=True)
    if isinstance(content, pa.Table):
        pq.write_table(content, path)
    elif isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        path.write_text(content, encoding="utf-8")


def content(folder: Path) -> dict[str, bytes | None]:
    """Everything in a folder, hidden or not."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        write(tmp_path / name, text)
    return tmp_path


def test_the_inputs_that_are_made_bad_are_good(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = run_cli(monkeypatch, capsys, *PLAN.split())
    assert outcome.code == 0, outcome.err
    outcome = run_cli(monkeypatch, capsys, *PLAN.replace("demand", "history").split(), "--force")
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_bad_input(
    case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, changed in case.files.items():
        write(folder / name, changed)
    before = content(folder)
    outcome = run_cli(monkeypatch, capsys, *case.command.split())
    assert outcome.code == 2
    assert [text for text in case.expected if text not in outcome.err] == [], outcome.err
    assert outcome.out == ""
    assert "Traceback" not in outcome.err
    assert content(folder) == before, "nothing was written, nothing was changed"
    *problems, last = [line for line in outcome.err.splitlines() if not line.startswith("cdnplan: ")]
    if not case.usage:
        assert all(line.startswith("error: ") for line in problems)
        assert last.endswith("; nothing was written")
        assert int(last.split()[0]) == len(problems)
