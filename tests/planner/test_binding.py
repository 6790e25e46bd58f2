"""What binds: fill windows among it, in one order everywhere, and files that no window brings warned of."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cdnplan.evaluate.verify import verify
from cdnplan.model.instance.rule_checks import window_warnings
from cdnplan.model.plan.binding import LIMITS, binds, dearest_first
from cdnplan.planner import PlanRequest, plan
from cdnplan.planner.folder.summary import FULL_LISTED, full_rows
from cdnplan.report.pages.plan_page import plan_page
from cdnplan.report.tables.facts import read_facts
from cdnplan.report.tables.tables_plan import full_table
from cdnplan.whatif.ask.price_check import PricesRequest, prices
from tests.evaluate.plan_writer import change_json
from tests.limits import with_limits
from tests.replay.networks import write_small

FILL_GBPS = 0.009
Planned = tuple[Path, dict[str, Any]]


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Planned:
    """A first plan on a network whose windows bring each appliance 44 GB a night, with its record."""
    folder = tmp_path_factory.mktemp("binding")
    small = write_small(folder, fill_gbps=FILL_GBPS, cold_start="limited")
    request = PlanRequest(small.topology, small.titles, folder / "plan", demand=small.demand, engine="fast")
    return folder / "plan", plan(request).record


def test_fill_windows_are_among_what_binds(planned: Planned) -> None:
    folder, record = planned
    windows = {row["name"]: row for row in record["full"] if row["limit"] == "fill"}
    assert windows
    for row in windows.values():
        assert (row["unit"], row["price_per"]) == ("GB", "TB")
        assert 0.9 * row["allowed"] <= row["used"] <= row["allowed"] * (1 + 1e-6)
    assert max(row["price"] for row in windows.values()) > 0
    report = verify(folder)
    assert report.ok, [str(check) for check in report.failed]
    page = next(s for s in plan_page(folder).sections if s.key == "full")
    assert "What may come in a night: what one more TB saves per period" in page.body


def test_one_order_and_one_dearest_everywhere(planned: Planned) -> None:
    folder, record = planned
    shown = [(row["limit"], row["name"], row["price"]) for row in record["full"]]
    assert shown == sorted(shown, key=lambda row: dearest_first(*row))
    assert [price for *_, price in shown] == sorted((price for *_, price in shown), reverse=True)
    assert [row[:2] for row in full_rows(record)] == [row[:2] for row in shown[:FULL_LISTED]]
    table = full_table(read_facts(folder)).rows()
    assert [(row["limit"], row["name"], row["price_of_one_more"]) for row in table] == shown
    asked = prices(PricesRequest(base=folder, forecasts=0)).table()
    raised = [(row["limit"], row["name"]) for row in asked]
    binding = [row[:2] for row in shown if row[2] > 0 and row[:2] in raised]
    assert [row for row in raised if row in binding] == binding
    assert [row["price"] for row in asked] == sorted((row["price"] for row in asked), reverse=True)
    limit, name, _ = shown[0]
    summary = next(s for s in plan_page(folder).sections if s.key == "summary")
    assert f"The dearest is {limit} of {name}:" in summary.body


def test_plans_of_earlier_releases_are_shown_in_this_order(planned: Planned, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(planned[0], tmp_path / "plan"))
    change_json(folder, lambda record: record["full"].reverse())
    assert verify(folder).ok
    price = full_table(read_facts(folder)).numbers("price_of_one_more")
    assert (np.diff(price) <= 0).all()


def test_what_binds() -> None:
    used, allowed = np.array([99.5, 99.4, 99.4, 90.0, 89.9, 0.0, 5.0]), np.array([100.0] * 5 + [0.0, np.inf])
    price = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0])
    assert binds(used, allowed, price).tolist() == [True, False, True, True, False, False, False]


def test_equal_prices_are_sorted_by_kind_and_name() -> None:
    rows = [(limit, name, 2.0) for limit in reversed(LIMITS) for name in "ba"]
    found = sorted(rows, key=lambda row: dearest_first(*row))
    assert [row[:2] for row in found] == [(limit, name) for limit in LIMITS for name in "ab"]


def test_files_that_no_window_brings_are_warned_of(planned: Planned) -> None:
    folder, record = planned
    instance = read_facts(folder).instance
    window = float(instance.appliance_window_gb.min())
    late = [i for i, gb in enumerate(instance.size_gb) if gb > window]
    assert 0 < len(late) < instance.n_files
    largest = max(late, key=lambda i: float(instance.size_gb[i]))
    (warning,) = [text for text in record["warnings"] if "fill window" in text and "ruled out" in text]
    assert warning == (
        f"{len(late) * 3} (pool, file) pairs are ruled out, at 3 pools: no appliance can fetch the file"
        f" within one fill window (the largest, '{instance.files[largest]}', has"
        f" {instance.size_gb[largest]:,.1f} GB; at 'isp-be/edge' a window brings {window:,.1f} GB to each)"
    )
    # Without windows, or without anybody who asks, there is nothing to warn of.
    free = with_limits(instance, fill_limit_gb=np.full(3, np.inf))
    assert window_warnings(free, instance.file_gb()) == []
    assert window_warnings(instance, np.zeros(instance.n_files)) == []
