"""A small network with a good file of every kind that commands read, and plans made from them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from tests.cli.bad_case import FILES
from tests.fuzz.running import run_judged

GOOD = Path(__file__).parent / "files"
"""A good file of every kind: inputs beside those of `tests.cli.bad_case`, and a log of each format."""
QUIET = "--quiet --threads 1"
REPLAY = f"--actual demand.csv --policies lru --requests 200 --no-regret {QUIET}"
"""Options of a short replay."""
P = "plan --topology topology.yaml --titles titles.csv"
MADE = (
    f"{P} --demand demand.csv --engine fast {QUIET} --out plans/first",
    f"{P} --demand demand.csv --previous plans/first --report {QUIET} --out plans/second",
    f"{P} --demand demand.csv {QUIET} --holdings holdings.csv --files files.csv --out plans/third",
    "ingest combined.log --mapping map.yaml --requests requests.parquet --out logged.csv --quiet",
    "experiment design --outcomes outcomes.csv --metric hit_gb/gb --days 14 --out trial.json",
    "experiment assign trial.json --seed 7 --out arms.csv",
    f"whatif scenario.yaml --base plans/first --out answer {QUIET}",
    f"replay --plan plans/first {REPLAY} --out replayed",
)
"""Commands that make what other commands read."""


def _trial_files() -> dict[str, str]:
    """Outcomes of six regions over twelve weeks, clusters of them, and parents."""
    units = range(6)
    days = [f"2025-0{1 + day // 28}-{1 + day % 28:02}" for day in range(84)]
    outcomes = [
        f"{date},r{u},{50 + u + t % 7 + (t * u) % 5},{100 + u + (t * 3) % 7}\n"
        for t, date in enumerate(days)
        for u in units
    ]
    return {
        "outcomes.csv": "date,region,hit_gb,gb\n" + "".join(outcomes),
        "clusters.csv": "region,cluster\n" + "".join(f"r{u},c{u}\n" for u in units),
        "parents.csv": "region,parent\n" + "".join(f"r{u},p{u // 2}\n" for u in units),
    }


def make_world(folder: Path) -> Path:
    """Write all files and run the commands that make the others; each has to succeed."""
    folder.mkdir(parents=True)
    for name, content in {**FILES, **_trial_files()}.items():
        (folder / name).write_text(str(content), encoding="utf-8")
    shutil.copytree(GOOD, folder, dirs_exist_ok=True)
    for name in ("log.csv", "demand.csv", "history.csv", "titles.csv"):
        pq.write_table(pacsv.read_csv(folder / name), folder / name.replace(".csv", ".parquet"))
    for command in MADE:
        ended = run_judged(command.split(), folder, limit_s=600.0)
        if ended.code != 0 or ended.findings:
            raise AssertionError(f"{command}: {ended}")
    return folder
