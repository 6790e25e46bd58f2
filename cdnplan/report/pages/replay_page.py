"""The page of a replay: is the plan better than what would run without it, and why not better still."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cdnplan.charts.marks import bar
from cdnplan.charts.style import LINES
from cdnplan.report.pages.page import Page
from cdnplan.report.parts.html import Section, bar_table, figure, paragraph, plain_table
from cdnplan.report.parts.labels import money, percent, volume
from cdnplan.report.parts.lines import ratio_lines
from cdnplan.report.parts.sheet import NumberColumn, Sheet, TextColumn
from cdnplan.report.sections.figures import misses_figure, share_figure, signed_figure, tiles
from cdnplan.report.sections.maps import draw_chooser, draw_map, replay_layers
from cdnplan.report.tables.replay_tables import (
    ReplayFacts,
    causes_table,
    links_table,
    missed_regions_table,
    missed_table,
    offload_series,
    periods_table,
    read_replay,
    regret_table,
    replayed_regions_table,
    replayed_sites_table,
    way_name,
    ways_table,
)

TABLE_WORDS = {
    "ways": "Ways of caching over all periods: bytes add up, peaks are the largest.",
    "regions": "Byte offload of each region with the plan and with the best live cache.",
    "periods": "Every way in every period.",
    "misses": "What the plan missed, by region, title and cause, and what would have avoided it.",
    "missed-regions": "What the plan missed in each region, by cause.",
    "sites": "Bytes of each site's viewers, by who served them.",
    "links": "Links that have a capacity, the largest rates over all periods.",
}
REGIONS = 12
TILES = ("plan", "live", "hybrid", "prefilled", "bound", "lagged")
"""Kinds of ways whose best stands in the summary, in this order."""


def replay_page(folder: Path) -> Page:
    """Make the report of a replay.

    Parameters
    ----------
    folder : Path
        A folder that `cdnplan replay` wrote.

    Returns
    -------
    Page

    Raises
    ------
    InputError
        The folder is none of a replay or cannot be read.
    """
    facts = read_replay(folder)
    ways, periods = ways_table(facts), periods_table(facts)
    live = _of_kind(facts, "live")
    places = replayed_regions_table(facts, _name(live[0]) if live else None)
    causes, remedies = causes_table(facts), causes_table(facts, "avoided_by")
    regions, regret, series = missed_regions_table(facts), regret_table(facts), _series(facts, periods)
    days = facts.record["periods"]
    times = f"{len(days):,} period{'s' if len(days) != 1 else ''}"
    found = f"{times} of {facts.record['period_days']:g} days from {days[0]}"
    tables = [ways, places, periods, missed_table(facts), regions, replayed_sites_table(facts)]
    links = links_table(facts)
    tables += [links] if links.n_rows else []
    sections = [
        Section("summary", "Summary", _summary(facts, causes), "Summary"),
        _map_section(places, _of_kind(facts, "plan")[0]["byte_offload_ratio"]),
        Section("ways", "Ways of caching, beside each other", _ways_figure(ways), "Policies"),
        *_time_section(facts, series),
        Section("misses", "Misses by cause", _misses(causes, remedies, regions), "Misses"),
    ]
    if regret is not None:
        lost = Section("regret", "What the plan lost, and to what", _regret(facts, regret), "Regret")
        sections.insert(len(sections) - 1, lost)
    return Page(
        title=f"Replay from {days[0]}",
        about=(f"{found}: plan and caches on the requests that came",),
        sections=tuple(sections),
        tables=tuple((sheet, TABLE_WORDS[sheet.name]) for sheet in tables),
        sheets=(series, causes, remedies, *(() if regret is None else (regret,))),
        facts=_origin(facts),
    )


def _map_section(places: Sheet, overall_ratio: float) -> Section:
    """Map of regions by what they have from appliances."""
    there = {column.name for column in places.columns}
    layers = [layer for layer in replay_layers(overall_ratio) if layer.column in there]
    note = (
        "Larger points ask for more bytes. Point at a place for its figures, click it to find it in the"
        " tables. In the tables, click a name to find it here."
    )
    drawn = draw_chooser(layers) + draw_map({"regions": places}, layers)
    body = f'<figure id="figure-map">{drawn}<figcaption>{note}</figcaption></figure>'
    return Section("map", "Regions", body, "Map")


def _of_kind(facts: ReplayFacts, kind: str) -> list[Mapping[str, Any]]:
    """Ways of a kind, highest byte offload first."""
    ways = [way for way in facts.record["policies"] if way["kind"] == kind]
    return sorted(ways, key=lambda way: -way["byte_offload_ratio"])


def _name(way: Mapping[str, Any]) -> str:
    return way_name(way["policy"], way["kind"], way["planned_ratio"], parent=way["parent"])


def _compared(facts: ReplayFacts) -> list[tuple[str, Mapping[str, Any]]]:
    """The plan, and the best of each other kind, in the order in which they are told."""
    found = []
    for kind in dict.fromkeys(["plan", *(way["kind"] for way in facts.record["policies"])]):
        ways = _of_kind(facts, kind)
        if ways:
            found.append((kind, ways[0]))
    return found


def _summary(facts: ReplayFacts, causes: Sheet) -> str:
    record = facts.record
    entries, words = [], []
    best = dict(_compared(facts))
    for kind, way in ((kind, best[kind]) for kind in TILES if kind in best):
        note = "of bytes from appliances" if kind == "plan" else f"the best {kind}: {_name(way)}"
        entries.append((kind.capitalize(), percent(way["byte_offload_ratio"]), note))
    plan, live = best.get("plan"), best.get("live")
    if plan is not None:
        demand, origin = volume(plan["demand_gb"]), volume(plan["origin_gb"])
        words.append(f"Of {demand} that were asked for, {origin} came from the origin with the plan.")
        entries += [
            (
                "Origin at peak",
                f"{plan['origin_peak_gbps']:,.1f} Gbps",
                f"95% of the time {plan['origin_p95_gbps']:,.1f}",
            ),
            ("Fill waste", volume(plan["fill_waste_gb"]), "filled and never served in the period"),
        ]
    if plan is not None and live is not None:
        words.append(_verdict(plan, live, _name(live)))
    if record.get("best") is not None:
        words.append(f"Best of all that can be run: {_name(record['best'])}.")
    if causes.n_rows:
        words.append(
            f"The largest cause of misses of the plan is {causes.texts('cause')[0]}:"
            f" {volume(float(causes.numbers('gb')[0]))}."
        )
    least = record["sample_ratio"]["least"]
    if least < 1:
        words.append(
            f"Requests are a sample, {percent(least)} of a period's at least: offloads vary by chance."
        )
    warnings = "".join(f"<li>{paragraph(str(w))}</li>" for w in record["warnings"])
    noted = (
        f'<div class="warnings" role="note"><h3>Warnings</h3><ul>{warnings}</ul></div>' if warnings else ""
    )
    return tiles(entries) + "".join(paragraph(w) for w in words) + noted


def _verdict(plan: Mapping[str, Any], live: Mapping[str, Any], name: str) -> str:
    points = 100 * (plan["byte_offload_ratio"] - live["byte_offload_ratio"])
    beats = "more" if points >= 0 else "less"
    less = plan["origin_gb"] - live["origin_gb"]
    origin = f"{volume(abs(less))} {'more' if less > 0 else 'less'} from the origin"
    by = f"{abs(points):.2f} points {beats}"
    return f"The plan's offload is {by} than that of the best live cache ({name}): {origin}."


def _ways_figure(ways: Sheet) -> str:
    offload = ways.numbers("byte_offload_ratio")
    floor = max(0.0, np.floor((float(offload.min()) - 0.02) * 20) / 20) if offload.size else 0.0
    kind = ways.texts("kind")
    bars = [
        bar([((float(v) - floor) / (1 - floor), "own" if k == "plan" else "other")])
        for v, k in zip(offload, kind, strict=True)
    ]
    columns = [c.name for c in ways.columns if c.name != "kind"]
    caption = f"Byte offload of every way of caching; bars begin at {percent(floor, 0)}"
    table = bar_table(ways, columns, bars, caption, "byte offload")
    return f'<figure id="figure-ways">{table}<figcaption>{caption}</figcaption></figure>'


def _series(facts: ReplayFacts, periods: Sheet) -> Sheet:
    """Byte offload in each period: what the plan expected, the plan, and the best of each other kind."""
    days = list(facts.record["periods"])
    columns: list[NumberColumn] = []
    expected = facts.record.get("expected_byte_offload_ratio") or []
    if len(expected) == len(days):
        columns.append(NumberColumn("expected_ratio", np.array(expected, dtype=np.float64), 5))
    for kind, way in _compared(facts)[: len(LINES) - len(columns)]:
        columns.append(NumberColumn(f"{kind}_ratio", offload_series(periods, _name(way), days), 5))
    return Sheet("offload", (TextColumn.of("period", days), *columns))


def _time_section(facts: ReplayFacts, series: Sheet) -> list[Section]:
    """Lines over time, where there is more than one moment."""
    if series.n_rows < 2:
        return []
    return [Section("time", "Offload over time", _time_figure(facts, series), "Time")]


def _time_figure(facts: ReplayFacts, series: Sheet) -> str:
    best = {f"{kind}_ratio": _name(way) for kind, way in _compared(facts)}
    best["expected_ratio"] = "expected by the plan"
    names = [column.name for column in series.columns[1:]]
    label = "Byte offload by period"
    lines = [(best[name], series.numbers(name)) for name in names]
    drawn = ratio_lines(label, [str(day) for day in series.texts("period")], lines)
    return figure(
        "figure-time", drawn, "Byte offload by period: the plan, and the best of each other kind.", series
    )


def _regret(facts: ReplayFacts, regret: Sheet) -> str:
    found = facts.record["regret"]
    words = (
        f"The plans cost {money(found['cost'])} on what really came; no plan could have cost less than"
        f" {money(found['bound'])}. The difference, {money(found['total'])}, is the sum of three parts."
    )
    caption = "Regret by cause, over all periods"
    if float(regret.numbers("cost").min()) < 0:
        return paragraph(words) + signed_figure(
            "figure-regret", regret, ("part", "cost"), "cost", caption, less_is_better=True
        )
    return paragraph(words) + share_figure("figure-regret", regret, "part", "cost", caption)


def _misses(causes: Sheet, remedies: Sheet, regions: Sheet) -> str:
    where = regions.first(REGIONS) if regions.n_rows else None
    drawn = misses_figure(causes, where)
    return (
        drawn
        + "<h3>What would have avoided them</h3>"
        + plain_table(remedies, "Bytes missed, by what would avoid it")
    )


def _origin(facts: ReplayFacts) -> tuple[tuple[str, str], ...]:
    record = facts.record
    hashes = record.get("input_hashes", {})
    return (
        ("requests", f"{record['requests']:,}"),
        ("known before each period", str(record["known_before"])),
        ("seed", str(record["seed"])),
        *((f"SHA-256 of {role}", digest) for role, digest in sorted(hashes.items())),
        ("replay by", f"cdnplan {record['cdnplan']}"),
    )
