"""Pictures of a plan's report, each drawn from one table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np

from cdnplan.charts.axes import Axes, decades, short, ticks
from cdnplan.charts.marks import bar, line, mark, path, picture, text
from cdnplan.evaluate.count.misses import CAUSE_WORDS
from cdnplan.model.limits.families import FAMILIES
from cdnplan.report.parts.html import bar_table, figure, legend, paragraph
from cdnplan.report.parts.labels import money, percent
from cdnplan.report.parts.sheet import Sheet
from cdnplan.report.tables.tables_network import TIERS

TIER_CSS = ("own", "other", "exchange", "origin")
SAME_RATIO = 1e-9
"""Costs that differ by less than this part of them are the same."""
BARS = 12
"""Rows of a table with bars."""

WIDE, HIGH, LEFT, RIGHT, TOP, LOW = 720.0, 300.0, 84.0, 24.0, 26.0, 46.0
"""Size of a picture with axes, and the room around the axes."""


def flow_figure(flow: Sheet) -> str:
    """Where bytes come from: one bar for each destination, split by tier."""
    tiers = [flow.numbers(f"{tier.replace(' ', '_')}_gb") for tier in TIERS]
    demand = flow.numbers("demand_gb")
    bars = []
    for i in range(flow.n_rows):
        whole = demand[i] if demand[i] > 0 else 1.0
        bars.append(bar([(float(gb[i] / whole), css) for gb, css in zip(tiers, TIER_CSS, strict=True)]))
    columns = ("to", "demand_gb", *(f"{tier.replace(' ', '_')}_gb" for tier in TIERS))
    caption = "Bytes by destination and by where they come from"
    drawn = legend(list(zip(TIER_CSS, TIERS, strict=True))) + bar_table(
        flow, columns, bars, caption, "share of each"
    )
    return _framed("figure-flow", drawn, f"{caption}. Own site: the cheapest one inside an ISP.")


def curve_figure(curve: Sheet, pools: Sheet) -> str:
    """What each TB saves, best first: copies in place, then those that would come next."""
    part = curve.texts("copies")
    held = np.array([p == "held" for p in part], dtype=bool)
    value = curve.numbers("at_least_per_tb")
    total = curve.numbers("total_space_tb")
    in_place = float(total[held].max(initial=0.0))
    most_x = in_place * 1.25 if in_place > 0 else max(1.0, float(total.max(initial=0.0)))
    seen = value[(value > 0) & np.where(held, True, in_place + total <= most_x * 1.5)]
    if seen.size == 0:
        return paragraph(
            "No copy saves anything on its own, as all it serves would cost as little from another place, and"
            " none that is missing would."
        )
    top = 10.0 ** math.ceil(math.log10(float(seen.max())))
    low = max(10.0 ** math.floor(math.log10(float(seen.min()))), top / 1e7)
    axes = Axes(LEFT, TOP, WIDE - RIGHT, HIGH - LOW, (0.0, most_x), (low, top), log_y=True)
    parts = [
        *axes.rows(decades(low, top)),
        *axes.columns(ticks(0.0, most_x, 5)),
        text(LEFT, TOP - 10, "saved per TB, per period", "axis"),
        text(WIDE - RIGHT, HIGH - 6, "TB of storage, most useful first", "axis", "end"),
        *axes.upright(in_place, "in place"),
    ]
    for name, css, begin in (("held", "line-held", 0.0), ("lacking", "line-next", in_place)):
        rows = [i for i, p in enumerate(part) if p == name and value[i] > 0]
        points: list[tuple[float, float]] = []
        before = begin
        for i in rows:
            after = begin + float(total[i])
            points += [axes.at(before, float(value[i])), axes.at(after, float(value[i]))]
            before = after
            if after >= most_x:
                break
        if points:
            parts.append(path(points, css))
    label = f"What each TB of storage saves: {short(in_place)} TB in place, then what would come next"
    drawn = picture(WIDE, HIGH, label, parts, "chart")
    keys = legend(
        [("key-held", "copies in place"), ("key-next", "copies that are missing, each counted on its own")]
    )
    dearest = float(pools.numbers("price_per_tb").max(initial=0.0))
    caption = (
        "What each TB of storage saves per period, most useful copies first: left of the line what would be"
        " lost without a copy, right of it what one that is missing would save, each on its own, anywhere in"
        f" the network. The highest price of a TB is {money(dearest)}; pools are not alike, and the table of"
        " pools has the price of each between what its last TB saves and what its next one would."
    )
    return figure("figure-curve", keys + drawn, caption, curve)


FULL_GROUPS = (
    ("Storage", ("storage",)),
    ("Throughput and links", ("throughput", "link")),
    ("What may come in a night", ("fill", "churn")),
)
"""Limits whose prices are drawn together; others on their own."""


def full_figure(full: Sheet) -> str:
    """The dearest limits that bind: what one more TB, or one more Gbps, would save."""
    if full.n_rows == 0:
        return paragraph("No limit binds.")
    kind = np.array(full.texts("limit"))
    price = full.numbers("price_of_one_more")
    parts = []
    grouped = {name for _, names in FULL_GROUPS for name in names}
    others = [(one.words.capitalize(), (one.name,)) for one in FAMILIES if one.name not in grouped]
    for what, kinds in (*FULL_GROUPS, *others):
        rows = np.flatnonzero(np.isin(kind, kinds) & (price > 0))
        if rows.size == 0:
            continue
        shown = full.take(rows[:BARS])
        saves, unit = shown.numbers("price_of_one_more"), shown.texts("unit")[0]
        bars = [bar([(float(p) / float(saves[0]), "price")]) for p in saves]
        columns = ("name", "price_of_one_more", "limit", "used", "allowed", "unit")
        caption = f"{what}: what one more {unit} saves per period"
        of = (
            f"the {shown.n_rows} dearest of {rows.size:,} that bind"
            if shown.n_rows < rows.size
            else "all that bind and have a price"
        )
        parts.append(f"<h3>{caption}, {of}</h3>{bar_table(shown, columns, bars, caption, 'saves')}")
    free = int((price <= 0).sum())
    are, them = ("is", "it") if free == 1 else ("are", "them")
    note = f" {free:,} more {are} full, but more of {them} would save nothing." if free else ""
    return _framed("figure-full", "".join(parts), f"All are in the table of limits that bind.{note}")


def certificate_figure(certificate: Sheet) -> str:
    """Ideal, bound and cost on one line that begins at the ideal."""
    ideal, lower, upper = (float(v) for v in certificate.numbers("cost"))
    # Nothing costs less than the ideal, whatever rounding makes of the bound.
    lower, span = max(lower, ideal), upper - ideal
    if span <= SAME_RATIO * abs(upper):
        words = f"The plan costs {money(upper)}, which is the ideal: nothing can be saved."
        return f'<figure id="figure-gap">{paragraph(words)}</figure>'
    width, high, y = WIDE - 40.0, 118.0, 58.0
    at = 20.0 + width * max(0.0, min(1.0, (lower - ideal) / span))
    end = 20.0 + width
    parts = [
        mark("rect", "proven", x=20, y=y - 9, width=at - 20, height=18),
        mark("rect", "open", x=at, y=y - 9, width=max(1.5, end - at), height=18),
        text(20, y + 34, "ideal", "axis"),
        text(20, y + 54, money(ideal), "figure"),
        text(20, y - 30, "no plan costs less than", "axis"),
        text(20, y - 13, money(lower), "figure"),
        line(at, y - 22, at, y + 12, "today"),
        text(end, y + 34, "this plan", "axis", "end"),
        text(end, y + 54, money(upper), "figure", "end"),
    ]
    gap = (upper - lower) / span
    label = (
        f"Ideal {money(ideal)}, lower bound {money(lower)}, this plan {money(upper)}: gap {percent(gap, 3)}"
    )
    caption = f"From the ideal to the cost of this plan: the last {percent(gap, 3)} at most could be saved."
    return figure("figure-gap", picture(WIDE, high, label, parts, "chart"), caption, certificate)


def misses_figure(misses: Sheet, where: Sheet | None) -> str:
    """Misses by cause, and the places that miss most."""
    gb = misses.numbers("gb")
    whole = float(gb.sum())
    shares = gb / whole if whole > 0 else gb
    bars = [
        bar([(float(share), f"cause-{cause}")])
        for share, cause in zip(shares, misses.texts("cause"), strict=True)
    ]
    table = bar_table(
        misses, [c.name for c in misses.columns], bars, "Bytes missed, by cause", "share of all misses"
    )
    known = [(str(cause), CAUSE_WORDS.get(str(cause), "")) for cause in misses.texts("cause")]
    notes = "".join(f"<li><b>{escape(cause)}</b>: {words}</li>" for cause, words in known)
    more = ""
    if where is not None and where.n_rows:
        columns = [c.name for c in where.columns]
        per = [c for c in columns if c.endswith("_miss_gb")]
        most = float(sum(where.numbers(c) for c in per).max()) or 1.0  # type: ignore[union-attr]
        drawn = [
            bar([(float(where.numbers(c)[i]) / most, f"cause-{c.removesuffix('_miss_gb')}") for c in per])
            for i in range(where.n_rows)
        ]
        more = bar_table(where, columns, drawn, "Regions that miss most", "GB missed")
    return f'<figure id="figure-misses">{table}<ul class="notes">{notes}</ul>{more}</figure>'


def share_figure(key: str, sheet: Sheet, name: str, value: str, caption: str) -> str:
    """Bars of one positive column, as parts of its sum."""
    values = sheet.numbers(value)
    whole = float(values.sum()) or 1.0
    bars = [bar([(float(v) / whole, "price")]) for v in values]
    table = bar_table(sheet, (name, value), bars, caption, "share")
    return _framed(key, table, caption)


def signed_figure(
    key: str, sheet: Sheet, columns: Sequence[str], value: str, caption: str, *, less_is_better: bool = False
) -> str:
    """Bars to the left and right of a middle: what makes something less and what makes it more."""
    less, more = ("better", "worse") if less_is_better else ("worse", "better")
    values = sheet.numbers(value)
    most = float(np.abs(values).max(initial=0.0)) or 1.0
    bars = []
    for v in values:
        half = abs(float(v)) / most / 2
        bars.append(bar([(0.5 - half, "none"), (half, less)] if v < 0 else [(0.5, "none"), (half, more)]))
    table = bar_table(sheet, columns, bars, caption, "less · more")
    return _framed(key, table, caption)


def _framed(key: str, drawn: str, caption: str) -> str:
    return f'<figure id="{key}">{drawn}<figcaption>{escape(caption)}</figcaption></figure>'


def tiles(entries: Sequence[tuple[str, str, str]]) -> str:
    """Key figures: name, value, what to make of it."""
    parts = "".join(
        f"<div><dt>{name}</dt><dd><b>{value}</b><span>{note}</span></dd></div>"
        for name, value, note in entries
    )
    return f'<dl class="tiles">{parts}</dl>'
