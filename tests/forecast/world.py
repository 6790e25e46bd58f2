"""A daily history of the size of the world, sparse as logs are, for `benchmarks.forecasts`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

DAYS = 28
FIRST = dt.date(2026, 1, 5)
GROUPS = 60
"""Groups of regions that share a taste."""

PLAYS = 400.0
"""Median number of plays of a region on a day."""


def write_world(folder: Path, n_regions: int, n_titles: int, days: int = DAYS, seed: int = 1) -> int:
    """Write ``history.parquet`` and ``titles.parquet``; return the number of rows of the history.

    Plays are drawn one by one, so that a small region sees a few hundred titles a day and the same titles not
    every day. Two titles in a hundred come out within the history; weekends are busier.
    """
    rng = np.random.default_rng(seed)
    regions = pa.array([f"r{i:05d}" for i in range(n_regions)])
    names = pa.array([f"t{i:05d}" for i in range(n_titles)])
    launch = np.where(
        rng.random(n_titles) < 0.02, rng.integers(0, days, n_titles), -rng.integers(30, 2000, n_titles)
    )
    strength = rng.permutation((np.arange(n_titles) + 10.0) ** -0.9) * np.where(launch >= 0, 4.0, 1.0)
    taste = np.exp(0.7 * rng.standard_normal((GROUPS, n_titles)))
    group = rng.integers(0, GROUPS, n_regions)
    volume = PLAYS * np.exp(0.8 * rng.standard_normal(n_regions))
    schema = pa.schema(
        [
            ("date", pa.date32()),
            ("region", pa.dictionary(pa.int32(), pa.string())),
            ("title", pa.dictionary(pa.int32(), pa.string())),
            ("gb", pa.float32()),
        ],
        metadata={"period_days": "1"},
    )
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    with pq.ParquetWriter(folder / "history.parquet", schema, compression="zstd") as writer:
        for day in range(days):
            age = day - launch
            level = strength * np.where(age < 0, 0.0, np.where(age < 60, np.exp(-0.05 * age), np.exp(-3.0)))
            cumulated = np.cumsum(level * taste, axis=1)
            busy = 1.3 if day % 7 >= 5 else 0.9
            plays = rng.poisson(volume * busy)
            region = np.repeat(np.arange(n_regions, dtype=np.int64), plays)
            draw = rng.random(region.size)
            title = np.empty(region.size, dtype=np.int64)
            for g in range(GROUPS):
                own = group[region] == g
                title[own] = np.searchsorted(cumulated[g], draw[own] * cumulated[g, -1], side="right")
            pair, count = np.unique(region * n_titles + np.minimum(title, n_titles - 1), return_counts=True)
            total += pair.size
            writer.write_table(
                pa.Table.from_arrays(
                    [
                        pa.array(np.full(pair.size, np.datetime64(FIRST + dt.timedelta(days=day)))),
                        pa.DictionaryArray.from_arrays((pair // n_titles).astype(np.int32), regions),
                        pa.DictionaryArray.from_arrays((pair % n_titles).astype(np.int32), names),
                        pa.array((count * 2.5).astype(np.float32)),
                    ],
                    schema=schema,
                )
            )
    first = np.datetime64(FIRST)
    pq.write_table(
        pa.table(
            {
                "title": names,
                "kind": pa.array(np.where(rng.random(n_titles) < 0.4, "film", "series")),
                "launch_date": pa.array((first + launch.astype("timedelta64[D]")).astype("datetime64[D]")),
                "size_gb": pa.array(rng.lognormal(3, 0.5, n_titles)),
            }
        ),
        folder / "titles.parquet",
    )
    return total
