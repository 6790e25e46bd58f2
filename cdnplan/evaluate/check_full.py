"""Check the list of limits that `plan.json` calls full."""

from __future__ import annotations

from cdnplan.evaluate.limits import new_gb, stored_gb
from cdnplan.evaluate.loads import link_gbps, pool_gbps
from cdnplan.evaluate.report import Check, Ledger, close
from cdnplan.inputs.plan_json import PLAN_JSON, PlanJson
from cdnplan.model.instance import Floats, Instance
from cdnplan.model.placement import Placement, Prices
from cdnplan.units import GB_PER_TB


def check_full(
    instance: Instance,
    placement: Placement,
    served_gb: Floats,
    origin_gb: Floats,
    prices: Prices | None,
    plan: PlanJson,
    ledger: Ledger,
) -> None:
    """Check what the listed limits use, allow and are worth; whether the list is complete is not checked.

    Parameters
    ----------
    instance : Instance
    placement : Placement
    served_gb, origin_gb : (n_cand,), (n_regions,) float64
        [GB per period]
    prices : Prices or None
        None when they prove nothing: then they are worth nothing, either.
    plan : PlanJson
    ledger : Ledger
        Takes the checks.
    """
    worth = prices if prices is not None else Prices.zero(instance)
    pools = {name: p for p, name in enumerate(instance.pools)}
    links = {name: e for e, name in enumerate(instance.links)}
    rate = pool_gbps(instance, served_gb).max(axis=1, initial=0.0)
    load = link_gbps(instance, served_gb, origin_gb).max(axis=1, initial=0.0)
    stored, fresh = stored_gb(instance, placement), new_gb(instance, placement)
    known = {
        "storage": (pools, stored, instance.storage_gb, worth.storage * GB_PER_TB),
        "throughput": (pools, rate, instance.throughput_gbps, worth.throughput.sum(axis=1)),
        "link": (links, load, instance.link_capacity_gbps, worth.link.sum(axis=1)),
        "fill": (pools, fresh, instance.fill_limit_gb, worth.fill * GB_PER_TB),
        "churn": (pools, fresh, instance.churn_limit_gb, worth.churn * GB_PER_TB),
    }
    failures: list[Check] = []
    for i, full in enumerate(plan.full):
        key, at = f"full[{i}]", f"of {full.limit} {full.name}"
        if full.limit not in known or full.name not in known[full.limit][0]:
            failures.append(Check("full limit", False, PLAN_JSON, key=f"{key} {at}", detail="no such limit"))
            continue
        index, used, allowed, price = known[full.limit]
        place = index[full.name]
        failures += [
            Check("full limit", False, PLAN_JSON, None, f"{key}.{column} {at}", claimed, float(found[place]))
            for column, claimed, found in (
                ("used", full.used, used),
                ("allowed", full.allowed, allowed),
                ("price", full.price, price),
            )
            if not close(claimed, float(found[place]))
        ]
    ledger.rows(
        "full limit", PLAN_JSON, range(len(failures)), failures.__getitem__, f"{len(plan.full)} listed"
    )
