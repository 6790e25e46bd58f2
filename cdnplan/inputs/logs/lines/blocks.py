"""Log files, compressed or not, as blocks of whole lines, read ahead by a thread of their own."""

from __future__ import annotations

import bz2
import io
import lzma
import queue
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem

BLOCK_BYTES = 8 << 20
"""Bytes of text in a block; the parsed block takes about three times as much."""
MAX_LINE_BYTES = 1 << 20
"""A longer line is malformed: text without line ends must not fill the memory."""
_READ_BYTES = 1 << 20
_MARK_BYTES = 6
"""Bytes that tell compressions apart."""
_AHEAD = 3
"""Blocks that wait to be parsed."""
_PATIENCE_S = 2.0
STDIN = Path("-")


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Whole lines of one file.

    Parameters
    ----------
    file : int
        Index of the file.
    first_line : int
        Number of the first line, from 1.
    data : (n_bytes,) uint8
    begin, end : (n_lines,) int32
        Line i is ``data[begin[i]:end[i]]``, without its line end.
    too_long : tuple of int
        Lines (index in the block) of which only the beginning is here.
    broken : str
        Why the file cannot be read beyond this block; empty for none.
    read_ratio : float
        Share of all files' bytes on disk that has been read.
    """

    file: int
    first_line: int
    data: npt.NDArray[np.uint8]
    begin: npt.NDArray[np.int32]
    end: npt.NDArray[np.int32]
    too_long: tuple[int, ...] = ()
    broken: str = ""
    read_ratio: float = 0.0


def check_files(paths: Sequence[Path]) -> None:
    """Check that files are there and can be opened.

    Raises
    ------
    InputError
        All that are not.
    """
    problems = []
    for path in paths:
        if path == STDIN:
            continue
        if path.is_dir():
            problems.append(Problem("a folder, expected a log file", file=str(path)))
        elif not path.exists():
            problems.append(Problem("no such file", file=str(path)))
        else:
            try:
                path.open("rb").close()
            except OSError as error:
                problems.append(Problem(f"cannot be read: {error.strerror or error}", file=str(path)))
    if problems:
        raise InputError(problems)


def peek(path: Path, n_bytes: int = 1 << 16) -> bytes:
    """First bytes of a file's text; as far as it can be read."""
    found = b""
    try:
        with path.open("rb") as stream:
            for piece in _plain_bytes(stream, lambda _: None):
                found += piece
                if len(found) >= n_bytes:
                    break
    except _BROKEN:
        pass
    return found[:n_bytes].removeprefix(b"\xef\xbb\xbf")


_BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError)


class _CutShortError(EOFError):
    pass


def _plain_bytes(stream: BinaryIO, count: Callable[[int], None]) -> Iterator[bytes]:
    """Text of a stream; the compression is known from the first bytes, not from the name."""
    head = b""
    while len(head) < _MARK_BYTES and (piece := stream.read(_READ_BYTES)):  # pipes give what they have
        head += piece
    count(len(head))
    pieces = _chain(head, stream, count)
    if head[:2] == b"\x1f\x8b":
        yield from _members(pieces, lambda: zlib.decompressobj(wbits=31))
    elif head[:3] == b"BZh":
        yield from _members(pieces, bz2.BZ2Decompressor)
    elif head[:6] == b"\xfd7zXZ\x00":
        yield from _members(pieces, lzma.LZMADecompressor)
    elif head[:4] == b"\x28\xb5\x2f\xfd":
        yield from _zstandard(pieces)
    else:
        yield from pieces


def _chain(head: bytes, stream: BinaryIO, count: Callable[[int], None]) -> Iterator[bytes]:
    while head:
        yield head
        head = stream.read(_READ_BYTES)
        count(len(head))


def _members(pieces: Iterator[bytes], fresh: Callable[[], Any]) -> Iterator[bytes]:
    """Decompress members that follow each other, as rotated logs put together have them."""
    decompressor: Any = None
    for piece in pieces:
        rest = piece
        while rest:
            if decompressor is None:
                rest = rest.lstrip(b"\0")  # padding between members
                if not rest:
                    break
                decompressor = fresh()
            text = decompressor.decompress(rest)
            if text:
                yield text
            rest = b""
            if decompressor.eof:
                rest, decompressor = decompressor.unused_data, None
    if decompressor is not None:
        raise _CutShortError("the compressed file ends in the middle")


class _Joined(io.RawIOBase):
    """Pieces as a stream to read from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size and (piece := next(self._pieces, b"")):
            self._rest += piece
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


def _zstandard(pieces: Iterator[bytes]) -> Iterator[bytes]:
    import pyarrow as pa

    with pa.CompressedInputStream(pa.PythonFile(_Joined(pieces), "r"), "zstd") as text:
        while piece := text.read(_READ_BYTES):
            yield piece


@dataclass(slots=True)
class _Count:
    """Bytes read of all files."""

    total: int
    done: int = 0

    def add(self, n_bytes: int) -> None:
        self.done += n_bytes

    @property
    def ratio(self) -> float:
        return min(1.0, self.done / self.total) if self.total else 0.0


@dataclass(slots=True)
class _Cutter:
    """Cuts the text of one file into blocks at line ends."""

    file: int
    count: _Count
    line: int = 1
    waiting: list[bytes] = field(default_factory=list)
    size: int = 0
    tail: int = 0
    skipping: bool = False
    cut: bool = False

    def feed(self, piece: bytes) -> Iterator[Block]:
        """Take text; yield blocks that are full."""
        if self.skipping:  # the rest of a line that was too long
            newline = piece.find(b"\n")
            if newline < 0:
                return
            piece, self.skipping = piece[newline + 1 :], False
        self.waiting.append(piece)
        self.size += len(piece)
        newline = piece.rfind(b"\n")
        self.tail = self.tail + len(piece) if newline < 0 else len(piece) - newline - 1
        if self.tail > MAX_LINE_BYTES:
            yield self._make(b"".join(self.waiting) + b"\n", endless=True)
            self.skipping, self.tail = True, 0
            self.waiting, self.size = [], 0
        elif self.size >= BLOCK_BYTES and self.size > self.tail:
            text = b"".join(self.waiting)
            end = len(text) - self.tail
            yield self._make(text[:end], endless=False)
            self.waiting, self.size = [text[end:]], self.tail

    def finish(self, broken: str) -> Iterator[Block]:
        """Yield what is left; of a broken file the last line, which may be cut, is left out."""
        text = b"".join(self.waiting)
        if broken:
            text = text[: text.rfind(b"\n") + 1]
        if text or broken:
            yield self._make(text, endless=False, broken=broken)

    def _make(self, text: bytes, *, endless: bool, broken: str = "") -> Block:
        if self.line == 1:
            text = text.removeprefix(b"\xef\xbb\xbf")
        data = np.frombuffer(text, dtype=np.uint8)
        ends = np.flatnonzero(data == 10).astype(np.int32)
        if text and text[-1] != 10:
            ends = np.append(ends, np.int32(len(text)))
        begin = np.empty_like(ends)
        if begin.size:
            begin[0] = 0
            begin[1:] = ends[:-1] + 1
        lengths = ends - begin
        long = np.flatnonzero(lengths > MAX_LINE_BYTES)
        if begin.size:
            returns = (lengths > 0) & (data[np.maximum(ends - 1, 0)] == 13)
            ends -= returns
        first = self.line
        self.line += begin.size
        too_long = {int(i) for i in long} | ({begin.size - 1} if endless else set())
        return Block(self.file, first, data, begin, ends, tuple(sorted(too_long)), broken, self.count.ratio)


def _all_blocks(paths: Sequence[Path]) -> Iterator[Block]:
    sizes = [path.stat().st_size for path in paths if path != STDIN]
    count = _Count(sum(sizes))
    for i, path in enumerate(paths):
        cutter = _Cutter(i, count)
        broken = ""
        try:
            with _opened(path) as stream:
                for piece in _plain_bytes(stream, count.add):
                    yield from cutter.feed(piece)
        except _BROKEN as error:
            broken = str(error).splitlines()[0] if str(error) else type(error).__name__
        yield from cutter.finish(broken)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if path == STDIN:
        # Without a buffer, whose lock a thread that still waits for input would hold when the program ends.
        with open(0, "rb", buffering=0, closefd=False) as stream:
            yield stream
    else:
        with path.open("rb") as stream:
            yield stream


@contextmanager
def read_blocks(paths: Sequence[Path]) -> Iterator[Iterator[Block]]:
    """Read files one after the other, ahead of whoever takes the blocks.

    Decompression takes a core of its own: zlib lets go of the interpreter while it works.

    Parameters
    ----------
    paths : sequence of Path
        Plain, gzip, bzip2, xz or zstandard, known from the content; ``-`` is standard input.

    Yields
    ------
    iterator of Block
        In order. A file that breaks off ends with a block that says so, and the next file follows.
    """
    ready: queue.Queue[Block | BaseException | None] = queue.Queue(_AHEAD)
    ended = threading.Event()

    def put(item: Block | BaseException | None) -> bool:
        while not ended.is_set():
            try:
                ready.put(item, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for block in _all_blocks(paths):
                if not put(block):
                    return
            put(None)
        except BaseException as error:  # noqa: BLE001  (raised again by whoever reads)
            put(error)

    thread = threading.Thread(target=work, name="read-ahead", daemon=True)
    thread.start()

    def blocks() -> Iterator[Block]:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    try:
        yield blocks()
    finally:
        ended.set()
        thread.join(_PATIENCE_S)  # it may wait for standard input
