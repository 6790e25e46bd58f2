"""Check the list of limits that `plan.json` calls full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cdnplan.evaluate.count.limits import volume_used
from cdnplan.evaluate.count.loads import rate_used
from cdnplan.evaluate.verdict.report import TOLERANCE, Check, Ledger, close
from cdnplan.inputs.plans.plan_json import PLAN_JSON, FullLimit, PlanJson
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.limits.families import CHURN, FAMILIES, FILL
from cdnplan.model.plan.placement import Placement, Prices

FULL_RATIO, NEARLY_RATIO = 0.995, 0.9
"""A limit used to the first ratio is full; one with a price binds from the second on."""
EARLY = ("storage", "throughput", "link")
"""Kinds that plans of earlier releases list, where they are full."""
OTHER = {FILL.name: CHURN.name, CHURN.name: FILL.name}
"""Earlier releases had both for a pool, and list the looser one as well where it binds."""


@dataclass(frozen=True, slots=True, eq=False)
class _Limits:
    """All limits of a kind: names, what is used, allowed and worth of each, and what these are counted in."""

    names: tuple[str, ...]
    used: Floats
    allowed: Floats
    price: Floats
    unit: str
    price_per: str

    def binding(self, slack: float, *, priced: bool = True) -> set[str]:
        """Names of those that bind, or of the full ones only; close to a ratio rounding decides."""
        least = np.where((self.price > 0) & priced, NEARLY_RATIO, FULL_RATIO) * slack
        bind = (self.used > 0) & np.isfinite(self.allowed) & (self.used >= least * self.allowed)
        return {self.names[i] for i in np.flatnonzero(bind)}

    def also(self, tighter: _Limits, name: str, allowed: float, price: float) -> _Limits:
        """These, and a limit on the same quantity as another one that is tighter."""
        at = tighter.names.index(name)
        return _Limits(
            (*self.names, name),
            np.append(self.used, tighter.used[at]),
            np.append(self.allowed, max(allowed, tighter.allowed[at])),
            np.append(self.price, price),
            self.unit,
            self.price_per,
        )


def check_full(
    instance: Instance,
    placement: Placement,
    served_gb: Floats,
    origin_gb: Floats,
    prices: Prices | None,
    looser: Mapping[str, float],
    plan: PlanJson,
    ledger: Ledger,
) -> None:
    """Check that just the limits that bind are listed, in any order, and what they use, allow and are worth.

    Parameters
    ----------
    instance : Instance
    placement : Placement
    served_gb, origin_gb : (n_cand,), (n_regions,) float64
        [GB per period]
    prices : Prices or None
        None when they prove nothing: then they are worth nothing, either.
    looser : mapping of str to float
        What is in `prices` from other limits than those there are, see `looser_prices`.
    plan : PlanJson
    ledger : Ledger
        Takes the checks.
    """
    worth = prices if prices is not None else Prices.zero(instance)
    volumes, rates = instance.volumes, instance.rates
    family = np.append(volumes.family, rates.family)
    most = rate_used(instance, served_gb, origin_gb).max(axis=1, initial=0.0)
    used = np.append(volume_used(instance, placement), most)
    allowed = np.append(volumes.capacity_gb, rates.capacity)
    price = np.append(worth.volume, worth.rate.sum(axis=1))
    for pool, part in looser.items() if prices is not None else ():
        price[instance.n_pools + instance.pools.index(pool)] -= part / FILL.per
    names = np.array(volumes.names + rates.names, dtype=object)
    known = {}
    for number, kind in enumerate(FAMILIES):
        mine = family == number
        own = used[mine], allowed[mine], price[mine] * kind.per
        known[kind.name] = _Limits(tuple(names[mine]), *own, kind.unit, kind.priced_per)
    for full in plan.full:
        other = OTHER.get(full.limit)
        if other is not None and full.name in known[other].names and full.name not in known[full.limit].names:
            part = looser.get(full.name, 0.0) if prices is not None else 0.0
            known[full.limit] = known[full.limit].also(known[other], full.name, full.allowed, part)
    failures = _wrong_rows(known, plan.full) + _wrong_list(known, plan.full, early=plan.early)
    listed = f"{len(plan.full)} listed"
    ledger.rows("full limit", PLAN_JSON, range(len(failures)), failures.__getitem__, listed)


def _wrong_rows(known: dict[str, _Limits], listed: tuple[FullLimit, ...]) -> list[Check]:
    """Limits that there are none of, and wrong numbers and units."""
    place = {kind: {name: i for i, name in enumerate(limits.names)} for kind, limits in known.items()}
    failures = []
    for i, full in enumerate(listed):
        key, at = f"full[{i}]", f"of {full.limit} {full.name}"
        if full.limit not in known or full.name not in place[full.limit]:
            failures.append(Check("full limit", False, PLAN_JSON, key=f"{key} {at}", detail="no such limit"))
            continue
        limits, n = known[full.limit], place[full.limit][full.name]
        for column in ("used", "allowed", "price"):
            claimed, found = float(getattr(full, column)), float(getattr(limits, column)[n])
            if not close(claimed, found):
                where = f"{key}.{column} {at}"
                failures.append(Check("full limit", False, PLAN_JSON, None, where, claimed, found))
        for column in ("unit", "price_per"):
            said, due = getattr(full, column), getattr(limits, column)
            if said != due:
                failures.append(
                    Check("full limit", False, PLAN_JSON, None, f"{key}.{column} {at}", said, due)
                )
    return failures


def _wrong_list(known: dict[str, _Limits], listed: tuple[FullLimit, ...], *, early: bool) -> list[Check]:
    """Limits that bind and are not listed, that are listed and do not bind, and those listed twice."""
    count = Counter((full.limit, full.name) for full in listed)

    def failure(kind: str, name: str, detail: str) -> Check:
        return Check("full limit", False, PLAN_JSON, key=f"{kind} {name}", detail=detail)

    failures = [failure(*limit, "listed twice") for limit, n in count.items() if n > 1]
    for kind, limits in known.items():
        surely = limits.binding(1 + TOLERANCE, priced=not early)
        surely = set() if early and kind not in EARLY else surely
        perhaps = limits.binding(1 - TOLERANCE)
        told = {name for limit, name in count if limit == kind}
        failures += [failure(kind, name, "binds, but is not listed") for name in sorted(surely - told)]
        failures += [
            failure(kind, name, "is listed, but does not bind")
            for name in sorted((told - perhaps) & set(limits.names))
        ]
    return failures
