"""A base's inputs while a scenario changes them: what is there, what is gone, who set what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np
import numpy.typing as npt

from cdnplan.errors import Problem, nearest
from cdnplan.inputs.wire.wire_problems import shown_path
from cdnplan.inputs.yamls.yaml_nodes import Mark
from cdnplan.model.instance.network import Paths
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.topology import (
    ApplianceGroup,
    Hardware,
    Link,
    Origin,
    Region,
    Site,
    Topology,
    launches_at,
)
from cdnplan.whatif.base.base import Inputs
from cdnplan.whatif.scenario.demand_table import DemandTable
from cdnplan.whatif.scenario.scenario import Change

NEW = 0
"""Number of appliances that the base does not have; they come last in their pool."""
MOST_HINTS = 20
"""Looking for near names among thousands takes time; later problems go without."""

Mask = npt.NDArray[np.bool_]


class State:
    """A working copy; problems are collected, not raised.

    Parameters
    ----------
    inputs : Inputs
    """

    def __init__(self, inputs: Inputs) -> None:
        topology = inputs.topology
        self._inputs = inputs
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        self.hardware: dict[str, Hardware] = {h.name: h for h in topology.hardware}
        self.origins: dict[str, Origin] = {o.name: o for o in topology.origins}
        self.sites: dict[str, Site] = {s.name: s for s in topology.sites}
        self.regions: dict[str, Region] = {r.name: r for r in topology.regions}
        self.links: dict[str, Link] = {f"{e.from_}>{e.to}": e for e in topology.links}
        self.policy = topology.policy
        self.catalog: Catalog = inputs.catalog
        self.demand = DemandTable(inputs.demand, inputs.catalog, topology.regions)
        self.start = inputs.demand.start
        self.appliances: dict[str, dict[str, list[int]]] = {s.name: _numbers(s) for s in topology.sites}
        self._gone: dict[tuple[str, str], Mark] = {}
        self._set: dict[tuple[str, ...], Mark] = {}
        self._hints = 0
        self.paths_changed = False

    def problem(self, change: Change, keys: tuple[str | int, ...], message: str, hint: str = "") -> None:
        """Note something wrong at a place of a change."""
        self.problems.append(change.mark(*keys).problem(message, path=_shown(change, keys), hint=hint))

    def claim(self, change: Change, keys: tuple[str | int, ...], *what: str) -> bool:
        """Set something once: a second change of the same thing is a conflict."""
        here = change.mark(*keys)
        before = self._set.setdefault(what, here)
        if before != here:
            message = f"conflict: {' '.join(what)} is already set at {before}"
            self.problem(change, keys, message, "keep one of the two")
            return False
        return True

    def gone(self, kind: str, name: str, mark: Mark) -> None:
        """Note that something is no more."""
        self._gone.setdefault((kind, name), mark)

    def named(
        self,
        kind: str,
        patterns: Sequence[str] | None,
        known: Iterable[str],
        change: Change,
        keys: tuple[str | int, ...],
    ) -> list[str]:
        """Names that patterns speak of, in the order of `known`; what matches nothing is a problem."""
        names = list(known)
        there = set(names)
        found: set[str] = set()
        for i, pattern in enumerate(patterns or ()):
            if pattern in there:
                found.add(pattern)
                continue
            matching = [name for name in names if fnmatchcase(name, pattern)]
            found.update(matching)
            if not matching:
                self._unmatched(kind, pattern, names, change, (*keys, i))
        return [name for name in names if name in found]

    def unknown(
        self, kind: str, name: str, known: Iterable[str], change: Change, keys: tuple[str | int, ...]
    ) -> None:
        """Note that a name is not known, or no more."""
        self._unmatched(kind, name, list(known), change, keys)

    def _unmatched(
        self, kind: str, pattern: str, names: list[str], change: Change, keys: tuple[str | int, ...]
    ) -> None:
        gone = [name for k, name in self._gone if k == kind and fnmatchcase(name, pattern)]
        if gone:
            at = self._gone[kind, gone[0]]
            message = f"conflict: {kind} {gone[0]!r} is gone since {at}"
            self.problem(change, keys, message, "change it before, or leave one of the two out")
        elif any(sign in pattern for sign in "*?["):
            self.problem(change, keys, f"no {kind} matches {pattern!r}")
        else:
            self._hints += 1
            hint = nearest(pattern, names) if self._hints <= MOST_HINTS else ""
            self.problem(change, keys, f"unknown {kind} {pattern!r}", hint)

    def pools(self) -> dict[str, list[int]]:
        """Numbers of the appliances of each pool that is there."""
        return {
            f"{site}/{model}": numbers
            for site, models in self.appliances.items()
            for model, numbers in models.items()
            if numbers
        }

    def lost(self) -> dict[str, frozenset[int]]:
        """By pool, numbers of the base's appliances that are gone."""
        found: dict[str, frozenset[int]] = {}
        for site in self._inputs.topology.sites:
            now = self.appliances.get(site.name, {})
            for model, numbers in _numbers(site).items():
                gone = frozenset(numbers) - frozenset(now.get(model, ()))
                if gone:
                    found[f"{site.name}/{model}"] = gone
        return found

    def inputs(self) -> Inputs:
        """The changed inputs, consistent: no rule or list speaks of what is gone."""
        topology = self._inputs.topology
        linked = {name for link in self.links.values() for name in (link.from_, link.to)}
        sites: list[Site] = []
        for name, site in self.sites.items():
            groups = tuple(ApplianceGroup(m, len(n)) for m, n in self.appliances[name].items() if n)
            if groups or name in linked:
                sites.append(site if groups == _grouped(site) else replace(site, appliances=groups))
        names = {site.name for site in sites}
        policy = self.policy.restricted_to(tuple(site.name for site in sites))
        policy = replace(policy, launches=launches_at(policy.launches, topology.sites, tuple(sites)))
        regions = [self._with_sites(region, names) for region in self.regions.values()]
        changed = replace(
            topology,
            hardware=tuple(self.hardware.values()),
            origins=tuple(self.origins.values()),
            sites=tuple(sites),
            regions=self.demand.regions(regions),
            links=tuple(self.links.values()),
            policy=policy,
        )
        changed = reachable(topology, changed) if self.paths_changed else changed
        if self.catalog is self._inputs.catalog:
            return Inputs(changed, self.catalog, self.demand.result(None))
        catalog, place = sorted_catalog(self.catalog)
        return Inputs(changed, catalog, self.demand.result(place))

    def _with_sites(self, region: Region, names: set[str]) -> Region:
        """Take sites that are gone out of a region's list; with none left, nobody may serve it."""
        kept = tuple(name for name in region.sites if name in names)
        if kept == region.sites:
            return region
        return replace(region, sites=kept, cut_off=region.cut_off or not kept)


def _numbers(site: Site) -> dict[str, list[int]]:
    """Appliances of a site by model, numbered from 1."""
    found: dict[str, list[int]] = {}
    for group in site.appliances:
        numbers = found.setdefault(group.model, [])
        numbers += range(len(numbers) + 1, len(numbers) + 1 + group.count)
    return found


def _grouped(site: Site) -> tuple[ApplianceGroup, ...]:
    return tuple(ApplianceGroup(model, len(numbers)) for model, numbers in _numbers(site).items())


def reachable(before: Topology, after: Topology) -> Topology:
    """Take sites that no path leads from any more out of regions' lists; without links they are cut off."""
    attached = {name for link in before.links for name in (link.from_, link.to)}
    paths = Paths(after)
    regions: list[Region] = []
    for region in after.regions:
        if not paths.linked(region.name):
            lost = region.name in attached and not region.cut_off
            regions.append(replace(region, sites=(), cut_off=True) if lost else region)
            continue
        found = paths.from_nodes(region.name) if region.sites else {}
        kept = tuple(name for name in region.sites if name in found)
        cut = region.cut_off or (bool(region.sites) and not kept)
        regions.append(region if kept == region.sites else replace(region, sites=kept, cut_off=cut))
    return replace(after, regions=tuple(regions))


def sorted_catalog(catalog: Catalog) -> tuple[Catalog, npt.NDArray[np.int64]]:
    """Sort files and titles by name; also the new index of each file."""
    order = sorted(range(catalog.n_files), key=lambda i: catalog.files[i])
    place = np.empty(catalog.n_files, dtype=np.int64)
    place[order] = np.arange(catalog.n_files)
    ranked = sorted(range(len(catalog.titles)), key=lambda i: catalog.titles[i])
    title = np.empty(len(ranked), dtype=np.int32)
    title[ranked] = np.arange(len(ranked), dtype=np.int32)
    return (
        Catalog(
            files=tuple(catalog.files[i] for i in order),
            size_gb=catalog.size_gb[order],
            titles=tuple(catalog.titles[i] for i in ranked),
            file_title=title[catalog.file_title[order]],
            launch_day=catalog.launch_day[ranked],
        ),
        place,
    )


def _shown(change: Change, keys: tuple[str | int, ...]) -> str:
    return shown_path((change.kind, *keys))
