"""Instances from real data: a week of demand on the network imported from a public list of appliances.

Seed 1 is the week as it is. Other seeds are weeks made from it: each title's demand is multiplied by a
factor of its own, and in each country by another one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.appliance_list.appliance_list import read_appliance_list
from cdnplan.inputs.appliance_list.topology_import import import_topology
from cdnplan.inputs.topology.topology_writer import topology_text
from cdnplan.model.instance.instance import Floats
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.topology import DemandShare, Topology
from cdnplan.planner.inputs.load import Loaded, load
from cdnplan.planner.inputs.request import PlanRequest
from tests.conftest import ROOT

WEEK_SIGMA = 0.3
"""Standard deviation of the logarithm of both factors of another week: of a title, and of it in a country."""
REGION_SIGMA = 0.3
"""The same of the factor of a title in a region."""

ROWS_PER_GROUP = 1_000_000

Files = tuple[Path, Path, Path]
"""Topology, titles, demand."""


def data_folder() -> Path:
    """Where the real data is."""
    return Path(os.environ.get("CDNPLAN_REALDATA", ROOT.parent / "shared" / "data"))


def has_data() -> bool:
    """Whether the real data is there."""
    return (data_folder() / "world_week").is_dir()


def write_week(folder: Path, seed: int, slices: int) -> Files:
    """The week of a seed with so many time slices; the real tables where they are used as they are."""
    topology = with_slices(imported_network(), slices)
    path = folder / "topology.yaml"
    write_topology(topology, path)
    titles, demand = titles_path(), data_folder() / "world_week" / "demand.parquet"
    if seed > 1:
        loaded = read_files((path, titles, demand))
        demand = folder / "demand.parquet"
        write_demand(other_week(loaded.demand, seed), loaded.catalog.files, demand)
    return path, titles, demand


def write_noisy_week(folder: Path, seed: int) -> Files:
    """Demand of each region is its own row: its share of the country's × a factor for each title."""
    loaded = read_files(write_week(folder, seed, slices=1))
    country = {name: r for r, name in enumerate(loaded.demand.regions)}
    regions = sorted(loaded.topology.regions, key=lambda region: region.name)
    parts = []
    for number, region in enumerate(regions):
        rng = np.random.default_rng([seed, 1, number])
        file, gb = row_of(loaded.demand, country[region.demand.region])
        factor = lognormal(rng, REGION_SIGMA, file.size)
        parts.append((file, (region.demand.share * gb * factor).astype(np.float32)))
    sizes = [file.size for file, _ in parts]
    own = replace(
        loaded.demand,
        regions=tuple(region.name for region in regions),
        ptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        file=np.concatenate([file for file, _ in parts]),
        gb=np.concatenate([gb for _, gb in parts]),
    )
    write_demand(own, loaded.catalog.files, folder / "demand.parquet")
    moved = tuple(replace(r, demand=DemandShare(r.name)) for r in loaded.topology.regions)
    write_topology(replace(loaded.topology, regions=moved), folder / "topology.yaml")
    return folder / "topology.yaml", titles_path(), folder / "demand.parquet"


def write_sample(folder: Path, seed: int, country: str, n_titles: int) -> Files:
    """One country and a sample of its titles, one drawn from each of `n_titles` equal groups by demand rank.

    Storage of appliances shrinks with the bytes of the catalogue, so that it is as scarce as before.
    """
    loaded = read_files(write_week(folder, 1, slices=1), frozenset({country}))
    file, gb = row_of(loaded.demand, loaded.demand.regions.index(country))
    ranked = np.argsort(-gb, kind="stable")
    rng = np.random.default_rng([seed, 2])
    drawn = np.sort([rng.choice(group) for group in np.array_split(ranked, n_titles)])
    size = loaded.catalog.size_gb
    share = float(size[file[drawn]].sum() / size.sum())
    sample = replace(
        loaded.demand,
        regions=(country,),
        ptr=np.array([0, drawn.size], dtype=np.int64),
        file=file[drawn],
        gb=gb[drawn].astype(np.float32),
    )
    write_demand(sample, loaded.catalog.files, folder / "demand.parquet")
    hardware = tuple(replace(h, storage_tb=h.storage_tb * share) for h in loaded.topology.hardware)
    write_topology(replace(loaded.topology, hardware=hardware), folder / "topology.yaml")
    kept = pa.array([loaded.catalog.files[f] for f in file[drawn]])
    table = pq.read_table(titles_path())
    pq.write_table(table.filter(pc.is_in(table["title"], kept)), folder / "titles.parquet")
    return folder / "topology.yaml", folder / "titles.parquet", folder / "demand.parquet"


def read_files(files: Files, countries: frozenset[str] = frozenset()) -> Loaded:
    """Read them, restricted to some countries."""
    topology, titles, demand = files
    out = topology.parent / "plan"
    return load(PlanRequest(topology, titles, out, demand=demand, countries=countries))


def titles_path() -> Path:
    """The real catalogue."""
    return data_folder() / "world_week" / "titles.parquet"


def imported_network() -> Topology:
    """The network of the public appliance list, as `cdnplan topology import` makes it by default."""
    listed = sorted((data_folder() / "open_connect").glob("*.csv"))
    if len(listed) != 1:
        message = f"found {len(listed)} lists of appliances (*.csv), expected one"
        raise InputError([Problem(message, file=str(data_folder() / "open_connect"))])
    topology, _ = import_topology(read_appliance_list(listed[0]).appliances)
    return topology


def with_slices(topology: Topology, slices: int) -> Topology:
    """The same with another number of time slices."""
    profile = replace(topology.policy.peak_profile, slices=slices)
    return replace(topology, policy=replace(topology.policy, peak_profile=profile))


def other_week(demand: Demand, seed: int) -> Demand:
    """Another week of the same kind."""
    rng = np.random.default_rng([seed, 3])
    of_title = lognormal(rng, WEEK_SIGMA, int(demand.file.max(initial=-1)) + 1)
    factor = of_title[demand.file] * lognormal(rng, WEEK_SIGMA, demand.file.size)
    return replace(demand, gb=(demand.gb * factor).astype(np.float32))


def lognormal(rng: np.random.Generator, sigma: float, size: int) -> Floats:
    """Factors of mean 1."""
    return np.exp(sigma * rng.standard_normal(size) - sigma**2 / 2)


def row_of(demand: Demand, row: int) -> tuple[np.ndarray, np.ndarray]:
    """Files and GB of one demand region."""
    entries = slice(demand.ptr[row], demand.ptr[row + 1])
    return demand.file[entries], demand.gb[entries].astype(np.float64)


def write_topology(topology: Topology, path: Path) -> None:
    """As YAML."""
    text = topology_text(topology, header="Made for the benchmark from a public list of appliances.")
    path.write_text(text, encoding="utf-8")


def write_demand(demand: Demand, files: Iterable[str], path: Path) -> None:
    """As a demand table, sorted by region and title, for titles that are one file each."""
    titles, regions = pa.array(files, pa.string()), pa.array(demand.regions, pa.string())
    coded = pa.dictionary(pa.int32(), pa.string())
    schema = pa.schema(
        [("date", pa.date32()), ("region", coded), ("title", coded), ("gb", pa.float32())],
        metadata={"period_days": f"{demand.period_days:g}"},
    )
    region = np.repeat(np.arange(len(demand.regions), dtype=np.int32), np.diff(demand.ptr))
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for first in range(0, region.size, ROWS_PER_GROUP):
            part = slice(first, first + ROWS_PER_GROUP)
            columns = [
                pa.array(np.full(region[part].size, np.datetime64(demand.start, "D"))),
                pa.DictionaryArray.from_arrays(region[part], regions),
                pa.DictionaryArray.from_arrays(demand.file[part], titles),
                pa.array(demand.gb[part]),
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
