"""Countries by any name people write: ISO 3166-1 alpha-2 codes and back."""

from __future__ import annotations

import unicodedata
from functools import cache

_ALIASES = {
    "UK": "GB",
    "Great Britain": "GB",
    "England": "GB",
    "USA": "US",
    "United States of America": "US",
    "UAE": "AE",
    "Bolivia": "BO",
    "Bosnia": "BA",
    "Brunei": "BN",
    "Burma": "MM",
    "Cape Verde": "CV",
    "Congo-Brazzaville": "CG",
    "Congo-Kinshasa": "CD",
    "Czech Republic": "CZ",
    "Democratic Republic of the Congo": "CD",
    "DR Congo": "CD",
    "East Timor": "TL",
    "Falkland Islands": "FK",
    "Hong Kong SAR": "HK",
    "Iran": "IR",
    "Ivory Coast": "CI",
    "Kosovo": "XK",
    "Laos": "LA",
    "Macau": "MO",
    "Macedonia": "MK",
    "Micronesia": "FM",
    "Moldova": "MD",
    "North Korea": "KP",
    "Palestine": "PS",
    "Republic of Ireland": "IE",
    "Republic of Korea": "KR",
    "Republic of the Congo": "CG",
    "Reunion Island": "RE",
    "Russia": "RU",
    "South Korea": "KR",
    "Swaziland": "SZ",
    "Syria": "SY",
    "Taiwan": "TW",
    "Tanzania": "TZ",
    "The Bahamas": "BS",
    "The Gambia": "GM",
    "The Netherlands": "NL",
    "Turkey": "TR",
    "Vatican": "VA",
    "Vatican City": "VA",
    "Venezuela": "VE",
    "Vietnam": "VN",
    "British Virgin Islands": "VG",
    "US Virgin Islands": "VI",
}
"""Names in common use that the standard does not list."""

_USUAL = {
    "BN": "Brunei",
    "CD": "DR Congo",
    "CG": "Republic of the Congo",
    "FK": "Falkland Islands",
    "FM": "Micronesia",
    "KP": "North Korea",
    "PS": "Palestine",
    "RU": "Russia",
    "SY": "Syria",
    "VA": "Vatican City",
    "VG": "British Virgin Islands",
    "VI": "US Virgin Islands",
    "XK": "Kosovo",
}
"""Usual names where the standard only has a formal one."""


def country_code(name: str) -> str | None:
    """Find a country's ISO 3166-1 alpha-2 code.

    Parameters
    ----------
    name : str
        An alpha-2 code, or the short, common or official English name, or a name in common use; case,
        accents, full stops and surrounding blanks do not matter.

    Returns
    -------
    str or None
        Two upper-case letters (``XK`` for Kosovo), None for anything that is not a country.

    Examples
    --------
    >>> country_code("Belgium"), country_code("be"), country_code("Türkiye"), country_code("Turkey")
    ('BE', 'BE', 'TR', 'TR')
    >>> country_code("nl-kpn") is None
    True
    """
    return _codes().get(_folded(name))


def country_name(code: str) -> str:
    """Give a country's usual English name, or `code` itself where there is none.

    Examples
    --------
    >>> country_name("BE"), country_name("XK"), country_name("BO"), country_name("??")
    ('Belgium', 'Kosovo', 'Bolivia', '??')
    """
    return _names().get(code, code)


def _folded(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.replace("’", "'"))
    plain = "".join(sign for sign in decomposed if not unicodedata.combining(sign) and sign != ".")
    words = plain.casefold().replace("&", "and").split()
    return " ".join("saint" if word == "st" and len(words) > 1 else word for word in words)


@cache
def _codes() -> dict[str, str]:
    """Every folded name and code."""
    import pycountry

    codes = {"xk": "XK", **{_folded(alias): code for alias, code in _ALIASES.items()}}
    for country in pycountry.countries:
        for kind in ("alpha_2", "name", "common_name", "official_name"):
            name = getattr(country, kind, None)
            if name is not None:
                codes[_folded(name)] = country.alpha_2
                # "Congo, The Democratic Republic of the" is also written the other way round.
                front, comma, back = name.partition(", ")
                if comma:
                    codes.setdefault(_folded(f"{back} {front}"), country.alpha_2)
    return codes


@cache
def _names() -> dict[str, str]:
    """Usual name of every code."""
    import pycountry

    listed = {
        country.alpha_2: getattr(country, "common_name", country.name) for country in pycountry.countries
    }
    return {**listed, **_USUAL}
