"""`cdnplan whatif --n-1`, `--n-2` and `cdnplan prices`: what is printed, formats, bad options."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from cdnplan.planner import plan
from tests.cli.running import run_cli
from tests.planner.plans import sample_request

Monkey, Caps = pytest.MonkeyPatch, pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def belgian(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder of a plan of two regions of the sample."""
    out = tmp_path_factory.mktemp("be") / "plan"
    plan(sample_request(out, countries=frozenset({"BE"})))
    return str(out)


def test_failures_worst_first(belgian: str, monkeypatch: Monkey, capsys: Caps) -> None:
    shown = run_cli(monkeypatch, capsys, "whatif", "--base", belgian, "--n-1", "all", "--top", "3", "--quiet")
    assert (shown.code, shown.err) == (0, "")
    lines = shown.out.splitlines()
    assert lines[0].startswith(f"base: {belgian}: sample, cost ")
    assert "sites and links, one at a time, at once; worst first (3 of " in lines[1]
    assert lines[2].startswith("failure") and "overload [Gbps]" in lines[2]
    assert any(line.startswith("regions left without another source than the origin") for line in lines)

    def asked(*options: str) -> str:
        return run_cli(
            monkeypatch, capsys, "whatif", "--base", belgian, "--n-1", "all", "--quiet", *options
        ).out

    tree = json.loads(asked("--format", "json", "--threads", "1"))
    assert tree == json.loads(asked("--format", "json", "--threads", "2"))
    changes = [failure["cost_change"] for failure in tree["failures"]]
    assert changes == sorted(changes, reverse=True)
    assert {failure["kind"] for failure in tree["failures"]} == {"site", "link"}
    rows = list(csv.DictReader(io.StringIO(asked("--format", "csv"))))
    assert [row["failure"] for row in rows] == [failure["failure"] for failure in tree["failures"]]


def test_pairs_of_a_city(belgian: str, monkeypatch: Monkey, capsys: Caps) -> None:
    near = run_cli(
        monkeypatch, capsys, "whatif", "--base", belgian, "--n-2", "city", "--within-km", "1", "--quiet"
    )
    assert near.code == 2
    assert "no two sites within 1 km" in near.err
    far = run_cli(
        *(monkeypatch, capsys, "whatif", "--base", belgian, "--n-2", "city", "--within-km", "20000"),
        *("--quiet", "--format", "json"),
    )
    assert all(failure["kind"] == "pair" for failure in json.loads(far.out)["failures"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "expected one of scenario files, --n-1 and --n-2"),
        (("--n-1", "sites", "--n-2", "city"), "expected one of scenario files, --n-1 and --n-2"),
        (("--n-1", "sites", "--out", "x"), "--out is for scenarios"),
    ],
)
def test_bad_options(
    options: tuple[str, ...], message: str, belgian: str, monkeypatch: Monkey, capsys: Caps
) -> None:
    result = run_cli(monkeypatch, capsys, "whatif", "--base", belgian, *options)
    assert result.code == 2
    assert message in result.err


def test_no_plan(tmp_path: Path, monkeypatch: Monkey, capsys: Caps) -> None:
    for command in (("whatif", "--n-1", "sites", "--base"), ("prices",)):
        result = run_cli(monkeypatch, capsys, *command, str(tmp_path / "none"))
        assert result.code == 2
        assert "no such plan folder" in result.err


def test_prices(belgian: str, monkeypatch: Monkey, capsys: Caps) -> None:
    shown = run_cli(monkeypatch, capsys, "prices", belgian, "--check", "1", "--top", "2", "--quiet")
    assert (shown.code, shown.err) == (0, "")
    assert "+10% saves" in shown.out
    assert "replanned saves" in shown.out
    rows = json.loads(run_cli(monkeypatch, capsys, "prices", belgian, "--format", "json", "--quiet").out)
    assert rows and all(row["price"] > 0 for row in rows)
    only = json.loads(
        run_cli(
            monkeypatch, capsys, "prices", belgian, "--limit", "storage", "--format", "json", "--quiet"
        ).out
    )
    assert [row for row in rows if row["limit"] == "storage"] == only
