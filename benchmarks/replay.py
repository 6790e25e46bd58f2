"""Plans against caches that fill themselves, on real demand: the figures of docs/replay.md.

    python -m benchmarks.replay [--requests N] [--weeks N] [--policies P,…] [--countries BE,…]
        [--no-regret] [--json FILE] [--keep DIR]

The last weeks of the real charts, one site with 400 GB in each of their countries: each week is forecast from
those before it, planned from what the site holds, and served. What was planned meets what was really charted.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.real_week import data_folder
from cdnplan.cli.terminal.progress import progress_on_stderr
from cdnplan.cli.terminal.tables import print_table
from cdnplan.inputs.demand.history_reader import read_history
from cdnplan.inputs.places.countries import country_code
from cdnplan.replay import ReplayRequest, replay
from cdnplan.replay.cases.planning import How

STORAGE_GB = 400.0
HYBRIDS = (0.25, 0.5, 0.75)


def write_topology(path: Path) -> None:
    """One site of `STORAGE_GB` inside each country of the charts, as fast as it has to be."""
    history = read_history(data_folder() / "real_week" / "history.parquet")
    with (data_folder() / "world_week" / "regions.csv").open(encoding="utf-8", newline="") as stream:
        place = {
            country_code(row["region"]): (row["latitude"], row["longitude"]) for row in csv.DictReader(stream)
        }
    lines = [
        "name: charts",
        "hardware:",
        f"  box: {{storage_tb: {STORAGE_GB / 1000}, throughput_gbps: 1000000, fill_gbps: 1.2}}",
        "origins:",
        "  - {name: origin-us, location: [39.0, -77.5]}",
        "policy:",
        "  reserves: {storage_ratio: 0, throughput_ratio: 0}",
        "sites:",
    ]
    for region in history.regions:
        at = ", ".join(place.get(region, ("0", "0")))
        lines.append(
            f"  - {{name: 'site-{region}', kind: embedded, country: '{region}', location: [{at}],"
            " appliances: [{model: box}]}"
        )
    lines.append("regions:")
    for region in history.regions:
        at = ", ".join(place.get(region, ("0", "0")))
        lines.append(
            f"  - {{name: 'r-{region}', country: '{region}', location: [{at}],"
            f" demand: {{region: '{region}'}}, sites: ['site-{region}']}}"
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay", description=__doc__)
    parser.add_argument("--weeks", type=int, default=20)
    parser.add_argument("--requests", type=float, default=5000.0, help="a region and week")
    parser.add_argument("--policies", default="lru,lfu,gdsf,s3-fifo,w-tinylfu,belady")
    parser.add_argument("--hybrid", default=",".join(map(str, HYBRIDS)))
    parser.add_argument("--hybrid-policy")
    parser.add_argument("--prefill", default="0.5,1")
    parser.add_argument("--model", default="auto")
    parser.add_argument("--countries", default="", help="codes; all without")
    parser.add_argument("--no-regret", action="store_true", help="no plans that knew what came")
    parser.add_argument("--gap", type=float, help="at which plans stop")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args(arguments)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as made, progress_on_stderr() as progress:
        folder = Path(made)
        write_topology(folder / "topology.yaml")
        found = replay(
            ReplayRequest(
                out=options.keep or folder / "replay",
                topology=folder / "topology.yaml",
                titles=data_folder() / "real_week" / "titles.parquet",
                history=data_folder() / "real_week" / "history.parquet",
                periods=options.weeks,
                requests=options.requests,
                policies=tuple(filter(None, options.policies.split(","))),
                hybrid=tuple(float(x) for x in options.hybrid.split(",") if x),
                prefill=tuple(float(x) for x in options.prefill.split(",") if x),
                hybrid_policy=options.hybrid_policy,
                model=options.model,
                regret=not options.no_regret,
                countries=frozenset(filter(None, options.countries.split(","))),
                how=How(gap_ratio=options.gap, threads=os.cpu_count() or 1),
                replace=True,
            ),
            progress=progress,
        )
    record = {**found.record, "seconds": round(time.perf_counter() - began, 1)}
    if options.json:
        options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    columns = ("policy", "kind", "planned_ratio", "byte_offload_ratio", "fill_window_gb", "fill_outside_gb")
    rows = sorted(record["policies"], key=lambda way: -way["byte_offload_ratio"])
    print_table(columns, [[way[name] for name in columns] for way in rows])
    sys.stdout.write(f"{record['requests']:,} requests, {record['seconds']:,} s\n{record['regret']}\n")
    sys.stdout.write(f"{record['misses_gb']}\n{record['best_planned_ratio']}\n{record['best_prefilled']}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
