"""Prices put to the test: plan again with more of a limit, and see what that saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdnplan.errors import CdnplanError, InputError, Problem
from cdnplan.optimize.engine import EngineName
from cdnplan.optimize.outcome import Progress, Stop, never, no_progress
from cdnplan.whatif.base import Answer, Base, Changed, load_base, replan
from cdnplan.whatif.limit_prices import (
    KINDS,
    Forecast,
    Kind,
    LimitPrice,
    PriceCurve,
    limit_prices,
    only,
    with_more,
)

MORE_RATIO = 0.1
"""Increment that prices are integrated over, as a part of the limit."""


@dataclass(frozen=True, slots=True)
class PricesRequest:
    """Which prices of which plan to look at.

    Parameters
    ----------
    base : Path
        Plan folder.
    kinds : tuple of {"storage", "throughput", "link"}
    more_ratio : float
        Increment, as a part of each limit.
    forecasts : int
        Limits whose price is integrated, most valuable first; 0: all.
    checks : int
        Of these, how many are planned again with the increment.
    engine, threads, seed, time_limit_s
        For the plans; the time limit is that of each.
    """

    base: Path
    kinds: tuple[Kind, ...] = KINDS
    more_ratio: float = MORE_RATIO
    forecasts: int = 10
    checks: int = 0
    engine: EngineName = "auto"
    threads: int = 1
    seed: int = 0
    time_limit_s: float | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """What planning again with the increment saved, against planning again without it.

    Both start from the base's prices and placement and make the same number of passes.

    Parameters
    ----------
    plan : float
        Of the plans' costs [currency].
    bound : float
        Of their proven lower bounds [currency].
    least, most : float
        What the best plans save is proven to lie between these: lower bound without less cost with, and cost
        without less lower bound with [currency].
    """

    plan: float
    bound: float
    least: float
    most: float

    @property
    def saved(self) -> float:
        """Middle of what plans and bounds say: errors of a search point to opposite sides in the two."""
        return (self.plan + self.bound) / 2.0


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A limit, its price, and as far as asked for what more of it saves by the price and by a new plan."""

    price: LimitPrice
    forecast: Forecast | None = None
    check: Check | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PricesResult:
    """Prices of a plan, most valuable first.

    Parameters
    ----------
    base : Base
    more_ratio : float
    rows : tuple of PriceRow
    again : Answer or None
        The base planned again without any increment, which checks compare with.
    """

    base: Base
    more_ratio: float
    rows: tuple[PriceRow, ...]
    again: Answer | None

    def table(self) -> list[dict[str, Any]]:
        """One flat row for each limit; see docs/prices.md for the columns."""
        return [_flat(row) for row in self.rows]


def prices(
    request: PricesRequest, *, progress: Progress = no_progress, asked: Callable[[], bool] = never
) -> PricesResult:
    """Tell what more of each limit is worth, by a plan's prices and by planning again.

    Parameters
    ----------
    request : PricesRequest
    progress : Progress
    asked : callable
        From True on no further limit is looked at.

    Returns
    -------
    PricesResult

    Raises
    ------
    InputError
        All that is wrong with the base, or an increment that is none.
    """
    if not request.more_ratio > 0:
        raise InputError([Problem(f"expected an increment above 0, found {request.more_ratio:g}")])
    progress("read", 0.0, None, None)
    base = load_base(request.base)
    priced = only(limit_prices(base.instance, base.prices), request.kinds)
    count = len(priced) if request.forecasts == 0 else min(request.forecasts, len(priced))
    checks = min(request.checks, len(priced))
    count = max(count, checks)
    curve = PriceCurve(base.instance, base.prices) if count else None
    again = _again(base, request, None, 0.0) if checks else None
    rows: list[PriceRow] = []
    for number, price in enumerate(priced):
        if curve is None or number >= count or asked():
            rows.append(PriceRow(price))
            continue
        more = request.more_ratio * price.allowed
        forecast = curve.forecast(price, more)
        check = None
        if again is not None and number < checks:
            progress("planning again", number / checks, None, None)
            check = _checked(again, _again(base, request, price, more))
        rows.append(PriceRow(price, forecast, check))
        progress("prices", (number + 1) / count, None, None)
    return PricesResult(base, request.more_ratio, tuple(rows), again)


def _again(base: Base, request: PricesRequest, price: LimitPrice | None, more: float) -> Answer | None:
    """Plan again with more of a limit; None where that finds nothing in its time."""
    instance = base.instance if price is None else with_more(base.instance, price, more)
    try:
        return replan(
            base,
            Changed(base.inputs, instance, base.holdings, ()),
            engine=request.engine,
            stop=Stop(None, request.time_limit_s),
            threads=request.threads,
            seed=request.seed,
        )
    except InputError:
        raise
    except CdnplanError:
        return None


def _checked(again: Answer, then: Answer | None) -> Check | None:
    if then is None:
        return None
    cost, cost_then = again.verdict.cost.total, then.verdict.cost.total
    bound, bound_then = _bound(again), _bound(then)
    return Check(
        plan=cost - cost_then,
        bound=bound - bound_then,
        least=bound - cost_then,
        most=cost - bound_then,
    )


def _bound(answer: Answer) -> float:
    """Best lower bound that is known of an answer's problem."""
    proven = answer.verdict.bound
    found = answer.outcome.lower if answer.outcome is not None else 0.0
    return found if proven is None else max(proven, found)


def _flat(row: PriceRow) -> dict[str, Any]:
    price, forecast, check = row.price, row.forecast, row.check
    return {
        "limit": price.limit,
        "name": price.name,
        "allowed": price.allowed,
        "unit": price.unit,
        "price": price.price,
        "more": None if forecast is None else forecast.more,
        "first_order": None if forecast is None else forecast.first_order,
        "predicted": None if forecast is None else forecast.integrated,
        "price_then": None if forecast is None else forecast.price_then,
        "replanned": None if check is None else check.saved,
        "replanned_plan": None if check is None else check.plan,
        "replanned_bound": None if check is None else check.bound,
        "proven_least": None if check is None else check.least,
        "proven_most": None if check is None else check.most,
    }
