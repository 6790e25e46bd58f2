"""What the generator knows of countries: continent and main language, the two that tastes follow."""

from __future__ import annotations

from functools import cache

CONTINENTS: dict[str, str] = {
    "Europe": "GB DE FR ES IT NL BE LU CH AT IE PT SE NO DK FI IS PL CZ SK HU RO BG GR HR SI RS BA ME MK AL "
    "MT CY EE LV LT UA MD AD MC",
    "North America": "US CA MX GT HN SV NI CR PA BZ JM HT DO PR BS BB TT LC VC GD AG BM KY CW AW",
    "South America": "BR AR CL CO PE VE EC BO PY UY GY SR",
    "Asia": "JP KR TW HK MO MN IN PK BD LK NP BT MV SG MY ID TH VN PH KH LA MM BN TL TR AE SA QA KW BH OM YE "
    "IQ JO LB IL PS GE AM AZ KZ UZ KG TJ",
    "Africa": "ZA EG NG KE MA DZ TN LY GH CI SN ML BF NE TD MR GM GN SL LR TG BJ CM GA GQ CG CD CV AO NA BW "
    "ZM ZW MZ MW SZ LS TZ UG RW BI ET DJ SO SD MG MU SC",
    "Oceania": "AU NZ FJ PG NC PF",
}
"""Countries of each continent, by ISO 3166 alpha-2 code."""

LANGUAGES: dict[str, str] = {
    "en": "GB IE US CA AU NZ JM BS BB TT LC VC GD AG BM KY BZ GY SG HK ZA NG KE GH GM SL LR ZM ZW UG MW NA "
    "BW FJ PG MU MT PH IN",
    "es": "ES MX GT HN SV NI CR PA DO PR AR CL CO PE VE EC BO PY UY GQ",
    "fr": "FR MC HT CI SN ML BF NE TG BJ CM GA CG CD GN DJ MG NC PF LU",
    "de": "DE AT CH",
    "it": "IT",
    "pt": "PT BR AO MZ CV",
    "nl": "NL BE SR CW AW",
    "sv": "SE NO DK FI IS",
    "pl": "PL",
    "tr": "TR AZ",
    "ar": "EG MA DZ TN LY MR SD AE SA QA KW BH OM YE IQ JO LB PS",
    "hi": "IN NP",
    "ja": "JP",
    "ko": "KR",
    "zh": "TW HK MO SG MY",
    "th": "TH LA",
    "id": "ID MY BN",
}
"""Countries where titles in a language are at home; a country may have several languages or none of these."""

TITLE_LANGUAGES: dict[str, float] = {
    "en": 0.45,
    "es": 0.09,
    "ja": 0.07,
    "ko": 0.07,
    "fr": 0.06,
    "hi": 0.06,
    "de": 0.03,
    "pt": 0.03,
    "ar": 0.02,
    "it": 0.02,
    "sv": 0.02,
    "tr": 0.02,
    "zh": 0.02,
    "id": 0.01,
    "nl": 0.01,
    "pl": 0.01,
    "th": 0.01,
}
"""Share of the catalogue in each language, sum 1."""


@cache
def continent_of(country: str) -> str:
    """Continent of a country of the table.

    Examples
    --------
    >>> continent_of("UY")
    'South America'
    """
    return next(name for name, codes in CONTINENTS.items() if country in codes.split())


@cache
def languages_of(country: str) -> tuple[str, ...]:
    """Languages at home in a country, out of those titles are made in.

    Examples
    --------
    >>> languages_of("MY")
    ('zh', 'id')
    """
    return tuple(language for language, codes in LANGUAGES.items() if country in codes.split())
