"""The map: sites and regions as points at their coordinates, on a graticule; no outlines, no tiles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from cdnplan.charts.marks import dots, picture, text
from cdnplan.charts.projection import Projection, fitted, graticule, mercator
from cdnplan.model.instance.instance import Floats
from cdnplan.report.parts.html import legend
from cdnplan.report.parts.sheet import NumberColumn, Sheet, TextColumn

WIDTH = 1000.0
MOST_HEIGHT = 700.0
SIZES_PX = (5, 8, 12, 18)
"""Diameters of points by bytes: above a quarter of the most, then above a 16th, a 64th, and less."""
NAMED_SITES = 40
"""Up to so many sites are named on the map; where there are more, their countries are."""
LABELS = 60
PHONE_LABELS = 15
PHONE_LETTERS = 26 / 14
"""How much larger labels are on a phone, as the style sheet has it."""
LETTER = 9.3
"""Width of a letter of a label."""
LABEL_HEIGHT = 20.0
"""Room that a label takes on the map, from top to bottom."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One way to colour the map.

    Parameters
    ----------
    key : str
        Short name.
    title : str
        What readers choose.
    sheet, column, weight : str
        Table of the points, its column of ratios, and the column that gives points their size.
    bounds : tuple of float
        Where classes 1 to 4 begin.
    high_is_good : bool
        Whether the colour that stands out is that of the lowest class.
    """

    key: str
    title: str
    sheet: str
    column: str
    weight: str
    bounds: tuple[float, float, float, float]
    high_is_good: bool = False


LAYERS = (
    Layer("full", "Storage used, by site", "sites", "stored_ratio", "served_gb", (0.5, 0.8, 0.95, 0.995)),
    Layer("busy", "Load at peak, by site", "sites", "busy_ratio", "served_gb", (0.25, 0.5, 0.75, 0.9)),
    Layer(
        "offload",
        "Offload, by region",
        "regions",
        "offload_ratio",
        "demand_gb",
        (0.8, 0.95, 0.99, 0.999),
        True,
    ),
    Layer(
        "own",
        "Served by the own site, by region",
        "regions",
        "own_site_ratio",
        "demand_gb",
        (0.25, 0.5, 0.8, 0.95),
        True,
    ),
)


_SPREAD, _HIGH = (0.4, 0.6, 0.8, 0.95), (0.8, 0.95, 0.99, 0.999)
_HIGH_FROM = 0.9
"""Offload from which finer classes near the top tell more."""


def replay_layers(overall_ratio: float) -> tuple[Layer, ...]:
    """Layers of what came, in the same classes, so that colours can be compared.

    Parameters
    ----------
    overall_ratio : float
        Byte offload with the plan.
    """
    bounds = _HIGH if overall_ratio >= _HIGH_FROM else _SPREAD
    return tuple(
        Layer(key, f"Offload with {words}", "regions", f"{key}_ratio", "demand_gb", bounds, True)
        for key, words in (("plan", "the plan"), ("live", "the best live cache"))
    )


def frame_of(lat: Floats, lon: Floats) -> Projection:
    """Show all points, some room around them, and a shape that is neither flat nor tall."""
    return fitted(zip(lat.tolist(), lon.tolist(), strict=True), 0.0, 0.0, WIDTH, MOST_HEIGHT)


def map_table(layer: Layer, sheet: Sheet) -> Sheet:
    """Points of a layer: where, which class of colour, which size."""
    value = sheet.numbers(layer.column)
    grade = np.digitize(value, layer.bounds).astype(np.float64)
    if layer.high_is_good:
        grade = len(layer.bounds) - grade
    grade[np.isnan(value)] = np.nan
    name = sheet.columns[0]
    return Sheet(
        layer.key,
        (
            name,
            sheet.column("lat"),
            sheet.column("lon"),
            NumberColumn("value", value, 4),
            NumberColumn("grade", grade),
            NumberColumn("size", sizes(sheet.numbers(layer.weight)).astype(np.float64)),
        ),
    )


def sizes(weight: Floats) -> npt.NDArray[np.int64]:
    """Class of size by factors of four below the largest, (n,): an index into `SIZES_PX`."""
    most = float(weight.max(initial=0.0))
    if most <= 0:
        return np.zeros(weight.size, dtype=np.int64)
    below = np.floor(np.log(np.maximum(weight, most * 1e-9) / most) / math.log(4.0) + 1e-9)
    return np.asarray((len(SIZES_PX) + below).clip(0, len(SIZES_PX) - 1), dtype=np.int64)


def draw_map(sheets: dict[str, Sheet], layers: Sequence[Layer]) -> str:
    """Draw all layers into one picture; the first is seen until the reader chooses another one."""
    used = [sheets[name] for name in dict.fromkeys(layer.sheet for layer in layers)]
    lat = np.concatenate([sheet.numbers("lat") for sheet in used])
    lon = np.concatenate([sheet.numbers("lon") for sheet in used])
    frame = frame_of(lat, lon)
    parts = graticule(frame)
    for i, layer in enumerate(layers):
        hidden = ' class="hidden"' if i else ""
        parts.append(
            f'<g data-layer="{layer.key}"{hidden}>{_points(frame, map_table(layer, sheets[layer.sheet]))}</g>'
        )
    parts += _labels(frame, sheets[layers[0].sheet], layers[0].weight)
    parts.append('<circle id="map-mark" r="9" class="mark hidden"/>')
    count = ", ".join(f"{sheet.n_rows:,} {sheet.name}" for sheet in used)
    label = f"Map of {count}, as points at their coordinates. The tables below have every value."
    drawn = picture(WIDTH, frame.height, label, parts, "map")
    data = {"west": frame.west, "north": mercator(frame.north), "scale": frame.px_per_radian}
    attributes = " ".join(f'data-{key}="{value:.6f}"' for key, value in data.items())
    keys = "Map: arrow keys move, plus and minus zoom, 0 shows all"
    return (
        f'<div class="map-frame" tabindex="0" role="group" aria-label="{keys}" {attributes}>'
        f'{drawn}<div class="tip" hidden></div></div>'
    )


def draw_chooser(layers: Sequence[Layer]) -> str:
    """Controls of the map, and a legend for each layer."""
    radios = "".join(
        f'<label><input type="radio" name="layer" value="{layer.key}" data-sheet="{layer.sheet}"'
        f' data-column="{layer.column}"{" checked" if i == 0 else ""}> {layer.title}</label>'
        for i, layer in enumerate(layers)
    )
    zoom = "".join(
        f'<button type="button" data-zoom="{key}" aria-label="{words}">{sign}</button>'
        for key, sign, words in (("in", "+", "Zoom in"), ("out", "−", "Zoom out"), ("all", "All", "Show all"))
    )
    keys = "".join(
        f'<div data-legend="{layer.key}"{" hidden" if i else ""}>{legend(_grades(layer))}</div>'
        for i, layer in enumerate(layers)
    )
    return (
        f'<div class="controls"><fieldset><legend>Colour by</legend>{radios}</fieldset>'
        f'<div class="zoom script">{zoom}</div></div>{keys}'
    )


def _grades(layer: Layer) -> list[tuple[str, str]]:
    """Classes of colour in words, from low to high."""
    names = [f"{bound * 100:g}" for bound in layer.bounds]
    words = [
        f"under {names[0]}%",
        *(f"{a}–{b}%" for a, b in pairwise(names)),
        f"{names[-1]}% and more",
    ]
    order = range(len(words))
    return [(f"g{len(words) - 1 - i if layer.high_is_good else i}", words[i]) for i in order]


def _labels(frame: Projection, sheet: Sheet, weight: str) -> list[str]:
    """Names of sites where they are few, else codes of countries amid their sites; none upon another."""
    few = sheet.n_rows <= NAMED_SITES
    names = sheet.columns[0] if few else sheet.column("country")
    if not isinstance(names, TextColumn):
        return []
    heavy = sheet.numbers(weight) + 1e-9
    known = np.flatnonzero(names.code >= 0)
    code, n = names.code[known], len(names.names)
    total, lat, lon = (
        np.bincount(code, heavy[known] * part, minlength=n)
        for part in (1.0, sheet.numbers("lat")[known], sheet.numbers("lon")[known])
    )
    taken: list[tuple[float, float, float]] = []
    large: list[tuple[float, float, float]] = []
    drawn = []
    for i in sorted(np.flatnonzero(total > 0), key=lambda i: (-total[i], names.names[i])):
        x, y = frame.xy((lat[i] / total[i], lon[i] / total[i]))
        half = LETTER * len(names.names[i]) / 2
        if few:  # below its point, or above it at the lower edge
            x = min(max(x, half + 6), WIDTH - half - 6)
            y += 24 if y < frame.height - 50 else -14
        else:
            y += 5
        free = all(abs(x - a) > half + w + 12 or abs(y - b) > LABEL_HEIGHT for a, b, w in taken)
        if len(taken) < LABELS and free:
            taken.append((x, y, half))
            # On a phone letters are larger: what would leave the map there, or cover another name, goes.
            half *= PHONE_LETTERS
            inside = half <= x <= WIDTH - half
            free = all(
                abs(x - a) > half + w or abs(y - b) > PHONE_LETTERS * LABEL_HEIGHT for a, b, w in large
            )
            if inside and free and len(large) < PHONE_LABELS:
                large.append((x, y, half))
                css = "country"
            else:
                css = "country minor"
            drawn.append(text(x, y, names.names[i], css, "middle"))
    return drawn


def _points(frame: Projection, points: Sheet) -> str:
    """Points of one colour and size in one path: a line of no length with round ends is a dot."""
    grade, size = points.numbers("grade"), points.numbers("size")
    lat, lon = points.numbers("lat"), points.numbers("lon")
    drawn = []
    for s in reversed(range(len(SIZES_PX))):
        for g in range(5):
            rows = np.flatnonzero((size == s) & (grade == g))
            drawn.append(dots((frame.xy((float(lat[i]), float(lon[i]))) for i in rows), f"dot s{s} d{g}"))
    return "".join(drawn)
