"""How fast commands answer, and what they load to do so."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from cdnplan.sample import sample_folder
from tests.planner.plans import make, sample_request

CDNPLAN = Path(sys.executable).parent / "cdnplan"
HEAVY = {"pandas", "numba", "networkx", "pyarrow", "numpy", "pulp", "highspy", "scipy"}
HISTORY = sample_folder() / "history.parquet"
RUNS = 25
"""So many at most: a machine shared with others can be half as fast for seconds."""


def answers_within(limit_s: float, *args: str) -> bool:
    """Whether the quickest of a few runs is quick enough, by processor time: commands do not wait for
    anything, and what else the machine does is not counted."""
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([CDNPLAN, *args], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime <= limit_s:
            return True
    return False


def loaded(*args: str) -> set[str]:
    """Heavy packages that are loaded when a command ends."""
    code = (
        "import json, sys\n"
        "from cdnplan.cli.main import run\n"
        f"sys.argv = {['cdnplan', *args]!r}\n"
        "try:\n    run()\n"
        "except SystemExit as stop:\n    assert not stop.code, stop.code\n"
        f"sys.stderr.write(json.dumps(sorted(set(sys.modules) & set({sorted(HEAVY)!r}))))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("args", [("--help",), ("plan", "--help"), ("topology", "--help"), ("--version",)])
def test_help_answers_at_once(args: tuple[str, ...]) -> None:
    assert answers_within(0.3, *args)


def test_a_topology_of_a_hundred_lines_is_checked_in_a_moment() -> None:
    text = (sample_folder() / "topology.yaml").read_text(encoding="utf-8")
    assert 100 <= len(text.splitlines()) <= 200
    assert answers_within(0.7, "topology", "check", str(sample_folder() / "topology.yaml"))


@pytest.mark.parametrize(
    "command", ["", "plan", "verify", "synth", "new", "topology", "forecast", "backtest", "nightly"]
)
def test_help_loads_nothing_heavy(command: str) -> None:
    assert loaded(*filter(None, [command, "--help"])) == set()


@pytest.mark.parametrize(("name", "paths"), [("sample", {"networkx"}), ("one-isp", set())])
def test_checking_a_topology_loads_no_tables_and_no_kernels(name: str, paths: set[str]) -> None:
    """Where there are links, cheapest paths tell whether the order of a region's sites has an effect."""
    topologies = Path(__file__).parents[2] / "topologies"
    path = sample_folder() / "topology.yaml" if name == "sample" else topologies / f"{name}.yaml"
    found = loaded("topology", "check", str(path))
    assert found & {"pandas", "numba", "networkx", "pyarrow", "pulp", "highspy", "scipy"} == paths


def test_verifying_needs_no_solver(tmp_path: Path) -> None:
    make(sample_request(tmp_path / "p", countries=frozenset({"BE"}), gap_ratio=0.5))
    assert not loaded("verify", str(tmp_path / "p")) & {"pandas", "pulp", "highspy", "scipy"}


def test_a_network_without_links_is_planned_without_networkx(tmp_path: Path) -> None:
    synth = ("--preset", "country", "--regions", "4", "--titles", "60", "--weeks", "1")
    subprocess.run([CDNPLAN, "synth", *synth, "--out", str(tmp_path)], check=True, capture_output=True)
    assert "links:" not in (tmp_path / "topology.yaml").read_text(encoding="utf-8")
    names = {"topology": "topology.yaml", "titles": "titles.parquet", "demand": "demand.parquet"}
    given = [word for name, file in names.items() for word in (f"--{name}", str(tmp_path / file))]
    assert "networkx" not in loaded("plan", *given, "--gap", "0.5", "--out", str(tmp_path / "p"))


def test_tables_are_read_and_written_without_pandas(tmp_path: Path) -> None:
    tables = ("--history", str(HISTORY), "--titles", str(sample_folder() / "titles.parquet"))
    quantiles = ("--quantiles", "0.5", "--out", str(tmp_path / "d.parquet"))
    assert "pandas" not in loaded("forecast", *tables, *quantiles)
    assert "pandas" not in loaded("plan", "--countries", "BE", "--gap", "0.5", "--out", str(tmp_path / "p"))
    assert "pandas" not in loaded("backtest", *tables, "--cutoffs", "2", "--model", "last")
