"""Maps of topologies: everything is there, in its place, legible, and nothing is fetched."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from cdnplan.charts.labels import Box, place_labels
from cdnplan.charts.projection import fitted, grid_lines
from cdnplan.inputs.drawing.topology_map import MOST_LABELS, topology_page, topology_svg
from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.model.network.topology import Origin, Topology
from cdnplan.sample import sample_folder
from tests.conftest import ROOT
from tests.inputs.topologies import large_topology

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def sample() -> Topology:
    return read_topology(sample_folder() / "topology.yaml")


def marks(svg: str, kind: str) -> dict[str, ET.Element]:
    """Elements of a class that have a title, by its first word of a name."""
    found = {}
    for node in ET.fromstring(svg).iter():
        title = node.find(f"{SVG}title")
        if title is not None and node.get("class", "").split()[0] == kind:
            found[(title.text or "").splitlines()[0]] = node
    return found


def test_everything_is_drawn_with_its_title(sample: Topology) -> None:
    svg = topology_svg(sample)
    assert len(marks(svg, "ixp")) == sum(site.kind == "ixp" for site in sample.sites)
    assert len(marks(svg, "embedded")) == sum(site.kind == "embedded" for site in sample.sites)
    assert len(marks(svg, "link")) == len(sample.links)
    assert len(marks(svg, "region")) == len(sample.regions)
    assert len(marks(svg, "origin")) == len(sample.origins)


def test_places_are_right_of_what_is_west_and_above_what_is_south(sample: Topology) -> None:
    svg = topology_svg(sample)
    drawn = {**marks(svg, "ixp"), **marks(svg, "embedded")}
    at = {
        name.split(" ")[0]: (float(node.get("cx", 0)), float(node.get("cy", 0)))
        for name, node in drawn.items()
    }
    for one in sample.sites:
        for two in sample.sites:
            if one.location[1] < two.location[1]:
                assert at[one.name][0] <= at[two.name][0]
            if one.location[0] < two.location[0]:
                assert at[one.name][1] >= at[two.name][1]


def test_areas_are_in_proportion_to_storage(sample: Topology) -> None:
    svg = topology_svg(sample)
    radius = {name.split(" ")[0]: float(node.get("r", 0)) for name, node in marks(svg, "embedded").items()}
    # three storage-2u of 1.3 TB, and one
    ratio = radius["coraltel-munich-de"] / radius["coraltel-berlin-de"]
    assert ratio**2 == pytest.approx(3, rel=0.02)


def boxes(svg: str) -> list[Box]:
    """Where names stand, by the width that letters of 12 px take at most."""
    found = []
    for node in ET.fromstring(svg).iter(f"{SVG}text"):
        if node.get("class") == "name":
            width = len(node.text or "") * 12 * 0.56
            x, y = float(node.get("x", 0)), float(node.get("y", 0))
            left = x - {"start": 0.0, "end": width, "middle": width / 2}[node.get("text-anchor", "start")]
            found.append(Box(left + 0.1, y - 10, left + width - 0.1, y + 2.8))
    return found


@pytest.mark.parametrize("size", ["sample", "large"])
def test_names_do_not_cover_each_other(size: str, sample: Topology) -> None:
    topology = sample if size == "sample" else large_topology(2000)
    found = boxes(topology_svg(topology))
    assert 8 <= len(found) <= MOST_LABELS
    assert not any(a.meets(b) for i, a in enumerate(found) for b in found[:i])


def test_nothing_is_fetched_and_names_are_escaped(sample: Topology) -> None:
    named = replace(
        sample,
        name='<script src="http://x">&',
        links=(),
        sites=(replace(sample.sites[0], name="a<b"), *sample.sites[1:]),
    )
    for text in (topology_svg(named), topology_page(named)):
        addresses = set(re.findall(r"https?://[^\s\"'<>&]+", text))
        assert addresses <= {"http://www.w3.org/2000/svg", "http://x"}
        assert '<script src="http' not in text
        assert "a&lt;b" in text
        assert not re.search(r"(?:src|href)=\"|@import|url\((?!#)", text.replace("&lt;script src=&quot;", ""))


def test_light_and_dark_colours_are_given_for_all(sample: Topology) -> None:
    svg = topology_svg(sample)
    light, _, dark = svg.partition("@media (prefers-color-scheme:dark)")
    names = set(re.findall(r"(--\w+):#", light))
    assert names == set(re.findall(r"(--\w+):#", dark))
    assert set(re.findall(r"var\((--\w+)\)", svg)) <= names


def test_a_far_origin_stands_at_the_edge(sample: Topology) -> None:
    far = replace(
        sample, origins=(*sample.origins, Origin("far", (-33.9, 18.4)), Origin("west", (39.0, -77.5)))
    )
    svg = topology_svg(far)
    assert "far (off the map)" in svg
    assert "west (off the map)" in svg
    radius = [float(node.get("r", 0)) for node in marks(svg, "ixp").values()]
    assert radius == [float(node.get("r", 0)) for node in marks(topology_svg(sample), "ixp").values()]


def test_the_map_is_cut_where_there_is_least() -> None:
    place = fitted([(-36.8, 174.8), (21.3, -157.9)], 0, 0, 1000, 800)  # Auckland, Honolulu
    assert place.east - place.west < 100
    auckland, honolulu = place.xy((-36.8, 174.8)), place.xy((21.3, -157.9))
    assert 0 < auckland[0] < honolulu[0] < 1000
    assert auckland[1] > honolulu[1]


@pytest.mark.parametrize(
    "locations", [[(52.3, 4.9)], [(0, -180), (0, 180)], [(89, 0), (-89, 10)], [(1, 1), (1, 1)]]
)
def test_any_locations_make_a_map(locations: list[tuple[float, float]]) -> None:
    place = fitted(locations, 0, 0, 1000, 800)
    assert 100 < place.height <= 801
    for location in locations:
        x, y = place.xy(location)
        assert -1 <= x <= 1001
        assert -1 <= y <= place.height + 1
    meridians, parallels = grid_lines(place)
    assert len(meridians) <= 13
    assert len(parallels) <= 20


def test_labels_stay_on_the_page() -> None:
    page = Box(0, 0, 100, 100)
    found = place_labels([("name", 99, 50, 2), ("other", 1, 50, 2)], page, 12, 10, [])
    assert [label.anchor for label in found] == ["end", "start"]
    assert place_labels([("a very long name indeed", 50, 50, 2)], page, 12, 10, []) == []


def test_the_same_topology_gives_the_same_picture() -> None:
    path = ROOT / "topologies" / "backbone.yaml"
    assert topology_svg(read_topology(path)) == topology_svg(read_topology(Path(path)))
