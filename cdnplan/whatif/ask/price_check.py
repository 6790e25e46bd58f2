"""Prices put to the test: plan again with more of a limit, and see what that saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.lanes import lanes
from cdnplan.model.instance.instance import Instance
from cdnplan.model.limits.families import FAMILIES
from cdnplan.model.plan.placement import Placement
from cdnplan.optimize.engine import EngineName, choose_engine, solve
from cdnplan.optimize.fast.near import Part, part_near, solve_near
from cdnplan.optimize.problem.outcome import Progress, Stop, never, no_progress
from cdnplan.optimize.problem.warm_start import WarmStart
from cdnplan.parameters.parameters import DEFAULTS, Parameters
from cdnplan.planner.folder.proof_tables import proof_as_stored
from cdnplan.planner.folder.proven import Proven
from cdnplan.planner.folder.tables import as_stored
from cdnplan.whatif.ask.limit_prices import (
    KINDS,
    Forecast,
    LimitPrice,
    PriceCurve,
    limit_prices,
    only,
    pools_of,
    with_more,
)
from cdnplan.whatif.base.base import Answer, Base, Flow, judged, load_base

MORE_RATIO = 0.1
"""Increment that prices are integrated over, as a part of the limit."""


@dataclass(frozen=True, slots=True)
class PricesRequest:
    """Which prices of which plan to look at.

    Parameters
    ----------
    base : Path
        Plan folder.
    kinds : tuple of str
        Names of families.
    more_ratio : float
        Increment, as a part of each limit.
    forecasts : int
        Limits whose price is integrated, dearest first; 0: all.
    checks : int
        Of these, how many are planned again with the increment.
    engine, threads, seed, time_limit_s
        For the plans; the time limit is that of each.
    parameters : Parameters
        The numbers that steer them.
    """

    base: Path
    kinds: tuple[str, ...] = KINDS
    more_ratio: float = MORE_RATIO
    forecasts: int = 10
    checks: int = 0
    engine: EngineName = "auto"
    threads: int = 1
    seed: int = 0
    time_limit_s: float | None = None
    parameters: Parameters = DEFAULTS


@dataclass(frozen=True, slots=True)
class Check:
    """What planning again with the increment saved, against planning again without it.

    Both start from the base's prices and placement, and search the same part of the network.

    Parameters
    ----------
    plan : float
        Of the plans' costs [currency].
    bound : float
        Of the best lower bounds known, those of the prediction among them [currency].
    least, most : float
        What the best plans save is proven to lie between these: lower bound without less cost with, and cost
        without less lower bound with [currency].
    """

    plan: float
    bound: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A limit, its price, and as far as asked for what more of it saves by the price and by a new plan."""

    price: LimitPrice
    forecast: Forecast | None = None
    check: Check | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PricesResult:
    """Prices of a plan, the dearest first.

    Parameters
    ----------
    base : Base
    more_ratio : float
    rows : tuple of PriceRow
    """

    base: Base
    more_ratio: float
    rows: tuple[PriceRow, ...]

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
        All that is wrong with the base, an increment that is none, or kinds of limits that there are none of.
    """
    if not request.more_ratio > 0:
        raise InputError([Problem(f"expected an increment above 0, found {request.more_ratio:g}")])
    known = [kind.name for kind in FAMILIES]
    unknown = [kind for kind in request.kinds if kind not in known]
    if unknown:
        raise InputError([Problem(f"unknown limit {name!r}", hint=nearest(name, known)) for name in unknown])
    progress("read", 0.0, None, None)
    base = load_base(request.base)
    priced = only(limit_prices(base.instance, base.prices), request.kinds)
    count = len(priced) if request.forecasts == 0 else min(request.forecasts, len(priced))
    checks = min(request.checks, len(priced))
    count = max(count, checks)
    curve = PriceCurve(base.instance, base.prices) if count else None
    planner = _Planner(base, request)
    rows: list[PriceRow] = []
    for number, price in enumerate(priced):
        if curve is None or number >= count or asked():
            rows.append(PriceRow(price))
            continue
        more = request.more_ratio * price.allowed
        forecast = curve.forecast(price, more)
        proven = curve.bound, curve.bound - forecast.integrated
        check = planner.check(price, more, proven) if number < checks else None
        rows.append(PriceRow(price, forecast, check))
        progress("prices", (number + 1) / count, None, None)
    return PricesResult(base, request.more_ratio, tuple(rows))


class _Planner:
    """Plans with and without more of a limit, alike in all else.

    Large networks are planned near the limit only, with the increment and without it; others as a whole, once
    without any.
    """

    def __init__(self, base: Base, request: PricesRequest) -> None:
        self._base, self._request = base, request
        self._start = WarmStart(base.prices, base.placement.holds)
        self._whole: Answer | None = None

    def check(self, limit: LimitPrice, more: float, known: tuple[float, float]) -> Check:
        """Plan both; `known` are lower bounds without and with the increment that are proven already."""
        raised = with_more(self._base.instance, limit, more)
        part = self._part(limit)
        if part is None:
            if self._whole is None:
                self._whole = self._everywhere(self._base.instance)
            return _checked(self._whole, self._everywhere(raised), known)
        return _checked(self._near(self._base.instance, part), self._near(raised, part), known)

    def _part(self, limit: LimitPrice) -> Part | None:
        """What is near a limit of pools; None where all of the network is planned."""
        inst, numbers = self._base.instance, self._request.parameters.change
        chosen, _ = choose_engine(inst, self._request.engine, self._request.parameters)
        members = pools_of(inst, limit)
        if members is None or chosen != "fast" or inst.cand_pool.size * inst.n_files <= numbers.near_from:
            return None
        pools = np.zeros(inst.n_pools, dtype=np.bool_)
        pools[members] = True
        regions = np.zeros(inst.n_regions, dtype=np.bool_)
        regions[inst.path_region[np.flatnonzero(pools[inst.cand_pool])]] = True
        part = part_near(inst, regions, pools, self._base.flow.served_gb, numbers)
        return part if part.share(inst) <= numbers.largest else None

    def _near(self, instance: Instance, part: Part) -> Answer:
        flow, request = self._base.flow, self._request
        with lanes(request.threads):
            plan = solve_near(
                instance,
                self._start,
                part,
                flow.served_gb,
                flow.origin_gb,
                stop=Stop(None, request.time_limit_s),
                parameters=request.parameters,
            )
        served = Flow(plan.served_gb, plan.origin_gb)
        found = judged(instance, Placement(plan.holds), served, as_stored(instance, plan.prices))
        return replace(found, lower=found.verdict.bound)

    def _everywhere(self, instance: Instance) -> Answer:
        request = self._request
        outcome = solve(
            instance,
            request.engine,
            stop=Stop(None, request.time_limit_s),
            threads=request.threads,
            seed=request.seed,
            start=self._start,
            parameters=request.parameters,
        )
        flow = Flow.of(instance, outcome.serving)
        prices, tree = as_stored(instance, outcome.prices), proof_as_stored(instance, outcome.proof)
        found = judged(instance, outcome.placement, flow, prices, tree)
        return replace(found, lower=Proven.of(outcome, found.verdict).lower)


def _checked(without: Answer, then: Answer, known: tuple[float, float]) -> Check:
    cost, cost_then = without.verdict.cost.total, then.verdict.cost.total
    bound, bound_then = max(_lower(without), known[0]), max(_lower(then), known[1])
    return Check(
        plan=cost - cost_then,
        bound=bound - bound_then,
        least=bound - cost_then,
        most=cost - bound_then,
    )


def _lower(answer: Answer) -> float:
    return -np.inf if answer.lower is None else answer.lower


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
        "replanned": None if check is None else check.plan,
        "replanned_bound": None if check is None else check.bound,
        "proven_least": None if check is None else check.least,
        "proven_most": None if check is None else check.most,
    }
