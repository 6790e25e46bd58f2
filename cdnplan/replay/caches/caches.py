"""Reactive caches: single caches of libcachesim [1]_ behind one function.

Each policy is the library's own, with its defaults; nothing is reimplemented. Sizes are whole numbers
of a unit that keeps the smallest file at `SMALLEST_UNITS` or more.

References
----------
.. [1] J. Yang, Y. Yue, K. V. Rashmi, "A large-scale analysis of hundreds of in-memory key-value cache
   clusters at Twitter", ACM TOS 17(3), 2021, whose simulator became libCacheSim.
"""

from __future__ import annotations

import importlib
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.errors import CdnplanError, InputError, Problem, nearest
from cdnplan.model.instance.instance import Floats, Ints

Bools = npt.NDArray[np.bool_]

POLICIES = {
    "lru": "LRU",
    "lfu": "LFU",
    "gdsf": "GDSF",
    "s3-fifo": "S3FIFO",
    "w-tinylfu": "WTinyLFU",
    "lrb": "LRB",
    "belady": "BeladySize",
}
"""Names here → classes of the library."""

BOUNDS = frozenset({"belady"})
"""Policies that know the future: bounds, no caches that anybody could run."""

SLOW = frozenset({"lrb"})
"""Policies that take about 0.1 ms a request and 0.3 s a cache."""

BLIND = frozenset({"lrb"})
"""Policies whose content the library does not tell."""

SMALLEST_UNITS = 100
ADMITTED_RATIO = 0.95
"""Part of the requests whose files are to fit into the part of a cache that new files enter."""
MOST_WINDOW = 0.5
SEGMENT_RATIO = 0.2
"""Part of W-TinyLFU's main cache that each of its segments takes."""
SKETCH_UNITS = 300_000
"""W-TinyLFU's sketch has several counters for every unit of storage: larger units keep it in memory."""
_TRACE = np.dtype([("time", "<u4"), ("id", "<u8"), ("size", "<u4"), ("next", "<i8")])
NEVER = np.int64(2**62)
"""Next request of a file that is not asked for again."""


class MissingLibraryError(CdnplanError):
    """libcachesim is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "reactive caches need libcachesim, which is not installed: install cdnplan[replay],"
            " or give --policies none"
        )


def check_policies(names: Sequence[str]) -> tuple[str, ...]:
    """Policies by name, each once.

    Raises
    ------
    InputError
        Unknown names, with the nearest known one.
    MissingLibraryError
        Any are wanted, and libcachesim is not installed.
    """
    unknown = [name for name in names if name not in POLICIES]
    if unknown:
        raise InputError(
            Problem(f"unknown policy {name!r}", path="policies", hint=nearest(name, POLICIES))
            for name in unknown
        )
    if names:
        _library()
    return tuple(dict.fromkeys(names))


def _library() -> Any:
    try:
        return importlib.import_module("libcachesim")
    except ImportError:
        raise MissingLibraryError from None


@dataclass(frozen=True, slots=True, eq=False)
class Sizes:
    """Files and storage as whole numbers.

    Parameters
    ----------
    file : (n_files,) int64
    per_gb : float
        Units in a GB.
    """

    file: Ints
    per_gb: float

    @classmethod
    def of(cls, size_gb: Floats) -> Sizes:
        """Choose the unit, a power of ten."""
        smallest = float(size_gb.min(initial=math.inf))
        if not math.isfinite(smallest):
            return cls(np.zeros(0, dtype=np.int64), 1.0)
        per_gb = 10.0 ** math.ceil(math.log10(SMALLEST_UNITS / smallest))
        return cls(np.maximum(1, np.rint(size_gb * per_gb)).astype(np.int64), per_gb)

    def storage(self, gb: float) -> int:
        """Whole units of storage."""
        return math.floor(gb * self.per_gb * (1 + 1e-12))


@dataclass(frozen=True, slots=True, eq=False)
class CacheRun:
    """What one cache did with a sequence of requests.

    Parameters
    ----------
    hit : (n,) bool
    held : (n_marks, n_files) bool
        What it held just before each of the places asked about, of the files looked for; nothing for
        policies that are `BLIND`.
    """

    hit: Bools
    held: Bools


def run_cache(
    policy: str,
    storage: int,
    sizes: Ints,
    files: Ints,
    *,
    warm: int = 0,
    marks: Sequence[int] = (),
    given: Sequence[Ints] = (),
    looked_for: Sequence[Ints] | None = None,
) -> CacheRun:
    """Run a sequence of requests through one cache that starts empty.

    Parameters
    ----------
    policy : str
        Key of `POLICIES`.
    storage : int
        Its size [units]; a cache of 0 units holds nothing.
    sizes : (n_files,) int64
        Of all files [units].
    files : (n,) int64
        Requests. What is to be there at the beginning comes first.
    warm : int
        So many requests at the beginning are not reported: their hits are False. They take a tenth of the
        time, as the library reads them at once.
    marks : sequence of int
        Places in the sequence at which its content is looked at, increasing, none before `warm`.
    given : sequence of (n,) int64
        Files that are put in at each mark, after the look: each is asked for once, which nobody reports.
        Not for policies that know the future.
    looked_for : sequence of (n,) int64 or None
        Files that are looked for at each mark; None: all that it may hold. A look takes as long as a request.

    Returns
    -------
    CacheRun
    """
    hit = np.zeros(files.size, dtype=np.bool_)
    held = np.zeros((len(marks), sizes.size), dtype=np.bool_)
    if storage <= 0 or files.size == 0:
        return CacheRun(hit, held)
    library = _library()
    if policy == "w-tinylfu" and storage > SKETCH_UNITS:
        coarse = storage / SKETCH_UNITS
        sizes = np.maximum(1, np.rint(sizes / coarse)).astype(np.int64)
        storage = SKETCH_UNITS
    asked = distinct(np.concatenate([files, *given]), sizes.size)
    power = max(4, int(asked.size).bit_length() + 1)
    entrance = _entrance(policy, storage, sizes, files)
    cache = getattr(library, POLICIES[policy])(cache_size=storage, hashpower=power, **entrance)
    upcoming = next_requests(files) if policy in BOUNDS else np.zeros(files.size, dtype=np.int64)
    # A file that is larger than the whole cache passes through.
    fits = sizes[files] <= storage
    first = np.flatnonzero(fits[:warm])
    # The library ends the whole process over a trace without requests.
    if first.size:
        _read_at_once(cache, library, files[first], sizes, upcoming[first])
    begin = warm
    for number, end in enumerate([*marks, files.size]):
        part = np.arange(begin, int(end))[fits[begin : int(end)]]
        hit[part] = _asked(cache, library, files[part], sizes, upcoming[part])
        begin = int(end)
        if number < len(marks) and policy not in BLIND:
            wanted = asked if looked_for is None else looked_for[number]
            held[number, _content(cache, library, wanted)] = True
        if number < len(given):
            put = given[number][sizes[given[number]] <= storage]
            _asked(cache, library, put, sizes, np.zeros(put.size, dtype=np.int64))
    return CacheRun(hit, held)


def _asked(cache: Any, library: Any, files: Ints, sizes: Ints, upcoming: Ints) -> list[bool]:
    """Ask for files one by one; whether each was there."""
    # Straight at the C++ object: the wrapper's method would cost as much again for every request.
    get, request = cache._cache.get, library.Request()
    found: list[bool] = []
    for file, size, later in zip(files.tolist(), sizes[files].tolist(), upcoming.tolist(), strict=True):
        request.obj_id = file + 1
        request.obj_size = size
        request.next_access_vtime = later
        found.append(get(request))
    return found


def _read_at_once(cache: Any, library: Any, files: Ints, sizes: Ints, upcoming: Ints) -> None:
    """Let the library read requests from a file of its own format; nobody hears what was there."""
    trace = np.zeros(files.size, dtype=_TRACE)
    trace["id"], trace["size"], trace["next"] = files + 1, sizes[files], upcoming
    with tempfile.NamedTemporaryFile(suffix=".oracleGeneral") as stream:
        stream.write(trace.tobytes())
        stream.flush()
        kind = library.TraceType.ORACLE_GENERAL_TRACE
        cache.process_trace(library.TraceReader(stream.name, kind, library.ReaderInitParam()))


def _entrance(policy: str, storage: int, sizes: Ints, files: Ints) -> dict[str, Any]:
    """Room for large files, where the library's default parts of a cache would turn them away.

    New files enter W-TinyLFU through a window of 1% and S3-FIFO through a queue of 10% of the cache, and
    W-TinyLFU's main part has five segments. The library refuses files that do not fit into one of these: fine
    for many small objects, not for disks of some dozen titles. The entrance is widened until nearly all files
    asked for fit, and a main part whose segments are too small is one LRU.
    """
    least = {"w-tinylfu": ("window_size", 0.01), "s3-fifo": ("small_size_ratio", 0.1)}.get(policy)
    asked = sizes[files]
    asked = asked[asked <= storage]
    if least is None or asked.size == 0:
        return {}
    large = float(np.quantile(asked, ADMITTED_RATIO, method="higher")) + 1
    name, ratio = least
    ratio = round(min(max(ratio, large / storage), MOST_WINDOW), 6)
    found: dict[str, Any] = {name: ratio}
    if policy == "w-tinylfu" and large > SEGMENT_RATIO * (1 - ratio) * storage:
        found["main_cache"] = "LRU"
    return found


def _content(cache: Any, library: Any, wanted: Ints) -> list[int]:
    """Files that a cache holds, of those looked for; looking does not count as asking."""
    request = library.Request()
    there: list[int] = []
    find, left = cache._cache.find, int(cache._cache.get_n_obj())
    for file in wanted.tolist():
        if not left:
            break
        request.obj_id = file + 1
        if find(request, False) is not None:
            there.append(file)
            left -= 1
    return there


def distinct(files: Ints, n_files: int) -> Ints:
    """Files that occur, increasing."""
    return np.flatnonzero(np.bincount(files, minlength=n_files))


def next_requests(files: Ints) -> Ints:
    """Place of each request's next one for the same file, counted from 1 as the library does; else `NEVER`.

    Examples
    --------
    >>> next_requests(np.array([5, 7, 5])).tolist()[:1]
    [3]
    """
    later = np.full(files.size, NEVER, dtype=np.int64)
    order = np.argsort(files, kind="stable")
    same = np.flatnonzero(files[order][1:] == files[order][:-1])
    later[order[same]] = order[same + 1] + 1
    return later
