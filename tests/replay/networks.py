"""A small network with two tiers, a catalogue, demand and history, written as files."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np

N_TITLES = 40
REGIONS = ("BE", "NL", "LU")
WEEKS = 10
FIRST = dt.date(2026, 1, 4)

TOPOLOGY = """
name: small
hardware:
  edge: {{storage_tb: {edge_tb}, throughput_gbps: {edge_gbps}, fill_gbps: {fill_gbps}}}
  core: {{storage_tb: {core_tb}, throughput_gbps: 400, fill_gbps: {fill_gbps}}}
origins:
  - {{name: origin, location: [53.3, -6.3]}}
policy:
  cold_start: {cold_start}
  reserves: {{storage_ratio: 0, throughput_ratio: 0}}
sites:
  - {{name: ixp, kind: ixp, location: [50.8, 4.3], timezone: Europe/Brussels, appliances: [{{model: core}}]}}
  - {{name: isp-be, kind: embedded, location: [51.2, 4.4], timezone: Europe/Brussels,
     appliances: [{{model: edge}}]}}
  - {{name: isp-nl, kind: embedded, location: [52.3, 4.9], timezone: Europe/Amsterdam,
     appliances: [{{model: edge}}]}}
regions:
  - {{name: be, country: BE, location: [51.2, 4.4], demand: {{region: BE}}, sites: [isp-be, ixp]}}
  - {{name: nl, country: NL, location: [52.3, 4.9], demand: {{region: NL}}, sites: [isp-nl, ixp]}}
  - {{name: lu, country: LU, location: [49.6, 6.1], demand: {{region: LU}}, sites: [ixp]}}
links:
  - {{from: be, to: isp-be, cost_per_gb: 0.001}}
  - {{from: isp-be, to: ixp, capacity_gbps: 5, cost_per_gb: 0.004}}
  - {{from: nl, to: isp-nl, cost_per_gb: 0.001}}
  - {{from: isp-nl, to: ixp, capacity_gbps: 5, cost_per_gb: 0.004}}
  - {{from: lu, to: ixp, cost_per_gb: 0.002}}
  - {{from: ixp, to: origin, capacity_gbps: 20, cost_per_gb: 0.03}}
"""


@dataclass(frozen=True)
class Small:
    """Paths of the network's files."""

    folder: Path
    topology: Path
    titles: Path
    demand: Path
    history: Path


def write_small(
    folder: Path,
    *,
    edge_tb: float = 0.4,
    core_tb: float = 0.8,
    edge_gbps: float = 50.0,
    fill_gbps: float = 1.0,
    cold_start: str = "free",
) -> Small:
    """Write everything; the last week of the history is also the demand table."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = Small(folder, *(folder / name for name in ("t.yaml", "titles.csv", "demand.csv", "history.csv")))
    paths.topology.write_text(
        TOPOLOGY.format(
            edge_tb=edge_tb, core_tb=core_tb, edge_gbps=edge_gbps, fill_gbps=fill_gbps, cold_start=cold_start
        ),
        encoding="utf-8",
    )
    rng = np.random.default_rng(7)
    size = rng.uniform(20, 60, N_TITLES).round(1)
    rows = "".join(f"t{i:02},{size[i]}\n" for i in range(N_TITLES))
    paths.titles.write_text("title,size_gb\n" + rows, encoding="utf-8")
    weeks = [_week(rng, number) for number in range(WEEKS)]
    head = "date,region,title,gb\n"
    paths.history.write_text(head + "".join(weeks), encoding="utf-8")
    paths.demand.write_text(head + weeks[-1], encoding="utf-8")
    return paths


def _week(rng: np.random.Generator, number: int) -> str:
    """One week: ranks drift, so that the past tells something and not all."""
    lines = []
    date = FIRST + dt.timedelta(days=7 * number)
    for r, region in enumerate(REGIONS):
        rank = np.argsort(np.arange(N_TITLES) + 0.8 * number * ((np.arange(N_TITLES) % 3) - 1) + 2 * r)
        gb = 4_000.0 / (1 + np.argsort(rank)) ** 0.9 * rng.lognormal(0.0, 0.2, N_TITLES)
        lines += [f"{date},{region},t{i:02},{gb[i]:.1f}\n" for i in range(N_TITLES)]
    return "".join(lines)
