"""`replay`: the plan against caches that fill themselves, on the demand that really came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cdnplan.commands.option import (
    AnyPath,
    Countries,
    Day,
    EngineName,
    Gap,
    Option,
    Seed,
    Threads,
    cores,
    optional_path,
)
from cdnplan.errors import InputError, Problem

if TYPE_CHECKING:
    from cdnplan.replay import ReplayRequest

TRIED = ("lru", "lfu", "gdsf", "s3-fifo", "w-tinylfu", "belady")
"""Policies that are replayed where nothing else is said."""


def policy_names(text: str) -> tuple[str, ...]:
    """Names separated by commas; "none": none."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    return () if [name.lower() for name in names] == ["none"] else names


def shares(option: str) -> Callable[[str], tuple[float, ...]]:
    """Make what reads numbers separated by commas, of an option; "none": none."""

    def read(text: str) -> tuple[float, ...]:
        if text.strip() in ("", "none"):
            return ()
        try:
            return tuple(float(part) for part in text.split(","))
        except ValueError:
            raise InputError([Problem(f"expected numbers as 0.5,0.9, found {text!r}", path=option)]) from None

    return read


def replay_request(
    out: Annotated[AnyPath, Option("DIR")],
    plan: Annotated[AnyPath | None, Option("PLAN")] = None,
    actual: Annotated[AnyPath | None, Option("D", flag="--actual --demand")] = None,
    logged: Annotated[AnyPath | None, Option("R")] = None,
    topology: Annotated[AnyPath | None, Option("T")] = None,
    titles: Annotated[AnyPath | None, Option("F")] = None,
    history: Annotated[AnyPath | None, Option("H")] = None,
    files: Annotated[AnyPath | None, Option("F")] = None,
    countries: Countries = (),
    periods: Annotated[int, Option("N", least=1)] = 1,
    model: Annotated[str, Option("M")] = "auto",
    date: Day = None,
    policies: Annotated[Sequence[str], Option("P,…", read=policy_names)] = TRIED,
    hybrid: Annotated[Sequence[float], Option("X,…", read=shares("hybrid"))] = (0.5, 0.75, 0.9),
    hybrid_policy: Annotated[str | None, Option("P")] = None,
    prefill: Annotated[Sequence[float], Option("X,…", read=shares("prefill"))] = (0.5, 1.0),
    sample: Annotated[float | None, Option("R")] = None,
    requests: Annotated[float | None, Option("N")] = None,
    play_gb: Annotated[float, Option("GB")] = 2.0,
    days: Annotated[float | None, Option("D")] = None,
    turnovers: Annotated[float, Option("X")] = 5.0,
    engine: EngineName = "auto",
    gap: Gap = None,
    threads: Threads = 0,
    seed: Seed = 0,
    *,
    regret: bool = True,
    force: bool = False,
) -> ReplayRequest:
    """What to replay, and how.

    Parameters
    ----------
    out : path
        Replay folder to write.
    plan : path or None
        Plan folder to replay.
    actual : path or None
        Demand table of what came, for a plan.
    logged : path or None
        Instead: requests that were logged, from cdnplan ingest --requests.
    topology : path or None
        Rolling: topology YAML, instead of a plan.
    titles : path or None
        Titles; with a plan, those that its catalogue lacks as well.
    history : path or None
        Rolling: history that is forecast from and served.
    files : path or None
        Files of titles.
    countries : iterable of str
        Rolling: only these countries.
    periods : int
        Rolling: the last N periods of the history.
    model : str
        Rolling: forecaster.
    date : datetime.date or None
        Period of --actual.
    policies : sequence of str
        lru, lfu, gdsf, s3-fifo, w-tinylfu, lrb (slow), belady; or all; or none.
    hybrid : sequence of float
        Planned shares of each disk to try; none: no hybrids.
    hybrid_policy : str or None
        Policy of the rest; default: the best reactive one.
    prefill : sequence of float
        Parts of each disk that the plan fills at first; none: none.
    sample : float or None
        Share of plays to keep; default: 2 million in all.
    requests : float or None
        Instead of --sample: requests a region and period, on average.
    play_gb : float
        Bytes of one play.
    days : float or None
        Only the first D days of each period.
    turnovers : float
        Warm-up: requests for each file that fits into a cache.
    regret : bool
        Make the plans that regret is counted against.
    engine : {"auto", "exact", "fast"}
        Of the plans that are made.
    gap : float or None
        They stop at this gap.
    threads : int
        0: all cores.
    seed : int
        Of requests and plans.
    force : bool
        Replace an earlier replay at DIR.
    """
    from cdnplan.replay import ReplayRequest
    from cdnplan.replay.cases.planning import How

    return ReplayRequest(
        out=Path(out),
        plan=optional_path(plan),
        actual=optional_path(actual),
        logged=optional_path(logged),
        topology=optional_path(topology),
        titles=optional_path(titles),
        history=optional_path(history),
        files=optional_path(files),
        countries=frozenset(countries),
        date=date,
        periods=periods,
        model=model,
        policies=_keys(policies),
        hybrid=tuple(hybrid),
        hybrid_policy=hybrid_policy,
        prefill=tuple(prefill),
        sample=sample,
        requests=requests,
        play_gb=play_gb,
        days=days,
        turnovers=turnovers,
        regret=regret,
        how=How(engine, gap, None, cores(threads), seed),
        seed=seed,
        replace=force,
    )


def _keys(policies: Sequence[str]) -> tuple[str, ...]:
    """Keys of the policies named; ``["all"]``: all there are."""
    from cdnplan.replay.caches.caches import POLICIES

    names = tuple(name.lower() for name in policies)
    return tuple(POLICIES) if names == ("all",) else names
