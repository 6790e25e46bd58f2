"""`inputs/paths.parquet` tells what the topology gives; a table that tells anything else is found out."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cdnplan.evaluate.verify import verify
from cdnplan.inputs.plans.plan_folder import PATHS
from tests.evaluate.plan_writer import change_table, seal
from tests.planner.plans import make, write_small_network

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    request = replace(write_small_network(tmp_path_factory.mktemp("paths") / "network"), engine="fast")
    make(request)
    return request.out


def failures(folder: Path) -> list[str]:
    """What fails because of the table."""
    return [str(check) for check in verify(folder).failed if check.file == PATHS]


def row(rows: Rows, region: str, place: str) -> dict[str, Any]:
    """The row of a region and a place."""
    return next(each for each in rows if (each["region"], each["place"]) == (region, place))


def set_row(rows: Rows, region: str, place: str, **values: Any) -> None:
    """Change a row."""
    row(rows, region, place).update(values)


def test_it_lists_candidates_cheapest_first_with_their_paths_then_the_origin(plan: Path) -> None:
    found: Rows = []
    change_table(plan, PATHS, found.extend)
    assert [each["place"] for each in found if each["region"] == "nl-kpn"] == ["kpn", "ams-ix", "origin-west"]
    assert row(found, "nl-kpn", "origin-west")["path"] == "origin-west>ams-ix>kpn>nl-kpn"
    assert row(found, "nl-kpn", "origin-west")["cost_per_gb"] == pytest.approx(0.033)
    assert row(found, "be-other", "bnix")["path"] == ""
    assert failures(plan) == []


TAMPERINGS: dict[str, tuple[Callable[[Rows], None], str]] = {
    "cheaper": (
        functools.partial(set_row, region="nl-kpn", place="ams-ix", cost_per_gb=0.001),
        "nl-kpn from ams-ix; costs 0.001 per GB, found 0.003",
    ),
    "not-a-place": (
        lambda rows: row(rows, "nl-kpn", "ams-ix").update(place="bnix"),
        "the region cannot be served from there",
    ),
    "detour": (
        functools.partial(set_row, region="nl-kpn", place="kpn", path="kpn>ams-ix>kpn>nl-kpn"),
        "the links of 'kpn>ams-ix>kpn>nl-kpn' cost 0.006 per GB, not 0",
    ),
    "no-link": (
        functools.partial(set_row, region="nl-kpn", place="ams-ix", path="ams-ix>nl-kpn"),
        "there is no link 'ams-ix>nl-kpn'",
    ),
    "other-end": (
        functools.partial(set_row, region="nl-kpn", place="ams-ix", path="kpn>nl-kpn"),
        "'kpn>nl-kpn' does not lead from 'ams-ix' to 'nl-kpn'",
    ),
    "no-limit": (
        functools.partial(set_row, region="nl-kpn", place="ams-ix", path=""),
        "passes none, found ams-ix>kpn",
    ),
    "left-out": (
        lambda rows: rows.remove(row(rows, "nl-kpn", "ams-ix")),
        "told: kpn, origin; due in this order: kpn, ams-ix, origin",
    ),
    "twice": (
        lambda rows: rows.append(dict(row(rows, "nl-kpn", "kpn"))),
        "told: kpn, ams-ix, origin, kpn; due",
    ),
    "other-order": (lambda rows: rows.reverse(), "told: origin, ams-ix, kpn; due"),
    "stranger": (
        lambda rows: rows.append({"region": "x", "place": "kpn", "cost_per_gb": 1.0, "path": ""}),
        "x from kpn; the region cannot be served from there",
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_what_it_tells_is_checked(plan: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "plan"
    shutil.copytree(plan, folder)
    change, said = TAMPERINGS[name]
    change_table(folder, PATHS, change)
    seal(folder)
    assert any(said in failure for failure in failures(folder)), failures(folder)


def test_a_table_that_is_not_listed_is_found_out(plan: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plan"
    shutil.copytree(plan, folder)
    change_table(folder, PATHS, lambda rows: rows.reverse())
    assert not verify(folder).ok
