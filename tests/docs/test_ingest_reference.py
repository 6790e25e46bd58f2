"""`docs/ingest.md`: its example runs and gives what it says, every key is there."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from cdnplan.inputs.logs.meaning import faults
from cdnplan.inputs.logs.meaning.mapping_wire import MappingWire
from tests.cli.running import run_cli
from tests.conftest import ROOT
from tests.docs.documents import blocks, command_lines, table_rows

REFERENCE = ROOT / "docs" / "ingest.md"


def test_the_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    found = list(blocks(REFERENCE))
    log, wanted = (block.text for block in found if block.language == "text")
    Path("access.log").write_text(log + "\n")
    Path("map.yaml").write_text(next(block.text for block in found if block.language == "yaml"))
    Path("prefixes.csv").write_text(next(block.text for block in found if block.language == "csv") + "\n")
    (command,) = [
        line
        for block in found
        if block.language == ""
        for line in command_lines(block.text)
        if "access.log" in line
    ]
    done = run_cli(monkeypatch, capsys, *command[1:])
    assert done.code == 0, done.err
    assert Path("history.csv").read_text().strip() == wanted
    assert "malformed: access.log:5: bracket never closed: 192.0.2.7 - - [11/Oct/2025:01:00:" in done.err
    assert shlex.join(command).endswith("--mapping map.yaml --out history.csv")


def test_every_key_is_told() -> None:
    told = {key.strip(" `") for row in table_rows(REFERENCE) if len(row) == 2 for key in row[0].split(",")}
    assert set(MappingWire.model_fields) - told == set()


def test_every_fault_has_a_name() -> None:
    assert set(faults.NAMES) == set(range(1, faults.LAST_FAULT + 1))
    assert len(set(faults.NAMES.values())) == len(faults.NAMES)
