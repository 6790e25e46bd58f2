"""A network of two alike sites at one place: a plan as cheap as can be, and what its reader is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cdnplan.evaluate.count.misses import CAUSES
from cdnplan.evaluate.verify import verify
from cdnplan.planner import PlanRequest, plan
from cdnplan.report.pages.report import report
from cdnplan.report.parts.sheet import NumberColumn, Sheet, TextColumn
from cdnplan.report.sections.figures import certificate_figure

TOPOLOGY = """
name: ties
hardware:
  box: {storage_tb: 1, throughput_gbps: 20, fill_gbps: 1}
origins: [{name: o, location: [53.35, -6.26]}]
sites:
  - {name: a, kind: ixp, location: [50.85, 4.35], appliances: [{model: box}]}
  - {name: b, kind: ixp, location: [50.85, 4.35], appliances: [{model: box}]}
regions:
  - name: r
    country: BE
    location: [50.85, 4.35]
    timezone: Europe/Brussels
    demand: {region: BE}
    sites: [a, b]
"""


@pytest.fixture(scope="module")
def ties(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan of it: 40 files of which one site alone cannot serve all."""
    folder = tmp_path_factory.mktemp("ties")
    (folder / "t.yaml").write_text(TOPOLOGY, encoding="utf-8")
    titles = "".join(f"t{i},10\n" for i in range(40))
    (folder / "titles.csv").write_text(f"title,size_gb\n{titles}", encoding="utf-8")
    asked = "".join(f"2026-03-08,BE,t{i},{20_000 + 10 * i}\n" for i in range(40))
    (folder / "demand.csv").write_text(f"date,region,title,gb\n{asked}", encoding="utf-8")
    out = folder / "plan"
    plan(PlanRequest(folder / "t.yaml", folder / "titles.csv", out, demand=folder / "demand.csv"))
    return out


def test_no_miss_where_sites_cost_the_same(ties: Path) -> None:
    found = verify(ties)
    assert found.ok
    assert found.verdict is not None
    assert found.misses is not None
    assert found.verdict.cost.total == pytest.approx(found.verdict.ideal)
    assert found.misses.totals() == dict.fromkeys(CAUSES, 0.0)
    text = report(ties)
    assert "The plan expects every byte to come from the best place there is." in text
    assert "No copy saves anything on its own" in text
    assert "which is the ideal: nothing can be saved." in text


def test_a_bound_below_the_ideal_by_rounding() -> None:
    def drawn(ideal: float, lower: float, upper: float) -> str:
        costs = np.array([ideal, lower, upper])
        columns = (
            TextColumn.of("figure", ("ideal", "lower bound", "this plan")),
            NumberColumn("cost", costs, 2),
            NumberColumn("above_ideal", costs - ideal, 2),
        )
        return certificate_figure(Sheet("certificate", columns))

    assert "nothing can be saved" in drawn(1615.6, 1615.5999983, 1615.6 + 1e-11)
    assert "the last 100% at most could be saved" in drawn(100.0, 99.9999999, 101.0)
    assert "the last 50.000% at most could be saved" in drawn(100.0, 101.0, 102.0)
