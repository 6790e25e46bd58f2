"""`python -m benchmarks.fuzz`: 600 plan folders, 350 logs and 2,300 inputs, damaged; none may crash.

One JSON object on stdout: how many trials there were, how their commands ended, and how many did what no
command may do: raise anything but its own errors, print anything but messages, exit with a code that is not
documented, write although the input is bad, or take more than 20 s of a processor. Each of these is told on
stderr, with the trial's name, and the exit code is 1 then. Trials run in processes of their own, so that one
that kills its process is found as well; `--only "inputs 1 17"` runs a single trial and leaves its folder.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.fuzz.running import LIMIT_S
from tests.fuzz.trials import KINDS, findings, run_trial
from tests.fuzz.world import make_world

SILENCE_S = 6 * LIMIT_S
"""A process that says nothing for so long is in code that no alarm ends."""


def main() -> int:
    """Run from the command line; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=float, default=1.0, help="of the trials of each kind")
    parser.add_argument("--only", metavar="TRIAL", help="one trial, as 'inputs 1 17'")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--part", nargs=3, metavar=("KIND", "FIRST", "END"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        kind, first, end = options.part
        _run_part(options.work, kind, options.seed, range(int(first), int(end)))
        return 0
    work = Path(tempfile.mkdtemp(prefix="cdnplan-fuzz-"))
    begun = time.monotonic()
    make_world(work / "world")
    if options.only:
        kind, seed, index = options.only.split()
        trial = run_trial(kind, int(seed), int(index), work / "world", work / "trial")
        sys.stdout.write(f"{trial.command}\n{trial.damaged} in {work / 'trial'}\n{trial.ended}\n")
        return 0
    found = 0
    codes: Counter[str] = Counter()
    try:
        for kind, n in KINDS.items():
            for said in _in_processes(work, kind, options.seed, round(n * options.share)):
                codes[f"{kind}, exit {said['code']}"] += 1
                found += len(said["findings"])
                sys.stderr.write("".join(f"{text}\n\n" for text in said["findings"]))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    told = {
        "seed": options.seed,
        "trials": codes.total(),
        "findings": found,
        "ended": dict(sorted(codes.items())),
        "seconds": round(time.monotonic() - begun, 1),
    }
    sys.stdout.write(json.dumps(told, indent=2) + "\n")
    return 1 if found else 0


def _run_part(work: Path, kind: str, seed: int, part: range) -> None:
    """Run trials in this process, and tell of each on a line of its own."""
    for index in part:
        trial = run_trial(kind, seed, index, work / "world", work / "trial")
        told = {"index": index, "code": trial.ended.code, "findings": findings([trial])}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        if any(found.kind == "hang" for found in trial.ended.findings):
            return  # whatever was stopped in the middle, the next trial begins in a new process


def _in_processes(work: Path, kind: str, seed: int, n: int) -> Iterator[dict[str, Any]]:
    """Run trials in processes; where one dies, the next begins behind the trial that killed it."""
    first = 0
    while first < n:
        command = [sys.executable, "-m", "benchmarks.fuzz", "--seed", str(seed), "--work", str(work)]
        process = subprocess.Popen(
            [*command, "--part", kind, str(first), str(n)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for line in _lines(process):
            said = json.loads(line)
            first = said["index"] + 1
            yield said
        if process.returncode != 0:
            name = f"{kind} {seed} {first}"
            last = "" if process.stderr is None else process.stderr.read().decode(errors="replace")[-2000:]
            yield {
                "code": process.returncode,
                "findings": [f"{name}: died with {process.returncode}\n{last}"],
            }
            first += 1


def _lines(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Lines that a process writes, until it ends or has been silent for too long."""
    import selectors

    assert process.stdout is not None
    with selectors.DefaultSelector() as ready:
        ready.register(process.stdout, selectors.EVENT_READ)
        while ready.select(SILENCE_S):
            line = process.stdout.readline()
            if not line:
                break
            yield line
        else:
            process.kill()
    process.wait()


if __name__ == "__main__":
    sys.exit(main())
