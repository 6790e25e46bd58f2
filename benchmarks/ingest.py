"""Speed and memory of `cdnplan ingest` on a large log, and what it says of malformed lines.

    python -m benchmarks.ingest [--lines 50000000] [--distinct 5000000] [--seed 1] [--folder DIR]

The log is made by a seeded generator, compressed, read by a process of its own, and removed. The generator
makes the distinct lines; they are repeated, as members of the gzip file, until there are enough.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

from benchmarks.log_lines import LogMaker

BYTES_A_LINE = 200
"""Upper estimate of the text of a line; compressed it is about a tenth."""


def write_log(path: Path, maker: LogMaker, repeats: int) -> None:
    """Write a gzip log in the combined format: the maker's lines so many times, a member of the file each."""
    compressor = zlib.compressobj(level=1, wbits=31)
    once = b"".join([*(compressor.compress(text) for text in maker.blocks()), compressor.flush()])
    with path.open("wb") as stream:
        for _ in range(repeats):
            stream.write(once)


def run(
    folder: Path, lines: int, distinct: int, seed: int, n_bad: int, memory_gb: float
) -> dict[str, object]:
    """Generate, ingest, and say how it went."""
    repeats = max(1, lines // distinct)
    if lines % repeats or n_bad % repeats:
        raise SystemExit(f"{lines:,} lines and {n_bad} malformed ones are no multiples of {repeats}")
    free = shutil.disk_usage(folder).free
    if free < 0.2 * BYTES_A_LINE * lines + 4e9:
        raise SystemExit(f"{folder}: {free / 1e9:.0f} GB free are not enough for {lines:,} lines")
    log, prefixes, history = folder / "access.log.gz", folder / "prefixes.csv", folder / "history.parquet"
    bad_lines = folder / "bad.csv"
    maker = LogMaker(seed, n_bad // repeats, lines // repeats)
    prefixes.write_text(maker.prefix_table(), encoding="utf-8")
    began = time.monotonic()
    write_log(log, maker, repeats)
    generated_s = time.monotonic() - began
    expected = {kind: repeats * n for kind, n in maker.bad_by_kind().items()}
    words = ["ingest", str(log), "--out", str(history), "--prefixes", str(prefixes)]
    words += ["--pattern", r"^/v/(?P<title>[^/]+)/", "--format", "json", "--quiet"]
    words += ["--memory-gb", str(memory_gb), "--bad-lines", str(bad_lines)]
    code = "from cdnplan.cli.main import run; run()"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    seconds = time.monotonic() - began
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = usage.ru_utime + usage.ru_stime - before.ru_utime - before.ru_stime
    summary = json.loads(done.stdout)
    found = {
        kind.removeprefix("malformed: "): n for kind, n in summary.items() if kind.startswith("malformed: ")
    }
    gb = repeats * maker.gb()
    right = summary["counted"] == repeats * maker.counted() and abs(summary["GB"] - gb) < 1e-9 * gb
    return {
        "lines": lines,
        "distinct_lines": lines // repeats,
        "log_gb": round(log.stat().st_size / 1e9, 3),
        "generated_s": round(generated_s, 1),
        "seconds": round(seconds, 1),
        "lines_per_s": round(lines / seconds),
        "cpu_s": round(cpu_s, 1),
        "cpu_us_per_line": round(1e6 * cpu_s / lines, 3),
        "load_average": round(os.getloadavg()[1], 1),
        "peak_memory_gib": round(usage.ru_maxrss / 2**20, 3),
        "malformed_found": found,
        "malformed_right": found == expected,
        "malformed_listed": len(bad_lines.read_text(encoding="utf-8").splitlines()) - 1,
        "examples": sum(line.startswith("malformed: ") for line in done.stderr.splitlines()),
        "sums_right": right,
        "rows": summary["rows"],
    }


def main() -> None:
    """Read options, run, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=50_000_000)
    parser.add_argument("--distinct", type=int, default=5_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bad", type=int, default=100)
    parser.add_argument("--memory-gb", type=float, default=1.0)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cdnplan-ingest-", dir=options.folder) as folder:
        folder_path = Path(folder)
        result = run(
            folder_path, options.lines, options.distinct, options.seed, options.bad, options.memory_gb
        )
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
