"""Signals end a command at once, cleaned up, with the code that shells expect and no traceback."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cdnplan.cli.stopping import Stopped, StopSignals
from cdnplan.errors import CdnplanError
from tests.cli.processes import Process
from tests.cli.running import run_cli

QUICK_S = 5.0


@pytest.fixture(autouse=True)
def signals_are_heard() -> Iterator[None]:
    """The tests may run in the background or under ``nohup``, where signals are ignored and stay so."""
    before = {signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler)}
    for number in (signal.SIGTERM, signal.SIGHUP):
        before[number] = signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def plan(out: Path, engine: str, countries: str = "BE") -> Process:
    """A plan without an end where the engine is the exact one."""
    return Process("plan", "--countries", countries, "--engine", engine, "--out", str(out))


@pytest.mark.parametrize(
    ("number", "engine", "phase"),
    [
        (signal.SIGINT, "exact", "cdnplan: search"),
        (signal.SIGTERM, "exact", "cdnplan: search"),
        (signal.SIGTERM, "fast", "cdnplan: optimise"),
    ],
)
def test_stopped_while_an_engine_works(
    tmp_path: Path, number: signal.Signals, engine: str, phase: str
) -> None:
    with plan(tmp_path / "p", engine, "BE" if engine == "exact" else "") as process:
        process.wait_for_line(phase)
        code, took = process.send(number)
    assert code == 128 + number
    assert took < QUICK_S
    assert process.lines[-1] == f"stopped by {number.name}"
    assert not any("Traceback" in line or "rror" in line for line in process.lines)
    assert list(tmp_path.iterdir()) == []


def test_stopped_while_it_reads(tmp_path: Path) -> None:
    number = signal.SIGINT
    with plan(tmp_path / "p", "fast") as process:
        process.wait_for_line("cdnplan: read")
        code, took = process.send(number)
    assert (code, process.lines[-1]) == (128 + number, f"stopped by {number.name}")
    assert took < QUICK_S
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_while_the_plan_is_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: signal.Signals,
) -> None:
    written: list[str] = []
    write_table = pq.write_table

    def signalled(table: object, path: Path, **options: object) -> None:
        write_table(table, path, **options)
        written.append(path.parent.name)
        if len(written) == 3:
            os.kill(os.getpid(), number)

    monkeypatch.setattr(pq, "write_table", signalled)
    args = ("plan", "--countries", "BE", "--engine", "fast", "--gap", "0.5", "--out", str(tmp_path / "p"))
    outcome = run_cli(monkeypatch, capsys, *args)
    assert len(written) == 3
    assert any(".p.partial-" in folder for folder in written)
    assert outcome.code == 128 + number
    assert outcome.err.splitlines()[-1] == f"stopped by {number.name}"
    assert list(tmp_path.iterdir()) == []


def test_what_a_solver_makes_of_the_signal_is_not_told() -> None:
    with pytest.raises(Stopped) as caught, StopSignals() as _:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except Stopped:
            raise CdnplanError("the solver ended without a plan") from None
    assert caught.value.exit_code == 143


def test_a_signal_that_a_solver_swallowed_is_raised_at_the_next_step() -> None:
    calls: list[tuple[object, ...]] = []
    with pytest.raises(Stopped), StopSignals() as stop:
        progress = stop.checked(lambda *args: calls.append(args))
        progress("search", 0.5, None, None)
        with contextlib.suppress(Stopped):
            os.kill(os.getpid(), signal.SIGINT)
        progress("write", 0.0, None, None)
    assert calls == [("search", 0.5, None, None)]


def test_handlers_are_put_back_and_ignored_signals_stay_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        kept = signal.getsignal(signal.SIGTERM)
        with StopSignals():
            assert signal.getsignal(signal.SIGTERM) != kept
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGTERM) == kept
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_commands_stop_as_well(tmp_path: Path) -> None:
    with Process("synth", "--preset", "continent", "--out", str(tmp_path / "s")) as process:
        process.wait_for_line("history")
        code, took = process.send(signal.SIGTERM)
    assert code == 143
    assert took < QUICK_S
    assert list(tmp_path.iterdir()) == []
