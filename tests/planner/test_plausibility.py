"""Wrong units, swapped coordinates, the wrong table: told; what is real or generated: not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.appliance_list.appliance_list import read_appliance_list
from cdnplan.inputs.appliance_list.topology_import import import_topology
from cdnplan.inputs.demand.history_reader import read_history
from cdnplan.inputs.places.plausibility import Doubt, place_doubts, size_doubts, volume_doubts
from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.inputs.topology.topology_warnings import topology_warnings
from cdnplan.inputs.topology.topology_writer import topology_text
from cdnplan.nightly.guard.guards import before_planning, read_guards
from cdnplan.nightly.settings.guard_limits import DEFAULT_LIMITS
from cdnplan.planner import PlanRequest
from cdnplan.planner.inputs.load import load
from cdnplan.sample import sample_folder
from cdnplan.synth.folder.generate import synth
from cdnplan.synth.folder.request import Request
from cdnplan.synth.given.presets import PRESETS
from tests.conftest import ROOT

SAMPLE = sample_folder()


def request(folder: Path, **changes: Any) -> PlanRequest:
    made = PlanRequest(
        topology=SAMPLE / "topology.yaml",
        titles=SAMPLE / "titles.parquet",
        demand=SAMPLE / "demand.parquet",
        out=folder / "plan",
    )
    return replace(made, **changes)


def scaled(folder: Path, name: str, column: str, factor: float) -> Path:
    table = pq.read_table(SAMPLE / f"{name}.parquet")
    at = table.schema.get_field_index(column)
    path = folder / f"{name}.parquet"
    pq.write_table(table.set_column(at, column, pc.multiply(table[column].cast(pa.float64()), factor)), path)
    return path


def said(doubts: Sequence[Doubt]) -> str:
    return "\n".join(doubt.text for doubt in doubts)


@pytest.mark.parametrize(
    ("factor", "words", "verdict"),
    [
        (1e9, ("gb: all of it is 5.96e+15 GB a day", "are these bytes? 1 GB = 10⁹ bytes"), "refuse"),
        (1e3, ("gb: its busiest rate is", "times the throughput of all appliances", "are these MB"), "warn"),
        (1.0, (), "ok"),
    ],
)
def test_units_of_demand(tmp_path: Path, factor: float, words: tuple[str, ...], verdict: str) -> None:
    path = scaled(tmp_path, "demand", "gb", factor)
    loaded = load(request(tmp_path, demand=path))
    text = said(loaded.doubts)
    assert all(word in text for word in words)
    assert text.startswith(str(path)) == bool(words)
    assert set(text.splitlines()) <= set(loaded.warnings)
    values = before_planning(loaded, None)
    (reading,) = read_guards({"implausible_factor": values["implausible_factor"]}, DEFAULT_LIMITS)
    assert reading.verdict == verdict


@pytest.mark.parametrize(("factor", "words"), [(1e3, "are these MB?"), (1e9, "are these bytes?")])
def test_units_of_sizes_are_told_where_nothing_fits_any_more(
    tmp_path: Path, factor: float, words: str
) -> None:
    path = scaled(tmp_path, "titles", "size_gb", factor)
    with pytest.raises(InputError, match="infeasible launch rule") as caught:
        load(request(tmp_path, titles=path))
    text = str(caught.value)
    assert f"{path}: size_gb: half are larger than" in text
    assert words in text


def test_sizes_that_fit_no_appliance() -> None:
    assert said(size_doubts(np.array([1500.0, 1600.0]), 1000.0, "t.csv")).startswith(
        "t.csv: size_gb: half are larger than 1.55 times the storage of the largest appliance"
    )
    assert size_doubts(np.array([20.0, 23.4, 4770.6]), 50_000.0, "t.csv") == []


def test_three_of_four_regions_without_history(tmp_path: Path) -> None:
    table = pq.read_table(SAMPLE / "history.parquet")
    for n_silent, names in ((3, ["BE"]), (2, ["BE", "NL"])):
        pq.write_table(
            table.filter(pc.is_in(table["region"].cast(pa.string()), pa.array(names))), tmp_path / "h.parquet"
        )
        loaded = load(request(tmp_path, demand=None, history=tmp_path / "h.parquet"))
        silent = [doubt.text for doubt in loaded.doubts if "there is no demand for" in doubt.text]
        assert len(silent) == (1 if n_silent == 3 else 0)
        if silent:
            assert "there is no demand for 75 % of the demand regions (3 of 4: DE, GB, NL)" in silent[0]
            assert "are regions spelt as in the topology?" in silent[0]


def test_a_history_in_bytes(tmp_path: Path) -> None:
    path = scaled(tmp_path, "history", "gb", 1e9)
    (told,) = read_history(path).warnings
    assert told.startswith(
        f"{path}: gb: all of it is 6.81e+15 GB a day, usual is less than 2e9 (the internet has about 5e9)"
    )
    assert told.endswith("are these bytes? 1 GB = 10⁹ bytes")
    assert read_history(SAMPLE / "history.parquet").warnings == ()


def test_swapped_coordinates_and_the_wrong_country() -> None:
    topology = read_topology(SAMPLE / "topology.yaml")
    assert place_doubts(topology) == []
    first, second, *others = topology.sites
    swapped = replace(first, location=(first.location[1], first.location[0]))
    abroad = replace(second, location=(40.42, -3.7), country="DE")  # Madrid
    found = said(place_doubts(replace(topology, sites=(swapped, abroad, *others))))
    assert f"site {first.name} at [8.68, 50.11]" in found
    assert "are latitude and longitude swapped? latitude goes first" in found
    assert f"site {second.name} at [40.42, -3.7]" in found
    assert "is the country right, or the location?" in found
    assert any(
        found.splitlines()[0] == text
        for text in topology_warnings(replace(topology, sites=(swapped, abroad, *others)))
    )


def test_an_order_of_sites_that_costs_contradict() -> None:
    topology = read_topology(SAMPLE / "topology.yaml")
    assert not any("another site first" in text for text in topology_warnings(topology))
    place = next(i for i, region in enumerate(topology.regions) if len(region.sites) > 1)
    region = topology.regions[place]
    turned = replace(region, sites=tuple(reversed(region.sites)))
    regions = (*topology.regions[:place], turned, *topology.regions[place + 1 :])
    changed = replace(topology, regions=regions)
    (told,) = [text for text in topology_warnings(changed) if "another site first" in text]
    assert told.startswith(f"a region lists another site first than the cheapest: {region.name};")
    assert "only breaks ties, unless policy.steering is order" in told
    by_order = replace(changed, policy=replace(changed.policy, steering="order"))
    assert not any("another site first" in text for text in topology_warnings(by_order))


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "topologies").glob("*.yaml")))
def test_topologies_to_start_from_are_plausible(name: str) -> None:
    assert place_doubts(read_topology(ROOT / "topologies" / name)) == []


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_what_is_generated_is_plausible(tmp_path: Path, preset: str) -> None:
    synth(Request(preset=preset, titles=60, weeks=1), tmp_path / "made")
    made = tmp_path / "made"
    loaded = load(
        request(
            tmp_path,
            topology=made / "topology.yaml",
            titles=made / "titles.parquet",
            demand=made / "demand.parquet",
        )
    )
    assert loaded.doubts == ()


REAL = (
    ("real_week/history", 504),
    ("world_week/demand", 7),
    ("real_week_days/history", 504),
    ("real_day/history", 347),
)
"""Tables, and the days that each is of."""


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "days"), REAL, ids=[name for name, _ in REAL])
def test_real_tables_are_plausible(name: str, days: int, realdata: Path) -> None:
    table = pq.read_table(realdata / f"{name}.parquet", columns=["gb"])
    assert volume_doubts(float(pc.sum(table["gb"]).as_py()), days, name) == []
    sizes = pq.read_table(realdata / name.split("/", maxsplit=1)[0] / "titles.parquet")["size_gb"].to_numpy()
    assert size_doubts(sizes, 100_000.0, name) == []


@pytest.mark.realdata
def test_the_real_network_and_week_are_plausible(realdata: Path, tmp_path: Path) -> None:
    listed = read_appliance_list(realdata / "open_connect" / "Netflix_OCAs_02-08-2023.csv")
    topology, _ = import_topology(listed.appliances)
    assert place_doubts(topology) == []
    assert not any("another site first" in text for text in topology_warnings(topology))
    path = tmp_path / "t.yaml"
    path.write_text(topology_text(topology, header="from the list"), encoding="utf-8")
    world = realdata / "world_week"
    asked = request(tmp_path, topology=path, titles=world / "titles.parquet", demand=world / "demand.parquet")
    assert load(replace(asked, countries=frozenset(("BE", "NL", "US")))).doubts == ()
