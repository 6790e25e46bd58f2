"""`cdnplan synth` and `cdnplan new` as commands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cdnplan.cli.new import new
from cdnplan.cli.synth import synth
from cdnplan.errors import InputError

app = typer.Typer()
app.command("new")(new)
app.command("synth")(synth)


def test_synth_writes_and_tells(tmp_path: Path) -> None:
    out = tmp_path / "s"
    args = ["synth", "--preset", "sample", "--seed", "1", "--weeks", "1", "--out", str(out)]
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 0
    assert "14 regions, 300 titles" in result.stdout
    assert "demand 1,200 rows" in result.stdout
    assert "2026-03-08" in result.stderr
    again = CliRunner().invoke(app, args)
    assert isinstance(again.exception, InputError)
    assert "--force" in str(again.exception)
    assert CliRunner().invoke(app, [*args, "--force"]).exit_code == 0


@pytest.mark.parametrize(
    ("args", "code"),
    [(["--preset", "city"], 2), (["--last-week", "today"], 2), (["--seed", "one"], 2), ([], 0)],
)
def test_bad_options(tmp_path: Path, args: list[str], code: int) -> None:
    result = CliRunner().invoke(app, ["synth", "--weeks", "1", "--out", str(tmp_path / "s"), *args])
    assert result.exit_code == code
    assert (tmp_path / "s").exists() == (code == 0)


def test_new_says_what_is_next(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["new", str(tmp_path / "p")])
    assert result.exit_code == 0
    assert f"cdnplan plan --topology {tmp_path}/p/topology.yaml" in result.stdout
    assert (tmp_path / "p" / "titles.parquet").is_file()


def test_commands_load_nothing_heavy_until_they_run() -> None:
    code = (
        "import sys; import cdnplan.cli.synth, cdnplan.cli.new;"
        "print(sorted({'numpy', 'pyarrow', 'pandas', 'networkx', 'numba'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
