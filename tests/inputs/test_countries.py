"""Country names and codes."""

from __future__ import annotations

import pytest

from cdnplan.inputs.places.countries import country_code, country_name
from cdnplan.inputs.places.country_codes import COUNTRY_CODES


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("NL", "NL"),
        ("nl", "NL"),
        (" Netherlands ", "NL"),
        ("The Netherlands", "NL"),
        ("Kingdom of the Netherlands", "NL"),
        ("Turkey", "TR"),
        ("Türkiye", "TR"),
        ("turkiye", "TR"),
        ("Kosovo", "XK"),
        ("xk", "XK"),
        ("South Korea", "KR"),
        ("Korea, Republic of", "KR"),
        ("Russia", "RU"),
        ("Russian Federation", "RU"),
        ("Czech Republic", "CZ"),
        ("Czechia", "CZ"),
        ("Côte d'Ivoire", "CI"),
        ("Cote d’Ivoire", "CI"),
        ("Ivory Coast", "CI"),
        ("St. Lucia", "LC"),
        ("Trinidad & Tobago", "TT"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("UK", "GB"),
        ("Bolivia", "BO"),
        ("Bolivia, Plurinational State of", "BO"),
        ("Plurinational State of Bolivia", "BO"),
    ],
)
def test_code_of_name(name: str, code: str) -> None:
    assert country_code(name) == code


@pytest.mark.parametrize("name", ["", "nl-kpn", "Atlantis", "ZZ", "Amsterdam", "NLD "])
def test_what_is_no_country(name: str) -> None:
    assert country_code(name) is None


def test_every_code_has_a_name_that_leads_back() -> None:
    for code in COUNTRY_CODES:
        name = country_name(code)
        assert name != code
        assert country_code(name) == code


def test_unknown_code_is_its_own_name() -> None:
    assert country_name("nowhere") == "nowhere"
