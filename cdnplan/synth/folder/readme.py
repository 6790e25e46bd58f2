"""The words that go with generated data: README, head of the topology, notes inside it."""

from __future__ import annotations

from collections.abc import Mapping

from cdnplan.model.network.topology import Topology
from cdnplan.synth.audience.catalog import GB_PER_HOUR_STORED, Titles
from cdnplan.synth.folder.request import Request
from cdnplan.synth.given.presets import FULL_CATALOG
from cdnplan.synth.network.supply import HARDWARE

GB_PER_HOUR_STREAMED = 2.25
"""An hour watched moves so many GB (5 Mbit/s)."""

SAMPLE_NOTES: Mapping[str, str] = {
    "hardware:": "Models of appliances. Storage and fill are small because the catalogue is.",
    "sites:": "Places with appliances: at exchange points (ixp) and inside providers (embedded).",
    "regions:": "Viewers steered alike: share of their country's demand, and sites that may serve them.",
    "links:": "Paths follow the links. One is tight: {tight} has two ways out, and needs the dearer one too.",
    "policy:": "What the operator wants. What is not said has its default.",
    "  peak_profile:": "Limits hold in each of four slices of the day, by local hours with an evening peak.",
    "  pins:": "This title is always held at exchange points.",
    "  bans:": "A licence: this title may be watched in the country, but not stored there.",
    "  copies:": "The most watched files are held twice, so that one broken appliance does not hurt.",
    "  launches:": "A title that comes out this week has no history; it has to be in several places in time.",
}
"""Comments by the line of the sample's topology that they stand above."""

_README = """\
# {name}: a generated network

Made by `{command} --out DIR`; the same
command makes the same files, byte by byte. Cities are real; providers, titles and volumes are invented.

| file | what it is |
|---|---|
| topology.yaml | {sites} sites with {appliances} appliances, {regions} regions; countries: {countries} |
| titles.parquet | {titles} titles, {catalog_tb} TB |
| history.parquet | {weeks} weeks of demand, {history_rows} rows |
| demand.parquet | the week after them, as it really came: {demand_rows} rows, {demand_pb} PB |

## Columns

| table | columns |
|---|---|
| titles | `title`, `kind` (tv: a season), `launch_date`, `runtime_min`, `size_gb`, `genre`, `language` |
| history, demand | `date` (the Sunday that ends the week), `region` ({region}), `title`, `gb` |

## How it was made

- A title takes {stored:g} GB for each hour of its runtime; an hour watched is {streamed:g} GB.
- Half of what is watched is in about a tenth of the catalogue's bytes, nine tenths in about a half.
- In the weeks after its launch a title is watched 1.06, 0.46, 0.60, 0.69, 0.74, 0.80 times the week
  before, then falls ever more slowly.
- Countries of one language and continent like similar titles; chance moves titles by about a fifth from
  week to week.
- Demand follows what the appliances can serve, so that storage and throughput both matter.
- {hardware}

## What to do with it

    cdnplan plan --topology topology.yaml --titles titles.parquet --history history.parquet --out plan
    cdnplan plan --topology topology.yaml --titles titles.parquet --demand demand.parquet --out plan-if-known
    cdnplan verify plan
"""


def readme_text(
    request: Request,
    topology: Topology,
    titles: Titles,
    *,
    history_rows: int,
    demand_rows: int,
    demand_gb: float,
) -> str:
    """README of a folder of generated data.

    Parameters
    ----------
    request : Request
    topology : Topology
    titles : Titles
    history_rows, demand_rows : int
        Rows of the two tables.
    demand_gb : float
        Volume of the planned week [GB].
    """
    groups = [group for site in topology.sites for group in site.appliances]
    preset = request.checked()
    own = request.noise_per_region
    full = "Appliances have the storage and fill rate of the field's common models."
    small = (
        "Appliances have the throughput of the field's common models, but store and fill less, because the"
        f"\n  catalogue is smaller than the {FULL_CATALOG:,} titles those are built for."
    )
    return _README.format(
        name=topology.name,
        command=request.command(),
        sites=len(topology.sites),
        appliances=sum(group.count for group in groups),
        regions=len(topology.regions),
        countries=len({region.country for region in topology.regions}),
        titles=len(titles.name),
        catalog_tb=round(float(titles.size_gb.sum()) / 1000.0),
        weeks=preset.noise_weeks if own else preset.weeks,
        history_rows=history_rows,
        demand_rows=demand_rows,
        demand_pb=round(demand_gb / 1e6, 1),
        region="a region of the topology" if own else "a country, by ISO 3166 alpha-2 code",
        stored=GB_PER_HOUR_STORED,
        streamed=GB_PER_HOUR_STREAMED,
        hardware=full if topology.hardware == HARDWARE else small,
    )


def header_text(request: Request) -> str:
    """Comment at the top of a generated topology."""
    return (
        f"Generated by: {request.command()}\n"
        "Cities are real; providers, appliances and shares are invented. Meant to be edited."
    )


def annotated(text: str, notes: Mapping[str, str]) -> str:
    r"""Put comments above lines of a YAML text.

    Parameters
    ----------
    text : str
    notes : mapping of str to str
        Comment by the start of the line it stands above, indentation included.

    Examples
    --------
    >>> print(annotated("sites:\n  - a\n", {"sites:": "Places."}), end="")
    # Places.
    sites:
      - a
    """
    lines: list[str] = []
    for line in text.splitlines():
        for start, note in notes.items():
            if line.startswith(start):
                lines.append(" " * (len(line) - len(line.lstrip())) + f"# {note}")
        lines.append(line)
    return "\n".join(lines) + "\n"
