"""A plan in words: what an operator should know first."""

from __future__ import annotations

from cdnplan.report.parts.html import paragraph
from cdnplan.report.parts.labels import money, percent, volume
from cdnplan.report.parts.sheet import Sheet
from cdnplan.report.sections.figures import tiles
from cdnplan.report.tables.facts import PlanFacts
from cdnplan.units import GB_PER_TB

STATUS_WORDS = {
    "optimal": "proven optimal",
    "within-gap": "the gap asked for was reached",
    "time-limit": "stopped by its time limit",
    "interrupted": "stopped before its end",
}


def figures_of(sheet: Sheet) -> dict[str, float]:
    """Key figures by name."""
    names = sheet.texts("figure")
    return {str(name): float(v) for name, v in zip(names, sheet.numbers("value"), strict=True)}


def summary(facts: PlanFacts, figures: Sheet, full: Sheet) -> str:
    """Sentences and tiles at the head of the page."""
    plan, f = facts.files.plan, figures_of(figures)
    sentences = [*_service(facts, f), *_price(facts, f), *_limits(f, full), *_night(facts, f)]
    warnings = plan.warnings
    shown = "".join(f"<li>{paragraph(w)}</li>" for w in warnings[:10])
    more = f"<li>{len(warnings) - 10:,} more in plan.json</li>" if len(warnings) > 10 else ""
    listed = (
        f'<div class="warnings" role="note"><h3>Warnings of the plan</h3><ul>{shown}{more}</ul></div>'
        if warnings
        else ""
    )
    return tiles(_tiles(facts, f)) + "".join(paragraph(s) for s in sentences) + listed


def _tiles(facts: PlanFacts, f: dict[str, float]) -> list[tuple[str, str, str]]:
    plan = facts.files.plan
    stored = f["stored_tb"] / f["storage_tb"] if f["storage_tb"] > 0 else 0.0
    return [
        ("Offload", percent(f["offload_ratio"]), "of bytes come from appliances"),
        (
            "Demand",
            volume(f["demand_gb"]),
            f"in {plan.days:g} days, {f['demand_peak_gbps']:,.0f} Gbps at peak",
        ),
        ("Origin at peak", f"{f['origin_peak_gbps']:,.1f} Gbps", "out of all origins"),
        ("Cost", money(f["cost"]), "per period"),
        ("Gap", percent(f["gap_ratio"]), "of what decisions change, at most"),
        (
            "Storage used",
            percent(stored),
            f"{volume(f['stored_tb'] * GB_PER_TB)} of {volume(f['storage_tb'] * GB_PER_TB)}",
        ),
        ("Limits that bind", f"{f['full_limits']:,.0f}", "storage, throughput, links or windows"),
        (
            "To fetch" if plan.fill_counted else "To stock",
            volume(f["added_tb"] * GB_PER_TB),
            f"{volume(f['evicted_tb'] * GB_PER_TB)} to evict",
        ),
    ]


def _service(facts: PlanFacts, f: dict[str, float]) -> list[str]:
    counts, plan = facts.files.plan.counts, facts.files.plan
    origin = f["demand_gb"] * (1 - f["offload_ratio"])
    words = (
        f"In the period {plan.period}, {counts['regions']:,} regions ask for"
        f" {volume(f['demand_gb'])}. {counts['appliances']:,} appliances at {counts['sites']:,} sites serve"
        f" {percent(f['offload_ratio'])} of it; {volume(origin)} come from the origin,"
        f" {f['origin_peak_gbps']:,.1f} Gbps at most."
    )
    return [words]


def _price(facts: PlanFacts, f: dict[str, float]) -> list[str]:
    plan = facts.files.plan
    words = f" ({STATUS_WORDS[plan.status]})" if plan.status in STATUS_WORDS else ""
    least = f"No plan for these inputs costs less than {money(plan.numbers['lower'])}"
    left = f"at most {percent(f['gap_ratio'])} of what decisions can change is left to gain"
    return [f"The plan costs {money(f['cost'])}{words}. {least}: {left}."]


def _limits(f: dict[str, float], full: Sheet) -> list[str]:
    found = []
    if full.n_rows:
        prices = full.numbers("price_of_one_more")
        unit = full.texts("unit")[0]
        dearest = (
            f" The dearest is {full.texts('limit')[0]} of {full.texts('name')[0]}:"
            f" one more {unit} there saves up to {money(float(prices[0]))} per period."
            if prices[0] > 0
            else ""
        )
        bind = "limit binds" if full.n_rows == 1 else "limits bind"
        found.append(f"{full.n_rows:,} {bind}.{dearest}")
    if f["overload_gbps"] > 0:
        found.append(f"Links or origins are asked for {f['overload_gbps']:,.1f} Gbps more than they have.")
    return found


def _night(facts: PlanFacts, f: dict[str, float]) -> list[str]:
    plan = facts.files.plan
    if not plan.fill_counted:
        return ["Appliances arrive stocked: filling is neither limited nor counted."]
    come, go = volume(f["added_tb"] * GB_PER_TB), volume(f["evicted_tb"] * GB_PER_TB)
    words = f"{come} are to be fetched and {go} evicted"
    if f["added_tb"] + f["evicted_tb"] == 0:
        return ["Nothing has to be fetched or evicted."]
    fills = plan.fills
    if fills is None:
        return [f"{words}."]
    origin = fills.bytes_gb["origin"]
    left = (
        f" {fills.unfilled['count']:,.0f} copies do not fit into the night."
        if fills.unfilled["count"]
        else ""
    )
    peak = f"up to {fills.numbers['origin_peak_gbps']:,.1f} Gbps"
    return [f"{words}: {volume(origin)} of it from the origin, {peak}.{left}"]
