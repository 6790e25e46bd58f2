"""A map of a topology as SVG or as a page: sites by place and storage, links as lines, origins, regions.

There are no tiles and no outlines: nothing is fetched, and the picture stays small. Colours follow the
reader's light or dark scheme.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from math import sqrt

from cdnplan.charts.labels import Box, place_labels
from cdnplan.charts.projection import Projection, fitted, graticule
from cdnplan.inputs.drawing.page import PAGE, STYLE
from cdnplan.inputs.topology.topology_summary import Capacity, capacity_of
from cdnplan.model.network.topology import Link, Origin, Site, Topology

WIDTH = 1400.0
MOST_HEIGHT = 900.0
MARGIN = 24.0
HEAD = 92.0
"""Room for title and legend [px]."""
FOOT = 34.0
TYPE = 12.0
EDGE = 12.0
FAR = 1.3
"""An origin that would make everything smaller by more than this stands at the edge instead."""
MOST_LABELS = 60
LARGEST = 22.0
"""Radius of the largest site among few [px]; among thousands it is half of that."""
SMALLEST = 2.0
_SCALES_KM = (5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5)


def topology_svg(topology: Topology) -> str:
    """Draw a topology as an SVG picture.

    Parameters
    ----------
    topology : Topology

    Returns
    -------
    str
        Stands alone. Every site, link, origin and region has a title that browsers show.

    Examples
    --------
    >>> from cdnplan.inputs.topology.topology_reader import read_topology
    >>> from cdnplan.sample import sample_folder
    >>> topology_svg(read_topology(sample_folder() / "topology.yaml")).count('class="ixp"')
    3
    """
    return _Picture(topology).text()


def topology_page(topology: Topology) -> str:
    """Draw a topology as a page: the map with zoom, and a table to look things up."""
    svg = topology_svg(topology)
    return PAGE.replace("{title}", escape(topology.name)).replace("{svg}", svg)


class _Picture:
    """One drawing."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._capacity = {site.name: capacity_of(site, topology) for site in topology.sites}
        self._map = _fitted(topology)
        self._places = self._seen()
        self._height = HEAD + self._map.height + FOOT
        most = max((c.storage_tb for c in self._capacity.values()), default=1.0)
        # Half the radius from tens to thousands of sites: area is what overlaps.
        crowd = max(1.0, len(topology.sites) / 60) ** 0.2
        self._radius = {
            name: max(SMALLEST, LARGEST / crowd * sqrt(c.storage_tb / most))
            for name, c in self._capacity.items()
        }

    def text(self) -> str:
        """Write the picture."""
        name = escape(self._topology.name)
        size = f'viewBox="0 0 {WIDTH:g} {self._height:.0f}"'
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="Map of {name}">',
            f"<style>{STYLE}</style>",
            f'<rect class="page" width="{WIDTH:g}" height="{self._height:.0f}"/>',
            f'<clipPath id="map"><rect {self._frame()}/></clipPath>',
            '<g clip-path="url(#map)"><g id="zoom">',
            *graticule(self._map),
            *self._links(),
            *self._regions(),
            *self._sites(),
            *self._origins(),
            "</g></g>",
            f'<rect class="frame" {self._frame()}/>',
            *self._labels(),
            *self._head(),
            *self._scale(),
            "</svg>",
        ]
        return "\n".join(lines) + "\n"

    def _frame(self) -> str:
        place = self._map
        return f'x="{place.left:g}" y="{place.top:g}" width="{place.width:g}" height="{place.height:.1f}"'

    def _links(self) -> Iterator[str]:
        most = max((link.capacity_gbps or 0.0 for link in self._topology.links), default=0.0) or 1.0
        for link in self._topology.links:
            (x1, y1), (x2, y2) = self._places[link.from_], self._places[link.to]
            kind = "link" if link.capacity_gbps is not None else "link free"
            width = 1.0 if link.capacity_gbps is None else 0.8 + 3.2 * sqrt(link.capacity_gbps / most)
            yield (
                f'<path class="{kind}" stroke-width="{width:.1f}" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}">'
                f"<title>{escape(_link_words(link))}</title></path>"
            )

    def _regions(self) -> Iterator[str]:
        size = 3.5 if len(self._topology.regions) <= 300 else 2.0
        for region in self._topology.regions:
            x, y = self._places[region.name]
            words = f"region {region.name}: {region.demand.share:.4g} of {region.demand.region}"
            if region.sites:
                words += f"\nsites: {', '.join(region.sites)}"
            yield (
                f'<path class="region" d="M{x - size:.1f} {y:.1f}h{2 * size:g}'
                f'M{x:.1f} {y - size:.1f}v{2 * size:g}">'
                f"<title>{escape(words)}</title></path>"
            )

    def _by_size(self) -> list[Site]:
        """The largest first, exchange points before embedded sites."""
        return sorted(
            self._topology.sites,
            key=lambda site: (site.kind != "ixp", -self._capacity[site.name].storage_tb, site.name),
        )

    def _sites(self) -> Iterator[str]:
        for site in sorted(self._topology.sites, key=lambda site: (-self._radius[site.name], site.name)):
            x, y = self._places[site.name]
            radius = self._radius[site.name]
            yield (
                f'<circle class="{site.kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}">'
                f"<title>{escape(_site_words(site, self._capacity[site.name]))}</title></circle>"
            )

    def _origins(self) -> Iterator[str]:
        for origin in self._topology.origins:
            x, y = self._places[origin.name]
            limit = "" if origin.capacity_gbps is None else f", {origin.capacity_gbps:g} Gbps"
            yield (
                f'<path class="origin" d="M{x:.1f} {y - 8:.1f}l7 8l-7 8l-7 -8z">'
                f"<title>{escape(f'origin {origin.name}{limit}')}</title></path>"
            )

    def _seen(self) -> dict[str, tuple[float, float]]:
        """Where everything is drawn: at its place; origins off the map at the edge nearest to it."""
        place = self._map
        seen = {name: place.xy(location) for name, location in self._topology.locations().items()}
        left, top = place.left + EDGE, place.top + EDGE
        right, bottom = place.left + place.width - EDGE, place.top + place.height - EDGE
        taken: set[tuple[float, float]] = set()
        for origin in self._topology.origins:
            x, y = seen[origin.name]
            if x > place.left + place.width and _gap(place.west, origin) < _gap(place.east, origin):
                x = place.left  # it is off the map to the west
            x, y = min(max(x, left), right), min(max(y, top), bottom)
            while (x, y) in taken and y > top:
                y -= 2 * EDGE
            taken.add((x, y))
            seen[origin.name] = x, y
        return seen

    def _origin_name(self, origin: Origin) -> str:
        there = self._map.xy(origin.location) == self._places[origin.name]
        return origin.name if there else f"{origin.name} (off the map)"

    def _labels(self) -> Iterator[str]:
        place = self._map
        page = Box(place.left, place.top, place.left + place.width, place.top + place.height)
        points = [
            (self._origin_name(origin), *self._places[origin.name], 8.0) for origin in self._topology.origins
        ] + [(site.name, *self._places[site.name], self._radius[site.name]) for site in self._by_size()]
        # Names keep off the marks of what is large; the crowd of small sites they may cover.
        taken = [
            Box(x - r, y - r, x + r, y + r) for _, x, y, r in points if r >= 5 or len(points) <= MOST_LABELS
        ]
        yield '<g id="labels">'
        for label in place_labels(points, page, TYPE, MOST_LABELS, taken):
            yield (
                f'<text class="name" x="{label.x:.1f}" y="{label.y:.1f}" text-anchor="{label.anchor}">'
                f"{escape(label.text)}</text>"
            )
        yield "</g>"

    def _head(self) -> Iterator[str]:
        topology = self._topology
        whole = Capacity()
        for capacity in self._capacity.values():
            whole.include(capacity)
        kinds = {kind: sum(site.kind == kind for site in topology.sites) for kind in ("ixp", "embedded")}
        yield f'<text class="title" x="{MARGIN:g}" y="34">{escape(topology.name)}</text>'
        amounts = f"{_quantity(whole.storage_tb)} TB, {_quantity(whole.throughput_gbps)} Gbps"
        facts = (
            f"{len(topology.sites):,} sites, {whole.appliances:,} appliances, {amounts};"
            f" {len(topology.regions):,} regions, {len(topology.links):,} links"
        )
        yield f'<text class="facts" x="{MARGIN:g}" y="55">{facts}</text>'
        x = MARGIN + 6
        for kind, words in (("ixp", "at exchange points"), ("embedded", "inside ISPs")):
            yield f'<circle class="{kind}" cx="{x:g}" cy="74" r="6"/>'
            text = f"{kinds[kind]:,} {words}"
            yield f'<text class="facts" x="{x + 12:g}" y="78">{text}</text>'
            x += 32 + len(text) * 6.6
        yield f'<path class="origin" d="M{x:g} 66l7 8l-7 8l-7 -8z"/>'
        yield f'<text class="facts" x="{x + 13:g}" y="78">origins</text>'
        x += 80
        yield f'<path class="region" d="M{x - 4:g} 74h8M{x:g} 70v8"/>'
        yield f'<text class="facts" x="{x + 11:g}" y="78">regions</text>'
        x += 82
        if topology.links:
            yield f'<path class="link" stroke-width="3" d="M{x:g} 74h26"/>'
            yield f'<text class="facts" x="{x + 32:g}" y="78">links, wider with capacity</text>'
            x += 212
            yield f'<path class="link free" stroke-width="1" d="M{x:g} 74h26"/>'
            yield f'<text class="facts" x="{x + 32:g}" y="78">without a limit</text>'
            x += 146
        yield f'<text class="facts" x="{x:g}" y="78">area of a circle: storage</text>'

    def _scale(self) -> Iterator[str]:
        per_km = self._map.px_per_km()
        km = next((s for s in _SCALES_KM if s * per_km <= 220), _SCALES_KM[-1])
        x, y = MARGIN, self._height - 14
        yield f'<path class="scale" d="M{x:g} {y - 5:.1f}v5h{km * per_km:.1f}v-5"/>'
        words = f"{km:,} km in the middle of the map (Mercator)"
        yield f'<text class="facts" x="{x + km * per_km + 8:.1f}" y="{y:.1f}">{words}</text>'


def _fitted(topology: Topology) -> Projection:
    """Fit the map to sites and regions, and to origins that are not far away: those stand at its edge."""
    near = [*(site.location for site in topology.sites), *(region.location for region in topology.regions)]
    room = (MARGIN, HEAD, WIDTH - 2 * MARGIN, MOST_HEIGHT)
    place = fitted(near, *room)
    for origin in topology.origins:
        if fitted([*near, origin.location], *room).px_per_km() * FAR >= place.px_per_km():
            near.append(origin.location)
    return fitted(near, *room)


def _gap(longitude: float, origin: Origin) -> float:
    """Degrees between a meridian and an origin, the shorter way."""
    apart = (origin.location[1] - longitude) % 360.0
    return min(apart, 360.0 - apart)


def _quantity(value: float) -> str:
    """Write a number with no more digits than it needs, and never with an exponent."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:,.6g}"


def _site_words(site: Site, capacity: Capacity) -> str:
    groups = ", ".join(f"{group.count} x {group.model}" for group in site.appliances)
    where = f", {site.country}" if site.country else ""
    return (
        f"{site.name} ({site.kind}{where})\n{groups}\n"
        f"{_quantity(capacity.storage_tb)} TB, {_quantity(capacity.throughput_gbps)} Gbps,"
        f" fills at {_quantity(capacity.fill_gbps)} Gbps"
    )


def _link_words(link: Link) -> str:
    parts: Sequence[str] = [
        f"{link.from_} - {link.to}",
        "no limit" if link.capacity_gbps is None else f"{link.capacity_gbps:,.6g} Gbps each way",
        "cost by distance" if link.cost_per_gb is None else f"{link.cost_per_gb:g} per GB",
    ]
    return "\n".join(parts)


__all__ = ["Projection", "topology_page", "topology_svg"]
