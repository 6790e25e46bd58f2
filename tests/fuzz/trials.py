"""Trials: a command, and the one of its files that is damaged; all of it follows from a seed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.parquet as pq
import yaml

from tests.fuzz.damage import damaged, replace_file
from tests.fuzz.documents import changed_document, json_text, yaml_text
from tests.fuzz.running import Ended, run_judged
from tests.fuzz.tables import changed_csv, changed_table, csv_bytes, parquet_bytes
from tests.fuzz.world import QUIET, REPLAY

KINDS = {"folders": 600, "logs": 350, "inputs": 2300}
"""Trials of each kind in a whole run."""

TITLES_PLAN = (
    f"plan --out out --no-report {QUIET} --topology topology.yaml --titles titles.parquet --demand demand.csv"
)
PLAN = f"plan --out out --no-report {QUIET} --topology topology.yaml --titles titles.csv"
EXPERIMENT = "experiment design --outcomes outcomes.csv --metric hit_gb/gb --days 14 --out out.json"


@dataclass(frozen=True)
class Subject:
    """A command, and the files of the world of which one is damaged."""

    command: str
    files: tuple[str, ...]

    @classmethod
    def of(cls, command: str, files: str) -> Subject:
        return cls(command, tuple(files.split()))


FOLDERS = tuple(
    Subject(command.format(plan=plan), (f"plans/{plan}",))
    for plan in ("first", "second", "third")
    for command in (
        "verify plans/{plan}",
        "verify plans/{plan}",
        "verify plans/{plan}",
        f"{PLAN} --demand demand.csv --engine fast --previous plans/{{plan}}",
        f"{PLAN} --demand demand.csv --engine fast --previous plans/{{plan}}",
    )
)
"""Plan folders, read in the two ways that are counted."""

READERS = tuple(
    Subject.of(command, "plans/second")
    for command in (
        f"{PLAN} --demand demand.csv --start plans/second",
        "diff plans/first plans/second",
        "export plans/second --out out --content-url https://a.example/{file} --cdn-path AS64496:1",
        "report plans/second --out out.html",
        f"whatif scenario.yaml --base plans/second --out out {QUIET}",
        f"prices plans/second {QUIET}",
        f"replay --plan plans/second {REPLAY} --out out",
        "topology diff plans/first plans/second",
    )
)
"""Other commands that read plan folders."""

LOGS = (
    Subject.of("ingest combined.log --mapping map.yaml --out out.csv --quiet", "combined.log"),
    Subject.of(
        "ingest combined.log --region NL --requests r.parquet --out out.parquet --quiet", "combined.log"
    ),
    Subject.of(
        "ingest common.log --region NL --period weekly --whole-periods --out out.csv --quiet", "common.log"
    ),
    Subject.of("ingest w3c.log --region NL --bad-lines bad.csv --out out.csv --quiet", "w3c.log"),
    Subject.of("ingest w3c.log --prefixes prefixes.csv --max-bad 20% --out out.csv --quiet", "w3c.log"),
    Subject.of("ingest log.csv --out out.csv --from 2025-10-11 --format json --quiet", "log.csv"),
    Subject.of("ingest log.csv combined.log --region NL --out out.csv --quiet", "log.csv combined.log"),
    Subject.of(
        "ingest log.jsonl --out out.csv --plays sizes --titles titles.csv --quiet", "log.jsonl titles.csv"
    ),
    Subject.of("ingest log.jsonl --region NL --out out.csv --quiet", "log.jsonl"),
    Subject.of("ingest log.parquet --out out.parquet --requests r.parquet --quiet", "log.parquet"),
    Subject.of("ingest demand.parquet --out out.csv --bad-lines bad.csv --quiet", "demand.parquet"),
)

INPUTS = (
    Subject.of("topology check topology.yaml", "topology.yaml"),
    Subject.of(
        "topology check including.yaml --override override.yaml", "including.yaml override.yaml topology.yaml"
    ),
    Subject.of("topology show topology.yaml --map out.html", "topology.yaml"),
    Subject.of("topology show topology.yaml --tree", "topology.yaml"),
    Subject.of("topology diff topology.yaml including.yaml", "topology.yaml including.yaml"),
    Subject.of("topology edit topology.yaml --script edits.yaml", "edits.yaml topology.yaml"),
    Subject.of("topology import list.csv --out out.yaml", "list.csv"),
    Subject.of(f"{PLAN} --demand demand.csv", "topology.yaml titles.csv demand.csv"),
    Subject.of(f"{PLAN} --demand demand.csv --engine fast", "topology.yaml"),
    Subject.of(f"{PLAN} --demand demand.parquet --engine fast", "demand.parquet"),
    Subject.of(
        TITLES_PLAN,
        "titles.parquet",
    ),
    Subject.of(
        f"{PLAN} --demand demand.csv --files files.csv --holdings holdings.csv", "files.csv holdings.csv"
    ),
    Subject.of(f"{PLAN} --history history.csv", "history.csv"),
    Subject.of(f"{PLAN} --history history.parquet", "history.parquet"),
    Subject.of(f"{PLAN} --demand demand.csv --env test --override override.yaml", "override.yaml"),
    Subject.of(
        "forecast --history history.csv --titles titles.csv --launches launches.csv --changes changes.csv"
        " --events events.csv --quantiles 0.1,0.9 --out out.parquet",
        "launches.csv changes.csv events.csv history.csv titles.csv",
    ),
    Subject.of(
        "forecast --history history.parquet --titles titles.parquet --out out.csv",
        "history.parquet titles.parquet",
    ),
    Subject.of(
        "backtest --history history.csv --titles titles.csv --cutoffs 1"
        " --launches launches.csv --events events.csv",
        "history.csv titles.csv launches.csv events.csv",
    ),
    Subject.of(f"whatif scenario.yaml --base plans/first {QUIET} --out out", "scenario.yaml"),
    Subject.of(f"whatif grid.yaml --base plans/first {QUIET} --out out", "grid.yaml"),
    Subject.of(f"size sizing.yaml --base plans/first {QUIET} --time-limit 5 --out out", "sizing.yaml"),
    Subject.of("nightly nightly.yaml --quiet --date 2026-03-05 --dry-run", "nightly.yaml"),
    Subject.of(
        "nightly nightly.yaml --quiet --date 2026-03-05 --dry-run",
        "nightly.yaml topology.yaml titles.csv history.csv",
    ),
    Subject.of("ingest combined.log --mapping map.yaml --out out.csv --quiet", "map.yaml prefixes.csv"),
    Subject.of("ingest log.csv --mapping map.yaml --out out.csv --quiet", "map.yaml"),
    Subject.of(
        f"replay --plan plans/first {REPLAY} --out out",
        "demand.csv",
    ),
    Subject.of(
        f"replay --plan plans/first --logged requests.parquet --policies lru --no-regret {QUIET} --out out",
        "requests.parquet",
    ),
    Subject.of(
        f"{EXPERIMENT} --clusters clusters.csv --parents parents.csv", "outcomes.csv clusters.csv parents.csv"
    ),
    Subject.of("experiment assign trial.json --seed 7 --out out.csv", "trial.json"),
    Subject.of(
        "experiment read trial.json arms.csv --outcomes outcomes.csv", "trial.json arms.csv outcomes.csv"
    ),
    Subject.of(
        "experiment simulate trial.json --outcomes outcomes.csv --trials 10", "trial.json outcomes.csv"
    ),
    Subject.of("report answer --out out.html", "answer"),
    Subject.of("report replayed --out out.html", "replayed"),
    Subject.of("report plans/first --actual history.csv --out out.html", "history.csv"),
    *READERS,
)

SUBJECTS = {"folders": FOLDERS, "logs": LOGS, "inputs": INPUTS}


@dataclass(frozen=True)
class Trial:
    """What was run, on what, and how it ended."""

    name: str
    command: str
    damaged: str
    ended: Ended


def run_trial(kind: str, seed: int, index: int, world: Path, folder: Path) -> Trial:
    """Damage one file and run a command on it, in a folder made anew.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    seed, index : int
        Which trial.
    world : Path
        As `make_world` has made it.
    folder : Path
        What the trial works in; left as the command left it.
    """
    rng = Random(f"{kind} {seed} {index}")
    subjects = SUBJECTS[kind]
    subject = subjects[index % len(subjects)]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    _copy_needed(subject, world, folder)
    path = folder / rng.choice(subject.files)
    path = _damage_folder(rng, path) if path.is_dir() else _damage_file(rng, path)
    ended = run_judged(subject.command.split(), folder)
    return Trial(f"{kind} {seed} {index}", subject.command, path.relative_to(folder).as_posix(), ended)


def _copy_needed(subject: Subject, world: Path, folder: Path) -> None:
    """Files of the world, and those of its folders that the command names."""
    for path in world.iterdir():
        if path.is_file():
            shutil.copyfile(path, folder / path.name)
    for word in {*subject.command.split(), *subject.files}:
        if (world / word).is_dir():
            shutil.copytree(world / word, folder / word)


def _damage_folder(rng: Random, folder: Path) -> Path:
    """Damage one file of a folder, or several; half of the time plan.json has the new checksums."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "report.html")
    weights = [4 if path.name == "plan.json" else 1 if "manifests" in path.parts else 3 for path in files]
    for path in dict.fromkeys(rng.choices(files, weights, k=rng.choice((1, 1, 1, 2)))):
        _damage_file(rng, path)
    record = folder / "plan.json"
    if rng.random() < 0.6 and record.is_file() and path != record:
        _list_anew(folder, record)
    return path


def _list_anew(folder: Path, record: Path) -> None:
    """Give plan.json the checksums of the files as they are now."""
    try:
        plan = json.loads(record.read_bytes())
        for name in plan["files"]:
            path = folder / name
            if path.is_file():
                plan["files"][name] = hashlib.sha256(path.read_bytes()).hexdigest()
    except (ValueError, TypeError, KeyError, RecursionError):
        return  # it is damaged itself
    record.write_text(json.dumps(plan, indent=2), encoding="utf-8")


def _damage_file(rng: Random, path: Path) -> Path:
    """Damage a file by what it is, or as bytes."""
    if rng.random() < 0.03:
        replace_file(rng, path)
        return path
    data = path.read_bytes()
    found = _by_meaning(rng, path, data) if rng.random() < 0.65 else None
    path.write_bytes(damaged(rng, data) if found is None else found)
    return path


def _by_meaning(rng: Random, path: Path, data: bytes) -> bytes | None:
    """Change what a file says; None where its kind has no such change, or it cannot be written."""
    name = path.name
    if name.endswith(".parquet"):
        return parquet_bytes(rng, changed_table(rng, pq.read_table(path)))
    if name.endswith(".csv"):
        return changed_csv(rng, data) if data.isascii() else csv_bytes(changed_table(rng, _table(path)))
    if name.endswith((".yaml", ".yml")):
        return _written_yaml(rng, changed_document(rng, yaml.safe_load(data)))
    if name.endswith(".json"):
        return json_text(changed_document(rng, json.loads(data)))
    if name.endswith(".jsonl"):
        return _changed_lines(rng, data)
    return None


def _table(path: Path) -> Any:
    import pyarrow.csv as pacsv

    return pacsv.read_csv(path)


def _written_yaml(rng: Random, root: Any) -> bytes | None:
    try:
        return yaml_text(rng, root)
    except (yaml.YAMLError, RecursionError):
        return None


def _changed_lines(rng: Random, data: bytes) -> bytes:
    """Change some lines of a file of JSON lines; a manifest's first line may have the new checksum."""
    lines = [json.loads(line) for line in data.splitlines()]
    for _ in range(rng.choice((1, 1, 3))):
        at = rng.randrange(len(lines))
        lines[at] = changed_document(rng, lines[at])
    texts = [json.dumps(line).encode() for line in lines]
    if rng.random() < 0.6 and isinstance(lines[0], dict) and "sha256" in lines[0]:
        body = b"".join(text + b"\n" for text in texts[1:])
        texts[0] = json.dumps(lines[0] | {"sha256": hashlib.sha256(body).hexdigest()}).encode()
    return b"\n".join(texts) + b"\n"


def findings(trials: Sequence[Trial]) -> list[str]:
    """What must not have happened, a text each."""
    return [
        f"{trial.name}: {trial.command} with {trial.damaged}: {found.kind}\n{found.detail}"
        for trial in trials
        for found in trial.ended.findings
    ]
