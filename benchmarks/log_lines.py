"""A seeded maker of access logs in the combined format, with malformed lines of many kinds among them."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa

BLOCK_LINES = 100_000
N_TITLES, N_REGIONS, N_DAYS = 5_000, 40, 14
_AGENTS = (
    "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) TV Safari/537.36",
    "AppleCoreMedia/1.0.0.20L563 (Apple TV; U; CPU OS 16_5 like Mac OS X; en_us)",
    "ExoPlayerLib/2.18.7 (Linux; Android 12)",
    'Player \\"X\\" 1.0',
)

_WHEN = b"192.0.2.1 - - [06/Jul/2025:10:00:00 +0000]"
_TAIL = b' "-" "x"\n'
BAD_KINDS: dict[str, bytes] = {
    "too few fields": _WHEN + b' "GET /v/a/b HTTP/1.1" 200 77\n',
    "quote never closed": _WHEN + b' "GET /v/a/b HTTP/1.1 200 77 - x\n',
    "text right after a closing quote or bracket": _WHEN + b'x "GET /v/a HTTP/1.1" 200 7' + _TAIL,
    "bracket never closed": _WHEN[:-1] + b' "GET /v/a HTTP/1.1" 200 7' + _TAIL,
    "time not understood": _WHEN.replace(b"06/Jul", b"31/Jun") + b' "GET /v/a HTTP/1.1" 200 7' + _TAIL,
    "bytes no whole number >= 0": _WHEN + b' "GET /v/a HTTP/1.1" 200 -7' + _TAIL,
    "status no number of three digits": _WHEN + b' "GET /v/a HTTP/1.1" 2000 7' + _TAIL,
    "request without method and URL": _WHEN + b' "\\x16\\x03" 200 7' + _TAIL,
    "no object": _WHEN + b' "GET ?a=1 HTTP/1.1" 200 7' + _TAIL,
    "client no address": _WHEN.replace(b"192.0.2.1", b"1.2.3.400") + b' "GET /v/a HTTP/1.1" 200 7' + _TAIL,
    "not UTF-8 text": _WHEN + b' "GET /v/a\xff/b HTTP/1.1" 200 7' + _TAIL,
    "line too long": b"x" * 1_100_000 + b"\n",
}
"""A line of each kind, by what `ingest` calls it."""


class LogMaker:
    """Makes a log, and knows what is in it.

    Parameters
    ----------
    seed : int
    n_bad : int
        Malformed lines, of all kinds in turn, spread over the log.
    lines : int
        All lines.
    """

    def __init__(self, seed: int, n_bad: int, lines: int) -> None:
        self._seed, self._lines, self._n_bad = seed, lines, n_bad
        self._counted, self._bytes = 0, 0
        self._made = False
        popular = 1 / np.arange(1, N_TITLES + 1) ** 0.9
        self._titles = np.cumsum(popular / popular.sum())

    def bad_by_kind(self) -> dict[str, int]:
        """Malformed lines by kind."""
        kinds = list(BAD_KINDS)
        found = {kind: len(range(i, self._n_bad, len(kinds))) for i, kind in enumerate(kinds)}
        return {kind: n for kind, n in found.items() if n}

    def prefix_table(self) -> str:
        """Regions of addresses, as CSV."""
        rows = [f"10.{r}.0.0/16,R{r:02d}" for r in range(N_REGIONS)]
        return "\n".join(["prefix,region", *rows, "192.0.2.0/24,R00", ""])

    def counted(self) -> int:
        """Lines that count: GET with status 200 or 206."""
        self._make()
        return self._counted

    def gb(self) -> float:
        """What they sent [GB]."""
        self._make()
        return self._bytes / 1e9

    def _make(self) -> None:
        if not self._made:
            for _ in self._draws():
                pass

    def _draws(self) -> Iterator[tuple[np.ndarray, ...]]:
        rng = np.random.default_rng(self._seed)
        self._counted, self._bytes = 0, 0
        left, second = self._lines - self._n_bad, 0.0
        step = N_DAYS * 86_400 / max(1, left)
        while left:
            n = min(BLOCK_LINES, left)
            title = np.searchsorted(self._titles, rng.random(n))
            client = rng.integers(0, N_REGIONS * 65_536, n)
            sent = rng.integers(1_000, 20_000_000, n)
            kind = rng.random(n)
            file = rng.integers(0, 12, n)
            time = (second + step * np.arange(n)).astype(np.int64)
            good = kind < 0.96
            self._counted += int(good.sum())
            self._bytes += int(sent[good].sum())
            second += step * n
            left -= n
            yield title, client, sent, kind, file, time
        self._made = True

    def blocks(self) -> Iterator[bytes]:
        """Text of the log, block by block."""
        bad = list(BAD_KINDS.values())
        n_blocks = -(-(self._lines - self._n_bad) // BLOCK_LINES)
        done = 0
        for i, draws in enumerate(self._draws()):
            yield _text(*draws)
            until = self._n_bad * (i + 1) // n_blocks
            yield b"".join(bad[k % len(bad)] for k in range(done, until))
            done = until


def _text(
    title: np.ndarray,
    client: np.ndarray,
    sent: np.ndarray,
    kind: np.ndarray,
    file: np.ndarray,
    time: np.ndarray,
) -> bytes:
    """Lines of one block; DuckDB puts them together twenty times faster than Python."""
    status = np.select([kind < 0.6, kind < 0.96, kind < 0.98], [206, 200, 404], 301)
    draws = pa.table(
        {
            "t": title,
            "a": client >> 16,
            "b": (client >> 8) & 255,
            "c": client & 255,
            "n": client,
            "sent": sent,
            "f": file,
            "s": time,
            "status": status,
        }
    )
    agents = ", ".join("'" + agent + "'" for agent in _AGENTS)
    query = (
        "SELECT format('10.{}.{}.{} - - [{} +0000] "
        '"GET /v/title-{:05d}/{:02d}/video.mp4?session={:08x} HTTP/1.1" '
        '{} {} "https://watch.example/" "{}"\n\', a, b, c, '
        "strftime(make_timestamp((1751760000 + s) * 1000000), '%d/%b/%Y:%H:%M:%S'), t, f, n, status, sent, "
        f"([{agents}])[1 + (f & 3)]) FROM draws"
    )
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("draws", draws)
        lines = connection.sql(query.replace("\\n", "\n")).to_arrow_table().column(0).combine_chunks()
    _, _, text = lines.buffers()
    return text.to_pybytes()
