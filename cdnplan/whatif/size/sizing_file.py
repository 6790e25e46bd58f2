"""A sizing file to the question it asks, or all its problems with line and column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.inputs.wire.wire_file import read_wire
from cdnplan.inputs.wire.wire_problems import place_of, shown_path
from cdnplan.inputs.yamls.yaml_nodes import MapNode
from cdnplan.model.network.policy import Places
from cdnplan.model.network.topology import Hardware, Site, Topology, matches
from cdnplan.whatif.size.sizing_targets import Goal, failure_goals, offload_goal
from cdnplan.whatif.size.sizing_wire import ModelWire, SizingWire, TargetWire, sizing_schema

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model at a site: up to `most` appliances of it may be added there.

    Parameters
    ----------
    site, model : str
    price : float
        Of one [currency].
    most : int
    rack_units, power_kw : float
        Of one; 0 where the file does not say.
    """

    site: str
    model: str
    price: float
    most: int
    rack_units: float = 0.0
    power_kw: float = 0.0

    @property
    def pool(self) -> str:
        """The pool they join or make."""
        return f"{self.site}/{self.model}"


@dataclass(frozen=True, slots=True)
class Room:
    """A limit on what is added: Σ use · count ≤ allowed.

    Parameters
    ----------
    name : str
        Of what, for people.
    use : tuple of float
        What one appliance of each candidate takes.
    allowed : float
    """

    name: str
    use: tuple[float, ...]
    allowed: float


@dataclass(frozen=True, slots=True)
class Sizing:
    """A question, checked against a topology.

    Parameters
    ----------
    name : str
    demand_factor : float
    hardware : tuple of Hardware
        Models that the topology lacks.
    candidates : tuple of Candidate
        Sorted by site, then model.
    rooms : tuple of Room
    goals : tuple of Goal
        All have to be met.
    runner_ups, curve_points : int
    """

    name: str
    demand_factor: float
    hardware: tuple[Hardware, ...]
    candidates: tuple[Candidate, ...]
    rooms: tuple[Room, ...]
    goals: tuple[Goal, ...]
    runner_ups: int
    curve_points: int


def read_sizing(path: Path, topology: Topology) -> Sizing:
    """Read a sizing file.

    Parameters
    ----------
    path : Path
    topology : Topology
        The network that may grow.

    Returns
    -------
    Sizing

    Raises
    ------
    InputError
        All problems, with line and column.
    """
    wire, root, problems = read_wire(path, SizingWire, sizing_schema)
    if wire is not None:
        problems += _Checks(wire, root, topology).problems()
    if problems or wire is None:
        raise InputError(sorted(problems, key=lambda p: (p.line or 0, p.column or 0)))
    return _sizing(wire, path, topology)


class _Checks:
    """Names in the file against those of the topology, and keys that need each other."""

    def __init__(self, wire: SizingWire, root: MapNode, topology: Topology) -> None:
        self._wire, self._root, self._topology = wire, root, topology
        self._sites = [site.name for site in topology.sites]
        self._regions = [region.name for region in topology.regions]

    def problems(self) -> list[Problem]:
        """All of them."""
        return [*self._models(), *self._limits(), *self._target()]

    def _at(self, loc: Loc, message: str, hint: str = "") -> Problem:
        return place_of(self._root, loc)[1].problem(message, path=shown_path(loc), hint=hint)

    def _key(self, loc: Loc, message: str, hint: str = "") -> Problem:
        """At the key itself, where it is the name that is wrong."""
        *parent, key = loc
        node = place_of(self._root, tuple(parent))[0]
        mark = node.key_mark(str(key)) if isinstance(node, MapNode) else self._root.mark
        return mark.problem(message, path=shown_path(parent), hint=hint)

    def _unmatched(self, loc: Loc, globs: Sequence[str] | None) -> Iterator[Problem]:
        for i, glob in enumerate(globs or ()):
            if not _named(glob, self._sites):
                yield self._at((*loc, i), f"no site is named {glob!r}", nearest(glob, self._sites))

    def _models(self) -> Iterator[Problem]:
        known = {hardware.name for hardware in self._topology.hardware}
        for name, model in self._wire.models.items():
            loc = ("models", name)
            unmatched = list(self._unmatched((*loc, "sites"), model.sites))
            yield from unmatched
            if model.storage_tb is None and name not in known:
                hint = nearest(name, known) or "a new model needs storage_tb, throughput_gbps and fill_gbps"
                yield self._key(loc, f"the topology has no hardware {name!r}", hint)
            if model.storage_tb is not None and name in known:
                message = f"the topology has hardware {name!r}; leave its storage_tb and rates out"
                yield self._at((*loc, "storage_tb"), message, "or give the new model a name of its own")
            if not unmatched and not any(_may_go(model, site) for site in self._topology.sites):
                yield self._key(loc, f"no site may take {name!r}: nothing matches sites, kinds and countries")

    def _limits(self) -> Iterator[Problem]:
        for i, limit in enumerate(self._wire.site_limits or ()):
            yield from self._unmatched(("site_limits", i, "sites"), limit.sites)
        for key in ("rack_units", "power_kw"):
            if all(getattr(limit, key) is None for limit in self._wire.site_limits or ()):
                continue
            for name, model in self._wire.models.items():
                if getattr(model, key) is None:
                    message = f"{key!r} is missing, and site_limits limit it"
                    yield self._key(("models", name), message, "0 where it takes none")

    def _target(self) -> Iterator[Problem]:
        target = self._wire.target
        countries = {region.country for region in self._topology.regions}
        for code in target.countries or ():
            if code not in countries:
                hint = nearest(code, countries)
                yield self._key(("target", "countries", code), f"no region is in {code!r}", hint)
        for glob in target.regions or ():
            if not _named(glob, self._regions):
                hint = nearest(glob, self._regions)
                yield self._key(("target", "regions", glob), f"no region is named {glob!r}", hint)
        if target.n_minus_1 is not None:
            yield from self._unmatched(("target", "n_minus_1", "sites"), target.n_minus_1.sites)
            if len(self._sites) < 2:
                message = "the network has one site: nothing would be left when it fails"
                yield self._key(("target", "n_minus_1"), message)


def _named(glob: str, names: Iterable[str]) -> list[str]:
    """Names that are this one, or that a glob matches."""
    listed = list(names)
    return [glob] if glob in listed else [name for name in listed if fnmatchcase(name, glob)]


def _may_go(model: ModelWire, site: Site) -> bool:
    """Whether a model may be put at a site; a site's own name counts before globs."""
    places = Places((), tuple(model.countries or ()), tuple(model.kinds or ()))
    by_name = model.sites is None or site.name in model.sites
    by_glob = model.sites is not None and any(fnmatchcase(site.name, glob) for glob in model.sites)
    return (by_name or by_glob) and matches(places, site, "")


def _sizing(wire: SizingWire, path: Path, topology: Topology) -> Sizing:
    candidates = tuple(_candidates(wire, topology))
    return Sizing(
        name=wire.name or path.stem,
        demand_factor=wire.demand_factor,
        hardware=tuple(
            Hardware(name, model.storage_tb, model.throughput_gbps, model.fill_gbps)
            for name, model in wire.models.items()
            if model.storage_tb is not None
            and model.throughput_gbps is not None
            and model.fill_gbps is not None
        ),
        candidates=candidates,
        rooms=tuple(_rooms(wire, candidates)),
        goals=tuple(_goals(wire.target, topology)),
        runner_ups=wire.runner_ups,
        curve_points=wire.curve_points,
    )


def _candidates(wire: SizingWire, topology: Topology) -> Iterator[Candidate]:
    for site in sorted(topology.sites, key=lambda item: item.name):
        for name in sorted(wire.models):
            model = wire.models[name]
            if _may_go(model, site):
                most = (
                    model.max_per_site
                    if model.max_total is None
                    else min(model.max_per_site, model.max_total)
                )
                yield Candidate(
                    site.name, name, model.price, most, model.rack_units or 0.0, model.power_kw or 0.0
                )


def _rooms(wire: SizingWire, candidates: tuple[Candidate, ...]) -> Iterator[Room]:
    for name, model in wire.models.items():
        if model.max_total is not None:
            use = tuple(float(c.model == name) for c in candidates)
            yield Room(f"{name} in all", use, model.max_total)
    sites = sorted({candidate.site for candidate in candidates})
    for limit in wire.site_limits or ():
        for site in (name for name in sites if any(_named(glob, [name]) for glob in limit.sites)):
            here = [candidate.site == site for candidate in candidates]
            for key, unit in (("rack_units", "rack units"), ("power_kw", "kW"), ("appliances", "appliances")):
                allowed = getattr(limit, key)
                if allowed is not None:
                    each = [1.0 if key == "appliances" else float(getattr(c, key)) for c in candidates]
                    use = tuple(value * at for value, at in zip(each, here, strict=True))
                    yield Room(f"{unit} at {site}", use, float(allowed))


def _goals(target: TargetWire, topology: Topology) -> Iterator[Goal]:
    regions = topology.regions
    if target.offload_ratio is not None:
        yield offload_goal("offload", None, target.offload_ratio)
    for code, ratio in sorted((target.countries or {}).items()):
        inside = frozenset(region.name for region in regions if region.country == code)
        yield offload_goal(f"offload of {code}", inside, ratio)
    asked: dict[str, float] = {}
    for glob, ratio in (target.regions or {}).items():
        for name in _named(glob, [region.name for region in regions]):
            asked[name] = max(ratio, asked.get(name, 0.0))
    for name, ratio in sorted(asked.items()):
        yield offload_goal(f"offload of {name}", frozenset({name}), ratio)
    km = target.mean_distance_km
    if target.mean_latency_ms is not None:
        yield Goal("mean latency", "latency", target.mean_latency_ms)
    elif km is not None:
        yield Goal("mean distance", "distance", km)
    if target.no_overload:
        yield Goal("overload", "overload", 0.0)
    if target.n_minus_1 is not None:
        failing = target.n_minus_1.sites
        names = sorted(site.name for site in topology.sites)
        chosen = names if failing is None else sorted({n for glob in failing for n in _named(glob, names)})
        yield from failure_goals(chosen, target.n_minus_1.offload_ratio, bool(target.n_minus_1.no_overload))
