"""`prices`: what one more TB or Gbps is worth, and whether that is true."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cdnplan.commands.option import AnyPath, EngineName, Option, Seconds, Seed, Threads, cores

if TYPE_CHECKING:
    from cdnplan.whatif.ask.price_check import PricesRequest


def prices_request(
    folder: Annotated[AnyPath, Option("DIR", argument=True)],
    limit: Annotated[str | Sequence[str] | None, Option("KIND")] = None,
    more: Annotated[float, Option("RATIO", least=0.0)] = 0.1,
    top: Annotated[int, Option("N", least=0)] = 10,
    check: Annotated[int, Option("N", least=0)] = 0,
    engine: EngineName = "auto",
    time_limit: Seconds = None,
    threads: Threads = 0,
    seed: Seed = 0,
) -> PricesRequest:
    """Which prices of which plan to look at.

    Parameters
    ----------
    folder : path
        Plan folder.
    limit : str, sequence of str or None
        Only prices of this kind of limit: storage, throughput, link, ...
    more : float
        Increment, as a part of the limit.
    top : int
        Limits whose price is integrated; 0: all.
    check : int
        Of these, so many are planned again with the increment.
    engine : {"auto", "exact", "fast"}
        As for plan.
    time_limit : float or None
        Stop each plan after so many seconds.
    threads : int
        0: all cores.
    seed : int
    """
    from cdnplan.whatif.ask.limit_prices import KINDS
    from cdnplan.whatif.ask.price_check import PricesRequest

    return PricesRequest(
        base=Path(folder),
        kinds=KINDS if limit is None else (limit,) if isinstance(limit, str) else tuple(limit),
        more_ratio=more,
        forecasts=top,
        checks=check,
        engine=engine,
        threads=cores(threads),
        seed=seed,
        time_limit_s=time_limit,
    )
