"""A sound plan verifies; a tampered one fails with the line that lies."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from cdnplan.evaluate.checks.check_placement import check_placement
from cdnplan.evaluate.count.assignment import Fleet
from cdnplan.evaluate.count.limits import new_gb
from cdnplan.evaluate.verdict.report import MAX_LISTED, Ledger
from cdnplan.evaluate.verify import verify
from cdnplan.inputs.plans.plan_folder import DEMAND, PLACEMENT, PRICES, SERVING, TOPOLOGY, read_plan
from cdnplan.model.instance.build import build_instance
from cdnplan.model.limits.families import FAMILIES
from tests.evaluate import network
from tests.evaluate.plan_writer import change_json, change_table, seal, write_plan
from tests.evaluate.tamperings import TAMPERINGS, Tampering


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a plan of a cold start (``first``) and one from earlier holdings (``later``)."""
    root = tmp_path_factory.mktemp("plans")
    write_plan(root / "first")
    write_plan(root / "later", holdings=network.holdings())
    return root


@pytest.fixture
def first(plans: Path, tmp_path: Path) -> Path:
    """A copy of the first plan to be changed."""
    return Path(shutil.copytree(plans / "first", tmp_path / "plan"))


@pytest.mark.parametrize("name", ["first", "later"])
def test_sound(plans: Path, name: str) -> None:
    report = verify(plans / name)
    assert [str(check) for check in report.failed] == []
    assert report.ok
    assert report.verdict is not None
    assert report.misses is not None
    assert report.verdict.feasible
    assert report.verdict.overloads
    assert 0 < report.verdict.offload_byte_ratio < 1
    assert report.lower_recomputed is not None
    assert report.proof.endswith("nothing else is needed.")
    files = {check.file for check in report.checks}
    assert files == {
        "plan.json",
        "placement.parquet",
        "serving.parquet",
        "appliances.parquet",
        "prices.parquet",
    }


def test_sound_with_limited_cold_start(tmp_path: Path) -> None:
    write_plan(tmp_path / "plan", cold_start="limited")
    report = verify(tmp_path / "plan")
    assert report.ok
    assert report.verdict is not None
    assert report.verdict.cost.fill > 0


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=[t.name for t in TAMPERINGS])
def test_tampering_is_found(tampering: Tampering, plans: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(plans / ("later" if tampering.later else "first"), tmp_path / "plan"))
    tampering.change(folder)
    report = verify(folder)
    assert not report.ok
    failed = [str(check) for check in report.failed]
    assert any(tampering.said in line for line in failed), failed
    assert not any("checksum" in line and "manifests/" not in line for line in failed), failed
    assert not any("hunter2" in line or "root:" in line for line in failed), failed
    assert report.outcome == "false"
    json.dumps(report.as_dict(), allow_nan=False)


def test_names_are_unique() -> None:
    assert len({t.name for t in TAMPERINGS}) == len(TAMPERINGS)


def test_changed_file_without_new_checksum(first: Path) -> None:
    path = first / SERVING
    before = (first / "plan.json").read_bytes()
    change_table(first, SERVING, lambda rows: rows[0].update(gb=rows[0]["gb"] * (1 + 1e-9)))
    (first / "plan.json").write_bytes(before)
    (check,) = verify(first).failed
    assert check.file == SERVING
    assert check.check == "checksum"
    assert check.claimed != check.found
    path.unlink()
    assert "serving.parquet: can be read; missing" in [str(check) for check in verify(first).failed]


def test_file_without_checksum(first: Path) -> None:
    change_json(first, lambda claims: claims["files"].pop(PLACEMENT))
    (check,) = verify(first).failed
    assert check.key == PLACEMENT
    assert check.detail == "not listed in files"


def test_branch_and_bound_says_what_it_rests_on(first: Path) -> None:
    def change(claims: dict[str, float]) -> None:
        claims["bound_proof"] = "branch-and-bound"  # type: ignore[assignment]
        claims["lower"] = claims["upper"]
        claims["gap_ratio"] = claims["gap_to_upper_ratio"] = 0.0
        claims["status"] = "optimal"  # type: ignore[assignment]

    change_json(first, change)
    report = verify(first)
    assert report.ok
    assert report.outcome == "unproven"
    assert report.gap_ratio == 0.0
    assert report.lower_recomputed is not None
    assert report.lower_claimed is not None
    assert report.verdict is not None
    cost, ideal = report.verdict.cost.total, report.verdict.ideal
    assert report.proven_gap_ratio == pytest.approx((cost - report.lower_recomputed) / (cost - ideal))
    rest = report.lower_claimed - report.lower_recomputed
    assert rest > 1
    assert report.proof == (
        f"The prices prove {report.lower_recomputed:.9g}; the remaining {rest:.9g} rests on branch and bound."
    )


def test_a_search_that_proves_no_more_than_the_prices_is_proven(first: Path) -> None:
    change_json(first, lambda claims: claims.update(bound_proof="branch-and-bound"))
    report = verify(first)
    assert report.outcome == "proven"
    assert report.only_claimed == 0.0
    assert report.proven_gap_ratio == pytest.approx(report.gap_ratio)


def test_plans_of_early_releases_say_what_is_not_checked(plans: Path, first: Path) -> None:
    assert [said.partition(":")[0] for said in verify(plans / "later").unchecked] == [
        "the night of filling",
        "manifests",
    ]
    table = pq.read_table(first / DEMAND)
    pq.write_table(table.replace_schema_metadata(None), first / DEMAND)
    seal(first)
    report = verify(first)
    assert report.outcome == "proven"
    assert any(said.startswith("the period: ") for said in report.unchecked)


@pytest.mark.parametrize("scale", [1e-8, 1e-12])
@pytest.mark.parametrize("key", ["total", "delivery", "upper", "lower", "lower_priced", "ideal"])
def test_tiny_costs_are_checked_like_others(tmp_path: Path, scale: float, key: str) -> None:
    """The plan is the same whatever money is counted in; a claim that is 1% off is found."""
    write_plan(tmp_path / "plan", money=scale)
    assert verify(tmp_path / "plan").outcome == "proven"

    def change(claims: dict[str, Any]) -> None:
        level = claims["cost"] if key in claims["cost"] else claims
        level[key] *= 1.01 if key.startswith("lower") else 0.99

    change_json(tmp_path / "plan", change)
    report = verify(tmp_path / "plan")
    assert any(key in check.key for check in report.failed), [str(check) for check in report.failed]


def test_failures_are_listed_up_to_a_limit(first: Path) -> None:
    def change(rows: list[dict[str, float]]) -> None:
        for row in rows:
            row["size_gb"] += 1.0

    change_table(first, PLACEMENT, change)
    failed = [check for check in verify(first).failed if check.check == "size_gb"]
    assert len(failed) == MAX_LISTED + 1
    assert failed[-1].detail.startswith("and ")


UNREADABLE = [
    ("plan.json", None, "plan.json: can be read; missing"),
    ("plan.json", b'{"format": 1,\n "status": }', "plan.json: can be read; line 2: broken JSON"),
    ("plan.json", b"[1, 2]", "expected an object"),
    ("plan.json", b'{"format": 2}', "written in format 2"),
    ("plan.json", b'{"format": 1, "format": 1}', "given twice"),
    ("plan.json", b'{"format": 1, "upper": NaN}', "NaN is not a number"),
    ("plan.json", b"\xff\xfe", "cannot be read"),
    ("plan.json", b'{"format": 1}', "plan.json: can be read: cost; missing"),
    (PLACEMENT, None, "placement.parquet: can be read; missing"),
    (PLACEMENT, b"", "no Parquet file, or cut short"),
    (PLACEMENT, b"PAR1" + bytes(100), "no Parquet file, or cut short"),
    (TOPOLOGY, None, "inputs/topology.yaml: can be read"),
    (TOPOLOGY, b"name: [", "inputs/topology.yaml: can be read"),
    ("inputs/demand.parquet", None, "inputs/demand.parquet: can be read; missing"),
    ("inputs/files.parquet", b"x", "inputs/files.parquet: can be read; no Parquet"),
]


@pytest.mark.parametrize(("file", "content", "said"), UNREADABLE, ids=range(len(UNREADABLE)))
def test_unreadable(file: str, content: bytes | None, said: str, first: Path) -> None:
    if content is None:
        (first / file).unlink()
    else:
        (first / file).write_bytes(content)
    if file != "plan.json":
        seal(first)
    report = verify(first)
    assert not report.ok
    assert report.verdict is None
    assert any(said in str(check) for check in report.failed), [str(check) for check in report.failed]
    json.dumps(report.as_dict(), allow_nan=False)


def test_cut_short_at_any_length(first: Path) -> None:
    whole = (first / SERVING).read_bytes()
    for length in range(0, len(whole), 97):
        (first / SERVING).write_bytes(whole[:length])
        seal(first)
        assert any("cut short" in str(check) for check in verify(first).failed)


def test_all_that_cannot_be_read_is_said_at_once(first: Path) -> None:
    (first / "plan.json").write_text("{", encoding="utf-8")
    (first / PLACEMENT).unlink()
    (first / SERVING).write_bytes(b"")
    assert {check.file for check in verify(first).failed} == {"plan.json", PLACEMENT, SERVING}


def test_no_folder(tmp_path: Path) -> None:
    (check,) = verify(tmp_path / "nothing").failed
    assert check.detail == "no such plan folder"


def _split(rows: list[dict[str, Any]]) -> None:
    """Put half of each price on new bytes of a pool on its looser limit, as earlier releases may have."""
    other = {"fill": "churn", "churn": "fill"}
    for row in [row for row in rows if row["limit"] in other]:
        row["price"] *= 0.5
        rows.append(row | {"limit": other[row["limit"]]})


def test_prices_of_earlier_plans_on_both_limits_of_new_bytes(tmp_path: Path) -> None:
    """Of a fill window and a churn limit only one is left: its price is that of both, and proves more."""
    folder = tmp_path / "plan"
    write_plan(folder, holdings=network.holdings())
    sound = verify(folder).lower_recomputed
    change_table(folder, PRICES, _split)
    assert {"fill", "churn"} <= {row["limit"] for row in pq.read_table(folder / PRICES).to_pylist()}
    report = verify(folder)
    assert [str(check) for check in report.failed] == []
    assert report.lower_recomputed == pytest.approx(sound, rel=1e-12)

    # What it could prove then, with limits as they were, was less.
    def less(claims: dict[str, Any]) -> None:
        claims["lower_priced"] -= 1.0

    change_json(folder, less)
    assert [str(check) for check in verify(folder).failed] == []
    write_plan(tmp_path / "now", holdings=network.holdings())
    change_json(tmp_path / "now", less)
    assert any("lower_priced" in str(check) for check in verify(tmp_path / "now").failed)


def test_earlier_plans_list_both_limits_of_new_bytes_where_both_bind(tmp_path: Path) -> None:
    folder, holdings = tmp_path / "plan", network.holdings()
    write_plan(folder, holdings=holdings)
    change_table(folder, PRICES, _split)
    inputs = network.topology(), network.catalog(), network.demand(), holdings
    instance, _ = build_instance(*inputs)
    placement, _ = check_placement(Fleet.of(instance), read_plan(folder).placement, holdings, Ledger())
    new = new_gb(instance, placement)
    p = int(np.argmax(new / instance.new_limit_gb))
    allowed, name = float(instance.new_limit_gb[p]), instance.pools[p]
    tight = FAMILIES[instance.volumes.family[instance.n_pools + p]].name
    rows = pq.read_table(folder / PRICES).to_pylist()
    price = next(row["price"] for row in rows if (row["limit"], row["name"]) == (tight, name))
    full = json.loads((folder / "plan.json").read_text(encoding="utf-8"))["full"]

    def failures(loose: float, worth: float) -> list[str]:
        limits = ((tight, allowed, price), ("fill" if tight == "churn" else "churn", loose, worth))
        both = [
            {"limit": limit, "name": name, "used": float(new[p]), "allowed": most, "unit": "GB"}
            | {"price": each, "price_per": "TB"}
            for limit, most, each in limits
        ]
        change_json(folder, lambda claims: claims.update(full=[*full, *both]))
        return [str(check) for check in verify(folder).failed]

    assert failures(1.001 * allowed, price) == []
    assert any("price of" in text for text in failures(1.001 * allowed, 2 * price))
    assert any("does not bind" in text for text in failures(2 * allowed, price))
    assert any("allowed of" in text for text in failures(0.9 * allowed, price))
