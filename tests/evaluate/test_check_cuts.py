"""A plan whose bound rests on cuts verifies; one whose cuts or their prices were tampered with does not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cdnplan.evaluate.verify import verify
from cdnplan.inputs.plans.plan_folder import PROOF, PROOF_CUTS, PROOF_PRICES
from tests.evaluate import network
from tests.evaluate.cut_tamperings import CUT_TAMPERINGS
from tests.evaluate.plan_writer import change_table, seal, write_plan
from tests.evaluate.tamperings import Tampering


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with plans with cuts: of a cold start, from earlier holdings, and without a tree (``alone``)."""
    root = tmp_path_factory.mktemp("plans")
    write_plan(root / "first", tree=True, cuts=True)
    write_plan(root / "later", holdings=network.holdings(), tree=True, cuts=True)
    write_plan(root / "alone", cuts=True)
    return root


@pytest.fixture
def first(plans: Path, tmp_path: Path) -> Path:
    """A copy of the first plan to be changed."""
    return Path(shutil.copytree(plans / "first", tmp_path / "plan"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("first", "a tree of 3 cases, each with its own, and 2 cuts prove"),
        ("later", "a tree of 3 cases, each with its own, and 2 cuts prove"),
        ("alone", "others, and those of 2 cuts, prove"),
    ],
)
def test_sound(plans: Path, name: str, said: str) -> None:
    report = verify(plans / name)
    assert [str(check) for check in report.failed] == []
    assert report.verdict is not None and report.verdict.priced is not None
    assert report.lower_recomputed == pytest.approx(report.lower_claimed)
    assert report.lower_recomputed is not None and report.lower_recomputed > report.verdict.priced + 1.0
    assert report.proof == (
        f"The prices prove {report.verdict.priced:.9g}; {said}"
        f" {report.lower_recomputed:.9g}; nothing else is needed."
    )
    assert {PROOF, PROOF_PRICES, PROOF_CUTS} <= {check.file for check in report.checks}


@pytest.mark.parametrize("tampering", CUT_TAMPERINGS, ids=[t.name for t in CUT_TAMPERINGS])
def test_tampering_is_found(tampering: Tampering, first: Path) -> None:
    tampering.change(first)
    report = verify(first)
    failed = [str(check) for check in report.failed]
    assert any(tampering.said in line for line in failed), failed
    assert not any("checksum" in line for line in failed), failed
    json.dumps(report.as_dict(), allow_nan=False)


def test_names_are_unique() -> None:
    assert len({t.name for t in CUT_TAMPERINGS}) == len(CUT_TAMPERINGS)


def test_rows_in_any_order(first: Path) -> None:
    for name in (PROOF_CUTS, PROOF_PRICES):
        change_table(first, name, lambda rows: rows.reverse())
    report = verify(first)
    assert report.ok
    assert report.lower_recomputed == pytest.approx(report.lower_claimed, rel=1e-12)


def test_prices_of_two_sets_where_nothing_is_decided(plans: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(plans / "alone", tmp_path / "plan"))
    change_table(folder, PROOF_PRICES, lambda rows: rows.append({**rows[0], "prices": 2}))
    (check,) = verify(folder).failed[:1]
    assert (check.file, check.detail) == (PROOF_PRICES, "no case has these prices")


def test_cut_short_at_any_length(first: Path) -> None:
    whole = (first / PROOF_CUTS).read_bytes()
    for length in range(0, len(whole), 97):
        (first / PROOF_CUTS).write_bytes(whole[:length])
        seal(first)
        failed = [str(check) for check in verify(first).failed]
        assert any(f"{PROOF_CUTS}: can be read; no Parquet file" in line for line in failed), failed


def test_changed_without_a_new_checksum(first: Path) -> None:
    before = (first / "plan.json").read_bytes()
    change_table(first, PROOF_CUTS, lambda rows: rows.reverse())
    (first / "plan.json").write_bytes(before)
    (check,) = verify(first).failed
    assert (check.check, check.file) == ("checksum", PROOF_CUTS)
