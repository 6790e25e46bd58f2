"""Public holidays of the countries that regions lie in, as events."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence

from cdnplan.inputs.demand.event_reader import Event, Events
from cdnplan.inputs.places.countries import country_code

_ADDED = re.compile(r" \([^)]*\)$")
_PREFIX = re.compile(r"([A-Za-z]{2})[-_].+")

EVE = "the day before "
"""Begins the names of the days before holidays."""


def countries_of(regions: Iterable[str]) -> tuple[str | None, ...]:
    """Country in which each region lies, as far as its name tells.

    A name tells when it is a country, or begins with a country's code and a hyphen or an underscore.

    Examples
    --------
    >>> countries_of(["Belgium", "nl-kpn", "r0012"])
    ('BE', 'NL', None)
    """
    found = []
    for name in regions:
        begin = _PREFIX.fullmatch(name)
        found.append(country_code(name) or (country_code(begin[1]) if begin else None))
    return tuple(found)


def public_holidays(countries: Sequence[str], first: dt.date, last: dt.date) -> Events:
    """List the public holidays of some countries, and the days before them.

    Parameters
    ----------
    countries : sequence of str
        ISO 3166-1 alpha-2 codes; one whose holidays are not known has none.
    first, last : datetime.date
        Days to look at.

    Returns
    -------
    tuple of Event
        With the holiday's English name, so that the same holiday of two countries has the same name where
        both call it so. A day that is a holiday itself is not listed as the day before another.

    Examples
    --------
    >>> found = public_holidays(["NL"], dt.date(2024, 12, 20), dt.date(2024, 12, 31))
    >>> [(event.start.day, event.name) for event in found]
    [(24, 'the day before Christmas Day'), (25, 'Christmas Day'), (26, 'Second Day of Christmas'), \
(31, "the day before New Year's Day")]
    """
    import holidays

    found = []
    one = dt.timedelta(days=1)
    years = range(first.year, (last + one).year + 1)
    for country in countries:
        try:
            days = holidays.country_holidays(country, years=years, language="en_US")
        except NotImplementedError:
            continue
        names = {day: _ADDED.sub("", name.split("; ")[0]) for day, name in sorted(days.items())}
        eves = {day - one: EVE + name for day, name in names.items() if day - one not in names}
        both = sorted({**names, **eves}.items())
        found += [Event(name, day, day, country) for day, name in both if first <= day <= last]
    return tuple(found)
