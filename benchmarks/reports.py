"""How long reports take, and how large they are.

    python -m benchmarks.reports [PLAN ...] [--previous PLAN] [--out results/reports.json]

Without a plan: the embedded sample, planned first.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from cdnplan.planner import PlanRequest, plan
from cdnplan.report.pages.report import report
from cdnplan.sample import sample_folder

LIMIT_MB = 3.0


def measure(folder: Path, previous: Path | None = None) -> dict[str, Any]:
    """Make one report: wall-clock and processor time, size, and what the process has needed so far."""
    begun, used = time.perf_counter(), time.process_time()
    text = report(folder, previous)
    record = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    return {
        "plan": folder.name,
        "regions": record["counts"]["regions"],
        "pools": record["counts"]["pools"],
        "titles": record["counts"]["titles"],
        "seconds": round(time.perf_counter() - begun, 2),
        "processor_seconds": round(time.process_time() - used, 2),
        "mb": round(len(text.encode()) / 1e6, 3),
        "peak_memory_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
    }


def _plans(work: Path) -> list[Path]:
    sample = sample_folder()
    request = PlanRequest(
        topology=sample / "topology.yaml",
        titles=sample / "titles.parquet",
        demand=sample / "demand.parquet",
        out=work / "sample",
    )
    return [plan(request).folder]


def main(arguments: list[str] | None = None) -> int:
    """Measure each plan in its turn; 1 if a report is larger than it should be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reports", description=__doc__)
    parser.add_argument("plans", nargs="*", type=Path, help="plan folders; without any the sample")
    parser.add_argument("--previous", type=Path, help="plan before those, to tell what changed")
    parser.add_argument("--out", type=Path, help="file for the results as JSON")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as work:
        found = [measure(folder, options.previous) for folder in options.plans or _plans(Path(work))]
    for row in found:
        sys.stdout.write(json.dumps(row) + "\n")
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 1 if any(row["mb"] > LIMIT_MB for row in found) else 0


if __name__ == "__main__":
    sys.exit(main())
