"""`cdnplan verify`: exit codes, JSON and text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from cdnplan.cli.verify import verify
from tests.evaluate.plan_writer import change_json, write_plan

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(verify)


def run(*args: str) -> Result:
    return CliRunner().invoke(app, args, catch_exceptions=False)


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    folder = tmp_path / "plan"
    write_plan(folder)
    return folder


def test_sound_plan_as_json(plan: Path) -> None:
    result = run(str(plan), "--format", "json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    claims = json.loads((plan / "plan.json").read_text(encoding="utf-8"))
    assert found["ok"] is True
    assert found["violations"] == []
    assert all(check["ok"] for check in found["checks"])
    assert {"check", "ok", "file", "row", "key", "claimed", "found", "detail"} == set(found["checks"][0])
    for key in ("upper", "ideal", "gap_ratio", "offload_byte_ratio", "demand_gb"):
        assert found[key] == pytest.approx(claims[key])
    assert found["cost"] == pytest.approx(claims["cost"])
    assert found["lower_claimed"] == claims["lower"]
    assert found["lower_recomputed"] == pytest.approx(claims["lower"])
    assert found["misses"]["content_gb"] > 0
    assert found["overload"]


def test_sound_plan_as_text(plan: Path) -> None:
    result = run(str(plan))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["figure", "claimed", "recomputed"]
    assert lines[-1].endswith("checks hold")
    assert "The prices prove" in result.stdout
    assert len(lines) < 15


def test_a_bound_that_is_only_claimed(plan: Path) -> None:
    def change(claims: dict[str, Any]) -> None:
        claims |= {"bound_proof": "branch-and-bound", "lower": claims["upper"], "status": "optimal"}
        claims |= {"gap_ratio": 0.0, "gap_to_upper_ratio": 0.0}

    change_json(plan, change)
    result = run(str(plan))
    assert result.exit_code == 6
    last = result.stdout.splitlines()[-1]
    assert "checks hold, but" in last
    assert "of the bound is only claimed: proven is a gap of" in last
    assert last.endswith("claimed 0.000%")
    result = run(str(plan), "--format", "json")
    assert result.exit_code == 6
    found = json.loads(result.stdout)
    assert (found["ok"], found["outcome"], found["gap_ratio"]) == (True, "unproven", 0.0)
    assert found["proven_gap_ratio"] > 0.01
    assert found["only_claimed"] == pytest.approx(found["upper"] - found["lower_recomputed"])


def test_tampered_plan(plan: Path) -> None:
    change_json(plan, lambda claims: claims["cost"].update(total=12.0))
    result = run(str(plan))
    assert result.exit_code == 2
    assert "FAILED plan.json: value: cost.total claimed 12, found 4" in result.stdout
    assert "1 of " in result.stdout.splitlines()[-1]
    result = run(str(plan), "--format", "json")
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    (failed,) = [check for check in found["checks"] if not check["ok"]]
    assert (failed["file"], failed["key"], failed["claimed"]) == ("plan.json", "cost.total", 12.0)


def test_not_a_plan(tmp_path: Path) -> None:
    result = run(str(tmp_path), "--format", "json")
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    assert found["ok"] is False
    assert found["cost"] is None
    assert {check["file"] for check in found["checks"]} == {
        "plan.json",
        "placement.parquet",
        "serving.parquet",
        "appliances.parquet",
        "prices.parquet",
    }
    result = run(str(tmp_path / "nothing"))
    assert result.exit_code == 2
    assert "no such plan folder" in result.stdout
