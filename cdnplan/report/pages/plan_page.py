"""The page of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cdnplan import __version__
from cdnplan.inputs.plans.manifest_files import plan_id
from cdnplan.inputs.plans.plan_folder import PlanFiles
from cdnplan.inputs.plans.plan_json import BY_SEARCH
from cdnplan.report.pages.page import Page
from cdnplan.report.parts.html import Section, paragraph, plain_table
from cdnplan.report.parts.labels import money, percent
from cdnplan.report.parts.sheet import Sheet
from cdnplan.report.sections.actual import actual_section
from cdnplan.report.sections.changes import changes_section
from cdnplan.report.sections.figures import (
    certificate_figure,
    curve_figure,
    flow_figure,
    full_figure,
    misses_figure,
    share_figure,
)
from cdnplan.report.sections.maps import LAYERS, draw_chooser, draw_map
from cdnplan.report.sections.words import summary
from cdnplan.report.tables.facts import PlanFacts, read_facts
from cdnplan.report.tables.tables_network import pools_table, regions_table, sites_table
from cdnplan.report.tables.tables_plan import (
    certificate_table,
    costs_table,
    curve_table,
    figures_table,
    flow_table,
    full_table,
    misses_table,
    night_table,
    titles_table,
)

MISSING = 12
"""Regions listed that miss most."""

MORE_TABLES = ("reasons", "changed-sites", "forecast-regions", "forecast-titles")
"""Tables to search that only some reports have."""

TABLE_WORDS = {
    "regions": "Viewers that are steered alike. Tiers are shares of the region's bytes.",
    "sites": "Places with appliances. Click a name to find it on the map.",
    "pools": (
        "Appliances of one model at one site. Last TB: of its copies, those that save least; next TB: of"
        " those that it lacks, those that would save most; per TB and period. Between the two is the price of"
        " a TB, as far as the gap lets it."
    ),
    "titles": (
        "Titles that are asked for or held. In reach: the share of their bytes of which a site that may serve"
        " them holds the file."
    ),
    "full-limits": "Limits that are full, or nearly and have a price. One more: TB, or Gbps in all slices.",
    "reasons": "Why copies come and go against the previous plan.",
    "changed-sites": "What comes to and goes from each site against the previous plan.",
    "forecast-regions": "What was planned for and what came, by region of the demand table.",
    "forecast-titles": "What was planned for and what came, by title; those missed by most bytes first.",
}


def plan_page(folder: Path, previous: Path | None = None, actual: Path | None = None) -> Page:
    """Make the report of a plan.

    Parameters
    ----------
    folder : Path
        A plan folder.
    previous : Path or None
        The plan before, to tell what changed and why.
    actual : Path or None
        History table with the plan's period, to set the forecast beside what came.

    Returns
    -------
    Page

    Raises
    ------
    InputError
        A folder is no plan or cannot be read.
    """
    facts = read_facts(folder)
    regions, sites, pools = regions_table(facts), sites_table(facts), pools_table(facts)
    figures, full, curve, flow = (
        figures_table(facts),
        full_table(facts),
        curve_table(facts),
        flow_table(facts),
    )
    certificate, costs, misses = certificate_table(facts), costs_table(facts), misses_table(facts)
    night = night_table(facts)
    changes, changed = changes_section(facts, previous)
    came, told = (None, []) if actual is None else actual_section(facts, actual)
    sections = (
        Section("summary", "Summary", summary(facts, figures, full), "Summary"),
        map_section({"sites": sites, "regions": regions}),
        Section("flow", "Where bytes come from", flow_figure(flow), "Sources"),
        Section("storage", "What storage is worth", curve_figure(curve, pools), "Storage"),
        Section("full", "What binds, and what that costs", full_figure(full), "Limits"),
        Section("certificate", "Cost and certificate", _certificate(facts, certificate, costs), "Cost"),
        changes,
        *(() if night is None else (_night(night),)),
        *(() if came is None else (came,)),
        Section("misses", "Misses by cause", _misses(misses, regions), "Misses"),
    )
    named = {sheet.name: sheet for sheet in (*changed, *told)}
    listed = [regions, sites, pools, titles_table(facts), full]
    listed += [named[name] for name in MORE_TABLES if name in named]
    plan = facts.files.plan
    return Page(
        title=f"{facts.topology.name}: plan for {plan.period}",
        about=(f"{plan.period}: {_counted(plan.counts)}",),
        sections=sections,
        tables=tuple((sheet, TABLE_WORDS[sheet.name]) for sheet in listed),
        sheets=(
            figures,
            flow,
            curve,
            certificate,
            costs,
            misses,
            *(sheet for name, sheet in named.items() if name not in TABLE_WORDS),
            *(() if night is None else (night,)),
        ),
        facts=_origin(facts),
    )


def _counted(counts: Mapping[str, int]) -> str:
    """How large the network is, in words."""
    return ", ".join(f"{counts[name]:,} {name}" for name in ("regions", "sites", "appliances", "titles"))


def map_section(sheets: dict[str, Sheet]) -> Section:
    """Map of sites and regions."""
    layers = [layer for layer in LAYERS if layer.sheet in sheets]
    note = (
        "Larger points serve, or ask for, more bytes. Point at a place for its figures, click it to find it"
        " in the tables. In the tables, click a name to find it here."
    )
    drawn = draw_chooser(layers) + draw_map(sheets, layers)
    body = f'<figure id="figure-map">{drawn}<figcaption>{note}</figcaption></figure>'
    return Section("map", "Sites and regions", body, "Map")


def _certificate(facts: PlanFacts, certificate: Sheet, costs: Sheet) -> str:
    plan = facts.files.plan
    n = plan.numbers
    proof = _proof_words(facts.files)
    words = (
        f"Ideal, {money(n['ideal'])}, is what the period would cost if every request came from its cheapest"
        f" site and nothing had to be filled. No plan for these inputs costs less than {money(n['lower'])};"
        f" this one costs {money(n['upper'])}. The gap is {percent(n['gap_ratio'], 3)} of the cost above the"
        f" ideal and {percent(n['gap_to_upper_ratio'], 3)} of the whole cost. {proof}"
    )
    return paragraph(words) + certificate_figure(certificate) + plain_table(costs, "Cost by part, per period")


def _proof_words(files: PlanFiles) -> str:
    """What proves the bound."""
    if files.plan.bound_proof == BY_SEARCH:
        priced = money(files.plan.numbers["lower_priced"])
        return f"Prices prove {priced} of it; the rest is the solver's branch and bound."
    proof = "prices"
    if files.tree is not None:
        nodes, _, cuts = files.tree
        proof = "tree of cases, each with prices," if nodes.n_rows else "prices"
        proof += " and the cuts" if cuts is not None else ""
    return f"The bound follows from the {proof} in the plan's folder alone; cdnplan verify computes it again."


def _night(night: Sheet) -> Section:
    caption = "Bytes fetched in the night, by source: peer is the same site, tier another one"
    return Section(
        "night", "The night of filling", share_figure("figure-night", night, "source", "gb", caption), "Night"
    )


def _misses(misses: Sheet, regions: Sheet) -> str:
    if misses.n_rows == 0:
        return paragraph("The plan expects every byte to come from the best place there is.")
    columns = tuple(column.name for column in regions.columns if column.name.endswith("_miss_gb"))
    missed = np.sum([regions.numbers(column) for column in columns], axis=0)
    rows = np.lexsort((np.arange(missed.size), -missed))[:MISSING]
    rows = rows[missed[rows] >= 0.5]
    where = Sheet(
        "missing",
        tuple(regions.column(c) for c in ("region", "demand_gb", *columns)),
    ).take(rows)
    words = (
        "What the plan itself expects, before anybody has watched: bytes that come from a dearer place than"
        " the cheapest that holds the file, or from the origin as no site does. Sites of equal cost are one."
    )
    return paragraph(words) + misses_figure(misses, where)


def _origin(facts: PlanFacts) -> tuple[tuple[str, str], ...]:
    plan = facts.files.plan
    return (
        ("plan", plan_id(plan.files)),
        ("engine", plan.engine),
        ("status", plan.status),
        ("bound proven by", plan.bound_proof),
        ("check it with", "cdnplan verify FOLDER"),
        *((f"SHA-256 of {role}", digest) for role, digest in sorted(plan.input_hashes.items())),
        ("report by", f"cdnplan {__version__}"),
    )
