"""A network in which one large file is worth about as much as the small ones that fit in its place."""

from __future__ import annotations

from pathlib import Path

from cdnplan.planner import PlanRequest

TOPOLOGY = """\
name: knapsack
hardware:
  box: {storage_tb: 0.028, throughput_gbps: 100, fill_gbps: 0.01}
origins: [{name: origin, location: [50, 0]}]
sites:
  - {name: ams-ix, kind: ixp, country: NL, location: [52, 5], appliances: [{model: box}]}
regions:
  - {name: nl-kpn, country: NL, location: [52, 5], sites: [ams-ix], demand: {region: NL, share: 0.6}}
  - {name: nl-ziggo, country: NL, location: [52, 5], sites: [ams-ix], demand: {region: NL, share: 0.4}}
policy:
  reserves: {storage_ratio: 0}
"""
SMALL = 40


def knapsack_request(folder: Path) -> PlanRequest:
    """Write its files below a folder; the fast engine is to plan them.

    The pool has 28 GB. Small files of 1 GB are asked for 100, 98, 96, … times, that of 20 GB 1,350
    times: with it and the 8 best small ones the pool serves 2,094, without it 2,044. Prices cannot rule out
    more than half of it together with the 17 best small ones, which would serve 2,200.
    """
    small = [(f"small-{i:02}", 1, 100 - 2 * i) for i in range(SMALL)]
    titles = [("large", 20, 1350), *small]
    texts = {
        "topology.yaml": TOPOLOGY,
        "titles.csv": "title,size_gb\n" + "".join(f"{name},{gb}\n" for name, gb, _ in titles),
        "demand.csv": "date,region,title,gb\n"
        + "".join(f"2026-03-08,NL,{name},{asked}\n" for name, _, asked in titles),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return PlanRequest(
        topology=folder / "topology.yaml",
        titles=folder / "titles.csv",
        demand=folder / "demand.csv",
        out=folder / "plan",
        engine="fast",
    )
