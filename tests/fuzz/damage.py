"""Damage to the bytes and the text of a file, and to what stands in its place."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

Damage = Callable[[Random, bytes], bytes]


def _truncated(rng: Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _flipped(rng: Random, data: bytes) -> bytes:
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 3, 30))):
        if found:
            found[rng.randrange(len(found))] = rng.randrange(256)
    return bytes(found)


def _cut_out(rng: Random, data: bytes) -> bytes:
    first, last = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return data[:first] + data[last:]


def _repeated(rng: Random, data: bytes) -> bytes:
    first, last = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return data[:last] + data[first:last] * rng.choice((1, 1, 5)) + data[last:]


def _inserted(rng: Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(PIECES) * rng.choice((1, 1, 1, 50)) + data[at:]


def _zeroed(rng: Random, data: bytes) -> bytes:
    first, last = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return data[:first] + bytes(last - first) + data[last:]


def _swapped_lines(rng: Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    rng.shuffle(lines)
    return b"".join(lines)


def _recoded(rng: Random, data: bytes) -> bytes:
    text = data.decode(errors="replace")
    code = rng.choice(
        ("utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-7", "shift_jis", "utf-8-sig")
    )
    return text.encode(code, errors="replace")


def _line_ends(rng: Random, data: bytes) -> bytes:
    ends = rng.choice((b"\r", b"\r\n", b"\n\r", b"\r\r\n", b"\x0b", "\u2028".encode(), b"\n\n", b" "))
    if rng.random() < 0.5:
        return data.replace(b"\n", ends)
    return data.replace(b"\n", ends, rng.choice((1, 2, 3)))


def _separators(rng: Random, data: bytes) -> bytes:
    signs = (b",", b";", b"\t", b"|", b":", b"{", b"}", b"[", b"]", b'"', b"'", b"-", b"#")
    return data.replace(rng.choice(signs), rng.choice(signs), rng.choice((-1, 1, 2)))


def _random(rng: Random, data: bytes) -> bytes:
    return rng.randbytes(rng.choice((1, 4, 100, 5000)))


def _tiny(rng: Random, data: bytes) -> bytes:
    return rng.choice(TINY)


def _zipped(rng: Random, data: bytes) -> bytes:
    whole = gzip.compress(data, mtime=0)
    return whole if rng.random() < 0.5 else _truncated(rng, whole)


def _nested(rng: Random, data: bytes) -> bytes:
    depth = rng.choice((200, 5_000, 200_000))
    first, last = rng.choice(
        ((b"[", b"]"), (b'{"a":', b"}"), (b"- ", b""), (b"{a: ", b"}"), (b"&a [*a, ", b"]"))
    )
    inner = data if rng.random() < 0.3 else b"1"
    return first * depth + inner + last * (depth if rng.random() < 0.7 else 0)


PIECES = (
    b"\x00",
    b"\r",
    b"\n",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b'"',
    b",",
    b"'",
    b"\x1a",
    b"\x1b[31m",
    b"\\ud800",
    b"\\u0000",
    "\u2028".encode(),
    "\U0001f3ac".encode(),
    b"-",
    b"9" * 400,
    b"1e999",
    b"NaN",
    b"0001-01-01",
    b"9999-12-31",
    b"<<: *a",
    b"&a [*a]",
    b"!!python/object:os.system",
    b"%YAML 9.9\n---\n",
    b"x" * 5000,
)
TINY = (
    b"",
    b"\n",
    b"\r",
    b"\x00",
    b"{}",
    b"[]",
    b"null",
    b"\xef\xbb\xbf",
    b"---\n",
    b"PAR1",
    b"PAR1PAR1",
    b"a",
    b"0",
    b'"',
)
DAMAGES: tuple[Damage, ...] = (
    _truncated,
    _flipped,
    _flipped,
    _cut_out,
    _repeated,
    _inserted,
    _inserted,
    _inserted,
    _zeroed,
    _swapped_lines,
    _recoded,
    _line_ends,
    _line_ends,
    _separators,
    _random,
    _tiny,
    _zipped,
    _nested,
)


def damaged(rng: Random, data: bytes) -> bytes:
    """Damage bytes, once or a few times over."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        data = rng.choice(DAMAGES)(rng, data)
    return data


def replace_file(rng: Random, path: Path) -> None:
    """Put something else in a file's place: nothing, a folder, a link to nowhere or to itself."""
    path.unlink()
    kind = rng.choice(("nothing", "folder", "nowhere", "itself", "other"))
    if kind == "folder":
        path.mkdir()
    elif kind == "nowhere":
        path.symlink_to("nowhere")
    elif kind == "itself":
        path.symlink_to(path.name)
    elif kind == "other":
        others = sorted(other for other in path.parent.iterdir() if other.is_file())
        if others:
            shutil.copy(rng.choice(others), path)
