"""A plan whose bound rests on a tree of cases verifies; one whose tree was tampered with does not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cdnplan.evaluate.verify import verify
from cdnplan.inputs.plans.plan_folder import PROOF, PROOF_PRICES
from tests.evaluate import network
from tests.evaluate.plan_writer import change_table, seal, write_plan
from tests.evaluate.proof_tamperings import TREE_TAMPERINGS
from tests.evaluate.tamperings import Tampering


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a plan of a cold start (``first``) and one from earlier holdings (``later``)."""
    root = tmp_path_factory.mktemp("plans")
    write_plan(root / "first", tree=True)
    write_plan(root / "later", holdings=network.holdings(), tree=True)
    return root


@pytest.fixture
def first(plans: Path, tmp_path: Path) -> Path:
    """A copy of the first plan to be changed."""
    return Path(shutil.copytree(plans / "first", tmp_path / "plan"))


@pytest.mark.parametrize("name", ["first", "later"])
def test_sound(plans: Path, name: str) -> None:
    report = verify(plans / name)
    assert [str(check) for check in report.failed] == []
    assert report.verdict is not None and report.verdict.priced is not None
    assert report.lower_recomputed == pytest.approx(report.lower_claimed)
    assert report.lower_recomputed is not None and report.lower_recomputed > report.verdict.priced + 1.0
    assert report.proof == (
        f"The prices prove {report.verdict.priced:.9g}; a tree of 3 cases, each with its own, proves"
        f" {report.lower_recomputed:.9g}; nothing else is needed."
    )
    assert {PROOF, PROOF_PRICES} <= {check.file for check in report.checks}


@pytest.mark.parametrize("tampering", TREE_TAMPERINGS, ids=[t.name for t in TREE_TAMPERINGS])
def test_tampering_is_found(tampering: Tampering, first: Path) -> None:
    tampering.change(first)
    report = verify(first)
    failed = [str(check) for check in report.failed]
    assert any(tampering.said in line for line in failed), failed
    assert not any("checksum" in line for line in failed), failed
    json.dumps(report.as_dict(), allow_nan=False)


def test_names_are_unique() -> None:
    assert len({t.name for t in TREE_TAMPERINGS}) == len(TREE_TAMPERINGS)


def test_rows_in_any_order(first: Path) -> None:
    change_table(first, PROOF, lambda rows: rows.reverse())
    change_table(first, PROOF_PRICES, lambda rows: rows.reverse())
    assert verify(first).ok


@pytest.mark.parametrize("name", [PROOF, PROOF_PRICES])
def test_cut_short_at_any_length(name: str, first: Path) -> None:
    whole = (first / name).read_bytes()
    for length in range(0, len(whole), 97):
        (first / name).write_bytes(whole[:length])
        seal(first)
        failed = [str(check) for check in verify(first).failed]
        assert any(f"{name}: can be read; no Parquet file, or cut short" in line for line in failed), failed


@pytest.mark.parametrize("name", [PROOF, PROOF_PRICES])
def test_changed_without_a_new_checksum(name: str, first: Path) -> None:
    before = (first / "plan.json").read_bytes()
    change_table(first, name, lambda rows: rows.reverse())
    (first / "plan.json").write_bytes(before)
    (check,) = verify(first).failed
    assert (check.check, check.file) == ("checksum", name)
