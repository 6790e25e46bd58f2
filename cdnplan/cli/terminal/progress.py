"""Progress on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from cdnplan.cli.terminal.stopping import StopSignals

if TYPE_CHECKING:
    from cdnplan.optimize.problem.outcome import Progress

LINE_EVERY_S = 10.0


@contextmanager
def watched(ctx: typer.Context, *, quiet: bool = False) -> Iterator[tuple[Progress, Callable[[], bool]]]:
    """Show what a long job is doing, and let signals stop it.

    Parameters
    ----------
    ctx : typer.Context
        Of the command.
    quiet : bool
        Show nothing.

    Yields
    ------
    progress, asked : callable
        To be called with (phase, done, lower, upper); whether the job is to end with what it has.
    """
    stop = ctx.find_object(StopSignals) or StopSignals()
    with progress_on_stderr(quiet=quiet) as progress:
        yield stop.watching(progress), stop.asked


@contextmanager
def progress_on_stderr(*, quiet: bool = False) -> Iterator[Progress]:
    """Show what a long job is doing.

    Parameters
    ----------
    quiet : bool
        Show nothing.

    Yields
    ------
    callable
        To be called with (phase, done, lower, upper).
    """
    if quiet:
        yield lambda *_: None
    elif sys.stderr.isatty():
        with _bar() as show:
            yield show
    else:
        yield _Lines()


def _text(phase: str, lower: float | None, upper: float | None) -> str:
    cost = "" if upper is None else f", cost {upper:,.2f}"
    bound = "" if lower is None else f", bound {lower:,.2f}"
    return phase + cost + bound


class _Lines:
    """A line at each new phase, and every few seconds within one."""

    def __init__(self) -> None:
        self._phase = ""
        self._last = time.monotonic()

    def __call__(self, phase: str, done: float, lower: float | None, upper: float | None) -> None:
        now = time.monotonic()
        if phase == self._phase and now - self._last < LINE_EVERY_S:
            return
        self._phase, self._last = phase, now
        share = f" {done:.0%}" if done > 0 else ""
        sys.stderr.write(f"cdnplan: {_text(phase, lower, upper)}{share}\n")
        sys.stderr.flush()


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console, transient=True
    ) as bar:
        task = bar.add_task("", total=1.0)

        def show(phase: str, done: float, lower: float | None, upper: float | None) -> None:
            bar.update(task, description=_text(phase, lower, upper), completed=done)

        yield show
