"""The executable: version, and failures that are nobody's bug."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cdnplan import __version__
from cdnplan.sample import sample_folder
from tests.cli.running import run_cli


def test_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    result = run_cli(monkeypatch, capsys, "--version")
    assert (result.code, result.out, result.err) == (0, f"cdnplan {__version__}\n", "")


def test_what_the_system_refuses_is_a_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "there")

    monkeypatch.setattr("cdnplan.forecast.asked.demand_table.write_forecast", refuse)
    folder = sample_folder()
    result = run_cli(
        monkeypatch,
        capsys,
        *("forecast", "--history", str(folder / "history.parquet")),
        *("--titles", str(folder / "titles.parquet"), "--out", str(tmp_path / "d.csv")),
    )
    assert result.code == 2
    assert result.err == "error: there: Permission denied\n"


def plan_sample(out: Path, *options: str) -> list[str]:
    folder = sample_folder()
    tables = ["--titles", str(folder / "titles.parquet"), "--demand", str(folder / "demand.parquet")]
    topology = ["--topology", str(folder / "topology.yaml")]
    return ["plan", *topology, *tables, "--out", str(out), "--quiet", *options]


@pytest.mark.parametrize("country", ["Belgium", "be", "NL", "DE", "GB"])
def test_each_country_of_the_sample_can_be_planned_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, country: str
) -> None:
    options = ["--countries", country, "--engine", "fast", "--time-limit", "0", "--format", "json"]
    result = run_cli(monkeypatch, capsys, *plan_sample(tmp_path / "plan", *options))
    assert result.code == 0, result.err
    assert json.loads(result.out)["counts"]["regions"] in (2, 5)


def test_unknown_countries(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    result = run_cli(monkeypatch, capsys, *plan_sample(tmp_path / "plan", "--countries", "Narnia,FR"))
    assert result.code == 2
    assert (
        result.err.splitlines()[0] == "error: --countries: unknown country 'Narnia', expected codes as BE,NL"
    )
    assert not (tmp_path / "plan").exists()
    result = run_cli(monkeypatch, capsys, *plan_sample(tmp_path / "plan", "--countries", "France"))
    assert result.code == 2
    assert "no region of the topology is in 'FR'" in result.err
