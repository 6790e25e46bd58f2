"""What to replay, and how."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

from cdnplan.replay.caches.caches import POLICIES
from cdnplan.replay.caches.warmup import TURNOVERS
from cdnplan.replay.cases.planning import How
from cdnplan.replay.requests.stream import PLAY_GB

HYBRIDS = (0.5, 0.75, 0.9)
"""Planned shares of storage that are tried by default, besides none and all."""

PREFILLS = (0.5, 1.0)
"""Parts of each disk that the plan fills when a period begins, tried by default."""

REQUESTS = 2_000_000
"""Requests of all periods together that are drawn where nothing else is said."""


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """Inputs and options of a replay: of one plan, or of a rolling sequence.

    Parameters
    ----------
    out : Path
        Folder to write.
    plan : Path or None
        Plan folder; with `actual`.
    actual : Path or None
        Demand table of what came; of it, the period of `date`, or the first.
    logged : Path or None
        Instead of `actual`: requests that were logged, which are replayed as they are.
    topology, titles, history : Path or None
        A rolling sequence: all three. With a plan, `titles` lists titles that its catalogue lacks.
    files : Path or None
        Files of titles.
    countries : frozenset of str
        With a rolling sequence: plan only these.
    date : datetime.date or None
    periods : int
        With a rolling sequence: number of periods, the last ones of the history.
    model : str
        Forecaster of a rolling sequence.
    policies : tuple of str
        Keys of `cdnplan.replay.caches.caches.POLICIES`.
    hybrid : tuple of float
        Planned shares of storage to try, in (0, 1).
    hybrid_policy : str or None
        Policy of the rest, and of caches that are prefilled; None: the best reactive one found.
    prefill : tuple of float
        Parts of storage, in (0, 1], that caches are given of the plan when a period begins: with the hybrid
        policy, and with counts that correct the forecast.
    sample : float or None
        Share of plays to keep; None: so that there are about `REQUESTS`.
    requests : float or None
        Instead: so many requests a region and period on average, the same share within each group of sites
        that have to do with each other.
    play_gb : float
        Bytes of a play [GB].
    days : float or None
        Only the first days of each period [days].
    turnovers : float
        Requests of the warm-up for each file that fits into a cache.
    regret : bool
        Whether to make the plans that regret is counted against.
    how : How
    seed : int
        Of requests.
    replace : bool
        Whether an earlier replay at `out` may be replaced.
    """

    out: Path
    plan: Path | None = None
    actual: Path | None = None
    logged: Path | None = None
    topology: Path | None = None
    titles: Path | None = None
    history: Path | None = None
    files: Path | None = None
    countries: frozenset[str] = frozenset()
    date: dt.date | None = None
    periods: int = 1
    model: str = "auto"
    policies: tuple[str, ...] = tuple(name for name in POLICIES if name != "lrb")
    hybrid: tuple[float, ...] = HYBRIDS
    hybrid_policy: str | None = None
    prefill: tuple[float, ...] = PREFILLS
    sample: float | None = None
    requests: float | None = None
    play_gb: float = PLAY_GB
    days: float | None = None
    turnovers: float = TURNOVERS
    regret: bool = True
    how: How = field(default_factory=How)
    seed: int = 0
    replace: bool = False
