"""The page of a what-if: scenarios as differences to a base plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cdnplan.model.network.period import span_text
from cdnplan.report.pages.page import Page
from cdnplan.report.parts.html import Section, paragraph
from cdnplan.report.parts.labels import money, percent, volume
from cdnplan.report.parts.sheet import Column, NumberColumn, Sheet, TextColumn
from cdnplan.report.sections.figures import signed_figure, tiles
from cdnplan.report.tables.records import ANSWERS, read_whatif
from cdnplan.units import GB_PER_TB

WHATIF_JSON = "whatif.json"

TABLE_WORDS = {
    "scenarios": (
        "Every scenario with its answers: at once, with copies where they are; after filling, planned anew."
    ),
    "figures": "All figures of every answer beside the base.",
    "limits": "Limits that are full where they were not, or no longer are.",
    "regions": "Regions whose delivery changes most.",
    "files": "Files whose delivery changes most.",
    "sites": "Sites that serve or hold other bytes.",
}
_TEXTS = {"scenario", "answer", "figure", "unit", "change", "limit", "name", "region", "file", "site"}
_DIGITS = {"cost": 2, "cost_base": 2, "km": 1, "km_base": 1, "price": 2, "used": 2, "allowed": 2}


def whatif_page(path: Path) -> Page:
    """Make the report of a what-if.

    Parameters
    ----------
    path : Path
        A folder that `cdnplan whatif --out` wrote, or a file with what it prints as JSON.

    Returns
    -------
    Page

    Raises
    ------
    InputError
        It is none, or cannot be read.
    """
    tree = read_whatif(path / WHATIF_JSON if path.is_dir() else path)
    base, scenarios = tree["base"], scenarios_table(tree)
    tables = [scenarios, figures_table(tree), limits_table(tree)]
    tables += [changed_table(tree, name) for name in ("regions", "files", "sites")]
    sections = (
        Section("summary", "Summary", _summary(tree, scenarios), "Summary"),
        Section(
            "cost",
            "What each scenario does to the cost",
            _figure(scenarios, "cost_change", "Change of cost, per period"),
            "Cost",
        ),
        Section(
            "offload",
            "What each does to the offload",
            _figure(scenarios, "offload_change_points", "Change of byte offload, in points"),
            "Offload",
        ),
        Section("notes", "What to know about the answers", _notes(tree), "Notes"),
    )
    return Page(
        title=f"{base['network']}: what if",
        about=(f"Scenarios against the plan {base['id']} for {_period(base['period'])}",),
        sections=sections,
        tables=tuple((sheet, TABLE_WORDS[sheet.name]) for sheet in tables if sheet.n_rows),
        sheets=(),
        facts=(
            ("base plan", str(base["id"])),
            ("filling", str(base["fills"])),
            ("bound of the base proven by", str(base["certificate"]["proof"])),
        ),
    )


def _period(period: Mapping[str, Any]) -> str:
    """Both ends; results of earlier releases have the last day, which names the period, for its start."""
    return span_text(dt.date.fromisoformat(period.get("end", period["start"])), period["days"])


def _answers(tree: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Every answer there is: scenario, name of the answer, its differences."""
    for scenario in tree["scenarios"]:
        for key in ANSWERS:
            found = scenario.get(key)
            if found is not None and "figures" in found:
                yield scenario["name"], key, found


def scenarios_table(tree: Mapping[str, Any]) -> Sheet:
    """Every answer with the figures that decide, in the order of the scenarios."""
    answers = list(_answers(tree))

    def figure(name: str, key: str) -> list[float]:
        return [float(a["figures"][name][key]) for _, _, a in answers]

    def part(block: str, key: str, scale: float = 1.0) -> list[float]:
        blocks = [a[block] for _, _, a in answers]
        return [np.nan if b is None or b[key] is None else b[key] * scale for b in blocks]

    offload = np.array(figure("offload_byte_ratio", "change")) * 100.0
    columns: tuple[Column, ...] = (
        TextColumn.of("scenario", [name for name, _, _ in answers]),
        TextColumn.of("answer", [ANSWERS[key] for _, key, _ in answers]),
        _numbers("cost_change", figure("cost", "change"), 2),
        _numbers("cost", figure("cost", "value"), 2),
        _numbers("offload_ratio", figure("offload_byte_ratio", "value"), 5),
        _numbers("offload_change_points", offload.tolist(), 3),
        _numbers("overload_gbps", figure("overload_gbps", "value"), 1),
        _numbers("to_fill_tb", part("fill", "gb", 1 / GB_PER_TB), 1),
        _numbers("nights", part("fill", "nights"), 1),
        _numbers("gap_ratio", part("certificate", "gap_ratio"), 5),
        _numbers("newly_full", [len(a["newly_full"]) for _, _, a in answers]),
        _numbers("broken", [len(a["broken"]) for _, _, a in answers]),
    )
    return Sheet("scenarios", columns)


def figures_table(tree: Mapping[str, Any]) -> Sheet:
    """All figures of all answers."""
    rows = [(s, a, name, f) for s, a, found in _answers(tree) for name, f in found["figures"].items()]
    return Sheet(
        "figures",
        (
            TextColumn.of("scenario", [row[0] for row in rows]),
            TextColumn.of("answer", [ANSWERS[row[1]] for row in rows]),
            TextColumn.of("figure", [row[2] for row in rows]),
            TextColumn.of("unit", [row[3]["unit"] for row in rows]),
            *(_numbers(name, [row[3][key] for row in rows], 5) for name, key in _FIGURE_COLUMNS),
        ),
    )


_FIGURE_COLUMNS = (("base", "base"), ("value", "value"), ("change", "change"))


def limits_table(tree: Mapping[str, Any]) -> Sheet:
    """Limits that became full, or no longer are."""
    rows = [
        (s, ANSWERS[a], words, limit)
        for s, a, found in _answers(tree)
        for words, key in (("newly full", "newly_full"), ("no longer", "no_longer_full"))
        for limit in found[key]
    ]
    return Sheet(
        "limits",
        (
            *(
                TextColumn.of(n, [row[i] for row in rows])
                for i, n in enumerate(("scenario", "answer", "state"))
            ),
            *(TextColumn.of(name, [row[3][name] for row in rows]) for name in ("limit", "name")),
            *(_numbers(name, [row[3][name] for row in rows], 2) for name in ("used", "allowed")),
            TextColumn.of("unit", [row[3]["unit"] for row in rows]),
            _numbers("price_of_one_more", [row[3]["price"] for row in rows], 2),
        ),
    )


def changed_table(tree: Mapping[str, Any], name: str) -> Sheet:
    """Regions, files or sites that change most, of all answers."""
    rows = [
        {"scenario": s, "answer": ANSWERS[a]} | row for s, a, found in _answers(tree) for row in found[name]
    ]
    names = list(rows[0]) if rows else ["scenario", "answer"]
    columns: list[Column] = []
    for column in names:
        values = [row[column] for row in rows]
        if column in _TEXTS:
            columns.append(TextColumn.of(column, values))
        else:
            columns.append(_numbers(column, values, _DIGITS.get(column, 0)))
    return Sheet(name, tuple(columns))


def _numbers(name: str, values: list[Any], digits: int = 0) -> NumberColumn:
    return NumberColumn(
        name, np.array([np.nan if v is None else v for v in values], dtype=np.float64), digits
    )


def _summary(tree: Mapping[str, Any], scenarios: Sheet) -> str:
    figures = tree["base"]["figures"]
    entries = [
        ("Base: cost", money(figures["cost"]), "per period"),
        ("Base: offload", percent(figures["offload_byte_ratio"]), "of bytes come from appliances"),
        ("Base: demand", volume(figures["demand_gb"]), "per period"),
        ("Scenarios", f"{len(tree['scenarios']):,}", f"{scenarios.n_rows:,} answers"),
    ]
    words = []
    change = scenarios.numbers("cost_change")
    if scenarios.n_rows:
        for row, what in ((int(change.argmin()), "least"), (int(change.argmax()), "most")):
            name, answer = scenarios.texts("scenario")[row], scenarios.texts("answer")[row]
            words.append(f"Costs {what}: {name}, {answer}, {change[row]:+,.2f} against the base.")
    return tiles(entries) + "".join(paragraph(w) for w in words)


def _figure(scenarios: Sheet, column: str, caption: str) -> str:
    if scenarios.n_rows == 0:
        return paragraph("No scenario has an answer.")
    return signed_figure(
        f"figure-{column.replace('_', '-')}",
        scenarios,
        ("scenario", "answer", column),
        column,
        caption,
        less_is_better=column == "cost_change",
    )


def _notes(tree: Mapping[str, Any]) -> str:
    notes = [f"{name}: not begun, an end was asked for" for name in tree["unanswered"]]
    for scenario in tree["scenarios"]:
        notes += [f"{scenario['name']}: {warning}" for warning in scenario["warnings"]]
        for key, words in ANSWERS.items():
            found = scenario.get(key) or {}
            notes += [f"{scenario['name']}, {words}: {found['error']}"] if "error" in found else []
            notes += [f"{scenario['name']}, {words}: {broken}" for broken in found.get("broken", [])]
    if not notes:
        return paragraph("Everything has an answer, and no rule is broken.")
    return "<ul>" + "".join(f"<li>{paragraph(note)}</li>" for note in notes) + "</ul>"
