"""A region that more than 64 pools may serve: planned, written, read back and judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cdnplan.model.network.topology import Hardware
from tests.model import networks
from tests.planner.plans import make, rows, write_network

N_SITES = 140
GAP = 0.3
"""What the exact engine takes seconds for; what is looked at is not the last percent."""


@pytest.mark.parametrize("engine", ["exact", "fast"])
def test_most_of_many_pools_serve_one_region(tmp_path: Path, engine: str) -> None:
    # Each site has room for two files and can serve about one of them to both regions.
    sites = tuple(
        networks.site(f"s{i:03}", at=(40.0 + 0.1 * i, 5.0), groups={"small": 1}) for i in range(N_SITES)
    )
    names = tuple(place.name for place in sites)
    regions = (networks.region("r", *names), networks.region("q", *names[:5], at=(41.0, 5.0)))
    tiny = Hardware("small", storage_tb=0.02, throughput_gbps=0.02, fill_gbps=1.0)
    whole = replace(networks.network(sites, regions, costs=networks.Costs()), hardware=(tiny,))
    sizes = {f"t{i:03}.hd": 8.0 + i % 3 for i in range(N_SITES)}
    asked = {name: 300.0 + 10.0 * i for i, name in enumerate(sorted(sizes))}
    files = networks.catalog(sizes)
    gb = networks.demand({"r": asked, "q": asked}, files)
    request = write_network(tmp_path / "n", whole, files, gb)
    make(replace(request, engine=engine, gap_ratio=GAP))
    used = {row["pool"] for row in rows(request.out, "serving") if row["region"] == "r" and row["gb"] > 0}
    assert len(used - {None, "origin"}) > 64
