"""Nights of a small network: a project on disk, clocks that tests set, and what a night left behind."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cdnplan.nightly import NightlyResult, nightly, read_config
from cdnplan.nightly.settings.clocks import Clocks
from tests.conftest import ROOT
from tests.planner.plans import assert_verified

STARTS = dt.datetime(2026, 3, 5, 2, 0, tzinfo=dt.UTC)
"""A Thursday; the history ends on Sunday the 1st."""

CONFIG: dict[str, Any] = {
    "inputs": {
        "topology": {"path": "topology.yaml"},
        "titles": {"path": "titles.csv"},
        "history": {"path": "history.csv"},
    },
    "engine": {"name": "fast", "gap_ratio": 0.05, "threads": 1},
    "deadline": {"minutes": 20},
    "publish": {"folder": "published", "keep": 3},
    "fetch": {"attempts": 2, "wait_s": 5.0, "timeout_s": 30.0},
    # The network is small and its bound loose.
    "guards": {"gap_ratio": {"warn": None}},
}


@dataclass
class Project:
    """A folder with a config file and its inputs."""

    folder: Path
    now: dt.datetime = STARTS
    waits: list[float] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    on_event: Callable[[dict[str, Any]], None] | None = None
    monotonic: Callable[[], float] = time.monotonic
    date: dt.date | None = None
    dry_run: bool = False

    @property
    def config(self) -> Path:
        return self.folder / "nightly.yaml"

    @property
    def published(self) -> Path:
        return self.folder / "published"

    @property
    def current(self) -> Path:
        return self.published / "current"

    def path(self, name: str) -> Path:
        return self.folder / name

    def configure(self, **changes: Any) -> None:
        """Merge changes into the config file; ``a__b`` stands for b within a."""
        content = yaml.safe_load(self.config.read_text(encoding="utf-8")) if self.config.exists() else {}
        for key, value in changes.items():
            *above, last = key.split("__")
            level = content
            for step in above:
                level = level.setdefault(step, {})
            level[last] = value
        self.config.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        """Rewrite an input; a change that changes nothing is a mistake of the test."""
        path = self.path(name)
        before = path.read_text(encoding="utf-8")
        after = change(before)
        assert after != before
        path.write_text(after, encoding="utf-8")
        self.touch(name)

    def edit_rows(self, name: str, change: Callable[[dict[str, str]], dict[str, str] | None]) -> None:
        """Change or drop (None) rows of a CSV table."""

        def rewrite(text: str) -> str:
            head, *lines = text.splitlines()
            columns = head.split(",")
            rows = (change(dict(zip(columns, line.split(","), strict=True))) for line in lines)
            return "\n".join([head, *(",".join(row.values()) for row in rows if row is not None)]) + "\n"

        self.edit(name, rewrite)

    def touch(self, name: str, hours_ago: float = 1.0) -> None:
        """Say when an input was changed."""
        at = (self.now - dt.timedelta(hours=hours_ago)).timestamp()
        os.utime(self.path(name), (at, at))

    def run(self) -> NightlyResult:
        """One night."""
        self.events.clear()
        clocks = Clocks(lambda: self.now, self.monotonic, self.waits.append)
        return nightly(
            read_config(self.config),
            clocks=clocks,
            write_log=self._hear,
            date=self.date,
            dry_run=self.dry_run,
        )

    def _hear(self, line: str) -> None:
        event = json.loads(line)
        self.events.append(event)
        if self.on_event is not None:
            self.on_event(event)

    def status(self) -> dict[str, Any]:
        """What ``status.json`` says."""
        found = json.loads((self.published / "status.json").read_text(encoding="utf-8"))
        assert isinstance(found, dict)
        return found

    def plans(self) -> list[str]:
        return sorted(path.name for path in (self.published / "plans").iterdir())

    def in_force(self) -> str | None:
        """The plan that ``current`` names, verified in full."""
        if not self.current.exists():
            return None
        assert self.current.is_symlink()
        assert_verified(self.current.resolve())
        return self.current.resolve().name

    def copy(self, to: Path) -> Project:
        """The same project elsewhere, its memory of where inputs came from included."""
        shutil.copytree(self.folder, to, symlinks=True)
        for path in (to / "work").rglob("good.json"):
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace(str(self.folder), str(to)), encoding="utf-8")
        return Project(to, self.now)


def new_project(folder: Path) -> Project:
    """The network of topologies/one-isp.yaml, ready for its first night."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "topologies" / "one-isp.yaml", folder / "topology.yaml")
    for name in ("titles.csv", "history.csv", "demand.csv"):
        shutil.copy(ROOT / "forecasts" / "one-isp" / name, folder / name)
    project = Project(folder)
    for name in ("topology.yaml", "titles.csv", "history.csv", "demand.csv"):
        project.touch(name)
    project.configure(**CONFIG)
    return project
