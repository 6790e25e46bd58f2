"""Generated data as Parquet: written in pieces, so that memory does not grow with the table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from cdnplan.model.instance.instance import Floats
from cdnplan.synth.audience.catalog import Titles
from cdnplan.synth.audience.demand import DemandModel, region_taste
from cdnplan.synth.network.network import Network

ROWS_PER_GROUP = 1_000_000
KEPT_BITS = 11
"""Binary digits kept of the fraction of a volume (0.03%): more would be noise and does not compress."""

PERIOD_DAYS = 7
DEMAND_SCHEMA = pa.schema(
    [
        ("date", pa.date32()),
        ("region", pa.dictionary(pa.int32(), pa.string())),
        ("title", pa.dictionary(pa.int32(), pa.string())),
        ("gb", pa.float32()),
    ],
    metadata={"period_days": str(PERIOD_DAYS)},
)


@dataclass(frozen=True, slots=True)
class DemandRegion:
    """A region of the demand table: a country, or a part of one with tastes of its own."""

    name: str
    country: str
    share: float = 1.0
    own_taste: bool = False


def demand_regions(network: Network, *, own_demand: bool) -> list[DemandRegion]:
    """Regions of the demand table, sorted by name.

    Parameters
    ----------
    network : Network
    own_demand : bool
        Every region of the network instead of its countries.
    """
    if not own_demand:
        return [DemandRegion(country, country) for country in sorted(network.weekly_gb)]
    total: dict[str, float] = {}
    for region in network.topology.regions:
        total[region.country] = total.get(region.country, 0.0) + network.peak_gbps[region.name]
    regions = sorted(network.topology.regions, key=lambda region: region.name)
    return [
        DemandRegion(r.name, r.country, network.peak_gbps[r.name] / total[r.country], own_taste=True)
        for r in regions
    ]


def write_titles(titles: Titles, path: Path) -> None:
    """Write the titles table as Parquet.

    Parameters
    ----------
    titles : Titles
    path : Path
        File to write.
    """
    table = pa.table(
        {
            "title": pa.array(titles.name),
            "kind": pa.array(titles.kind.tolist()),
            "launch_date": pa.array(titles.launch_day.astype("datetime64[D]")),
            "runtime_min": pa.array(titles.runtime_min),
            "size_gb": pa.array(titles.size_gb),
            "genre": pa.array(titles.genre.tolist()),
            "language": pa.array(titles.language.tolist()),
        }
    )
    pq.write_table(table, path, compression="zstd")


def write_demand(
    model: DemandModel,
    regions: Sequence[DemandRegion],
    planned_week: dt.date,
    weeks_back: Sequence[int],
    path: Path,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[int, float]:
    """Write a demand or history table as Parquet, sorted by date, region and title.

    Parameters
    ----------
    model : DemandModel
    regions : sequence of DemandRegion
        Sorted by name.
    planned_week : datetime.date
        Sunday that ends week 0.
    weeks_back : sequence of int
        Weeks to write, the earliest (largest) first.
    path : Path
        File to write.
    progress : callable
        Told the table and the date of each week before it is made.

    Returns
    -------
    rows : int
    gb : float
        Volume of all of them [GB].
    """
    names = (pa.array([region.name for region in regions]), pa.array(model.titles.name))
    encodings = {
        "use_dictionary": ["date", "region", "title"],
        "column_encoding": {"gb": "BYTE_STREAM_SPLIT"},
    }
    rows, gb = 0, 0.0
    with pq.ParquetWriter(path, DEMAND_SCHEMA, compression="zstd", **encodings) as writer:
        for back in weeks_back:
            date = planned_week - dt.timedelta(days=PERIOD_DAYS * back)
            progress(f"{path.stem}, week to {date}")
            for first, block in _blocks(model, regions, back):
                group = _group(date, first, block, names)
                writer.write_table(group)
                rows += group.num_rows
                gb += float(block.sum(dtype=np.float64))
    return rows, gb


def _blocks(
    model: DemandModel, regions: Sequence[DemandRegion], back: int
) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
    """Volumes of one week, some regions at a time: number of the first, and (n, n_titles) GB."""
    by_country = model.week_gb(back)
    row_of = {country: i for i, country in enumerate(model.countries)}
    n_titles = by_country.shape[1]
    step = max(1, ROWS_PER_GROUP // n_titles)
    for first in range(0, len(regions), step):
        part = regions[first : first + step]
        yield first, np.stack([_rounded(_volumes(model, by_country[row_of[r.country]], r)) for r in part])


def _volumes(model: DemandModel, country_gb: Floats, region: DemandRegion) -> Floats:
    if not region.own_taste:
        return country_gb * region.share
    return country_gb * region.share * region_taste(model.seed, region.name, country_gb.size)


def _rounded(gb: Floats) -> npt.NDArray[np.float32]:
    """Round to `KEPT_BITS` binary digits after the leading one."""
    drop = 23 - KEPT_BITS
    bits = gb.astype(np.float32).view(np.uint32)
    return ((bits + np.uint32(1 << (drop - 1))) >> np.uint32(drop) << np.uint32(drop)).view(np.float32)


def _group(
    date: dt.date, first: int, block: npt.NDArray[np.float32], names: tuple[pa.Array, pa.Array]
) -> pa.Table:
    """One row group, without the titles nobody could watch yet."""
    region, title = np.nonzero(block > 0)
    dates = np.full(region.size, np.datetime64(date, "D"))
    columns = [
        pa.array(dates),
        pa.DictionaryArray.from_arrays((region + first).astype(np.int32), names[0]),
        pa.DictionaryArray.from_arrays(title.astype(np.int32), names[1]),
        pa.array(block[region, title]),
    ]
    return pa.Table.from_arrays(columns, schema=DEMAND_SCHEMA)
