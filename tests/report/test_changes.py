"""What a report says of changes and of the forecast, against the difference of two plans and hand counts."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from cdnplan.errors import InputError
from cdnplan.fill.diff.difference import diff
from cdnplan.report.sections.actual import actual_tables
from cdnplan.report.sections.changes import (
    changed_sites_table,
    changes_section,
    compared_table,
    effects_table,
    reasons_table,
)
from cdnplan.report.tables.facts import PlanFacts, read_facts


def test_changes_are_those_of_the_difference(small_plan: Path, next_plan: Path) -> None:
    found = diff(small_plan, next_plan)
    effects = effects_table(found).rows()
    assert {row["effect"]: row["cost"] for row in effects} == {
        e.effect: e.cost for e in found.effects if e.cost
    }
    costs = next(row for row in compared_table(found).rows() if row["figure"] == "cost")
    assert sum(row["cost"] for row in effects) == pytest.approx(costs["now"] - costs["previous"], abs=1e-6)
    assert costs["change"] == pytest.approx(costs["now"] - costs["previous"])
    sites = changed_sites_table(found).rows()
    assert [row["site"] for row in sites] == [
        s.site for s in found.sites if s.in_gb + s.out_gb + s.moved_gb > 0
    ]
    moved = {s.site: s for s in found.sites}
    for row in sites:
        site = moved[row["site"]]
        assert (row["in_gb"], row["out_gb"], row["saves"]) == (site.in_gb, site.out_gb, site.saves)
    reasons = reasons_table(found).rows()
    assert sum(r["in_gb"] + r["out_gb"] for r in reasons) > 0
    assert [row["reason"] for row in reasons] == [r.reason for r in found.reasons if r.in_gb + r.out_gb > 0]


def test_sections_with_and_without_the_plan_before(
    small_plan: Path, next_plan: Path, facts: PlanFacts
) -> None:
    section, sheets = changes_section(read_facts(next_plan), small_plan)
    assert [sheet.name for sheet in sheets] == ["effects", "compared", "reasons", "changed-sites"]
    assert "figure-effects" in section.body
    alone, nothing = changes_section(read_facts(next_plan), None)
    assert "figure-changed-pools" in alone.body
    assert nothing == []
    first, _ = changes_section(facts, None)
    assert "nothing to compare it with" in first.body


# The plan is of an earlier release: the day that its plan.json says is the last of its period.
HISTORY = """date,region,title,gb
2026-06-29,Belgium,t00,999
2026-06-30,Belgium,t00,10
2026-07-01,Belgium,t00,30
2026-07-06,NL,t01,7.5
2026-07-06,NL,brand new,2
2026-07-07,NL,t01,999
"""


def test_forecast_beside_what_came(facts: PlanFacts, tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text(HISTORY, encoding="utf-8")
    regions, titles = actual_tables(facts, path)
    planned: dict[tuple[str, str], float] = defaultdict(float)
    demand, catalog = facts.demand, facts.catalog
    for r, region in enumerate(demand.regions):
        for i in range(int(demand.ptr[r]), int(demand.ptr[r + 1])):
            planned[region, catalog.titles[catalog.file_title[demand.file[i]]]] += float(demand.gb[i])
    came = {("BE", "t00"): 40.0, ("NL", "t01"): 7.5, ("NL", "brand new"): 2.0}
    for row in regions.rows():
        mine = {t: gb for (r, t), gb in planned.items() if r == row["region"]}
        real = {t: gb for (r, t), gb in came.items() if r == row["region"]}
        assert row["forecast_gb"] == pytest.approx(sum(mine.values()))
        assert row["actual_gb"] == sum(real.values())
        wrong = sum(abs(real.get(t, 0.0) - mine.get(t, 0.0)) for t in {*mine, *real})
        assert row["wape_ratio"] == pytest.approx(wrong / sum(real.values()))
    found = {row["title"]: row for row in titles.rows()}
    assert found["brand new"]["actual_gb"] == found["brand new"]["error_gb"] == 2.0
    assert found["t00"]["actual_gb"] == 40.0
    assert found["t00"]["forecast_gb"] == pytest.approx(planned["BE", "t00"] + planned["NL", "t00"])
    errors = [abs(row["error_gb"]) for row in titles.rows()]
    assert errors == sorted(errors, reverse=True)


def test_a_history_of_another_time(facts: PlanFacts, tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text("date,region,title,gb\n2026-06-20,BE,t00,1\n2026-06-21,BE,t00,1\n", encoding="utf-8")
    said = "within 2026-06-30 to 2026-07-06: found days, 2026-06-20 the first and 2026-06-21 the last"
    with pytest.raises(InputError, match=said):
        actual_tables(facts, path)
