"""The log of a run: one JSON object a line, each with the id of the run."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TextIO

Write = Callable[[str], None]


class RunLog:
    """Writes events to everyone who listens.

    Parameters
    ----------
    run_id : str
    now : callable
        The wall clock.
    writers : callables
        Each gets one line, without its end.
    """

    def __init__(self, run_id: str, now: Callable[[], dt.datetime], *writers: Write) -> None:
        self.run_id = run_id
        self._now = now
        self._writers = list(writers)

    def add(self, writer: Write) -> None:
        """Let another one listen from here on."""
        self._writers.append(writer)

    def info(self, event: str, **fields: object) -> None:
        """Tell what happened."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Tell what someone should look at."""
        self._write("warning", event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Tell why nothing is published."""
        self._write("error", event, fields)

    def _write(self, level: str, event: str, fields: dict[str, object]) -> None:
        head = {"time": self._now().isoformat(), "level": level, "run_id": self.run_id, "event": event}
        line = json.dumps(head | fields, ensure_ascii=False, default=str)
        for write in self._writers:
            write(line)


class FileLog:
    """A log file; a full disk ends it, not the run, and `failure` tells.

    Parameters
    ----------
    path : Path
        Written anew; its folder exists.
    """

    def __init__(self, path: Path) -> None:
        self.failure = ""
        self._path = path
        self._stream: TextIO | None = None

    def __enter__(self) -> FileLog:
        try:
            self._stream = self._path.open("w", encoding="utf-8")
        except OSError as error:
            self._fail(error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            try:
                self._stream.close()
            except OSError as closing:
                self._fail(closing)

    def write(self, line: str) -> None:
        """Append a line, and see that it is there should the process be killed."""
        if self._stream is None or self.failure:
            return
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.failure = f"the log {self._path} cannot be written: {error.strerror or error}"
