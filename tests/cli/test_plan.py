"""`cdnplan plan` as a user meets it: what it prints where, and what it understands."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from cdnplan.parameters.parameters import DEFAULTS
from tests.cli.bad_case import FILES, PLAN
from tests.cli.processes import COMMAND
from tests.cli.running import Outcome, run_cli
from tests.planner.plans import ALWAYS, assert_verified, files_of, names_of

BE = ("--countries", "BE", "--engine", "fast", "--gap", "0.5")


class Cli:
    """Runs commands in a folder that has small good inputs."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.chdir(folder)
        for name, text in FILES.items():
            assert isinstance(text, str)
            (folder / name).write_text(text, encoding="utf-8")

    def __call__(self, *args: str) -> Outcome:
        return run_cli(self._monkeypatch, self._capsys, *args)


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(tmp_path, monkeypatch, capsys)


def test_without_inputs_the_embedded_sample_is_planned(cli: Cli) -> None:
    outcome = cli("plan", *BE, "--out", "p")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[0].split(maxsplit=1)[0] == "status"
    assert lines[-1] == "written to p; check it with: cdnplan verify p"
    assert any(line.startswith("what binds, dearest first") for line in lines)
    assert names_of(cli.folder / "p") == ALWAYS | {"report.html"}
    assert_verified(cli.folder / "p")
    assert cli("verify", "p").code == 0


def test_a_topology_beside_it_is_not_what_is_planned_without_inputs(cli: Cli) -> None:
    told = "warning: this plans the embedded sample, not topology.yaml of this folder"
    assert told in cli("plan", *BE, "--out", "p").err
    (cli.folder / "topology.yaml").unlink()
    assert told not in cli("plan", *BE, "--out", "q").err


def test_results_on_stdout_and_progress_on_stderr(cli: Cli) -> None:
    outcome = cli("plan", *BE, "--out", "p")
    told = [line for line in outcome.err.splitlines() if line.startswith("cdnplan: ")]
    assert told[0] == "cdnplan: read"
    assert told[-2:] == ["cdnplan: write", "cdnplan: report"]
    assert "cdnplan: optimise" in told
    assert "cdnplan: read" not in outcome.out
    quiet = cli("plan", *BE, "--out", "q", "--quiet")
    assert [line for line in quiet.err.splitlines() if not line.startswith("warning: ")] == []


def test_json_is_the_record_and_nothing_else(cli: Cli) -> None:
    outcome = cli(*PLAN.split(), "--format", "json", "--quiet")
    assert outcome.code == 0
    assert json.loads(outcome.out) == json.loads((cli.folder / "out" / "plan.json").read_text())


def test_warnings_go_to_stderr_and_into_the_record(cli: Cli) -> None:
    ban = "bans: [{title: Alpha, countries: [BE]}]"
    text = str(FILES["topology.yaml"]).replace("launches: []", ban)
    (cli.folder / "topology.yaml").write_text(text, encoding="utf-8")
    outcome = cli(*PLAN.split(), "--quiet")
    warned = "50 GB are demanded in countries whose pools may not hold them: served from elsewhere"
    assert outcome.err == f"warning: {warned}\n"
    assert json.loads((cli.folder / "out" / "plan.json").read_text())["warnings"] == [warned]


def test_a_history_in_place_of_a_demand_table(cli: Cli) -> None:
    outcome = cli(*PLAN.replace("demand", "history").split(), "--format", "json", "--quiet")
    assert outcome.code == 0
    assert json.loads(outcome.out)["period"] == {"start": "2026-03-02", "end": "2026-03-08", "days": 7.0}


def test_small_inputs_are_solved_exactly_and_the_reason_is_told(cli: Cli) -> None:
    outcome = cli(*PLAN.split())
    most = DEFAULTS.run.exact_up_to
    assert f"optimal, by the exact engine (7 serving variables, at most {most:,}" in outcome.out
    record = json.loads((cli.folder / "out" / "plan.json").read_text())
    assert record["gap_ratio"] <= 1e-9
    # Everything fits but Gamma, which nobody asks for: each region is served at its cheapest.
    assert record["upper"] == pytest.approx(record["ideal"])
    assert record["offload_byte_ratio"] == 1.0


def test_force_replaces_a_plan(cli: Cli) -> None:
    assert cli(*PLAN.split()).code == 0
    before = files_of(cli.folder / "out")
    refused = cli(*PLAN.split(), "--seed", "5")
    assert refused.code == 2
    assert "choose another name or say --force" in refused.err
    assert files_of(cli.folder / "out") == before
    assert cli(*PLAN.split(), "--seed", "5", "--force").code == 0
    assert json.loads((cli.folder / "out" / "plan.json").read_text())["seed"] == 5


def test_the_night_after(cli: Cli) -> None:
    assert cli(*PLAN.split()).code == 0
    again = cli(*PLAN.replace("--out out", "--out second").split(), "--previous", "out", "--format", "json")
    assert again.code == 0
    assert json.loads(again.out)["fill_counted"] is True
    assert json.loads(again.out)["cost"]["fill"] == 0.0, "nothing has changed"


@pytest.mark.parametrize("countries", ["BE,NL", "be, nl", "Belgium,Netherlands"])
def test_countries_by_code_or_name(cli: Cli, countries: str) -> None:
    outcome = cli(*PLAN.split(), "--countries", countries, "--format", "json")
    assert json.loads(outcome.out)["counts"]["regions"] == 3


def test_demand_of_nothing_makes_a_plan_of_nothing(cli: Cli) -> None:
    head = "date,region,title,gb\n"
    (cli.folder / "demand.csv").write_text(f"{head}2026-03-08,NL,Alpha,0\n2026-03-08,BE,Alpha,0\n")
    assert cli(*PLAN.split()).code == 0
    assert_verified(cli.folder / "out")


def test_rules_that_contradict_each_other_have_an_exit_code_of_their_own(cli: Cli) -> None:
    # Two launches of 50 and 40 GB and a pin of 30 GB at bnix, which stores 95 GB.
    rules = "pins: [{title: Alpha}]\n  launches: [{title: Beta, min_pools: 2}, {title: Gamma, min_pools: 2}]"
    text = str(FILES["topology.yaml"]).replace("launches: []", rules)
    (cli.folder / "topology.yaml").write_text(text, encoding="utf-8")
    for engine in ("exact", "fast"):
        outcome = cli(*PLAN.split(), "--engine", engine)
        assert outcome.code == 3
        assert outcome.err.splitlines()[-1].startswith("error: ")
        assert not (cli.folder / "out").exists()


def test_a_full_disk_is_told_in_a_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *args: object, **options: object) -> None:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_text", full)
    outcome = cli(*PLAN.split(), "--quiet")
    assert outcome.code == 2
    assert "No space left on device" in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert not [path for path in cli.folder.iterdir() if "out" in path.name]


def process(folder: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A command as a process of its own."""
    return subprocess.run(
        [*COMMAND, *args],
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_colour_where_none_is_wanted(cli: Cli) -> None:
    done = process(cli.folder, *PLAN.split(), NO_COLOR="1", FORCE_COLOR="1")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr
    wrong = process(cli.folder, "plan", "--engine", "best", NO_COLOR="1", FORCE_COLOR="1")
    assert wrong.returncode == 2
    assert "\x1b" not in wrong.stdout + wrong.stderr


def test_help_without_colour_codes(cli: Cli) -> None:
    done = process(cli.folder, "plan", "--help", NO_COLOR="1", COLUMNS="100")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    for option in (
        *("--topology", "--titles", "--files", "--demand", "--history", "--countries", "--previous"),
        *("--engine", "--gap", "--time-limit", "--threads", "--seed", "--out", "--force", "--format"),
    ):
        assert option in done.stdout


def test_a_reader_that_goes_away_is_no_error_of_the_program(cli: Cli) -> None:
    command = " ".join(f"'{part}'" for part in COMMAND)
    done = subprocess.run(
        ["bash", "-c", f"{command} {PLAN} --quiet | true"],
        cwd=cli.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert_verified(cli.folder / "out")
