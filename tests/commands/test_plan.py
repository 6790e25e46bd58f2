"""What people ask of `plan` becomes a request."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from cdnplan.commands.plan import PlanOptions, moment, plan_request
from cdnplan.errors import InputError
from cdnplan.notebook import Network
from cdnplan.sample import sample_folder

TABLES = {"titles": "titles.csv", "demand": "demand.csv"}


def test_without_inputs_the_sample_is_planned() -> None:
    request = plan_request(PlanOptions("p"))
    folder = sample_folder()
    assert (request.topology, request.demand) == (folder / "topology.yaml", folder / "demand.parquet")
    assert (request.titles, request.history) == (folder / "titles.parquet", None)
    assert request.threads >= 1


def test_a_network_brings_its_environment_and_its_files(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    text = (sample_folder() / "topology.yaml").read_text(encoding="utf-8")
    file.write_text(f"{text}\noverrides:\n  test: {{name: test}}\n  live: {{name: live}}\n", encoding="utf-8")
    more = tmp_path / "more.yaml"
    more.write_text("name: other\n", encoding="utf-8")
    network = Network(file, "test", [more])
    request = plan_request(PlanOptions("p", network, override=["last.yaml"], **TABLES))
    assert (request.topology, request.environment) == (file, "test")
    assert request.overrides == (more, Path("last.yaml"))
    assert plan_request(PlanOptions("p", network, env="live", **TABLES)).environment == "live"


def test_what_is_missing_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        PlanOptions("p", demand="d.csv", history="h.csv")
    assert [problem.message for problem in caught.value.problems] == [
        "--topology is missing (with no input at all the sample is planned)",
        "--titles is missing (with no input at all the sample is planned)",
        "give one of --demand and --history",
    ]


def test_moments_are_in_utc() -> None:
    assert moment("2026-03-08T00:00") == dt.datetime(2026, 3, 8, tzinfo=dt.UTC)
    assert moment("2026-03-08T00:00+02:00") == dt.datetime(2026, 3, 7, 22, tzinfo=dt.UTC)
    with pytest.raises(InputError, match="--fill-from: expected a time as"):
        moment("soon")
