"""The work folder: what this run fetched, what the last good run planned from, logs.

run/            inputs of the run that is at work; swept at the start of the next
good/NNNNNN/    inputs and forecast of the last good run, with good.json
log/            one file of JSON lines for each run
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdnplan.nightly.keep.disk import (
    next_number,
    numbered,
    own_folder,
    own_place,
    put_in_place,
    remove_whole,
    sync_tree,
    write_whole,
)

GOOD_JSON = "good.json"
FORECAST = "forecast.parquet"
_LOG = re.compile(r"[0-9]{6,}-[0-9]{8}T[0-9]{6}Z-[0-9a-f]+\.jsonl")
_IN_RUN = re.compile(
    r"(topology|titles|files|history|demand|holdings|launches|changes|events|override-[0-9]+|plan"
    r"|(forecast|demand)\.parquet|\.?good\.json(\.part)?|\.plan\.(partial|old)-[0-9]+|removed-[0-9]+)"
)
"""What runs of earlier releases left in a folder without a mark."""


@dataclass(frozen=True, slots=True)
class Ready:
    """An input that a plan can be made from.

    Parameters
    ----------
    role, where : str
        What it is, and where it comes from.
    path : Path
        The copy, in the work folder; of a topology with the files that it includes around it.
    sha256 : str
    modified, fetched : datetime
        When it was last changed (where nobody knows: when this content was first fetched), and fetched.
    is_fallback : bool
        Whether it is the copy of an earlier night.
    """

    role: str
    where: str
    path: Path
    sha256: str
    modified: dt.datetime
    fetched: dt.datetime
    is_fallback: bool = False


@dataclass(frozen=True, slots=True)
class Good:
    """What the last good run planned from.

    Parameters
    ----------
    folder : Path
    inputs : mapping of str to Ready
        By role.
    forecast : Path or None
        Its demand table.
    forecast_made : datetime or None
    """

    folder: Path
    inputs: Mapping[str, Ready]
    forecast: Path | None
    forecast_made: dt.datetime | None


class Store:
    """The work folder of a job; only the run that holds the lock uses it.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.run = folder / "run"
        self._good = folder / "good"
        self._log = folder / "log"

    def prepare(self) -> None:
        """Make the folders; remove what a run that was killed left.

        Raises
        ------
        InputError
            One of them is not the job's own.
        """
        own_place(self._good)
        self._own_run()
        self._good.mkdir(exist_ok=True)
        self._log.mkdir(exist_ok=True)

    def _own_run(self) -> None:
        # Releases that did not mark the folder left logs beside it, from their first run on.
        before = any(self._logs())
        own_folder(self.run, lambda name: before and _IN_RUN.fullmatch(name) is not None)

    def _logs(self) -> list[Path]:
        """Logs of runs, the oldest first."""
        return [path for _, path in numbered(self._log) if _LOG.fullmatch(path.name)]

    def log_path(self, run_id: str) -> Path:
        """File for the log of a new run."""
        return self._log / f"{next_number(self._log):06d}-{run_id}.jsonl"

    def drop_old_logs(self, keep: int) -> None:
        """Keep the last so many logs."""
        for path in self._logs()[:-keep]:
            path.unlink()

    def good(self) -> Good | None:
        """What the last good run planned from; None where there is none, or it cannot be read."""
        for _, folder in reversed(numbered(self._good)):
            try:
                found = json.loads((folder / GOOD_JSON).read_text(encoding="utf-8"))
                return _good(folder, found)
            except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
                continue
        return None

    def keep_as_good(
        self, inputs: Mapping[str, Ready], forecast: Path | None, forecast_made: dt.datetime | None
    ) -> None:
        """Keep what this run planned from, in place of what an earlier one did.

        Parameters
        ----------
        inputs : mapping of str to Ready
            By role; all in `run`.
        forecast : Path or None
            A demand table.
        forecast_made : datetime or None
        """
        number = next_number(self._good)
        if forecast is not None and not forecast.is_relative_to(self.run):
            forecast = Path(shutil.copy2(forecast, self.run / forecast.name))
        said = {
            "inputs": {role: _as_dict(ready, self.run) for role, ready in inputs.items()},
            "forecast": None if forecast is None else forecast.relative_to(self.run).as_posix(),
            "forecast_made": None if forecast_made is None else forecast_made.isoformat(),
        }
        write_whole(self.run / GOOD_JSON, json.dumps(said, indent=2) + "\n")
        sync_tree(self.run)
        put_in_place(self.run, self._good / f"{number:06d}")
        self._own_run()
        for _, folder in numbered(self._good)[:-1]:
            if (folder / GOOD_JSON).is_file():
                remove_whole(folder, self.run)


def _as_dict(ready: Ready, folder: Path) -> dict[str, Any]:
    return {
        "where": ready.where,
        "path": ready.path.relative_to(folder).as_posix(),
        "sha256": ready.sha256,
        "modified": ready.modified.isoformat(),
        "fetched": ready.fetched.isoformat(),
    }


def _good(folder: Path, said: Mapping[str, Any]) -> Good:
    inputs = {
        role: Ready(
            role=role,
            where=one["where"],
            path=folder / one["path"],
            sha256=one["sha256"],
            modified=dt.datetime.fromisoformat(one["modified"]),
            fetched=dt.datetime.fromisoformat(one["fetched"]),
            is_fallback=True,
        )
        for role, one in said["inputs"].items()
    }
    made, forecast = said["forecast_made"], said["forecast"]
    return Good(
        folder,
        inputs,
        None if forecast is None else folder / forecast,
        None if made is None else dt.datetime.fromisoformat(made),
    )
