"""What viewers ask for, where and when: growth, shifts, launches, another peak."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cdnplan.model.instance.profile import utc_offset_hours
from cdnplan.model.network.catalog import Catalog
from cdnplan.units import HOURS_PER_DAY
from cdnplan.whatif.scenario.scenario import Change
from cdnplan.whatif.scenario.state import Mask, State
from cdnplan.whatif.scenario.wire import (
    LaunchTitleWire,
    MovePeakWire,
    ScaleDemandWire,
    SelectWire,
    ShiftDemandWire,
)

Keys = tuple[str | int, ...]
EASTERNMOST = 14
"""Zones go from 12 hours behind UTC to 14 ahead."""


def scale_demand(state: State, change: Change, wire: ScaleDemandWire) -> None:
    """Multiply part of the demand."""
    regions = _regions(state, change, wire.regions, wire.countries, ())
    files = _files(state, change, wire, ())
    state.demand.scale(regions, files, wire.factor)


def shift_demand(state: State, change: Change, wire: ShiftDemandWire) -> None:
    """Move demand to other regions, or to other titles in the same regions."""
    giving = wire.from_
    origin = _regions(state, change, giving.regions, giving.countries, ("from",))
    files = _files(state, change, giving, ("from",))
    if wire.to.regions is not None or wire.to.countries is not None:
        target = _regions(state, change, wire.to.regions, wire.to.countries, ("to",))
        both = sorted(set(origin) & set(target))
        if both:
            state.problem(change, ("to",), f"region {both[0]!r} is both in 'from' and in 'to'")
        elif origin and target:
            state.demand.move_to_regions(origin, files, wire.share, target)
        return
    gaining = _files(state, change, wire.to, ("to",))
    if files is None:
        state.problem(
            change, ("from",), "'from' names no titles, files or profiles that lose what 'to' gains"
        )
    elif gaining is not None and (files & gaining).any():
        name = state.catalog.files[int(np.flatnonzero(files & gaining)[0])]
        state.problem(change, ("to",), f"file {name!r} is both in 'from' and in 'to'")
    elif gaining is not None and gaining.any():
        state.demand.move_to_files(origin, files, wire.share, gaining)


def launch(state: State, change: Change, wire: LaunchTitleWire) -> None:
    """Add a title whose files are those of another one, asked for alike."""
    catalog = state.catalog
    if wire.title in catalog.titles:
        state.problem(
            change, ("title",), f"title {wire.title!r} is there already", "grow it with scale_demand"
        )
        return
    if wire.like not in catalog.titles:
        state.unknown("title", wire.like, catalog.titles, change, ("like",))
        return
    like = np.flatnonzero(catalog.file_title == catalog.titles.index(wire.like))
    names = [_renamed(catalog.files[f], wire.like, wire.title, alone=like.size == 1) for f in like.tolist()]
    taken = sorted(set(names) & set(catalog.files))
    if taken:
        state.problem(change, ("title",), f"its file {taken[0]!r} is there already")
        return
    new = catalog.n_files + np.arange(like.size)
    state.catalog = Catalog(
        files=(*catalog.files, *names),
        size_gb=np.concatenate([catalog.size_gb, catalog.size_gb[like] * wire.size_factor]),
        titles=(*catalog.titles, wire.title),
        file_title=np.concatenate(
            [catalog.file_title, np.full(like.size, len(catalog.titles), dtype=np.int32)]
        ),
        launch_day=np.append(catalog.launch_day, np.datetime64(state.start, "D")),
    )
    state.demand.grow(like.size)
    state.demand.copy_files(_regions(state, change, wire.regions, wire.countries, ()), like, new, wire.factor)


def move_peak(state: State, change: Change, wire: MovePeakWire) -> None:
    """Let viewers watch earlier or later: everywhere, by turning the profile, or in some regions."""
    if wire.regions is None and wire.countries is None:
        if state.claim(change, ("hours",), "the peak of", "all regions"):
            profile = state.policy.peak_profile
            hourly = tuple(np.roll(profile.hourly, wire.hours).tolist())
            state.policy = replace(state.policy, peak_profile=replace(profile, hourly=hourly))
        return
    for name in _regions(state, change, wire.regions, wire.countries, ()):
        if not state.claim(change, ("hours",), "the peak of region", name):
            return
        region = state.regions[name]
        zones = [state.sites[site].timezone for site in region.sites if site in state.sites]
        zone = region.timezone or next((z for z in zones if z is not None), None)
        offset = utc_offset_hours(zone, region.location[1], state.start)
        if offset != round(offset):
            state.warnings.append(f"region {name!r} is {offset:g} hours ahead of UTC: rounded to whole hours")
        state.regions[name] = replace(region, timezone=_zone(round(offset) - wire.hours))


def _zone(offset: int) -> str:
    """IANA zone that is so many hours ahead of UTC; its name has the sign the other way round."""
    wrapped = (offset + HOURS_PER_DAY - EASTERNMOST - 1) % HOURS_PER_DAY - (HOURS_PER_DAY - EASTERNMOST - 1)
    return f"Etc/GMT{-wrapped:+d}" if wrapped else "Etc/GMT"


def _renamed(file: str, like: str, title: str, *, alone: bool) -> str:
    """Name of a copied file: the other title's name in it becomes the new one's."""
    if file.startswith(like):
        return title + file[len(like) :]
    return title if alone else f"{title}/{file}"


def _regions(
    state: State, change: Change, names: list[str] | None, countries: list[str] | None, keys: Keys
) -> list[str]:
    """Regions of these names and in these countries; all where neither is given."""
    chosen = list(state.regions)
    if names is not None:
        chosen = state.named("region", names, chosen, change, (*keys, "regions"))
    if countries is not None:
        known = {region.country for region in state.regions.values()}
        for i, code in enumerate(countries):
            if code not in known:
                message = f"no region of the network is in {code!r}"
                state.problem(change, (*keys, "countries", i), message)
        inside = [name for name in chosen if state.regions[name].country in countries]
        if chosen and not inside and set(countries) <= known:
            state.problem(change, (*keys, "countries"), "none of these regions is in one of these countries")
        chosen = inside
    return chosen


def _files(state: State, change: Change, wire: SelectWire, keys: Keys) -> Mask | None:
    """Files that a selection speaks of; None where it names none."""
    catalog = state.catalog
    if wire.titles is None and wire.files is None and wire.profiles is None:
        return None
    mask = np.ones(catalog.n_files, dtype=np.bool_)
    if wire.titles is not None:
        found = set(state.named("title", wire.titles, catalog.titles, change, (*keys, "titles")))
        wanted = np.array([title in found for title in catalog.titles], dtype=np.bool_)
        mask &= wanted[catalog.file_title]
    if wire.files is not None:
        names = set(state.named("file", wire.files, catalog.files, change, (*keys, "files")))
        mask &= np.array([file in names for file in catalog.files], dtype=np.bool_)
    if wire.profiles is not None:
        profiles = [profile_of(catalog, f) for f in range(catalog.n_files)]
        known = sorted(set(profiles) - {""})
        picked = set(state.named("profile", wire.profiles, known, change, (*keys, "profiles")))
        mask &= np.array([profile in picked for profile in profiles], dtype=np.bool_)
    return mask


def profile_of(catalog: Catalog, file: int) -> str:
    """Encoding profile of a file: what its name has after its title's, without what separates them."""
    name, title = catalog.files[file], catalog.titles[int(catalog.file_title[file])]
    return name[len(title) :].lstrip(" /:_-.") if name.startswith(title) and name != title else ""
