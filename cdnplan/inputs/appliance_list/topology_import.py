"""From a public list of appliances to a topology that people can read and edit.

Such a list says where appliances are, and nothing about their models or the viewers. So this is a
starting point: every assumption is an option (`ImportOptions`), and the result is meant to be edited.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.inputs.appliance_list.appliance_list import ListedAppliance
from cdnplan.inputs.appliance_list.import_options import ImportOptions
from cdnplan.inputs.appliance_list.import_places import Place, group_places, slug, unique_names
from cdnplan.inputs.appliance_list.import_regions import make_regions
from cdnplan.inputs.places.timezones import nearest_timezone
from cdnplan.model.network.topology import Location, Site, Topology

MISPLACED: Mapping[tuple[str, str], tuple[str, Location]] = {
    ("WAS", "washburn"): ("Washington", (38.95, -77.45)),
}
"""Known slips of the list of 2023: WAS is all of Washington D.C., not Washburn in North Dakota. By airport
code and city: the city and location meant."""

UNNAMED_COUNTRY: Mapping[str, str] = {"prishtina": "XK"}
"""Cities that the list of 2023 gives no country for: Prishtina is in Kosovo. City to country code."""


def import_topology(
    rows: Iterable[ListedAppliance], options: ImportOptions | None = None
) -> tuple[Topology, list[str]]:
    """Build a topology from a list of appliances. The order of rows does not matter.

    Sites are the rows of one ISP, or one exchange point, in one city; their models follow
    `HardwareRule`. Regions, their shares and the sites that may serve them are those of
    `make_regions`. There are no links: costs go by distance, as the policy says.

    Parameters
    ----------
    rows : iterable of ListedAppliance
        As `read_appliance_list` returns them.
    options : ImportOptions, optional
        Default: ``ImportOptions()``.

    Returns
    -------
    Topology
        Sites and regions sorted by country; exchange points before embedded sites, then by city.
    list of str
        Warnings: rows without a country that were left out, ISPs without a name, corrections made.

    Raises
    ------
    InputError
        Options out of range, a wanted country that the list does not have, no row that can be placed.

    Examples
    --------
    >>> rows = [
    ...     ListedAppliance("embedded", "Some Net", "NL", "Delft", "RTM", (52.0, 4.4)),
    ...     ListedAppliance("ixp", "", "NL", "Amsterdam", "AMS", (52.3, 4.8)),
    ... ]
    >>> topology, warnings = import_topology(rows)
    >>> [(region.name, region.demand.share) for region in topology.regions]
    [('nl-some-net-delft', 0.75), ('nl-rest-amsterdam', 0.25)]
    >>> topology.regions[0].sites
    ('some-net-delft-nl', 'ixp-amsterdam-nl')
    """
    options = ImportOptions() if options is None else options
    warnings: list[str] = []
    placed = _placed(rows, options, warnings)
    places = group_places(placed)
    _check(places, options)
    origins = {origin.name for origin in options.origins}
    names = dict(zip(places, unique_names((place.slug for place in places), origins), strict=True))
    sites = _sites(places, names, options)
    regions = make_regions(places, names, options, origins | set(names.values()))
    if not any(place.kind == "ixp" for place in places):
        warnings.append("the list has no exchange points: all demand is given to ISPs with appliances")
    rule = options.hardware
    whole = Topology(
        name=options.name,
        hardware=(rule.storage, rule.flash, rule.remote),
        origins=options.origins,
        sites=tuple(sites),
        regions=tuple(regions),
        policy=options.policy,
    )
    kept = whole.restricted_to(options.countries) if options.countries else whole
    used = {group.model for site in kept.sites for group in site.appliances}
    hardware = tuple(model for model in kept.hardware if model.name in used)
    return replace(kept, hardware=hardware), warnings


def _placed(
    rows: Iterable[ListedAppliance], options: ImportOptions, warnings: list[str]
) -> list[ListedAppliance]:
    """Rows with a country and a location that can be believed; appends what was done to warnings."""
    told = {**UNNAMED_COUNTRY, **{slug(city): code for city, code in options.country_of.items()}}
    placed: list[ListedAppliance] = []
    lost: Counter[str] = Counter()
    moved: Counter[tuple[str, str]] = Counter()
    unnamed = 0
    for listed in rows:
        slip = (listed.airport, slug(listed.city))
        row = listed
        if slip in MISPLACED:
            city, location = MISPLACED[slip]
            row = replace(listed, city=city, location=location)
            moved[slip] += 1
        if not row.country:
            row = replace(row, country=told.get(slug(row.city), ""))
        if row.country:
            placed.append(row)
            unnamed += row.kind == "embedded" and not row.isp
        else:
            lost[row.city or row.airport] += 1
    for city, count in sorted(lost.items()):
        warnings.append(
            f"{count} appliances in {city} left out: the list names no country; say which with --country-of"
        )
    for slip, count in sorted(moved.items()):
        city, (latitude, longitude) = MISPLACED[slip]
        warnings.append(
            f"{count} appliances with airport code {slip[0]} moved from {slip[1].title()} to {city}"
            f" ({latitude:g}, {longitude:g})"
        )
    if unnamed:
        warnings.append(f"{unnamed} appliances inside ISPs without a name: their sites are called unnamed-…")
    return placed


def _check(places: Sequence[Place], options: ImportOptions) -> None:
    """Raise every problem of the options, given the places there are."""
    problems = options.problems()
    known = {place.country for place in places}
    if not places:
        problems.append(Problem("no appliance whose country is known"))
    else:
        for country in sorted(options.countries - known):
            message = f"the list has no appliances in {country!r}"
            problems.append(Problem(message, path="countries", hint=nearest(country, known)))
    if problems:
        raise InputError(problems)


def _sites(places: Sequence[Place], names: Mapping[Place, str], options: ImportOptions) -> list[Site]:
    """Sites with their appliances and time zones."""
    in_country: Counter[str] = Counter()
    for place in places:
        in_country[place.country] += place.appliances
    return [
        Site(
            name=names[place],
            kind=place.kind,
            location=place.location,
            appliances=options.hardware.groups(place.kind, place.appliances, in_country[place.country]),
            country=place.country,
            timezone=nearest_timezone(place.country, place.location),
        )
        for place in places
    ]
