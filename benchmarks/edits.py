"""Random edits of a topology: how many keep their meaning and every comment, and how long one takes.

    python -m benchmarks.edits [--topology FILE] [--sequences N] [--first SEED] [--comments RATIO]

Without a file the sample is edited. Prints JSON; exit code 1 if any sequence fails.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import sys
import tempfile
import time
from pathlib import Path

from cdnplan.inputs.edits.editor import edit_topology
from cdnplan.inputs.edits.language import parse_operation
from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.sample import sample_folder
from tests.inputs.edits.checking import check_sequence
from tests.inputs.edits.decorated import decorated
from tests.inputs.edits.random_edits import random_edits


def main() -> int:
    """Run all sequences; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--topology", type=Path, default=sample_folder() / "topology.yaml")
    parser.add_argument("--sequences", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--comments", type=float, default=0.3)
    asked = parser.parse_args()
    text = asked.topology.read_text(encoding="utf-8")
    gc.disable()  # as the command does
    failed: list[str] = []
    counts = {"accepted": 0, "refused": 0}
    operations = 0
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        path, scratch = Path(folder) / "topology.yaml", Path(folder) / "wanted.yaml"
        for seed in range(asked.first, asked.first + asked.sequences):
            rng = random.Random(seed)
            path.write_text(decorated(text, rng, asked.comments), encoding="utf-8")
            texts, wanted = random_edits(rng, read_topology(path))
            operations += len(texts)
            try:
                counts["accepted" if check_sequence(path, texts, wanted, scratch) else "refused"] += 1
            except Exception as error:  # noqa: BLE001 (whatever happens is counted)
                failed.append(f"{seed}: {type(error).__name__}: {str(error)[:300]}")
            gc.collect()
        seconds = time.process_time() - began
        path.write_text(text, encoding="utf-8")
        one = [_one_edit(path) for _ in range(5)]
    result = {
        "topology": asked.topology.name,
        "kilobytes": round(len(text.encode()) / 1000),
        "sequences": asked.sequences,
        "operations": operations,
        **counts,
        "failed": failed,
        "cpu_seconds": round(seconds, 1),
        "cpu_seconds_of_one_edit": round(sorted(one)[2], 3),
    }
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    return 1 if failed else 0


def _one_edit(path: Path) -> float:
    """Processor time of one edit of one site [s], reading, checking and comparing included."""
    name = read_topology(path).sites[0].name
    began = time.process_time()
    edit_topology(path, [parse_operation(f"set site {name} fill_window.hours=10")]).diff()
    return time.process_time() - began


if __name__ == "__main__":
    sys.exit(main())
