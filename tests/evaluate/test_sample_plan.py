"""Plans of the embedded sample verify; changed behind the planner's back they do not."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from cdnplan.evaluate.verify import verify
from cdnplan.inputs.plans.plan_folder import APPLIANCES, DEMAND, FILES, HOLDINGS, PLACEMENT, PRICES, SERVING
from cdnplan.planner import PlanRequest, plan
from cdnplan.sample import sample_folder
from tests.evaluate.plan_writer import change_json
from tests.evaluate.tamperings import Rows, Tampering, cell, claim, more, table, where


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a first plan, and a second one with the first as the previous."""
    root, sample = tmp_path_factory.mktemp("sample"), sample_folder()
    for name, previous in (("first", None), ("later", root / "first")):
        plan(
            PlanRequest(
                topology=sample / "topology.yaml",
                titles=sample / "titles.parquet",
                demand=sample / "demand.parquet",
                out=root / name,
                previous=previous,
                engine="fast",
                time_limit_s=1.0,
                seed=1,
            )
        )
    return root


@pytest.mark.parametrize("name", ["first", "later"])
def test_sound(plans: Path, name: str) -> None:
    report = verify(plans / name)
    assert [str(check) for check in report.failed] == []
    assert report.verdict is not None
    assert report.verdict.offload_byte_ratio > 0.5
    assert report.lower_recomputed == pytest.approx(report.lower_claimed)


def _holds_no_longer(rows: Rows) -> None:
    """Take away all copies of the file that is held most often."""
    names = [row["file"] for row in rows if row["action"] != "evict"]
    most = max(sorted(set(names)), key=names.count)
    rows[:] = [row for row in rows if row["file"] != most]


def _moved(rows: Rows) -> None:
    """Let another appliance of the same pool have a file."""
    for row in rows:
        pool, _, number = row["appliance"].rpartition("/")
        other = f"{pool}/2"
        if (
            number == "1"
            and where(rows, appliance=other)
            and not where(rows, appliance=other, file=row["file"])
        ):
            row["appliance"] = other
            return
    raise AssertionError("no pool of two appliances")


def _from_origin_to_pool(rows: Rows) -> None:
    origin = max(where(rows, pool="origin"), key=lambda i: rows[i]["gb"])
    pool = next(i for i in where(rows, region=rows[origin]["region"]) if i != origin)
    for column in ("gb", "peak_gbps"):
        rows[pool][column] += rows[origin][column]
    del rows[origin]


def _less_served(rows: Rows) -> None:
    for column in ("gb", "peak_gbps"):
        rows[0][column] *= 0.999


def _swap_peaks(rows: Rows) -> None:
    """The busiest appliance lends a fifth of its peak to the least busy one."""
    ordered = sorted(rows, key=lambda row: row["peak_gbps"])
    lent = ordered[-1]["peak_gbps"] / 5
    ordered[-1]["peak_gbps"] -= lent
    ordered[0]["peak_gbps"] += lent


def _half_prices(rows: Rows) -> None:
    for row in rows:
        row["price"] *= 0.5


def _half_sizes(rows: Rows) -> None:
    for row in rows:
        row["size_gb"] *= 0.5


def _both_bounds(claims: dict[str, Any]) -> None:
    claims["lower"] = claims["lower_priced"] = claims["upper"]
    claims["gap_ratio"] = claims["gap_to_upper_ratio"] = 0.0


def _change_claims(folder: Path) -> None:
    change_json(folder, _both_bounds)


def _forget_first(rows: Rows) -> None:
    del rows[where(rows, action="keep")[0]]


TAMPERINGS = [
    claim("total", "cost.total claimed", "cost", "total", by=lambda v: v * 0.99),
    claim("upper", "upper claimed", "upper", by=lambda v: v * 0.99),
    claim("ideal", "ideal claimed", "ideal", by=lambda v: v * 0.9),
    claim("offload", "offload_byte_ratio claimed", "offload_byte_ratio", by=lambda v: v + 0.001),
    claim("gap", "gap_ratio claimed", "gap_ratio", by=lambda v: v / 2),
    claim("counts", "counts.appliances claimed", "counts", "appliances", by=lambda v: v + 1),
    claim("full", "full[0].used", "full", by=lambda r: [{**r[0], "used": r[0]["used"] * 1.01}, *r[1:]]),
    Tampering("proven", _change_claims, "bound: lower claimed"),
    table("gone", PLACEMENT, "appliances.parquet row", _holds_no_longer),
    table("not-served", PLACEMENT, "serving limit", _holds_no_longer),
    table("moved", PLACEMENT, "storage_gb of", _moved),
    cell("size", PLACEMENT, "placement.parquet row 8: size_gb", 7, "size_gb", more),
    cell("keep", PLACEMENT, "it was not there", 0, "action", lambda _: "keep"),
    table("forgotten", PLACEMENT, "neither kept nor evicted", _forget_first, later=True),
    table("held", HOLDINGS, "it was not there", lambda rows: rows.clear(), later=True),
    table("not-from-origin", SERVING, "serving limit", _from_origin_to_pool),
    table("less", SERVING, "all demand", _less_served),
    cell("peak", SERVING, "serving.parquet row 2: peak_gbps", 1, "peak_gbps", lambda v: v * 0.9),
    table("peaks", APPLIANCES, "peak_gbps of", _swap_peaks),
    cell("stored", APPLIANCES, "appliances.parquet row 3: storage_gb", 2, "storage_gb", lambda v: v * 0.9),
    cell("limit", APPLIANCES, "row 1: throughput_limit_gbps", 0, "throughput_limit_gbps", lambda v: v * 2),
    table("prices", PRICES, "lower_priced claimed", _half_prices),
    cell("price", PRICES, "prices.parquet row 1: price", 0, "price", lambda v: -v),
    cell("demand", DEMAND, "all demand", 0, "gb", lambda v: v * 2),
    table("catalogue", FILES, "row 1: size_gb", _half_sizes),
]


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=[t.name for t in TAMPERINGS])
def test_tampering_is_found(tampering: Tampering, plans: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(plans / ("later" if tampering.later else "first"), tmp_path / "plan"))
    tampering.change(folder)
    report = verify(folder)
    failed = [str(check) for check in report.failed]
    assert any(tampering.said in line for line in failed), failed
    assert not any("checksum" in line for line in failed), failed
