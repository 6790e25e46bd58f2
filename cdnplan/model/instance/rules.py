"""Pins, bans, copies and launch rules, resolved to pools and files."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
import numpy.typing as npt

from cdnplan.errors import Problem, nearest
from cdnplan.model.instance.instance import Floats, Ints, Ints32
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.policy import Files, Places, Policy, Rule
from cdnplan.model.network.topology import Site, matches

Mask = npt.NDArray[np.bool_]

ROUNDING = 1e-9
"""A file may pass the storage of an appliance by this part of it."""


@dataclass(frozen=True, slots=True, eq=False)
class RuleArrays:
    """Rules as arrays; see `Instance` for shapes."""

    copies: npt.NDArray[np.uint8]
    pinned: Mask
    launches: tuple[tuple[int, int, Ints32], ...]
    """(file, minimum number of pools, pools)"""
    pins: tuple[tuple[str, Ints], ...] = ()
    """(source of the rule, pools)"""


@dataclass(frozen=True, slots=True, eq=False)
class PoolPlaces:
    """What a rule may ask about a pool, aligned with the instance's pools."""

    site: tuple[Site, ...]
    model: tuple[str, ...]
    appliances: Ints32

    def where(self, places: Places) -> Mask:
        """Pools in these places, (n_pools,) bool."""
        pairs = zip(self.site, self.model, strict=True)
        return np.array([matches(places, site, model) for site, model in pairs], dtype=np.bool_)


def _named(pattern: str, names: tuple[str, ...]) -> Ints32:
    """Indices of an exact name, or of all names a glob matches."""
    exact = [i for i, name in enumerate(names) if name == pattern]
    if exact:
        return np.array(exact, dtype=np.int32)
    return np.array([i for i, name in enumerate(names) if fnmatchcase(name, pattern)], dtype=np.int32)


def problem_at(source: str, message: str, hint: str = "") -> Problem:
    """Place a problem at ``file:line:column``, the source of a rule."""
    parts = source.rsplit(":", 2)
    if len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit():
        return Problem(message, file=parts[0], line=int(parts[1]), column=int(parts[2]), hint=hint)
    return Problem(message, file=source, hint=hint)


class RuleResolver:
    """Turns rules into arrays, collecting problems and warnings as it goes."""

    def __init__(
        self,
        catalog: Catalog,
        places: PoolPlaces,
        file_gb: Floats,
        start: dt.date,
        appliance_storage_gb: Floats,
    ) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        self._catalog = catalog
        self._places = places
        self._file_gb = file_gb
        self._start = start
        self._appliance_storage_gb = appliance_storage_gb

    def files(self, rule: Rule) -> Ints32:
        """Files that a rule speaks of; a name that matches nothing is a problem."""
        chosen: Files = rule.files
        catalog = self._catalog
        if chosen.top is not None:
            order = np.argsort(-self._file_gb, kind="stable")[: chosen.top]
            return np.sort(order[self._file_gb[order] > 0]).astype(np.int32)
        if chosen.newer_than_days is not None:
            since = np.datetime64(self._start, "D") - np.timedelta64(chosen.newer_than_days, "D")
            fresh = catalog.launch_day > since  # NaT compares false
            return np.flatnonzero(fresh[catalog.file_title]).astype(np.int32)
        if chosen.title is not None:
            titles = _named(chosen.title, catalog.titles)
            found = np.flatnonzero(np.isin(catalog.file_title, titles)).astype(np.int32)
            what, name, names = "title", chosen.title, catalog.titles
        else:
            what, name, names = "file", chosen.file or "", catalog.files
            found = _named(name, names)
        if found.size == 0:
            self.problems.append(problem_at(rule.source, f"unknown {what} {name!r}", nearest(name, names)))
        return found

    def pools(self, rule: Rule) -> Mask:
        """Pools that a rule speaks of; none is worth a warning (a restricted network may lack them)."""
        mask = self._places.where(rule.places)
        if not mask.any():
            where = rule.source or "a rule"
            self.warnings.append(f"{where}: no pool of the planned network is in the places it names")
        return mask

    def resolve(self, policy: Policy) -> RuleArrays:
        """Apply all rules of a policy.

        Returns
        -------
        RuleArrays
            Meaningful only while `problems` is empty.
        """
        shape = (len(self._places.model), self._catalog.n_files)
        copies = np.ones(shape, dtype=np.uint8)
        pinned = np.zeros(shape, dtype=np.bool_)
        for wanted in policy.copies:
            mask, files = self.pools(wanted), self.files(wanted)
            most = np.minimum(wanted.copies, self._places.appliances).astype(np.uint8)
            rows = np.flatnonzero(mask)
            copies[np.ix_(rows, files)] = np.maximum(copies[np.ix_(rows, files)], most[rows, None])
        for ban in policy.bans:
            copies[np.ix_(np.flatnonzero(self.pools(ban)), self.files(ban))] = 0
        pins: list[tuple[str, Ints]] = []
        for pin in policy.pins:
            rows, files = np.flatnonzero(self.pools(pin)), self.files(pin)
            pinned[np.ix_(rows, files)] = True
            pins.append((pin.source, rows))
            if (copies[np.ix_(rows, files)] == 0).any():
                self.problems.append(
                    problem_at(pin.source, "infeasible pin: the same file is banned at one of its places")
                )
        waits = np.zeros(shape, dtype=np.bool_)
        for wait in policy.waits:
            waits[np.ix_(np.flatnonzero(self.pools(wait)), self.files(wait))] = True
        # No appliance could hold it: as good as banned there, before an engine counts on it.
        limit_gb = self._appliance_storage_gb[:, None] * (1 + ROUNDING)
        copies[self._catalog.size_gb > limit_gb] = 0
        return RuleArrays(copies, pinned & ~waits, self._launches(policy, copies, waits), tuple(pins))

    def _launches(
        self, policy: Policy, copies: npt.NDArray[np.uint8], waits: Mask
    ) -> tuple[tuple[int, int, Ints32], ...]:
        launches: list[tuple[int, int, Ints32]] = []
        for rule in policy.launches:
            mask = self.pools(rule)
            if not mask.any():
                continue
            for f in self.files(rule):
                eligible = np.flatnonzero(mask & (copies[:, f] > 0)).astype(np.int32)
                if eligible.size < rule.min_pools:
                    name = self._catalog.files[f]
                    message = (
                        f"infeasible launch rule: {name!r} must be in {rule.min_pools} pools,"
                        f" but only {eligible.size} may hold it"
                    )
                    self.problems.append(problem_at(rule.source, message))
                there = eligible[~waits[eligible, f]]
                if there.size:
                    launches.append((int(f), min(rule.min_pools, there.size), there))
        return tuple(launches)
