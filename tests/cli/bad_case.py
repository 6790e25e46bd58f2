"""One bad input of a whole command, and the good inputs that it changes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

Content = str | bytes | pa.Table | None
"""Text or bytes of a file, a table for a Parquet file, or None for no file."""

TOPOLOGY = """\
name: small
hardware: {box: {storage_tb: 0.1, throughput_gbps: 10, fill_gbps: 0.01}}
origins: [{name: origin, location: [50, 0]}]
sites:
  - {name: ams-ix, kind: ixp, country: NL, location: [52, 5], appliances: [{model: box, count: 2}]}
  - {name: bnix, kind: ixp, country: BE, location: [51, 4], appliances: [{model: box}]}
regions:
  - {name: nl-kpn, country: NL, location: [52, 5], sites: [ams-ix], demand: {region: NL, share: 0.6}}
  - {name: nl-ziggo, country: NL, location: [52, 5], sites: [ams-ix, bnix], demand: {region: NL, share: 0.4}}
  - {name: be-all, country: BE, location: [51, 4], sites: [bnix], demand: {region: BE}}
policy:
  launches: []
"""
TITLES = "title,kind,launch_date,size_gb\nAlpha,film,2024-01-01,30\nBeta,tv,2024-02-01,40\nGamma,tv,,50\n"
HEAD = "date,region,title,gb\n"
DEMAND = f"{HEAD}2026-03-08,NL,Alpha,100\n2026-03-08,NL,Beta,80\n2026-03-08,BE,Alpha,50\n"
HISTORY = HEAD + "".join(
    f"2026-0{month}-{day:02},{region},Alpha,{100 + day}\n"
    for month, days in ((2, (1, 8, 15, 22)), (3, (1,)))
    for day in days
    for region in ("NL", "BE")
)
FILES: Mapping[str, Content] = {
    "topology.yaml": TOPOLOGY,
    "titles.csv": TITLES,
    "demand.csv": DEMAND,
    "history.csv": HISTORY,
}
"""Good inputs, which every case changes."""

DEMAND_TABLE = pa.table(
    {
        "date": pa.array([dt.date(2026, 3, 8)] * 3),
        "region": ["NL", "NL", "BE"],
        "title": ["Alpha", "Beta", "Alpha"],
        "gb": [100.0, 80.0, 50.0],
    }
)

T, F, D, H = "--topology topology.yaml", "--titles titles.csv", "--demand demand.csv", "--history history.csv"
PLAN = f"plan {T} {F} {D} --out out"
"""The command of most cases; `out` must not be there afterwards."""


@dataclass(frozen=True)
class Case:
    """A command, its inputs where they differ from the good ones, and parts of its messages."""

    id: str
    expected: tuple[str, ...]
    files: Mapping[str, Content] = field(default_factory=dict)
    command: str = PLAN
    usage: bool = False
    """Whether the command line itself is wrong, so that nothing was read."""


def changed(**columns: list[float] | list[str]) -> pa.Table:
    """The demand table with other columns."""
    table = DEMAND_TABLE
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, pa.array(values))
    return table


def policy(**rules: object) -> dict[str, Content]:
    """The topology with rules, each on a line of its own from line 12 on."""
    lines = "".join(f"  {name}: {json.dumps(value)}\n" for name, value in rules.items())
    return {"topology.yaml": TOPOLOGY.replace("  launches: []\n", lines)}


def with_row(row: str) -> dict[str, Content]:
    """The demand table with a fourth row."""
    return {"demand.csv": f"{DEMAND}{row}\n"}


PARQUET = f"plan {T} {F} --demand d.parquet --out out"
HISTORY_PLAN = f"plan {T} {F} {H} --out out"
