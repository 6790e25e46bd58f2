"""What changed since the previous plan, as tables and pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cdnplan.charts.marks import bar
from cdnplan.fill.diff.difference import Difference, diff
from cdnplan.report.parts.html import Section, bar_table, paragraph, plain_table
from cdnplan.report.parts.labels import volume
from cdnplan.report.parts.sheet import Column, NumberColumn, Sheet, TextColumn
from cdnplan.report.sections.figures import signed_figure
from cdnplan.report.tables.facts import PlanFacts
from cdnplan.units import GB_PER_TB

SHOWN = 12


def effects_table(found: Difference) -> Sheet:
    """What makes the cost differ; the effects add up to the change."""
    rows = [e for e in found.effects if e.cost != 0]
    return Sheet(
        "effects", (_texts("effect", rows, lambda e: e.effect), _numbers("cost", rows, lambda e: e.cost, 2))
    )


def compared_table(found: Difference) -> Sheet:
    """Figures of both plans and their change; ratios as they are."""
    rows = [f for f in found.figures if f.a is not None and f.b is not None]
    return Sheet(
        "compared",
        (
            _texts("figure", rows, lambda f: f.figure.strip()),
            _texts("unit", rows, lambda f: f.unit or None),
            _numbers("previous", rows, lambda f: f.a, 4),
            _numbers("now", rows, lambda f: f.b, 4),
            _numbers("change", rows, lambda f: f.b - f.a, 4),
        ),
    )


def reasons_table(found: Difference) -> Sheet:
    """Why copies come and go, most bytes first."""
    rows = [r for r in found.reasons if r.in_gb + r.out_gb > 0]
    return Sheet(
        "reasons",
        (
            _texts("reason", rows, lambda r: r.reason),
            _texts("name", rows, lambda r: r.name),
            _texts("detail", rows, lambda r: r.detail),
            _numbers("in_gb", rows, lambda r: r.in_gb),
            _numbers("out_gb", rows, lambda r: r.out_gb),
            _numbers("sites", rows, lambda r: r.sites),
            _numbers("saves", rows, lambda r: r.saves, 2),
        ),
    )


def changed_sites_table(found: Difference) -> Sheet:
    """What comes to and goes from each site, most bytes first."""
    rows = [s for s in found.sites if s.in_gb + s.out_gb + s.moved_gb > 0]
    return Sheet(
        "changed-sites",
        (
            _texts("site", rows, lambda s: s.site),
            _numbers("in_gb", rows, lambda s: s.in_gb),
            _numbers("out_gb", rows, lambda s: s.out_gb),
            _numbers("moved_gb", rows, lambda s: s.moved_gb),
            _numbers("held_gb", rows, lambda s: s.held_gb),
            _numbers("served_gb", rows, lambda s: s.served_gb),
            _numbers("served_change_gb", rows, lambda s: s.served_change_gb),
            _numbers("saves", rows, lambda s: s.saves, 2),
        ),
    )


def changes_section(facts: PlanFacts, previous: Path | None) -> tuple[Section, list[Sheet]]:
    """Section on changes, and the tables that readers can search.

    Parameters
    ----------
    facts : PlanFacts
    previous : Path or None
        Yesterday's plan; None: only what this plan itself says it adds and evicts.

    Returns
    -------
    section : Section
    sheets : list of Sheet

    Raises
    ------
    InputError
        The previous folder cannot be read as a plan.
    """
    heading = "What changes"
    if previous is None:
        return Section("changes", heading, _without_previous(facts), "Changes"), []
    found = diff(previous, facts.files.folder)
    effects, reasons, sites = effects_table(found), reasons_table(found), changed_sites_table(found)
    compared = compared_table(found)
    change = facts.files.plan.cost["total"] - next(f.a or 0.0 for f in found.figures if f.figure == "cost")
    come, go = (volume(float(sites.numbers(name).sum())) for name in ("in_gb", "out_gb"))
    words = (
        f"Against the plan {found.a['id']} for {found.a['period']}, the cost changes by {change:+,.2f}."
        f" {come} come, {go} go."
    )
    both = "Both plans side by side"
    parts = [
        paragraph(words),
        _effects_figure(effects),
        _moved_figure(
            "figure-reasons",
            reasons,
            ("reason", "name", "detail", "in_gb", "out_gb", "saves"),
            "Why copies come and go, most bytes first",
        ),
        _moved_figure(
            "figure-changed-sites",
            sites,
            ("site", "in_gb", "out_gb", "moved_gb", "saves"),
            "Sites where most changes",
        ),
        f"<details><summary>{both}</summary>{plain_table(compared, both)}</details>",
        _new(found),
    ]
    return Section("changes", heading, "".join(parts), "Changes"), [effects, compared, reasons, sites]


def _effects_figure(effects: Sheet) -> str:
    caption = "What makes the cost differ; the parts add up"
    if effects.n_rows == 0:
        return paragraph(f"{caption}: nothing.")
    return signed_figure("figure-effects", effects, ("effect", "cost"), "cost", caption, less_is_better=True)


def _moved_figure(key: str, sheet: Sheet, columns: Sequence[str], caption: str) -> str:
    """Rows with most bytes, with bars of what comes and what goes."""
    if sheet.n_rows == 0:
        return paragraph(f"{caption}: nothing.")
    shown = sheet.first(SHOWN)
    come, gone = shown.numbers("in_gb"), shown.numbers("out_gb")
    most = float((come + gone).max()) or 1.0
    bars = [
        bar([(float(a) / most, "more"), (float(b) / most, "less")]) for a, b in zip(come, gone, strict=True)
    ]
    table = bar_table(shown, columns, bars, caption, "comes · goes")
    of = f" ({shown.n_rows} of {sheet.n_rows:,})" if shown.n_rows < sheet.n_rows else ""
    return f'<figure id="{key}">{table}<figcaption>{caption}{of}</figcaption></figure>'


def _new(found: Difference) -> str:
    """Warnings and full limits that the previous plan had not."""
    parts = []
    for title, texts in (
        ("Warnings that are new", found.new_warnings),
        ("Limits that are newly full", found.newly_full),
    ):
        if texts:
            items = "".join(f"<li>{paragraph(t)}</li>" for t in texts[:SHOWN])
            more = f"<li>{len(texts) - SHOWN:,} more</li>" if len(texts) > SHOWN else ""
            parts.append(f"<h3>{title}</h3><ul>{items}{more}</ul>")
    return "".join(parts)


def _without_previous(facts: PlanFacts) -> str:
    if not facts.files.has_holdings:
        return paragraph("The plan starts from empty appliances: there is nothing to compare it with.")
    added, gone = float(facts.added_gb.sum()), float(facts.evicted_gb.sum())
    kept = float(facts.stored_gb.sum()) - added
    words = (
        f"Of what appliances hold now, {volume(kept)} stay and {volume(gone)} go; {volume(added)} come."
        " With the previous plan (--previous) this section tells why, and what it does to the cost."
    )
    order = np.lexsort((np.arange(facts.added_gb.size), -(facts.added_gb + facts.evicted_gb)))
    order = order[(facts.added_gb + facts.evicted_gb)[order] > 0]
    pools = Sheet(
        "changed-pools",
        (
            TextColumn("name", facts.instance.pools, order),
            NumberColumn("in_gb", facts.added_gb[order]),
            NumberColumn("out_gb", facts.evicted_gb[order]),
            NumberColumn("stored_tb", facts.stored_gb[order] / GB_PER_TB, 1),
        ),
    )
    figure = _moved_figure(
        "figure-changed-pools", pools, ("name", "in_gb", "out_gb", "stored_tb"), "Pools where most changes"
    )
    return paragraph(words) + figure


def _texts(name: str, rows: Sequence[Any], take: Callable[[Any], str | None]) -> Column:
    return TextColumn.of(name, [take(row) for row in rows])


def _numbers(name: str, rows: Sequence[Any], take: Callable[[Any], float], digits: int = 0) -> Column:
    return NumberColumn(name, np.array([take(row) for row in rows], dtype=np.float64), digits)
