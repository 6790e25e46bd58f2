"""A sound night verifies; one that breaks a rule fails at the row that breaks it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cdnplan.evaluate.verify import verify
from cdnplan.inputs.plans.plan_folder import EVICTIONS, FILLS, NIGHT, UNFILLED
from tests.evaluate import network
from tests.evaluate.night_changes import NightTampering
from tests.evaluate.night_tamperings import NIGHTS
from tests.evaluate.plan_writer import change_json, change_table, seal, write_plan


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plans whose appliances arrive stocked, empty, and with what they hold from before."""
    root = tmp_path_factory.mktemp("nights")
    write_plan(root / "stocked", night=True)
    write_plan(root / "empty", night=True, cold_start="limited")
    write_plan(root / "later", night=True, holdings=network.night_holdings())
    return root


@pytest.fixture
def later(plans: Path, tmp_path: Path) -> Path:
    """A copy of the plan with holdings, to be changed."""
    return Path(shutil.copytree(plans / "later", tmp_path / "plan"))


@pytest.mark.parametrize("name", ["stocked", "empty", "later"])
def test_sound(plans: Path, name: str) -> None:
    report = verify(plans / name)
    assert [str(check) for check in report.failed] == []
    assert {*NIGHT} <= {check.file for check in report.checks}


def test_it_has_something_of_everything(later: Path) -> None:
    claims = json.loads((later / "plan.json").read_text(encoding="utf-8"))["fills"]
    assert all(gb > 0 for gb in claims["bytes_gb"].values())
    assert claims["entered_gb"] < claims["naive_origin_gb"]


def test_what_enters_a_site_that_has_it_is_counted(later: Path) -> None:
    holdings = network.night_holdings()
    there = {
        (holdings.pools[p].split("/")[0], holdings.files[f])
        for p, f in zip(holdings.pool, holdings.file, strict=True)
    }
    again = 0
    for row in pq.read_table(later / FILLS).sort_by("start").to_pylist():
        entry = row["appliance"].split("/")[0], row["file"]
        again += row["kind"] != "peer" and entry in there
        there.add(entry)
    told = [check.detail for check in verify(later).checks if check.check == "a file enters a site once"]
    assert again > 0
    assert told[0].startswith(f"{again} copies")


@pytest.mark.parametrize("tampering", NIGHTS, ids=[t.name for t in NIGHTS])
def test_what_breaks_a_rule_is_found_where_it_is(tampering: NightTampering, later: Path) -> None:
    row = tampering.change(later)
    report = verify(later)
    failed = [c for c in report.failed if c.check == tampering.check and c.file == tampering.file]
    if row is not None:
        failed = [c for c in failed if c.row == row + 1]
    assert any(tampering.said in str(check) for check in failed), [str(c) for c in report.failed]
    assert not any(check.check == "checksum" for check in report.failed)
    json.dumps(report.as_dict(), allow_nan=False)


def test_names_are_unique() -> None:
    assert len({t.name for t in NIGHTS}) == len(NIGHTS)


def test_stocked_appliances_fetch_nothing(plans: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(plans / "stocked", tmp_path / "plan"))
    change_table(
        folder,
        UNFILLED,
        lambda rows: rows.append(
            {
                "appliance": "kpn/storage-2u/1",
                "file": "t11.hd",
                "size_gb": 1.0,
                "value": 1.0,
                "reason": "link",
            }
        ),
    )
    assert "nothing to fill" in {check.check for check in verify(folder).failed}


@pytest.mark.parametrize("name", NIGHT)
def test_a_table_that_is_missing(later: Path, name: str) -> None:
    (later / name).unlink()
    assert f"{name}: can be read; missing" in [str(check) for check in verify(later).failed]
    seal(later)
    assert f"{name}: can be read; missing" in [str(check) for check in verify(later).failed]


def test_tables_of_which_nothing_is_said(later: Path) -> None:
    change_json(later, lambda claims: claims.pop("fills"))
    assert "plan.json: can be read: fills; missing" in [str(check) for check in verify(later).failed]


def test_plans_of_earlier_releases_have_no_night(plans: Path, tmp_path: Path) -> None:
    write_plan(tmp_path / "old", holdings=network.holdings())
    report = verify(tmp_path / "old")
    assert report.ok
    assert not {FILLS, EVICTIONS, UNFILLED} & {check.file for check in report.checks}


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("from",), "2026-07-05T00:00:00", "fills.from; expected a time such as"),
        (("until",), 5, "fills.until; expected a text"),
        (("bytes_gb",), {"peer": 1.0}, "fills.bytes_gb.tier; missing"),
        (
            ("unfilled",),
            {"count": "none", "gb": 0.0, "value": 0.0},
            "fills.unfilled.count; expected a number",
        ),
    ],
)
def test_figures_of_another_shape(later: Path, path: tuple[str], value: object, said: str) -> None:
    change_json(later, lambda claims: claims["fills"].__setitem__(path[0], value))
    failed = [str(check) for check in verify(later).failed]
    assert any(said in line for line in failed), failed
