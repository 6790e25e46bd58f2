"""`docs/topology-edits.md`: everyday edits do what the page shows, from the file it names."""

from __future__ import annotations

import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from cdnplan.inputs.edits.editor import edit_topology
from cdnplan.inputs.edits.language import KINDS, VERBS
from cdnplan.inputs.edits.script import read_script
from tests.cli.running import run_cli
from tests.conftest import ROOT
from tests.docs.documents import Block, blocks, command_lines, inline

PAGE = ROOT / "docs" / "topology-edits.md"
BACKBONE = (ROOT / "topologies" / "backbone.yaml").read_text(encoding="utf-8")


def shown() -> list[tuple[str, Block]]:
    """Commands of the page, and the block that follows with what they print."""
    found = list(blocks(PAGE))
    return [(one.text, two) for one, two in pairwise(found) if one.language == "sh"]


def printed(
    text: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    """What the commands print in a folder that has the file: results, or problems of a refused edit."""
    monkeypatch.chdir(folder)
    for name in ("backbone.yaml", "before.yaml"):
        (folder / name).write_text(BACKBONE, encoding="utf-8")
    found = ""
    for words in command_lines(text):
        outcome = run_cli(monkeypatch, capsys, *words[1:])
        found += outcome.out if outcome.code == 0 else outcome.err
    return found.rstrip("\n")


@pytest.mark.parametrize("number", range(12))
def test_edits_do_what_the_page_shows(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text, block = shown()[number]
    assert printed(text, tmp_path, monkeypatch, capsys) == block.text
    if block.language == "diff":  # a dry run writes nothing
        assert (tmp_path / "backbone.yaml").read_text(encoding="utf-8") == BACKBONE


def test_the_page_has_ten_everyday_edits() -> None:
    assert len(shown()) == 12  # and a refusal, and a comparison
    assert [block.language for _, block in shown()].count("diff") == 10


def test_the_script_of_the_page_runs(tmp_path: Path) -> None:
    script = next(block for block in blocks(PAGE) if block.text.startswith("# edits.yaml"))
    (tmp_path / "edits.yaml").write_text(script.text, encoding="utf-8")
    (tmp_path / "backbone.yaml").write_text(BACKBONE, encoding="utf-8")
    operations = read_script(tmp_path / "edits.yaml")
    edited = edit_topology(tmp_path / "backbone.yaml", operations)
    assert [site.name for site in edited.topology.sites][-1] == "turku"
    assert {operation.verb for operation in operations} == set(VERBS)


def test_the_page_names_every_kind_and_operation() -> None:
    text = PAGE.read_text(encoding="utf-8")
    words = {word for code in inline(PAGE) for word in shlex.split(code.replace("'", ""))}
    assert words >= set(KINDS)
    for verb in VERBS:
        assert f"| `{verb} KIND" in text
