"""Run the command line in this process, as the console script does."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import pytest

from cdnplan.cli.main import run


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str


def run_cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *args: str) -> Outcome:
    """Run ``cdnplan ARGS``; any exception but an exit fails the test, as a traceback would the user."""
    monkeypatch.setattr(sys, "argv", ["cdnplan", *args])
    capsys.readouterr()
    code = 0
    try:
        run()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    captured = capsys.readouterr()
    return Outcome(code, captured.out, captured.err)
