"""Check the numbers of `plan.json` against the recomputed plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.evaluate.count.cost import gap_ratio, gap_to_upper_ratio
from cdnplan.evaluate.count.limits import ABSOLUTE
from cdnplan.evaluate.count.loads import rate_used
from cdnplan.evaluate.verdict.report import TOLERANCE, Check, Ledger, close
from cdnplan.evaluate.verdict.verdict import Verdict
from cdnplan.inputs.plans.plan_json import BY_PRICES, BY_SEARCH, BY_TREE, PLAN_JSON, PlanJson
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.network.topology import Topology
from cdnplan.model.plan.proof import Proof

BOUND_TOLERANCE = 1e-7
"""The recomputed bound may miss the claimed one by this part of the plan's cost: rounding."""

PROVEN = 1e-6
"""Cost and bound of a plan called optimal agree to this part of the cost."""

ROUNDING = 1e-9
"""Costs differ by this part of them at most when they are computed again: a ratio of differences of costs may
differ by so much more, the smaller the difference is that it is a ratio of."""


def check_fill_counted(topology: Topology, holdings: Holdings | None, plan: PlanJson, ledger: Ledger) -> None:
    """Filling counts with a previous plan, and without one where the policy says so."""
    counted = topology.fill_counted(holdings)
    ledger.checks.append(
        Check(
            "fill counted",
            ok=plan.fill_counted == counted,
            file=PLAN_JSON,
            key="fill_counted",
            claimed=plan.fill_counted,
            found=counted,
            detail=f"cold_start is {topology.policy.cold_start!r}, "
            + ("there was a previous plan" if holdings is not None else "there was no previous plan"),
        )
    )


def check_counts(
    instance: Instance, topology: Topology, n_titles: int, plan: PlanJson, ledger: Ledger
) -> None:
    """Sizes of the problem."""
    found = {
        "regions": instance.n_regions,
        "sites": len(topology.sites),
        "pools": instance.n_pools,
        "appliances": int(instance.pool_appliances.sum()),
        "files": instance.n_files,
        "titles": n_titles,
        "links": instance.n_links,
        "slices": instance.n_slices,
    }
    for key, value in found.items():
        ledger.number(PLAN_JSON, f"counts.{key}", plan.counts[key], value)


def check_claims(
    instance: Instance,
    verdict: Verdict,
    plan: PlanJson,
    served_gb: Floats,
    origin_gb: Floats,
    ledger: Ledger,
) -> None:
    """Costs, ratios and overload.

    Parameters
    ----------
    instance : Instance
    verdict : Verdict
        The recomputed plan.
    plan : PlanJson
        The claims.
    served_gb, origin_gb : (n_cand,), (n_regions,) float64
        The plan's serving [GB].
    ledger : Ledger
        Takes the checks.
    """
    cost, claimed = verdict.cost, plan.numbers
    parts = {"total": cost.total, "delivery": cost.delivery, "fill": cost.fill, "overload": cost.overload}
    for key, found in parts.items():
        ledger.number(PLAN_JSON, f"cost.{key}", plan.cost[key], found, scale=cost.total)
    ledger.number(PLAN_JSON, "upper", claimed["upper"], cost.total)
    ledger.number(PLAN_JSON, "ideal", claimed["ideal"], verdict.ideal, scale=cost.total)
    ledger.number(PLAN_JSON, "demand_gb", claimed["demand_gb"], verdict.demand_gb)
    _ratio(ledger, "offload_byte_ratio", claimed["offload_byte_ratio"], verdict.offload_byte_ratio)
    gap = gap_ratio(cost.total, claimed["lower"], verdict.ideal)
    span = cost.total - verdict.ideal
    slack = ROUNDING * cost.total / span if span > 0 else 0.0
    _ratio(ledger, "gap_ratio", claimed["gap_ratio"], gap, slack)
    gap = gap_to_upper_ratio(cost.total, claimed["lower"])
    _ratio(ledger, "gap_to_upper_ratio", claimed["gap_to_upper_ratio"], gap)
    _check_overload(instance, plan, served_gb, origin_gb, ledger)


def _ratio(ledger: Ledger, key: str, claimed: float, found: float, slack: float = 0.0) -> None:
    """Compare a ratio, to `TOLERANCE` and what rounding makes of it."""
    ok = abs(claimed - found) <= TOLERANCE * max(1.0, abs(found)) + slack
    ledger.checks.append(Check("value", ok, PLAN_JSON, key=key, claimed=claimed, found=found))


def _check_overload(
    instance: Instance, plan: PlanJson, served_gb: Floats, origin_gb: Floats, ledger: Ledger
) -> None:
    """The list of overloaded links: none invented, none left out, each with its Gbit/s."""
    priced = np.flatnonzero(np.isfinite(instance.rates.overload_cost))
    load = rate_used(instance, served_gb, origin_gb)[priced]
    capacity = instance.rates.capacity[priced, None]
    above = np.maximum(0.0, load - capacity)
    names = [instance.rates.names[i] for i in priced.tolist()]
    index = {name: e for e, name in enumerate(names)}
    claimed = np.zeros_like(above)
    strange = []
    for i, (link, at, gbps) in enumerate(plan.overload):
        if link in index and 0 <= at < instance.n_slices:
            claimed[index[link], at] += gbps
        else:
            strange.append(i)
    wrong = np.argwhere(np.abs(claimed - above) > TOLERANCE * (capacity + load) + ABSOLUTE)

    def unknown(i: int) -> Check:
        link, at, gbps = plan.overload[i]
        key, detail = f"overload[{i}]", f"no limited link {link!r}, or no slice {at}"
        return Check("known link", False, PLAN_JSON, key=key, claimed=gbps, detail=detail)

    def differs(i: int) -> Check:
        e, t = wrong[i]
        key = f"{names[e]} slice {t}"
        return Check("overload", False, PLAN_JSON, None, key, float(claimed[e, t]), float(above[e, t]))

    ledger.rows("known link", PLAN_JSON, strange, unknown)
    ledger.rows("overload", PLAN_JSON, range(len(wrong)), differs, f"{len(plan.overload)} overloaded")


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a claimed bound stands on, in words, and the part of it that nothing proves [currency]."""

    words: str
    only_claimed: float = 0.0


def check_bound(
    verdict: Verdict, tree: Proof | None, plan: PlanJson, ledger: Ledger, *, looser: bool = False
) -> Grounds:
    """The lower bound: recomputed from the prices and the tree, and compared with what is claimed.

    Parameters
    ----------
    verdict : Verdict
        With the bound that is proven, None when the prices prove nothing.
    tree : Proof or None
        Cases with prices of their own, if there are any.
    plan : PlanJson
    ledger : Ledger
        Takes the checks.
    looser : bool
        Whether limits had prices that are looser than those that these prices count for now.

    Returns
    -------
    Grounds
        What part of the claim is proven again here, and what the rest stands on.
    """
    upper, lower, priced = (plan.numbers[key] for key in ("upper", "lower", "lower_priced"))
    slack = BOUND_TOLERANCE * verdict.cost.total
    ledger.checks.append(
        Check(
            "lower at most upper", lower <= upper + slack, PLAN_JSON, key="lower", claimed=lower, found=upper
        )
    )
    if plan.status == "optimal":
        ok = verdict.cost.total - lower <= PROVEN * verdict.cost.total + slack
        detail = "optimal means that cost and bound agree"
        ledger.checks.append(
            Check("optimal", ok, PLAN_JSON, key="status", claimed=plan.status, found=lower, detail=detail)
        )
    found, proven = verdict.priced, verdict.bound
    if found is None or proven is None:
        ledger.failed("bound", PLAN_JSON, "the prices are not valid, they prove nothing")
        return Grounds("The prices are not valid and prove nothing.")
    # An engine never claims more than the cost, or than its bound; where that cut the value, more is proven.
    cut = looser or close(priced, lower if plan.bound_proof == BY_SEARCH else upper)
    ok = abs(found - priced) <= slack or (cut and found >= priced)
    ledger.checks.append(
        Check("bound of the prices", ok, PLAN_JSON, key="lower_priced", claimed=priced, found=found)
    )
    if plan.bound_proof == BY_PRICES:
        ok = found >= lower - slack
        ledger.checks.append(Check("bound", ok, PLAN_JSON, key="lower", claimed=lower, found=found))
        return Grounds(
            f"The prices prove {found:.9g}; nothing else is needed." if ok else "The prices prove less."
        )
    if plan.bound_proof == BY_TREE:
        ok = tree is not None and proven >= lower - slack
        ledger.checks.append(Check("bound", ok, PLAN_JSON, key="lower", claimed=lower, found=proven))
        return Grounds(f"The prices prove {found:.9g}; {_tree_words(tree, proven, ok=ok)}.")
    if found >= lower - slack:
        ledger.passed("bound", PLAN_JSON, "the prices prove all of it")
        return Grounds(f"The prices prove {found:.9g}; no search is needed.")
    rest = lower - found
    ledger.passed("bound", PLAN_JSON, f"{rest:.9g} of it is only claimed: no search is made again here")
    return Grounds(f"The prices prove {found:.9g}; the remaining {rest:.9g} rests on branch and bound.", rest)


def _tree_words(tree: Proof | None, proven: float, *, ok: bool) -> str:
    """What a tree of cases and cuts add to what the prices prove."""
    if tree is None:
        return "the tree is not valid and proves nothing"
    n_cuts = tree.cuts.n_cuts
    said = f"a tree of {tree.n_cases:,} cases, each with its own, proves"
    if tree.parent.size == 0:
        said = f"others, and those of {n_cuts:,} cuts, prove"
    elif n_cuts:
        said = f"a tree of {tree.n_cases:,} cases, each with its own, and {n_cuts:,} cuts prove"
    return f"{said} {proven:.9g}; nothing else is needed" if ok else f"{said} less than is claimed"
