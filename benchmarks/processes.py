"""Work in a process of its own: memory counted from nothing, and an end even where a solver knows none."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from cdnplan.errors import CdnplanError

T = TypeVar("T")
Started = Callable[[], None]
STARTED, DONE, REFUSED = "started", "done", "refused"


class OutOfTimeError(Exception):
    """The time limit passed; the process was ended."""


class LostProcessError(Exception):
    """The process ended without an answer: it failed, or the machine had no memory left for it."""


def in_own_process(function: Callable[..., T], *args: object, limit_s: float | None = None) -> T:
    """Call ``function(started, *args)`` in a fresh process.

    Parameters
    ----------
    function : callable
        Of a module, so that the process finds it. It calls ``started()`` when the time limit begins.
    args
        Whatever can be pickled.
    limit_s : float or None
        Seconds after ``started()`` at which the process is ended.

    Raises
    ------
    OutOfTimeError, LostProcessError
    CdnplanError
        The function raised one.
    """
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(send, function, args))
    process.start()
    send.close()
    try:
        word, answer = receive.recv()
        if word == STARTED:
            if not receive.poll(limit_s):
                process.kill()
                raise OutOfTimeError(f"{function.__name__}: not finished in {limit_s:g} s")
            word, answer = receive.recv()
    except EOFError:
        process.join()
        message = f"{function.__name__}: its process ended with code {process.exitcode}"
        raise LostProcessError(message) from None
    finally:
        process.join()
        receive.close()
    if word == REFUSED:
        raise CdnplanError(answer)
    found: T = answer
    return found


def _end_with_parent() -> None:
    """End this process when the one that began it does, however that ends: nobody waits for the answer."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _answer(send: Connection, function: Callable[..., Any], args: tuple[object, ...]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        answer = (DONE, function(lambda: send.send((STARTED, None)), *args))
    except CdnplanError as error:
        answer = (REFUSED, str(error))
    send.send(answer)
