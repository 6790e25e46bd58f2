"""A topology file to a `Topology`, or all its problems at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.topology.topology_checks import cross_problems
from cdnplan.inputs.topology.topology_document import Document, Part, validate
from cdnplan.inputs.wire.wire import HardwareWire, RegionWire, SiteWire, TopologyWire
from cdnplan.inputs.wire.wire_policy import CopiesWire, LaunchWire, PeakProfileWire, PolicyWire, RuleWire
from cdnplan.inputs.yamls.includes import Sources, environment_problem, read_sources, without_strangers
from cdnplan.model.limits.families import EXTRAS
from cdnplan.model.network.policy import (
    Ban,
    CopyRule,
    Costs,
    Files,
    FillPolicy,
    LaunchRule,
    PeakProfile,
    Pin,
    Places,
    Policy,
    Reserves,
    Rule,
    Wait,
)
from cdnplan.model.network.topology import (
    ApplianceGroup,
    DemandShare,
    FillWindow,
    Hardware,
    Limits,
    Link,
    Maintenance,
    Origin,
    Region,
    Site,
    Topology,
)

R = TypeVar("R", bound=Rule)


def read_topology(path: Path, *, env: str | None = None, overrides: Sequence[Path] = ()) -> Topology:
    """Read and check a topology file with everything it includes.

    Parameters
    ----------
    path : Path
        YAML file; see `cdnplan.inputs.yamls.includes` for the order of precedence of several files.
    env : str or None
        Environment whose ``overrides`` are applied.
    overrides : sequence of Path
        Further files merged onto it, in this order.

    Returns
    -------
    Topology
        Rules of its policy know the file, line and column they came from.

    Raises
    ------
    InputError
        All problems of all files at once.
    """
    return build_topology(read_sources(path, overrides), path, env)


def read_resolved(path: Path) -> Topology:
    """Read the topology of a plan folder: one file, whole in itself.

    Parameters
    ----------
    path : Path
        Its ``inputs/topology.yaml``.

    Returns
    -------
    Topology

    Raises
    ------
    InputError
        As `read_topology`; also where it includes others, of which none is opened: a folder is judged by its
        own files.
    """
    return build_topology(read_sources(path, includes=False), path)


def read_topology_of(path: Path, *, env: str | None = None) -> Topology:
    """Read the topology that a plan folder was made from, or a topology file."""
    inside = path / "inputs" / "topology.yaml"
    return read_resolved(inside) if inside.is_file() else read_topology(path, env=env)


def build_topology(sources: Sources, path: Path, env: str | None = None) -> Topology:
    """Check files that have been read, for one environment; see `read_topology`."""
    problems = list(sources.problems)
    if sources.strangers:
        raise InputError(_in_order(without_strangers(problems, sources)))
    unknown = environment_problem(env, sources, path) if env is not None and sources.complete else None
    if unknown is not None:
        problems.append(unknown)
    root = sources.merged(env)
    if root is None:
        raise InputError(problems)
    document, found = validate(root, complete=sources.complete)
    problems += found
    if sources.complete:
        problems += cross_problems(document)
    if problems or document.wire is None:
        raise InputError(_in_order(problems))
    return _topology(document, document.wire)


def _in_order(problems: Sequence[Problem]) -> list[Problem]:
    """By file in order of appearance, then by place."""
    files = {problem.file: i for i, problem in reversed(list(enumerate(problems)))}
    return sorted(problems, key=lambda p: (files[p.file], p.line or 0, p.column or 0))


def _topology(document: Document, wire: TopologyWire) -> Topology:
    return Topology(
        name=wire.name,
        hardware=tuple(hardware_of(name, model) for name, model in wire.hardware.items()),
        origins=tuple(Origin(item.name, item.location, item.capacity_gbps) for item in wire.origins),
        sites=tuple(site_of(site) for site in wire.sites),
        regions=tuple(_region(region) for region in wire.regions),
        links=tuple(
            Link(link.from_, link.to, link.capacity_gbps, link.cost_per_gb) for link in wire.links or ()
        ),
        policy=Policy() if wire.policy is None else _policy(document, wire.policy),
    )


def hardware_of(name: str, wire: HardwareWire) -> Hardware:
    """A model of appliance, as it is written."""
    limits = _limits(wire, "hardware")
    return Hardware(name, wire.storage_tb, wire.throughput_gbps, wire.fill_gbps, wire.upload_gbps, limits)


def site_of(wire: SiteWire) -> Site:
    """A site, as it is written."""
    window = wire.fill_window
    return Site(
        name=wire.name,
        kind=wire.kind,
        location=wire.location,
        appliances=tuple(ApplianceGroup(group.model, group.count) for group in wire.appliances),
        country=wire.country,
        timezone=wire.timezone,
        fill_window=FillWindow() if window is None else FillWindow(window.start, window.hours),
        maintenance=tuple(
            Maintenance(item.start, item.hours, tuple(item.appliances or ()))
            for item in wire.maintenance or ()
        ),
        limits=_limits(wire, "sites"),
    )


def _limits(wire: HardwareWire | SiteWire, part: str) -> Limits:
    """Numbers that families of limits read, those that are given."""
    given = [(extra.key, getattr(wire, extra.key)) for extra in EXTRAS if extra.part == part]
    return tuple((key, float(value)) for key, value in given if value is not None)


def _region(wire: RegionWire) -> Region:
    demand = wire.demand
    source = demand.region if demand is not None and demand.region is not None else wire.name
    return Region(
        name=wire.name,
        country=wire.country,
        location=wire.location,
        sites=tuple(wire.sites or ()),
        demand=DemandShare(source, 1.0 if demand is None else demand.share),
        timezone=wire.timezone,
    )


def _policy(document: Document, wire: PolicyWire) -> Policy:
    rules = document.rules
    return Policy(
        reserves=Reserves(**(wire.reserves.model_dump() if wire.reserves else {})),
        costs=Costs(**(wire.costs.model_dump() if wire.costs else {})),
        peak_profile=_peak_profile(wire.peak_profile),
        steering=wire.steering,
        max_sites=wire.max_sites,
        churn_ratio=wire.churn_ratio,
        copy_load_ratio=wire.copy_load_ratio,
        cold_start=wire.cold_start,
        period_days=wire.period_days,
        fill=FillPolicy(**(wire.fill.model_dump() if wire.fill else {})),
        pins=tuple(_rule(Pin, rule) for rule in rules["pins"]),
        bans=tuple(_rule(Ban, rule) for rule in rules["bans"]),
        copies=tuple(
            _rule(CopyRule, rule, copies=rule.wire.copies)
            for rule in rules["copies"]
            if isinstance(rule.wire, CopiesWire)
        ),
        launches=tuple(
            _rule(LaunchRule, rule, min_pools=rule.wire.min_pools)
            for rule in rules["launches"]
            if isinstance(rule.wire, LaunchWire)
        ),
        waits=tuple(_rule(Wait, rule) for rule in rules["waits"]),
    )


def _peak_profile(wire: PeakProfileWire | None) -> PeakProfile:
    """Scale the weights to the sum 1; weights that have it already stay as they are, to the last bit."""
    if wire is None:
        return PeakProfile()
    total = math.fsum(wire.hourly)
    scale = 1.0 if abs(total - 1.0) <= 1e-9 else total
    return PeakProfile(wire.slices, tuple(weight / scale for weight in wire.hourly))


def _rule(kind: type[R], part: Part[RuleWire], **number: int) -> R:
    wire = part.wire
    return kind(
        Files(wire.title, wire.file, wire.top, wire.newer_than_days),
        Places(
            sites=tuple(wire.sites or ()),
            countries=tuple(wire.countries or ()),
            kinds=tuple(wire.kinds or ()),
            models=tuple(wire.models or ()),
        ),
        str(part.node.mark),
        **number,
    )
