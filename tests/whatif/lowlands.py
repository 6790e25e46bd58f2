"""The worked example of docs/sizing.md, read out of it, so that what is written there is what is tested."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conftest import ROOT

DOC = ROOT / "docs" / "sizing.md"
FILES = ("topology.yaml", "titles.csv", "demand.csv", "sizing.yaml")


def write_example(folder: Path) -> Path:
    """Write the files that the document shows, each a block whose first line is a comment with its name."""
    text = DOC.read_text(encoding="utf-8")
    for name in FILES:
        found = re.search(rf"```\w*\n# {re.escape(name)}\n(.*?)```", text, re.DOTALL)
        assert found is not None, name
        (folder / name).write_text(found.group(1), encoding="utf-8")
    return folder


def shown_output() -> str:
    """What the document says that the command prints."""
    found = re.search(r"<!-- output: .*? -->\n```text\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found.group(1)
