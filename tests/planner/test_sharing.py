"""More copies where one asks an appliance for more than its share: only where that costs next to nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest

from cdnplan.fill.deal import sharing
from cdnplan.fill.deal.appliances import Assignment
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Placement, Prices, Serving
from cdnplan.parameters.dealing import DealingParameters
from cdnplan.parameters.parameters import DEFAULTS, Parameters
from cdnplan.planner import PlanRequest
from cdnplan.planner.decide import deciding
from cdnplan.planner.decide.dealing import Dealt, deal
from tests.fill.pools import Pool
from tests.fill.test_nights import two_nights
from tests.planner.plans import assert_verified, copies, make, rows

FILES = 60
HOT = 1.5
"""Load of the hottest file, in mean loads of an appliance."""


def hot_pool(
    hot: float = HOT, *, storage_gb: float = 30.0, throughput_gbps: float = 4.0
) -> tuple[Instance, Placement, Serving]:
    """Four appliances, one file that asks for `hot` times their mean, and many light ones of 1 GB each."""
    rest = np.full(FILES - 1, (4.0 - hot) / (FILES - 1))
    return Pool(
        np.ones(FILES), np.append(hot, rest), 4, storage_gb=storage_gb, throughput_gbps=throughput_gbps
    ).case()


def dealt(
    instance: Instance,
    placement: Placement,
    serving: Serving,
    held: Holdings | None = None,
    sharing: float = DEFAULTS.dealing.sharing,
) -> Dealt:
    parameters = Parameters(dealing=DealingParameters(sharing=sharing))
    return deal(instance, placement, serving, Prices.zero(instance), held, parameters=parameters)


def night_after(instance: Instance, before: Assignment) -> tuple[Instance, Holdings]:
    """The same pool on the next day, with what its appliances hold then."""
    holdings = before.holdings(instance)
    held = np.zeros_like(instance.held)
    np.add.at(held, (before.pool, before.file), 1)
    return replace(instance, held=held), holdings


def where(assignment: Assignment, file: int) -> set[int]:
    return set(assignment.appliance[assignment.file == file].tolist())


def test_a_file_that_is_more_than_an_appliances_share_gets_another_copy() -> None:
    instance, placement, serving = hot_pool()
    found = dealt(instance, placement, serving)
    assert len(where(found.assignment, 0)) == 2
    assert found.assignment.imbalance_ratio[0] <= 0.05
    counted = found.assignment.counted(instance)
    assert counted.copies[0].tolist() == [2] + [1] * (FILES - 1)
    assert found.placement.holds.all()


@pytest.mark.parametrize("hot", [0.9, 1.04])
def test_one_that_is_hardly_more_gets_none(hot: float) -> None:
    instance, placement, serving = hot_pool(hot)
    found = dealt(instance, placement, serving)
    assert found.assignment.counted(instance) is instance


def test_nor_in_a_pool_that_is_nearly_idle() -> None:
    instance, placement, serving = hot_pool(throughput_gbps=20.0)
    assert dealt(instance, placement, serving).assignment.counted(instance) is instance


@pytest.mark.parametrize(("worth", "copies"), [(0.0, 2), (1.0, 1)])
def test_where_there_is_no_room_something_worthless_goes_or_nothing(worth: float, copies: int) -> None:
    """All appliances are full; the last file is asked for by nobody, or is worth as much as others."""
    instance, placement, serving = Pool(
        np.ones(FILES), np.concatenate([[HOT], np.full(FILES - 2, 2.5 / (FILES - 2)), [worth * 0.04]]), 4,
        storage_gb=FILES / 4, throughput_gbps=4.0,
    ).case()  # fmt: skip
    found = dealt(instance, placement, serving)
    assert len(where(found.assignment, 0)) == copies
    assert found.placement.holds[0].sum() == FILES + 1 - copies
    assert found.dropped == copies - 1
    assert (found.assignment.storage_gb <= FILES / 4 * (1 + 1e-9)).all()


def test_what_a_rule_asks_for_does_not_go() -> None:
    instance, placement, serving = Pool(
        np.ones(FILES), np.concatenate([[HOT], np.full(FILES - 2, 2.5 / (FILES - 2)), [0.0]]), 4,
        storage_gb=FILES / 4, throughput_gbps=4.0, pinned=(FILES - 1,),
    ).case()  # fmt: skip
    found = dealt(instance, placement, serving)
    assert found.placement.holds.all()
    assert found.assignment.counted(instance) is instance


def test_it_may_cost_no_more_than_a_small_part_of_what_the_pool_saves() -> None:
    instance, placement, serving = hot_pool()
    saved = float(instance.demand_gb.sum())
    for part, number in ((0.5, 2), (2.0, 1)):
        cost = part * DEFAULTS.dealing.sharing * saved
        dear = replace(instance, fill_cost=np.array([cost]), held=np.ones_like(instance.held))
        everywhere = Holdings(
            dear.pools, dear.files, np.zeros(FILES, np.int32), np.arange(FILES, dtype=np.int32) % 4 + 1,
            np.arange(FILES, dtype=np.int32),
        )  # fmt: skip
        found = dealt(dear, placement, serving, everywhere)
        assert len(where(found.assignment, 0)) == number
    assert len(where(dealt(dear, placement, serving, everywhere, sharing=1.0).assignment, 0)) == 2


def test_copies_stay_where_they_are_the_next_night_until_one_is_enough() -> None:
    instance, placement, serving = hot_pool()
    first = dealt(instance, placement, serving).assignment
    for hot, number in ((HOT, 2), (1.02, 2), (0.9, 1)):
        later, placement, serving = hot_pool(hot)
        later, holdings = night_after(later, first)
        second = dealt(later, placement, serving, holdings).assignment
        assert second.kept[second.file == 0].all()
        assert second.kept.all() or hot != HOT
        assert len(where(second, 0)) == number
        assert where(second, 0) <= where(first, 0)


TOPOLOGY = """\
name: hot
hardware:
  box: {{storage_tb: 1, throughput_gbps: 10, fill_gbps: 0.1}}
origins: [{{name: origin-eu, location: [53.3, -6.3]}}]
sites:
  - name: ams
    kind: embedded
    location: [52.3, 4.9]
    timezone: Europe/Amsterdam
    fill_window: {{start: "02:00", hours: 5}}
    appliances: [{{model: box, count: 4}}]{maintenance}
regions: [{{name: NL, country: NL, location: [52.1, 5.1], sites: [ams]}}]
policy: {{peak_profile: {{slices: 1}}}}
"""
MAINTENANCE = """
    maintenance: [{start: "2026-07-05T01:00", hours: 8, appliances: [box/1, box/2, box/3, box/4]}]"""


def write_hot(folder: Path, hot: float, maintenance: str = "") -> PlanRequest:
    """The pool of `hot_pool` as a network in a folder; no copy takes half of an appliance."""
    folder.mkdir()
    (folder / "topology.yaml").write_text(TOPOLOGY.format(maintenance=maintenance), encoding="utf-8")
    names = [f"title {i:02}" for i in range(FILES)]
    light = (4.0 - hot) / (FILES - 1)
    pa_csv.write_csv(pa.table({"title": names, "size_gb": [20.0] * FILES}), folder / "titles.csv")
    asked = {
        "date": ["2026-07-06"] * FILES,
        "region": ["NL"] * FILES,
        "title": names,
        "gb": [50_000.0 * gbps for gbps in (hot, *[light] * (FILES - 1))],
    }
    pa_csv.write_csv(pa.table(asked), folder / "demand.csv")
    return PlanRequest(
        folder / "topology.yaml", folder / "titles.csv", folder / "plan", demand=folder / "demand.csv",
        engine="fast",
    )  # fmt: skip


def copies_of_the_hot_file(folder: Path) -> set[str]:
    return {appliance for appliance, file in copies(folder, "keep", "add") if file.startswith("title 00")}


def test_a_copy_that_only_evens_out_loads_is_not_fetched(tmp_path: Path) -> None:
    first = write_hot(tmp_path / "first", 0.9)
    make(first)
    second = replace(write_hot(tmp_path / "second", HOT), previous=first.out)
    record = make(second)
    assert record["as_held"]["stays"]
    assert record["as_held"]["as_held_cost"] <= record["as_held"]["found_cost"]
    assert copies(second.out, "add", "evict") == set()


@pytest.fixture
def nothing_may_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when what is held breaks a rule of today: what is found is planned, evenness and all."""
    monkeypatch.setattr(deciding, "may_stay", lambda *_: False)


@pytest.mark.usefixtures("nothing_may_stay")
def test_the_second_copy_comes_from_a_peer_and_is_there_the_night_after(tmp_path: Path) -> None:
    first = write_hot(tmp_path / "first", 0.9)
    assert make(first)["appliances"]["more_copies"] == 0
    second = replace(write_hot(tmp_path / "second", HOT), previous=first.out)
    record = make(second)
    assert record["appliances"]["more_copies"] == 1
    assert record["appliances"]["busiest_over_mean_ratio"] <= 1.05
    (fill,) = (row for row in rows(second.out, "fills") if row["file"].startswith("title 00"))
    assert fill["kind"] == "peer"
    assert fill["value"] == 0.0
    assert copies_of_the_hot_file(second.out) == {fill["source"], fill["appliance"]}
    third = replace(write_hot(tmp_path / "third", 1.02), previous=second.out)
    assert make(third)["appliances"]["more_copies"] == 1
    assert copies_of_the_hot_file(third.out) == copies_of_the_hot_file(second.out)
    fourth = replace(write_hot(tmp_path / "fourth", 0.9), previous=third.out)
    assert make(fourth)["appliances"]["more_copies"] == 0
    assert len(copies_of_the_hot_file(fourth.out)) == 1


@pytest.mark.usefixtures("nothing_may_stay")
def test_a_second_copy_that_cannot_be_fetched_leaves_alone(tmp_path: Path) -> None:
    """Maintenance all night, which dealing does not know of: the pool keeps the copy that it has."""
    first = write_hot(tmp_path / "first", 0.9)
    make(first)
    second = replace(write_hot(tmp_path / "second", HOT, MAINTENANCE), previous=first.out)
    record = make(second)
    (lost,) = (row for row in rows(second.out, "unfilled") if row["file"].startswith("title 00"))
    assert lost["value"] == 0.0
    assert record["appliances"]["more_copies"] == 0
    assert record["appliances"]["planned_again"] == 0
    assert copies_of_the_hot_file(second.out) == copies_of_the_hot_file(first.out)
    assert len(copies(second.out, "keep")) == FILES


def test_nights_with_more_copies_stand_up_to_their_replay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random networks in which any pool may have more, at any price; some cannot be fetched."""
    monkeypatch.setattr(sharing, "BUSY_RATIO", 0.0)
    at_any_price = Parameters(dealing=DealingParameters(sharing=1e12))
    more = 0
    for seed in range(4):
        (tmp_path / str(seed)).mkdir()
        for folder in two_nights(seed, tmp_path / str(seed), parameters=at_any_price):
            assert_verified(folder)
            claims = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
            more += claims["appliances"]["more_copies"]
    assert more > 3
