"""The demand of another night, drawn from that of a first one.

What is asked changes in two ways. Titles that were there are asked more or less: each title's demand times a
factor of its own, and in each country times another one, both lognormal of mean 1. Some titles are new, so
that nobody holds them: they take the demand and size of titles drawn from those asked most, which leave the
catalogue.

The public record of a streaming service's releases has 14 titles a week in 2023 and 2024 (mean over 105
weeks, standard deviation 4), of a catalogue of about 16,000. So by default a night is as far from the one
before as one week from another, further than nights are: 14 new titles in 16,000, at least one, and factors
of 0.3 as in the other benchmarks' weeks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks import real_week

PREMIERES_RATIO = 14 / 16_000
AMONG = 300
"""New titles are asked like some of so many: those asked most."""


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a night is from the one before.

    Parameters
    ----------
    sigma : float
        Standard deviation of the logarithm of both factors, >= 0.
    premieres : int or None
        New titles, at most half of the catalogue. None: `PREMIERES_RATIO` of it, at least one.
    seed : int
    """

    sigma: float = real_week.WEEK_SIGMA
    premieres: int | None = None
    seed: int = 2


def write_drifted(files: real_week.Files, folder: Path, drift: Drift) -> real_week.Files:
    """Write titles and demand of the night after one; the network is the same.

    Parameters
    ----------
    files : topology, titles, demand
        Of the first night; titles are one file each.
    folder : Path
        Takes ``titles-2.parquet`` and ``demand-2.parquet``.
    drift : Drift

    Returns
    -------
    topology, titles, demand
    """
    loaded = real_week.read_files(files)
    demand, names = loaded.demand, loaded.catalog.files
    rng = np.random.default_rng([drift.seed, 3])
    of_title = real_week.lognormal(rng, drift.sigma, len(names))
    factor = of_title[demand.file] * real_week.lognormal(rng, drift.sigma, demand.file.size)
    other = replace(demand, gb=(demand.gb * factor).astype(np.float32))
    most = np.argsort(-np.bincount(demand.file, demand.gb, len(names)), kind="stable")
    among = most[: min(AMONG, len(names) // 2)]
    count = max(1, round(PREMIERES_RATIO * len(names))) if drift.premieres is None else drift.premieres
    drawn = np.sort(rng.choice(among, min(count, among.size), replace=False))
    renamed = {names[f]: f"{names[f]} (premiere)" for f in drawn.tolist()}
    titles, path = folder / "titles-2.parquet", folder / "demand-2.parquet"
    real_week.write_demand(other, [renamed.get(name, name) for name in names], path)
    _write_titles(files[1], titles, renamed, np.datetime64(demand.start, "D"))
    return files[0], titles, path


def _write_titles(source: Path, target: Path, renamed: dict[str, str], launch: np.datetime64) -> None:
    """The table of titles in which some have other names and have just been launched."""
    table = pq.read_table(source)
    title = table["title"].cast(pa.string()).to_pylist()
    new = pa.array([name in renamed for name in title])
    table = table.set_column(
        table.schema.get_field_index("title"), "title", pa.array([renamed.get(name, name) for name in title])
    )
    if "launch_date" in table.schema.names:
        at = table.schema.get_field_index("launch_date")
        day = pa.scalar(launch.astype(object), pa.date32())
        table = table.set_column(
            at, "launch_date", pc.if_else(new, day, table["launch_date"].cast(pa.date32()))
        )
    pq.write_table(table, target)
