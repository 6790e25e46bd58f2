"""Stop at a signal as at an error: cleaned up, without a traceback, with the usual exit code."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._number: int | None = None

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

    def check(self, *_: object) -> None:
        """Raise if there was a signal."""
        if self._number is not None:
            raise Stopped(self._number)

    def checked(self, call: Callable[..., None]) -> Callable[..., None]:
        """Check before each call."""

        def checking(*args: object) -> None:
            self.check()
            call(*args)

        return checking

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self._number = number
        self.check()
