"""The map: what is where, in which colour and size."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from cdnplan.report.parts.sheet import NumberColumn, Sheet, TextColumn
from cdnplan.report.sections.maps import (
    LABEL_HEIGHT,
    LAYERS,
    LETTER,
    PHONE_LETTERS,
    SIZES_PX,
    WIDTH,
    draw_map,
    frame_of,
    map_table,
    sizes,
)
from cdnplan.report.tables.facts import PlanFacts
from cdnplan.report.tables.tables_network import regions_table, sites_table


def test_colours_and_sizes_follow_from_the_tables(facts: PlanFacts) -> None:
    sheets = {"sites": sites_table(facts), "regions": regions_table(facts)}
    for layer in LAYERS:
        points, sheet = map_table(layer, sheets[layer.sheet]), sheets[layer.sheet]
        most = max(row[layer.weight] for row in sheet.rows())
        for point, row in zip(points.rows(), sheet.rows(), strict=True):
            passed = sum(row[layer.column] >= bound for bound in layer.bounds)
            assert point["grade"] == (4 - passed if layer.high_is_good else passed)
            share = row[layer.weight] / most
            assert point["size"] == (
                3 if share > 1 / 4 else 2 if share > 1 / 16 else 1 if share > 1 / 64 else 0
            ) or (share in (1 / 4, 1 / 16, 1 / 64))


def test_sizes_of_nothing() -> None:
    assert sizes(np.zeros(3)).tolist() == [0, 0, 0]
    assert sizes(np.array([64.0, 0.0, 15.9, 17.0])).tolist() == [3, 0, 2, 3]
    assert len(SIZES_PX) == 4


@pytest.mark.parametrize(
    ("lat", "lon"),
    [([50.0], [4.0]), ([-55.0, 70.0], [-170.0, 179.0]), ([0.0, 60.0], [10.0, 11.0]), ([], [])],
    ids=["one", "world", "tall", "none"],
)
def test_frames_hold_all_points_and_have_a_shape(lat: list[float], lon: list[float]) -> None:
    frame = frame_of(np.array(lat), np.array(lon))
    for a, b in zip(lat, lon, strict=True):
        x, y = frame.xy((a, b))
        assert 0 < x < 1000
        assert 0 < y < frame.height
    assert 380 <= frame.height <= 720
    x0, y0 = frame.xy((10.0, 10.0))
    x1, y1 = frame.xy((11.0, 11.0))
    # A degree to the east is shorter than one to the north by the cosine of the latitude.
    assert (x1 - x0) / (y0 - y1) == pytest.approx(math.cos(math.radians(10.5)), rel=1e-4)


def test_names_on_a_phone_lie_within_the_map_and_apart() -> None:
    """Letters are larger there: names that are shown leave room for that."""
    rng = np.random.default_rng(2)
    names = [f"site-{'x' * int(k)}-{i}" for i, k in enumerate(rng.integers(0, 25, 30))]
    sheet = Sheet(
        "sites",
        (
            TextColumn.of("site", names),
            NumberColumn("lat", rng.uniform(40, 60, 30)),
            NumberColumn("lon", rng.uniform(-10, 20, 30)),
            NumberColumn("served_gb", rng.uniform(1, 100, 30)),
            NumberColumn("stored_ratio", rng.random(30)),
        ),
    )
    drawn = draw_map({"sites": sheet}, LAYERS[:1])
    found = re.findall(r'<text x="([-\d.]+)" y="([-\d.]+)" class="country" [^>]*>(site-[^<]+)<', drawn)
    assert 3 <= len(found) <= 15
    boxes = [(float(x), float(y), LETTER * len(name) / 2 * PHONE_LETTERS) for x, y, name in found]
    for i, (x, y, half) in enumerate(boxes):
        assert half <= x <= WIDTH - half
        for a, b, w in boxes[:i]:
            assert abs(x - a) > half + w or abs(y - b) > LABEL_HEIGHT * PHONE_LETTERS
    # Others are there for larger screens.
    assert drawn.count('class="country minor"') > 0


def test_each_point_is_drawn_once_in_each_layer(facts: PlanFacts) -> None:
    sheets = {"sites": sites_table(facts), "regions": regions_table(facts)}
    drawn = draw_map(sheets, LAYERS)
    groups = re.findall(r'<g data-layer="(\w+)"( class="hidden")?>(.*?)</g>', drawn)
    assert [key for key, _, _ in groups] == [layer.key for layer in LAYERS]
    assert [bool(hidden) for _, hidden, _ in groups] == [False, True, True, True]
    for layer, (_, _, paths) in zip(LAYERS, groups, strict=True):
        assert paths.count("h0") == sheets[layer.sheet].n_rows
    assert ">ams-ix</text>" in drawn
