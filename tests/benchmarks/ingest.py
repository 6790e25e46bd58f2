"""Speed and memory of `cdnplan ingest` on a large log, and what it says of malformed lines.

    python -m tests.benchmarks.ingest [--lines 50000000] [--seed 1] [--folder DIR]

The log is made by a seeded generator, compressed, read by a process of its own, and removed.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

from tests.benchmarks.log_lines import LogMaker

BYTES_A_LINE = 200
"""Upper estimate of the text of a line; compressed it is about a tenth."""


def write_log(path: Path, lines: int, seed: int, n_bad: int) -> dict[str, int]:
    """Write a gzip log in the combined format; the malformed lines in it by kind."""
    maker = LogMaker(seed, n_bad, lines)
    compressor = zlib.compressobj(level=1, wbits=31)
    with path.open("wb") as stream:
        for text in maker.blocks():
            stream.write(compressor.compress(text))
        stream.write(compressor.flush())
    return maker.bad_by_kind()


def run(folder: Path, lines: int, seed: int, n_bad: int, memory_gb: float) -> dict[str, object]:
    """Generate, ingest, and say how it went."""
    free = shutil.disk_usage(folder).free
    if free < 0.2 * BYTES_A_LINE * lines + 4e9:
        raise SystemExit(f"{folder}: {free / 1e9:.0f} GB free are not enough for {lines:,} lines")
    log, prefixes, history = folder / "access.log.gz", folder / "prefixes.csv", folder / "history.parquet"
    bad_lines = folder / "bad.csv"
    maker = LogMaker(seed, n_bad, lines)
    prefixes.write_text(maker.prefix_table(), encoding="utf-8")
    began = time.monotonic()
    expected = write_log(log, lines, seed, n_bad)
    generated_s = time.monotonic() - began
    words = ["ingest", str(log), "--out", str(history), "--prefixes", str(prefixes)]
    words += ["--pattern", r"^/v/(?P<title>[^/]+)/", "--format", "json", "--quiet"]
    words += ["--memory-gb", str(memory_gb), "--bad-lines", str(bad_lines)]
    code = "from cdnplan.cli.main import run; run()"
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    seconds = time.monotonic() - began
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    summary = json.loads(done.stdout)
    found = {
        kind.removeprefix("malformed: "): n for kind, n in summary.items() if kind.startswith("malformed: ")
    }
    return {
        "lines": lines,
        "log_gb": round(log.stat().st_size / 1e9, 3),
        "generated_s": round(generated_s, 1),
        "seconds": round(seconds, 1),
        "lines_per_s": round(lines / seconds),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_memory_gib": round(usage.ru_maxrss / 2**20, 3),
        "malformed_found": found,
        "malformed_right": found == expected,
        "malformed_listed": len(bad_lines.read_text(encoding="utf-8").splitlines()) - 1,
        "examples": sum(line.startswith("malformed: ") for line in done.stderr.splitlines()),
        "sums_right": summary["counted"] == maker.counted()
        and abs(summary["GB"] - maker.gb()) < 1e-6 * maker.gb(),
        "rows": summary["rows"],
    }


def main() -> None:
    """Read options, run, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=50_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bad", type=int, default=100)
    parser.add_argument("--memory-gb", type=float, default=1.0)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cdnplan-ingest-", dir=options.folder) as folder:
        result = run(Path(folder), options.lines, options.seed, options.bad, options.memory_gb)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
