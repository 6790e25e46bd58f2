"""Stop at a signal as at an error: cleaned up, without a traceback, with the usual exit code.

Only the first Ctrl-C of a search that has a plan is a wish instead: to end with that plan.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from cdnplan.errors import DeadlineError

if TYPE_CHECKING:
    from cdnplan.optimize.problem.outcome import Progress

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FINISHING = "finishing with the best plan so far; Ctrl-C again stops without a plan"


class Stopped(BaseException):
    """A signal asked the process to end; not an `Exception`, so that nothing takes it for a failure.

    Parameters
    ----------
    number : int
        Of the signal.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)

    @property
    def exit_code(self) -> int:
        """As shells count it."""
        return 128 + self.number


class StopSignals:
    """Raises `Stopped` where a signal finds the program, while the ``with`` block runs.

    A solver written in C++ may turn what is raised in its callbacks into an error of its own, or go on.
    So the signal is remembered: any other way out of the block ends as `Stopped`, and `check` raises again.
    Signals that are ignored when the block begins stay ignored, as ``nohup`` wants it.

    While the progress that `watching` hears of tells the cost of a plan, the first SIGINT raises nothing:
    `asked` is true from then on.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._number: int | None = None
        self._has_plan = False
        self._asked = False

    def __enter__(self) -> StopSignals:
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if kind is not None and not issubclass(kind, Stopped | SystemExit):
            self.check()
        if self._asked and kind is not None and issubclass(kind, DeadlineError):
            raise Stopped(signal.SIGINT)

    def check(self) -> None:
        """Raise if there was a signal that stops."""
        if self._number is not None:
            raise Stopped(self._number)

    def asked(self) -> bool:
        """Whether a search is to end with the plan it has."""
        return self._asked

    def watching(self, progress: Progress) -> Progress:
        """Check before each call, and note whether there is a plan to end with."""

        def watch(phase: str, done: float, lower: float | None, upper: float | None) -> None:
            self.check()
            self._has_plan = upper is not None
            progress(phase, done, lower, upper)

        return watch

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT and self._has_plan and not self._asked:
            self._asked = True
            sys.stderr.write(FINISHING + "\n")
            sys.stderr.flush()
            return
        self._number = number
        self.check()
