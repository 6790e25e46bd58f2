"""Signals end a command at once, cleaned up, with the code that shells expect and no traceback.

The first Ctrl-C of a search that has a plan ends the search only.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cdnplan.cli.terminal.stopping import FINISHING, Stopped, StopSignals
from cdnplan.errors import CdnplanError, DeadlineError
from cdnplan.optimize.problem.outcome import Progress
from cdnplan.planner.folder.record import INTERRUPTED
from tests.cli.processes import Process
from tests.cli.running import Outcome, run_cli
from tests.planner.plans import assert_verified

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


Moment = tuple[signal.Signals, Callable[[str, float | None], bool]]
"""A signal, and whether now is its time: by phase and cost."""


def has_plan(phase: str, upper: float | None) -> bool:
    return upper is not None


def send_at(monkeypatch: pytest.MonkeyPatch, *moments: Moment) -> list[signal.Signals]:
    """Make progress send signals to this process, one at a time and in order; what has been sent."""
    sent: list[signal.Signals] = []

    def show(phase: str, done: float, lower: float | None, upper: float | None) -> None:
        if len(sent) < len(moments) and moments[len(sent)][1](phase, upper):
            sent.append(moments[len(sent)][0])
            os.kill(os.getpid(), sent[-1])

    @contextlib.contextmanager
    def progress_on_stderr(*, quiet: bool) -> Iterator[Progress]:
        yield show

    monkeypatch.setattr("cdnplan.cli.terminal.progress.progress_on_stderr", progress_on_stderr)
    return sent


@pytest.fixture
def run_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], Outcome]:
    """Plan with an engine, in this process; the exact one only ends when it is stopped."""

    def run(engine: str) -> Outcome:
        countries = ("--countries", "BE") if engine == "exact" else ()
        return run_cli(
            monkeypatch, capsys, "plan", "--engine", engine, *countries, "--out", str(tmp_path / "p")
        )

    return run


@pytest.mark.parametrize("engine", ["exact", "fast"])
def test_the_first_ctrl_c_of_a_search_that_has_a_plan_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_plan: Callable[[str], Outcome], engine: str
) -> None:
    sent = send_at(monkeypatch, (signal.SIGINT, has_plan))
    outcome = run_plan(engine)
    assert sent == [signal.SIGINT]
    assert outcome.code == 0
    assert outcome.err.splitlines().count(FINISHING) == 1
    assert outcome.err.index(FINISHING) < outcome.err.index(f"warning: {INTERRUPTED}")
    record = json.loads((tmp_path / "p" / "plan.json").read_text(encoding="utf-8"))
    assert record["status"] == "interrupted"
    assert INTERRUPTED in record["warnings"]
    assert 0 < record["lower"] < record["upper"]
    assert_verified(tmp_path / "p")


@pytest.mark.parametrize("engine", ["exact", "fast"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("later", ["", "write"], ids=["in the search", "while writing"])
def test_a_second_signal_stops_at_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run_plan: Callable[[str], Outcome],
    engine: str,
    number: signal.Signals,
    later: str,
) -> None:
    second = (number, lambda phase, _: phase == later if later else True)
    sent = send_at(monkeypatch, (signal.SIGINT, has_plan), second)
    outcome = run_plan(engine)
    assert sent == [signal.SIGINT, number]
    assert outcome.code == 128 + number
    assert outcome.err.splitlines()[-2:] == [FINISHING, f"stopped by {number.name}"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("engine", ["exact", "fast"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_only_ctrl_c_asks_for_the_plan(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run_plan: Callable[[str], Outcome],
    engine: str,
    number: signal.Signals,
) -> None:
    send_at(monkeypatch, (number, has_plan))
    outcome = run_plan(engine)
    assert outcome.code == 128 + number
    assert outcome.err.splitlines() == [f"stopped by {number.name}"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("engine", ["exact", "fast"])
@pytest.mark.parametrize("moment", ["read", "optimise", "appliances", "judge", "write", "report"])
def test_ctrl_c_before_there_is_a_plan_or_after_the_search_stops_at_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    engine: str,
    moment: str,
) -> None:
    sent = send_at(monkeypatch, (signal.SIGINT, lambda phase, _: phase == moment))
    args = ("plan", "--countries", "BE", "--engine", engine, "--gap", "0.9", "--out", str(tmp_path / "p"))
    outcome = run_cli(monkeypatch, capsys, *args)
    assert sent == [signal.SIGINT]
    assert outcome.code == 128 + signal.SIGINT
    assert outcome.err.splitlines() == ["stopped by SIGINT"]
    assert list(tmp_path.iterdir()) == []


def test_a_search_that_ends_without_a_plan_after_all_was_stopped_by_ctrl_c() -> None:
    with pytest.raises(Stopped) as caught, StopSignals() as stop:
        stop.watching(lambda *_: None)("search", 0.5, 1.0, 2.0)
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.asked()
        raise DeadlineError("no plan was found before the search was asked to end")
    assert caught.value.exit_code == 130


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
        written.append(str(path.parent))
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
        progress = stop.watching(lambda *args: calls.append(args))
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
