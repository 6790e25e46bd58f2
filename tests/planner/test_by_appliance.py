"""A second night of the sample: appliances have windows of their own, which pools' sums do not show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.drift import Drift, write_drifted
from cdnplan.fill.night import best_night, schedule
from cdnplan.fill.night.best_night import Evening, PlannedNight
from cdnplan.optimize.problem.outcome import Outcome
from cdnplan.planner.decide import deciding
from cdnplan.planner.decide.dealing import Dealt
from cdnplan.sample import sample_folder
from tests.planner.plans import make, sample_request

DRIFTS = (1, 6, 8, 9)
"""Of the first twelve, four where windows of single appliances are in the way: without looking at them,
dealing costs about half a percent there. How much is left hangs on what the engine happens to place, so
they are looked at together."""
ASKED = 0.01
"""Gap of the second night."""


def test_dealing_costs_little_on_a_second_night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = sample_request(tmp_path / "first", gap_ratio=0.02)
    make(first)
    root = sample_folder()
    files = (root / "topology.yaml", root / "titles.parquet", root / "demand.parquet")

    def second_nights(name: str) -> list[dict[str, Any]]:
        records = []
        for seed in DRIFTS:
            folder = tmp_path / f"{name}-{seed}"
            folder.mkdir()
            _, titles, demand = write_drifted(files, folder, Drift(seed=seed))
            request = replace(first, titles=titles, demand=demand, previous=first.out, gap_ratio=ASKED)
            records.append(make(replace(request, out=folder / "second")))
        return records

    mine = second_nights("by-appliance")

    def as_dealt(*given: Any, **_: Any) -> Dealt:
        return given[3]

    monkeypatch.setattr(deciding, "plan_apiece", as_dealt)
    others = second_nights("by-pool")
    dealing = [sum(record["appliances"]["cost_of_dealing"] for record in each) for each in (mine, others)]
    assert dealing[1] > 0.003 * sum(record["upper"] for record in others)
    assert dealing[0] < 0.25 * dealing[1]
    # The engine may leave as much as was asked for: the rest is what dealing left.
    beyond = [sum(record["gap_ratio"] - ASKED for record in each) for each in (mine, others)]
    assert beyond[1] > 0.1 * ASKED * len(DRIFTS), "dealing by pools does no harm here"
    assert beyond[0] < 0.25 * beyond[1]


def test_nights_planned_again_lose_little_of_what_one_loses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Full appliances that change places wait for one another: who goes first decides what comes in time."""
    first = sample_request(tmp_path / "first", gap_ratio=0.02)
    make(first)
    root = sample_folder()
    files = (root / "topology.yaml", root / "titles.parquet", root / "demand.parquet")
    lost = []

    def watched(evening: Evening) -> PlannedNight:
        nights = []
        for least in (1, best_night.MOST_NIGHTS):
            monkeypatch.setattr(best_night, "FEWEST_NIGHTS", least)
            monkeypatch.setattr(best_night, "MOST_NIGHTS", least)
            nights.append(best_night.best_night(evening))
        lost.append([night.lost[-1] for night in nights])
        return nights[-1]

    monkeypatch.setattr(schedule, "best_night", watched)
    for seed in DRIFTS:
        folder = tmp_path / f"{seed}"
        folder.mkdir()
        _, titles, demand = write_drifted(files, folder, Drift(seed=seed))
        make(replace(first, titles=titles, demand=demand, previous=first.out, out=folder / "second"))
    once, often = np.sum(lost, axis=0)
    assert often < 0.2 * once


def test_what_windows_are_in_the_way_of_is_planned_by_appliance_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without windows, in a first plan, planning again by pools comes before."""
    order: list[str] = []

    def apiece(*given: Any, **_: Any) -> Dealt:
        order.append("by appliance")
        return given[3]

    def again(*given: Any, **_: Any) -> tuple[Outcome, Dealt]:
        order.append("again")
        return given[2], given[3]

    monkeypatch.setattr(deciding, "plan_apiece", apiece)
    monkeypatch.setattr(deciding, "plan_again", again)
    first = sample_request(tmp_path / "first", gap_ratio=0.1)
    make(first)
    assert order == ["again", "by appliance"]
    order.clear()
    make(replace(first, previous=first.out, out=tmp_path / "second"))
    assert order == ["by appliance", "again"]
