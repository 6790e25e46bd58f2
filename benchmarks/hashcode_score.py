"""Google Hash Code 2017, "Streaming Videos": the problem's file, solutions, and the contest's score.

Written from the statement of the contest alone; nothing here knows the planner.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Streaming:
    """One problem of the contest.

    Parameters
    ----------
    cache_mb : int
        Capacity of each cache.
    size_mb : (n_videos,) int64
    origin_ms : (n_endpoints,) int64
        Latency from the data centre.
    cache_ms : (n_endpoints, n_caches) int64
        Latency from each cache; -1 where there is no connection.
    video, endpoint, count : (n_requests,) int64
        Request descriptions, as they stand in the file.
    """

    cache_mb: int
    size_mb: Ints
    origin_ms: Ints
    cache_ms: Ints
    video: Ints
    endpoint: Ints
    count: Ints

    @property
    def requests(self) -> int:
        """Number of requests in all."""
        return int(self.count.sum())


def read_streaming(path: Path) -> Streaming:
    """Read a problem.

    Raises
    ------
    InputError
        The file is missing, is no text, or is not of the contest's format.
    """
    numbers = _integers(path)
    if numbers.size < 5 or (numbers[:5] < 1).any():
        _stop(path, "expected five positive numbers first: videos, endpoints, requests, caches, capacity")
    videos, endpoints, requests, caches, capacity = (int(n) for n in numbers[:5])
    at = 5 + videos
    size_mb = numbers[5:at]
    origin_ms = np.zeros(endpoints, dtype=np.int64)
    cache_ms = np.full((endpoints, caches), -1, dtype=np.int64)
    for e in range(endpoints):
        if at + 2 > numbers.size or not 0 <= numbers[at + 1] <= caches:
            _stop(path, f"endpoint {e}: expected a latency and at most {caches} connections")
        origin_ms[e], degree = numbers[at], int(numbers[at + 1])
        links = numbers[at + 2 : at + 2 + 2 * degree]
        ids = links[::2]
        if links.size != 2 * degree or np.unique(ids).size != degree or ((ids < 0) | (ids >= caches)).any():
            _stop(path, f"endpoint {e}: expected {degree} different caches below {caches}")
        cache_ms[e, ids] = links[1::2]
        at += 2 + 2 * degree
    if numbers.size - at != 3 * requests:
        _stop(path, f"{numbers.size - at} numbers after the endpoints, expected {3 * requests}")
    rows = numbers[at:].reshape(requests, 3)
    if (numbers < 0).any() or (size_mb < 1).any() or (rows[:, 2] < 1).any():
        _stop(path, "sizes and requests must be positive, latencies not negative")
    if rows[:, 0].max() >= videos or rows[:, 1].max() >= endpoints:
        _stop(path, f"requests name a video or endpoint of {videos} and {endpoints} that does not exist")
    return Streaming(capacity, size_mb, origin_ms, cache_ms, rows[:, 0], rows[:, 1], rows[:, 2])


def score_of(problem: Streaming, path: Path) -> int:
    """Score of a solution file: mean latency saved per request, in µs, rounded down.

    Raises
    ------
    InputError
        The solution is not of the contest's format, or a cache holds more than its capacity.
    """
    held = read_solution(problem, path)
    saved = 0
    for e, origin in enumerate(problem.origin_ms.tolist()):
        asked = np.flatnonzero(problem.endpoint == e)
        near = np.flatnonzero((problem.cache_ms[e] >= 0) & (problem.cache_ms[e] < origin))
        here = held[np.ix_(near, problem.video[asked])]
        latency = np.where(here, problem.cache_ms[e, near, None], origin).min(axis=0, initial=origin)
        saved += int((origin - latency) @ problem.count[asked])
    return 1000 * saved // problem.requests


def read_solution(problem: Streaming, path: Path) -> npt.NDArray[np.bool_]:
    """Which videos each cache holds, (n_caches, n_videos)."""
    n_caches, n_videos = problem.cache_ms.shape[1], problem.size_mb.size
    held = np.zeros((n_caches, n_videos), dtype=np.bool_)
    lines = path.read_text(encoding="ascii").splitlines()
    if not lines or lines[0] != str(len(lines) - 1):
        _stop(path, f"expected the number of lines that follow, {max(0, len(lines) - 1)}")
    described: set[int] = set()
    for number, line in enumerate(lines[1:], start=2):
        cache, *videos = (int(word) if word.isdecimal() else -1 for word in line.split(" "))
        if not 0 <= cache < n_caches or cache in described:
            _stop(path, "expected the id of a cache that was not described before", number)
        if any(not 0 <= video < n_videos for video in videos) or len(set(videos)) != len(videos):
            _stop(path, f"expected ids of different videos below {n_videos}", number)
        described.add(cache)
        held[cache, videos] = True
        if held[cache] @ problem.size_mb > problem.cache_mb:
            _stop(path, f"cache {cache} holds more than {problem.cache_mb} MB", number)
    return held


def _integers(path: Path) -> Ints:
    try:
        words = path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError([Problem(f"cannot be read: {error}", file=str(path))]) from error
    try:
        return np.array([int(word) for word in words], dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise InputError([Problem(f"expected whole numbers only: {error}", file=str(path))]) from error


def _stop(path: Path, message: str, line: int | None = None) -> None:
    raise InputError([Problem(message, file=str(path), line=line)])
