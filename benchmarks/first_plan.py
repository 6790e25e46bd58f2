"""How long the first plan after an installation takes, which has to compile its kernels, and the next one.

    python -m benchmarks.first_plan [--runs N] [--cores N]

The embedded sample is planned twice by the command, each run with an empty cache of kernels of its own. One
line of JSON a run: seconds by the clock, and of processors, which say more where other programs run too.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMAND = "from cdnplan.cli.main import run; run()"


def _plan(work: Path, name: str, cores: int | None) -> dict[str, float]:
    """Plan the sample in a process of its own, and measure it with all that it starts."""
    available = sorted(os.sched_getaffinity(0))
    begun, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", COMMAND, "plan", "--quiet", "--out", str(work / name)],
        env=os.environ | {"NUMBA_CACHE_DIR": str(work / "kernels")},
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, available[:cores]),
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processors = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    return {"seconds": round(time.perf_counter() - begun, 1), "processor_seconds": round(processors, 1)}


def measure(cores: int | None = None) -> dict[str, dict[str, float]]:
    """Plan with an empty cache, and again with what that left there."""
    with tempfile.TemporaryDirectory() as work:
        return {name: _plan(Path(work), name, cores) for name in ("first", "second")}


def main(arguments: list[str] | None = None) -> int:
    """Print one line a run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_plan", description=__doc__)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--cores", type=int, help="so many cores at most; all by default")
    options = parser.parse_args(arguments)
    for _ in range(options.runs):
        sys.stdout.write(json.dumps(measure(options.cores)) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
