"""Warm what-ifs against cold plans: ``python -m benchmarks.whatif --base PLAN``.

Each of ten scenarios on the base (``world_week`` on the imported network) is answered in a process of its
own, as a user would: reading the plan folder, rebuilding the problem, both answers, certificate. The time of
a cold plan is that of the base's ``plan.json``, made on the same machine, or, with ``--cold N``, that of N
scenarios planned from nothing by the same engine. Wall-clock time tells little where other jobs run, so
processor time is given beside it. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SCENARIOS = {
    "frankfurt out": "fail: {sites: [ixp-frankfurt-am-main-de]}",
    "brazil grows": "scale_demand: {countries: [BR], factor: 1.2}",
    "london out": "fail: {sites: [ixp-london-gb]}",
    "amsterdam loses four boxes": 'fail: {appliances: ["ixp-amsterdam-nl/storage-2u/[1-4]"]}',
    "sydney larger": "add: {sites: [ixp-sydney-au], model: storage-2u, count: 5}",
    "japan grows": "scale_demand: {countries: [JP], factor: 1.5}",
    "flash replaced in seattle": "upgrade: {sites: [ixp-seattle-us], from: flash-1u, to: storage-2u}",
    "mexico shrinks": "scale_demand: {countries: [MX], factor: 0.8}",
    "viewers move to portugal": "shift_demand: {share: 0.1, from: {countries: [ES]}, to: {countries: [PT]}}",
    "embedded sites of poland out": 'fail: {sites: ["*-warsaw-pl"]}',
}


def ask(base: Path, scenario: Path) -> tuple[dict[str, Any], float, float]:
    """One what-if in a process of its own: its JSON, wall-clock and processor time [s]."""
    command = [sys.executable, "-c", "from cdnplan.cli.main import run; run()"]
    args = ["whatif", "--base", str(base), str(scenario), "--format", "json", "--quiet"]
    before, begun = os.times(), time.perf_counter()
    done = subprocess.run([*command, *args], check=True, capture_output=True, text=True)
    wall, after = time.perf_counter() - begun, os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    found: dict[str, Any] = json.loads(done.stdout)
    return found, wall, spent


def cold(base: Path, scenario: Path) -> dict[str, float]:
    """The same problem planned from nothing: gap by the judge, wall-clock and processor time [s]."""
    from cdnplan.evaluate.verdict.verdict import evaluate
    from cdnplan.optimize.fast.fast import solve_fast
    from cdnplan.whatif.base.base import load_base, rebuild
    from cdnplan.whatif.scenario.apply import apply_scenario
    from cdnplan.whatif.scenario.scenario_reader import read_scenarios

    [read] = read_scenarios([scenario])
    whole = load_base(base)
    made = apply_scenario(read, whole.inputs)
    instance = rebuild(whole, made.inputs, made.lost).instance
    begun, spent = time.perf_counter(), time.process_time()
    outcome = solve_fast(instance, threads=os.cpu_count() or 1)
    served, origin = outcome.serving.candidate_gb(instance), outcome.serving.origin_gb(instance)
    verdict = evaluate(instance, outcome.placement, served, origin, outcome.prices)
    return {
        "gap_ratio": verdict.gap_ratio or 0.0,
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": time.process_time() - spent,
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--only", type=int, default=len(SCENARIOS), help="so many of the scenarios")
    parser.add_argument("--cold", type=int, default=0, help="so many are planned from nothing as well")
    options = parser.parse_args()
    plan = json.loads((options.base / "plan.json").read_text(encoding="utf-8"))
    plan_s = sum(seconds for phase, seconds in plan["seconds"].items() if ":" not in phase)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for i, (name, change) in enumerate(list(SCENARIOS.items())[: options.only]):
            path = Path(folder) / f"{i}.yaml"
            path.write_text(f"name: {name}\nchanges:\n  - {change}\n", encoding="utf-8")
            found, wall, spent = ask(options.base, path)
            [item] = found["scenarios"]
            after = item["after_fill"]
            row = {
                "scenario": name,
                "seconds": round(wall, 1),
                "cpu_seconds": round(spent, 1),
                "steps": {"base": found["seconds"]["base"], **item["seconds"]},
                "gap_ratio": after["certificate"]["gap_ratio"],
                "cost_at_once": item["at_once"]["figures"]["cost"]["change"],
                "cost_after_fill": after["figures"]["cost"]["change"],
            }
            if i < options.cold:
                row["cold"] = cold(options.base, path)
            rows.append(row)
            sys.stderr.write(f"{json.dumps(row)}\n")
    result = {
        "base": {"seconds": plan_s, "gap_ratio": plan["gap_ratio"]},
        "median": {
            key: statistics.median(row[key] for row in rows)
            for key in ("seconds", "cpu_seconds", "gap_ratio")
        },
        "scenarios": rows,
    }
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
