"""A small network with links, and a plan of it."""

from __future__ import annotations

from pathlib import Path

from cdnplan.planner import PlanRequest, plan

TOPOLOGY = """\
name: small
hardware:
  box: {storage_tb: 0.1, throughput_gbps: 10, fill_gbps: 0.01}
  big: {storage_tb: 0.2, throughput_gbps: 20, fill_gbps: 0.02}
origins: [{name: origin, location: [50, 0]}]
sites:
  - {name: ams-ix, kind: ixp, country: NL, location: [52, 5], appliances: [{model: box, count: 2}]}
  - {name: bnix, kind: ixp, country: BE, location: [51, 4], appliances: [{model: box}]}
  - {name: kpn, kind: embedded, country: NL, location: [52, 5.1], appliances: [{model: box}]}
regions:
  - {name: nl-kpn, country: NL, location: [52, 5], sites: [kpn, ams-ix], demand: {region: NL, share: 0.6}}
  - {name: nl-ziggo, country: NL, location: [52, 5], sites: [ams-ix, bnix], demand: {region: NL, share: 0.4}}
  - {name: be-all, country: BE, location: [51, 4], sites: [bnix], demand: {region: BE}}
links:
  - {from: nl-ziggo, to: ams-ix, capacity_gbps: 1}
  - {from: ams-ix, to: bnix, capacity_gbps: 0.5, cost_per_gb: 0.01}
"""
TITLES = "title,kind,launch_date,size_gb\nAlpha,film,2024-01-01,30\nBeta,tv,2024-02-01,40\nGamma,tv,,50\n"
FILES = (
    "file,title,size_gb,demand_ratio\nAlpha/hd,Alpha,20,0.7\nAlpha/4k,Alpha,10,0.3\n"
    "Beta,Beta,40,1\nGamma,Gamma,50,1\n"
)
DEMAND = (
    "date,region,title,gb\n2026-03-08,NL,Alpha,1000\n2026-03-08,NL,Beta,800\n2026-03-08,NL,Gamma,100\n"
    "2026-03-08,BE,Alpha,500\n2026-03-08,BE,Gamma,400\n"
)


def make_small(folder: Path) -> Path:
    """Plan it below a folder; returns the plan."""
    for name, text in (
        ("t.yaml", TOPOLOGY),
        ("titles.csv", TITLES),
        ("files.csv", FILES),
        ("demand.csv", DEMAND),
    ):
        (folder / name).write_text(text, encoding="utf-8")
    request = PlanRequest(
        topology=folder / "t.yaml",
        titles=folder / "titles.csv",
        files=folder / "files.csv",
        demand=folder / "demand.csv",
        out=folder / "plan",
        engine="fast",
    )
    return plan(request).folder
