"""Which things of two topologies are the same under another name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from cdnplan.model.network.geo import distance_km
from cdnplan.model.network.topology import Hardware, Origin, Region, Site, Topology

NEAR_KM = 1.0
"""Things in the same place, give or take."""


@dataclass(frozen=True, slots=True)
class Renames:
    """Names in A that became other names in B."""

    sites: Mapping[str, str]
    regions: Mapping[str, str]
    origins: Mapping[str, str]
    hardware: Mapping[str, str]

    def places(self) -> dict[str, str]:
        """Those that links speak of."""
        return {**self.origins, **self.sites, **self.regions}


def find_renames(a: Topology, b: Topology) -> Renames:
    """Pair what only A has with what only B has, where they agree in what makes a thing what it is.

    A site or an origin stays at its place (within 1 km) and of its kind; a region in its country, drawing on
    the same demand, or at its place; hardware keeps all numbers, or the sites it stands at. Of several that
    fit, those that agree in most else, then in name, are paired.

    Parameters
    ----------
    a, b : Topology

    Returns
    -------
    Renames
    """
    hardware = _paired(
        a.hardware, b.hardware, lambda one, two: _hardware_likeness(one, two, _homes(a), _homes(b))
    )
    sites = _paired(a.sites, b.sites, _site_likeness)
    regions = _paired(a.regions, b.regions, _region_likeness)
    origins = _paired(a.origins, b.origins, _origin_likeness)
    return Renames(sites, regions, origins, hardware)


Likeness = Callable[..., float]


def _paired(before: Sequence[object], after: Sequence[object], likeness: Likeness) -> dict[str, str]:
    """Pair the likest first; a likeness of 0 is none."""
    old = {_name(item): item for item in before}
    new = {_name(item): item for item in after}
    gone = [item for name, item in old.items() if name not in new]
    come = [item for name, item in new.items() if name not in old]
    if not gone or not come:
        return {}
    scored: list[tuple[float, float, str, str]] = []
    for one, two in _candidates(gone, come):
        score = likeness(one, two)
        if score > 0:
            ratio = SequenceMatcher(None, _name(one), _name(two)).ratio()
            scored.append((-score, -ratio, _name(one), _name(two)))
    pairs: dict[str, str] = {}
    taken: set[str] = set()
    for _, _, one_name, two_name in sorted(scored):
        if one_name not in pairs and two_name not in taken:
            pairs[one_name] = two_name
            taken.add(two_name)
    return pairs


def _candidates(gone: Sequence[object], come: Sequence[object]) -> Iterable[tuple[object, object]]:
    """Pairs worth a look: with many things on both sides, only those that share a country or a place."""
    if len(gone) * len(come) <= 10_000:
        return ((one, two) for one in gone for two in come)
    by_key: dict[object, list[object]] = defaultdict(list)
    for two in come:
        for key in _keys(two):
            by_key[key].append(two)
    return (
        (one, two) for one in gone for two in {id(t): t for key in _keys(one) for t in by_key[key]}.values()
    )


def _keys(item: object) -> list[object]:
    keys: list[object] = [getattr(item, "location", None)]
    demand = getattr(item, "demand", None)
    return keys if demand is None else [*keys, demand]


def _name(item: object) -> str:
    return str(item.name)  # type: ignore[attr-defined]


def _near(one: Site | Origin | Region, two: Site | Origin | Region) -> bool:
    if one.location == two.location:
        return True
    if abs(one.location[0] - two.location[0]) > 0.1:  # some 11 km: no need for trigonometry
        return False
    return float(distance_km(one.location, two.location)) <= NEAR_KM


def _equal(one: object, two: object, *keys: str) -> int:
    return sum(getattr(one, key) == getattr(two, key) for key in keys)


def _site_likeness(one: Site, two: Site) -> float:
    if one.kind != two.kind or not _near(one, two):
        return 0.0
    return 1 + _equal(
        one, two, "location", "country", "appliances", "timezone", "fill_window", "maintenance", "limits"
    )


def _region_likeness(one: Region, two: Region) -> float:
    if one.country != two.country or not (_near(one, two) or one.demand == two.demand):
        return 0.0
    shared = len(set(one.sites) & set(two.sites)) / max(1, len(set(one.sites) | set(two.sites)))
    own = (
        one.demand.region == one.name
        and two.demand.region == two.name
        and one.demand.share == two.demand.share
    )
    score = shared + own + _equal(one, two, "location", "demand", "timezone")
    return score if score >= 2 else 0.0


def _origin_likeness(one: Origin, two: Origin) -> float:
    return 1 + _equal(one, two, "location", "capacity_gbps") if _near(one, two) else 0.0


def _homes(topology: Topology) -> dict[str, frozenset[tuple[tuple[float, float], int]]]:
    """Where each model stands, and how often."""
    found: dict[str, set[tuple[tuple[float, float], int]]] = defaultdict(set)
    for site in topology.sites:
        for group in site.appliances:
            found[group.model].add((site.location, group.count))
    return {name: frozenset(homes) for name, homes in found.items()}


def _hardware_likeness(
    one: Hardware,
    two: Hardware,
    old: Mapping[str, frozenset[tuple[tuple[float, float], int]]],
    new: Mapping[str, frozenset[tuple[tuple[float, float], int]]],
) -> float:
    numbers = _equal(one, two, "storage_tb", "throughput_gbps", "fill_gbps", "upload_gbps", "limits")
    same_homes = bool(old.get(one.name)) and old.get(one.name) == new.get(two.name)
    return float(numbers + same_homes) if numbers == 5 or same_homes else 0.0
