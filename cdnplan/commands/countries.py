"""Countries named in text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdnplan.errors import Problem


def countries(text: str) -> frozenset[str]:
    """Read countries, as `country_codes`; raises `InputError` with each name that is none."""
    from cdnplan.errors import InputError

    problems: list[Problem] = []
    codes = country_codes(text, problems)
    if problems:
        raise InputError(problems)
    return codes


def country_codes(text: str, problems: list[Problem]) -> frozenset[str]:
    """Read countries given as codes or names, separated by commas.

    Parameters
    ----------
    text : str
        As ``BE,NL`` or ``Belgium, nl``; empty: none.
    problems : list of Problem
        Gets one for each name that is no country.

    Returns
    -------
    frozenset of str
        ISO 3166 alpha-2 codes.

    Examples
    --------
    >>> sorted(country_codes("Belgium, nl", []))
    ['BE', 'NL']
    """
    from cdnplan.errors import Problem
    from cdnplan.inputs.places.countries import country_code

    found = set()
    named = [part for part in (part.strip() for part in text.split(",")) if part]
    if text and not named:
        problems.append(Problem(f"found {text!r}, expected codes as BE,NL", path="--countries"))
    for part in named:
        code = country_code(part)
        if code is None:
            problems.append(Problem(f"unknown country {part!r}, expected codes as BE,NL", path="--countries"))
        else:
            found.add(code)
    return frozenset(found)
