"""`python -m benchmarks.crash`: 200 nights that are killed or otherwise spoilt, and what came after.

One JSON object on stdout: how many trials of each kind, how they ended, and how often the old and the new
plan was in force afterwards. It ends with an error at the first trial after which no verified plan is in
force, or the next night fails.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.nightly.crashes import Crasher, Ended, trials
from tests.nightly.nights import Project, new_project

DISK_KB = 2000
FULL_DISKS = 10


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="cdnplan-crash-"))
    begun = time.monotonic()
    try:
        project = new_project(folder / "job")
        assert project.run().exit_code == 0
        crasher = Crasher(project)
        ended = []
        for i, trial in enumerate(trials(options.trials, options.seed)):
            ended.append(crasher.run(trial))
            sys.stderr.write(f"{i + 1}: {trial.kind} {trial.phase}: {ended[-1].exit_code}\n")
        disks = full_disks(folder / "disk", project)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    seconds = round(time.monotonic() - begun, 1)
    sys.stdout.write(json.dumps(summary(ended) | {"small disk": disks, "seconds": seconds}, indent=2) + "\n")


def summary(ended: list[Ended]) -> dict[str, Any]:
    """Count trials by kind and outcome."""
    codes = Counter((one.trial.kind, one.exit_code) for one in ended)
    return {
        "trials": len(ended),
        "verified plan in force": len(ended),
        "next night published": sum(one.next_code in (0, 5) for one in ended),
        "old plan in force": sum(one.after == one.before for one in ended),
        "new plan in force": sum(one.after != one.before for one in ended),
        "kinds": {f"{kind}, exit {code}": count for (kind, code), count in sorted(codes.items())},
    }


def full_disks(folder: Path, project: Project) -> dict[str, int] | str:
    """Nights on a disk of its own that is nearly full: needs the right to mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_KB}k", "none", str(folder)]
    if os.getuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        return "not tried: no right to mount a disk"
    codes: Counter[int] = Counter()
    try:
        job = project.copy(folder / "job")
        for i in range(FULL_DISKS):
            before = job.in_force()
            free = shutil.disk_usage(folder).free
            filler = folder / "filler"
            filler.write_bytes(b"x" * max(0, free - 4096 * (2 + 6 * i)))
            codes[job.run().exit_code] += 1
            assert job.in_force() is not None
            filler.unlink()
            assert job.run().exit_code in (0, 5)
            assert job.in_force() != before
    finally:
        # Runs in this process have mapped tables there into memory: until they are collected, it is in use.
        gc.collect()
        subprocess.run(["umount", str(folder)], check=True)
    return {f"exit {code}": count for code, count in sorted(codes.items())}


if __name__ == "__main__":
    main()
