"""Two nights in a row: what is fetched, from whom, and how much less for knowing the night before.

    python -m benchmarks.nights              # sample, real week, loss of an appliance
    python -m benchmarks.nights sample --time-limit 20
    python -m benchmarks.nights world_week-1 --gap 0.01 --keep DIR

The second night is drawn from the first by `benchmarks.drift`. It is planned twice: from what the first
night left, and as if appliances were empty and stocked for free; then the bytes are counted that appliances
lack which hold the first night's plan. Costs compared leave filling out. `--first` takes a plan of the first
night that exists already.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from benchmarks import real_week
from benchmarks.drift import Drift, write_drifted
from cdnplan.evaluate.verify import verify
from cdnplan.fill.deal.appliances import split_pools
from cdnplan.inputs.plans.plan_folder import APPLIANCES, holdings_of
from cdnplan.model.instance.holdings import Holdings
from cdnplan.planner import PlanRequest, plan
from cdnplan.sample import sample_folder
from tests.fill.pools import Pool

NETWORKS = ("sample", "BE,NL,LU", "world_week-1")


def inputs(name: str, folder: Path) -> real_week.Files:
    """Topology, titles and demand of a network's first night."""
    if name == "sample":
        root = sample_folder()
        return root / "topology.yaml", root / "titles.parquet", root / "demand.parquet"
    return real_week.write_week(folder, 1, slices=1)


def two_nights(
    name: str,
    folder: Path,
    *,
    drift: Drift,
    first: Path | None,
    gap: float | None,
    limit_s: float | None,
    threads: int,
    judge: bool,
) -> dict[str, Any]:
    """Plan both nights, the second one also without knowing the first."""
    files = inputs(name, folder)
    second = write_drifted(files, folder, drift)
    request = PlanRequest(
        files[0],
        files[1],
        folder / "first",
        demand=files[2],
        countries=frozenset(name.split(",")) if "," in name else frozenset(),
        engine="fast",
        gap_ratio=gap,
        time_limit_s=limit_s,
        threads=threads,
        replace=True,
    )
    if first is None:
        plan(request)
        first = request.out
    request = replace(request, titles=second[1], demand=second[2])
    known = plan(replace(request, previous=first, out=folder / "known")).record
    blank = plan(replace(request, out=folder / "blank")).record
    fetched = known["fills"]["naive_origin_gb"]
    lacking = lacking_gb(first, folder / "blank")
    cost = {which: _without_fill(record) for which, record in (("known", known), ("blank", blank))}
    found = {
        "appliances": known["counts"]["appliances"],
        "files": known["counts"]["files"],
        "fills": known["fills"],
        "origin_to_naive_ratio": known["fills"]["bytes_gb"]["origin"] / max(1e-9, fetched),
        "appliances_dealt": known["appliances"],
        "fetched_gb": fetched,
        "fetched_without_knowing_gb": lacking,
        "fetched_to_without_knowing_ratio": fetched / max(1e-9, lacking),
        "busiest_over_mean_by_load_ratio": {
            "first": by_load(first),
            "known": by_load(folder / "known"),
        },
        "cost": cost,
        "of_which_dealing_ratio": known["appliances"]["cost_of_dealing"] / cost["blank"],
        "dearer_ratio": cost["known"] / cost["blank"] - 1.0,
        "gap_ratio": {"known": known["gap_ratio"], "blank": blank["gap_ratio"]},
        "seconds": known["seconds"],
        "peak_memory_gb": known["peak_memory_gb"],
    }
    if judge:
        report = verify(folder / "known")
        found["verified"] = report.ok
        found["failed"] = [str(check) for check in report.failed[:10]]
    return found


def _without_fill(record: dict[str, Any]) -> float:
    return float(record["cost"]["total"] - record["cost"]["fill"])


def by_load(folder: Path) -> float:
    """Load of the busiest appliance of each pool over the mean of its appliances, pools weighted by load."""
    table = pq.read_table(folder / APPLIANCES, columns=["pool", "peak_gbps"])
    pool = table["pool"].combine_chunks().dictionary_encode()
    which, peak = pool.indices.to_numpy(), table["peak_gbps"].to_numpy()
    busiest = np.zeros(len(pool.dictionary))
    np.maximum.at(busiest, which, peak)
    return float((busiest * np.bincount(which)).sum() / max(1e-300, peak.sum()))


def lacking_gb(before: Path, after: Path) -> float:
    """Bytes of a plan's copies that appliances lack which hold another plan's."""
    from cdnplan.inputs.plans.plan_folder import FILES, TABLES
    from cdnplan.inputs.tables.parquet_columns import read_columns

    table = read_columns(after / FILES, TABLES[FILES])
    names = table.texts["file"]
    size = {names.at(i): gb for i, gb in enumerate(table.values["size_gb"].tolist())}
    one, other = holdings_of(before), holdings_of(after)
    pools = {name: i for i, name in enumerate(sorted({*one.pools, *other.pools}))}
    files = {name: i for i, name in enumerate(sorted({*one.files, *other.files}))}
    most = int(max(one.appliance.max(initial=0), other.appliance.max(initial=0))) + 1

    def keys(held: Holdings) -> np.ndarray:
        pool = np.array([pools[n] for n in held.pools], dtype=np.int64)[held.pool]
        file = np.array([files[n] for n in held.files], dtype=np.int64)[held.file]
        return (pool * most + held.appliance) * len(files) + file

    new = keys(other)
    new = new[~np.isin(new, keys(one))]
    each = np.array([size.get(name, 0.0) for name in sorted(files)])
    return float(each[new % len(files)].sum())


def lost_appliance(seed: int, *, full: bool, appliances: int = 10, files: int = 4_000) -> dict[str, float]:
    """Take one appliance of a pool away, which has room for all its files without it unless it is `full`.

    What it held has to be fetched anew by the others: its fair share. Whatever else moves comes on top. In a
    full pool the files with least load per GB have to go, wherever they are.
    """
    rng = np.random.default_rng([seed, 5])
    size = rng.lognormal(3.0, 0.8, files)
    gbps = rng.permutation(1.0 / np.arange(1, files + 1) ** 0.8)
    gbps *= 0.7 * appliances / gbps.sum()
    room = float(size.sum()) / (0.995 * appliances if full else 0.97 * (appliances - 1))
    pool = Pool(size, gbps, appliances, storage_gb=room, throughput_gbps=1.0)
    instance, placement, serving = pool.case()
    before = split_pools(instance, placement, serving)
    less, placement, serving = replace(pool, appliances=appliances - 1).case()
    after = split_pools(less, placement, serving, before.holdings(instance))
    lost = float(size[before.file[before.appliance == appliances]].sum())
    moved = float(size[after.file[~after.kept]].sum())
    return {
        "pool_gb": float(size.sum()),
        "fair_share_gb": lost,
        "moved_gb": moved,
        "moved_to_fair_share_ratio": moved / lost,
        "busiest_over_mean_ratio": 1.0 + float(after.imbalance_ratio[0]),
    }


def main() -> None:
    """Print what was found as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("networks", nargs="*", help=f"some of {', '.join(NETWORKS)}; default: all")
    parser.add_argument("--sigma", type=float, default=Drift().sigma)
    parser.add_argument("--premieres", type=int, default=Drift().premieres)
    parser.add_argument("--drift-seed", type=int, default=Drift().seed)
    parser.add_argument("--first", type=Path, default=None, help="plan folder of the first night")
    parser.add_argument("--gap", type=float, default=None)
    parser.add_argument("--time-limit", type=float, default=None)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=10, help="pools that lose an appliance")
    parser.add_argument("--no-verify", action="store_true")
    parser.add_argument("--keep", type=Path, default=None, help="folder for the plans")
    asked = parser.parse_args()
    found: dict[str, Any] = {}
    for name in asked.networks or NETWORKS:
        if name != "sample" and not real_week.has_data():
            sys.stderr.write(f"{name}: left out, the real data is not there\n")
            continue
        with tempfile.TemporaryDirectory() as temporary:
            folder = (asked.keep or Path(temporary)) / name.replace(",", "-")
            folder.mkdir(parents=True, exist_ok=True)
            found[name] = two_nights(
                name,
                folder,
                drift=Drift(asked.sigma, asked.premieres, asked.drift_seed),
                first=asked.first,
                gap=asked.gap,
                limit_s=asked.time_limit,
                threads=asked.threads,
                judge=not asked.no_verify,
            )
    for full in (False, True) if asked.seeds else ():
        lost = [lost_appliance(seed, full=full) for seed in range(asked.seeds)]
        found["one of 10 appliances lost" + (", pool full" if full else "")] = {
            key: {"worst": max(row[key] for row in lost), "mean": float(np.mean([row[key] for row in lost]))}
            for key in ("moved_to_fair_share_ratio", "busiest_over_mean_ratio")
        }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
