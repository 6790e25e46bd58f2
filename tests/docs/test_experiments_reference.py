"""`docs/experiments.md`: its example gives what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.running import run_cli
from tests.conftest import ROOT
from tests.docs.documents import blocks
from tests.experiment.worlds import write_world

REFERENCE = ROOT / "docs" / "experiments.md"


def test_the_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_world(Path("measured.csv"), seed=3, n_clusters=24, n_days=98)
    shown = [
        block.text for block in blocks(REFERENCE) if block.language == "text" and "$ cdnplan" in block.text
    ]
    assert shown
    for text in shown:
        for part in text.split("$ cdnplan ")[1:]:
            command, _, wanted = part.partition("\n")
            done = run_cli(monkeypatch, capsys, *command.split())
            assert done.code == 0, done.err
            assert comparable(done.out) == comparable(wanted), command


def comparable(text: str) -> str:
    """Output without digests, which hang on the last bit of every number, and without blanks at its end."""
    return re.sub(r"[0-9a-f]{16}", "(digest)", text).rstrip()
