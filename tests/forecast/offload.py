"""Plans made from several forecasts, and the offload that really came: what a better forecast is worth.

    python -m tests.forecast.offload --cutoffs 20

Each of the real chart's countries has a site with one small appliance, and the nearest of six exchange points
one more; neither is short of throughput, so that offload is a matter of what is stored. Needs the real data.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError
from cdnplan.forecast.asked.run import forecast_to_demand
from cdnplan.forecast.backtest.backtest import perfect
from cdnplan.forecast.base.base import Forecast
from cdnplan.forecast.base.known import known_at
from cdnplan.forecast.models.models import make_models
from cdnplan.inputs.demand.catalog_reader import read_catalog
from cdnplan.inputs.demand.history_reader import read_history
from cdnplan.inputs.demand.titles_reader import read_titles
from cdnplan.inputs.places.countries import country_code
from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.model.instance.build import build_instance
from cdnplan.model.instance.instance import Instance
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.topology import Topology
from cdnplan.optimize.fast.fast import solve_fast
from cdnplan.optimize.problem.outcome import Stop
from tests.conftest import ROOT

EXCHANGES = {
    "london": (51.5, -0.1),
    "new-york": (40.7, -74.0),
    "sao-paulo": (-23.5, -46.6),
    "singapore": (1.3, 103.8),
    "johannesburg": (-26.2, 28.0),
    "sydney": (-33.9, 151.2),
}


def topology_text(places: dict[str, tuple[float, float]]) -> str:
    """YAML of a network with a site per country and six exchange points."""
    lines = [
        "name: charts",
        "hardware:",
        "  small: {storage_tb: 0.42, throughput_gbps: 1000000, fill_gbps: 10}",
        "  large: {storage_tb: 1.05, throughput_gbps: 1000000, fill_gbps: 10}",
        "origins: [{name: origin, location: [53.3, -6.3]}]",
        "sites:",
    ]
    for name, (lat, lon) in places.items():
        lines.append(
            f"  - {{name: site-{name}, kind: embedded, location: [{lat}, {lon}], timezone: UTC, "
            "appliances: [{model: small}]}"
        )
    lines += [
        f"  - {{name: {name}, kind: ixp, location: [{lat}, {lon}], timezone: UTC, "
        "appliances: [{model: large}]}"
        for name, (lat, lon) in EXCHANGES.items()
    ]
    lines.append("regions:")
    for name, (lat, lon) in places.items():
        nearest = min(EXCHANGES, key=lambda x: float(np.hypot(EXCHANGES[x][0] - lat, EXCHANGES[x][1] - lon)))
        lines.append(
            f"  - {{name: r-{name}, country: {name}, location: [{lat}, {lon}], "
            f"sites: [site-{name}, {nearest}], demand: {{region: {name}, share: 1}}}}"
        )
    return "\n".join(lines) + "\n"


def offload(instance: Instance, holds: npt.NDArray[np.bool_], actual: Demand) -> tuple[float, float]:
    """GB that came and were stored at a site of their region, and all GB."""
    served = 0.0
    for r in range(instance.n_regions):
        pools = instance.cand_pool[instance.cand_ptr[r] : instance.cand_ptr[r + 1]]
        row = int(instance.region_row[r])
        own = slice(int(actual.ptr[row]), int(actual.ptr[row + 1]))
        served += float(actual.gb[own][holds[pools][:, actual.file[own]].any(axis=0)].sum())
    return served, float(actual.gb.sum())


def main() -> None:
    """Plan with each forecast for each of the last weeks; print the offload ratios as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cutoffs", type=int, default=20)
    parser.add_argument("--time-limit", type=float, default=4.0)
    options = parser.parse_args()
    data = Path(os.environ.get("CDNPLAN_REALDATA", ROOT.parent / "shared" / "data"))
    history = read_history(data / "real_week" / "history.parquet")
    titles_path = data / "real_week" / "titles.parquet"
    titles = read_titles(titles_path)
    catalog, shares = read_catalog(titles_path)
    with (data / "world_week" / "regions.csv").open(newline="") as stream:
        places = {
            country_code(x["region"]) or "": (float(x["latitude"]), float(x["longitude"]))
            for x in csv.DictReader(stream)
        }
    places = {name: places[name] for name in history.regions if name in places}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "charts.yaml"
        path.write_text(topology_text(places), encoding="utf-8")
        topology: Topology = read_topology(path)
    known = {region.demand.region: region.country for region in topology.regions}

    def demand_of(made: Forecast) -> Demand:
        kept = np.array([name in known for name in made.regions], dtype=bool)[made.region]
        return forecast_to_demand(
            replace(made.take(kept), warnings=()), catalog, shares, known=known, wanted=frozenset(known)
        )[0]

    sums: dict[str, list[float]] = {}
    for back in range(options.cutoffs, 0, -1):
        day = history.day(history.n_periods - 1 - back)
        past, blind = known_at(history, titles, day)
        forecasts = {model.name: model.fit(past, blind).predict(1) for model in make_models()}
        forecasts["perfect"] = perfect(history, day, 1)
        actual = demand_of(forecasts["perfect"])
        for name, made in forecasts.items():
            instance, _ = build_instance(topology, catalog, demand_of(made), None)
            found = solve_fast(instance, stop=Stop(time_limit_s=options.time_limit), threads=1)
            if instance.files != catalog.files:
                raise InputError([])
            served, total = offload(instance, found.placement.holds, actual)
            sums.setdefault(name, [0.0, 0.0])
            sums[name][0] += served
            sums[name][1] += total
            print(json.dumps({"cutoff": str(day), "forecast": name, "offload": served / total}), flush=True)
    print(json.dumps({name: round(served / total, 4) for name, (served, total) in sums.items()}))


if __name__ == "__main__":
    main()
