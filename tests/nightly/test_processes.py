"""The examples of systemd and cron in docs/nightly.md, as these programs would run them."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.docs.documents import blocks
from tests.nightly.nights import Project, new_project

DOCUMENT = ROOT / "docs" / "nightly.md"
CDNPLAN = Path(sys.executable).parent / "cdnplan"


def example(language: str, name: str = "") -> str:
    (text,) = [block.text for block in blocks(DOCUMENT) if block.language == language and name in block.text]
    return text


@pytest.fixture
def job(tmp_path: Path) -> Project:
    """The document's example, with a history that ends last Sunday: the process has a clock of its own."""
    made = new_project(tmp_path / "job")
    now = dt.datetime.now(dt.UTC)
    sunday = now.date() - dt.timedelta(days=now.isoweekday() % 7 or 7)
    later = sunday - dt.date(2026, 3, 1)
    made.now = now
    made.edit_rows("history.csv", lambda row: row | {"date": str(dt.date.fromisoformat(row["date"]) + later)})
    config = example("yaml").replace("gap_ratio: 0.01, time_limit_s: 600", "gap_ratio: 0.2, threads: 1")
    made.config.write_text(config.replace("name: auto", "name: fast"), encoding="utf-8")
    return made


def run(command: str | list[str], environment: dict[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=environment,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def placed(text: str, job: Project) -> str:
    """The example with the folders of this test."""
    return text.replace("/opt/cdnplan/bin/cdnplan", str(CDNPLAN)).replace("/srv/cdnplan", str(job.folder))


def test_as_systemd_runs_it(job: Project) -> None:
    unit = dict(re.findall(r"^(\w+)=(.*)$", placed(example("ini", "ExecStart"), job), re.MULTILINE))
    environment = {"PATH": "/usr/local/bin:/usr/bin", "INVOCATION_ID": "0" * 32, "USER": "cdnplan"}
    done = run(shlex.split(unit["ExecStart"]), environment, Path(unit["WorkingDirectory"]))
    assert done.returncode in (0, int(unit["SuccessExitStatus"])), done.stderr
    assert [json.loads(line)["event"] for line in done.stderr.splitlines()][-1] == "end"
    assert job.status()["state"] == "published"
    assert job.in_force() == job.status()["in_force"]


def test_as_cron_runs_it(job: Project) -> None:
    line = placed(example("cron"), job).splitlines()[-1]
    command = line.split(maxsplit=5)[5]
    environment = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "HOME": str(job.folder), "LOGNAME": "cdnplan"}
    done = run(["/bin/sh", "-c", command], environment, Path("/"))
    assert (done.returncode, done.stdout) in ((0, ""), (5, "")), done.stderr
    assert done.stderr == ""
    assert job.in_force() is not None
    job.path("titles.csv").unlink()
    job.path("work").rename(job.path("work-away"))
    job.edit("nightly.yaml", lambda text: text + "\nfetch: {attempts: 1}\n")
    done = run(["/bin/sh", "-c", command], environment, Path("/"))
    assert done.returncode == 4
    assert done.stderr.startswith("error: titles cannot be fetched from")
