"""Which region of a demand table is which demand region of a topology."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cdnplan.errors import nearest
from cdnplan.inputs.places.countries import country_code
from cdnplan.inputs.tables.table_problems import TableProblems


@dataclass(frozen=True, slots=True)
class RegionMatch:
    """What each region of a table stands for.

    Parameters
    ----------
    known : tuple of (str or None)
        For each name of the table the demand region it stands for; None: it is not used.
    skipped : tuple of bool
        For each name whether it is a country that no region of the topology draws on.
    warnings : tuple of str
    """

    known: tuple[str | None, ...]
    skipped: tuple[bool, ...]
    warnings: tuple[str, ...]


def match_regions(
    names: Sequence[str],
    known: Mapping[str, str],
    problems: TableProblems,
    row_of: Callable[[int], int | None] = lambda _: None,
) -> RegionMatch:
    """Match the regions of a table with those a topology draws on.

    A name is matched with the same name; else, where it is a country (by code or name), with the known
    name of that country; else with the only known name that lies in that country, which is worth a
    warning. A country that matches nothing is skipped.

    Parameters
    ----------
    names : sequence of str
        Names of the table, each once.
    known : mapping of str to str
        All demand regions the whole topology draws on → country code.
    problems : TableProblems
        Gets a name that is neither known nor a country, and two names for the same demand region.
    row_of : callable
        First row of the i-th name, for messages.

    Returns
    -------
    RegionMatch

    Examples
    --------
    >>> match_regions(["Belgium", "Peru"], {"BE": "BE"}, TableProblems("")).known
    ('BE', None)
    """
    found: list[str | None] = [name if name in known else None for name in names]
    skipped = [False] * len(names)
    warnings: list[str] = []
    taken = {name: i for i, name in enumerate(found) if name is not None}
    codes = {name: country_code(name) for name in known}
    for i, name in enumerate(names):
        if found[i] is not None:
            continue
        code = country_code(name)
        if code is None:
            problems.add(
                "unknown",
                f"unknown region {name!r}, no region of the topology draws on it and it is no country",
                row=row_of(i),
                column="region",
                hint=lambda name=name: nearest(name, known),  # type: ignore[misc]
            )
            continue
        same = sorted(other for other in known if codes[other] == code)
        inside = [other for other in known if known[other] == code and other not in taken]
        if same:
            found[i] = same[0]
        elif len(inside) == 1:
            found[i] = inside[0]
            warnings.append(f"demand of {name!r} is used for {inside[0]!r}, the only demand region in {code}")
        else:
            skipped[i] = True
            continue
        other = taken.setdefault(str(found[i]), i)
        if other != i:
            message = f"{name!r} and {names[other]!r} both stand for demand region {found[i]!r}"
            problems.add("double", message, row=row_of(i), column="region")
    return RegionMatch(tuple(found), tuple(skipped), tuple(warnings))


def region_warnings(
    where: str, match: RegionMatch, silent: Sequence[str], skipped_gb: float, total_gb: float
) -> list[str]:
    """Say what a match left out.

    Parameters
    ----------
    where : str
        The table, for messages.
    match : RegionMatch
    silent : sequence of str
        Planned demand regions without demand.
    skipped_gb, total_gb : float
        Demand of the countries that were skipped, and of the whole table [GB].

    Returns
    -------
    list of str

    Examples
    --------
    >>> match = match_regions(["BE", "Peru"], {"BE": "BE", "NL": "NL"}, TableProblems(""))
    >>> for warning in region_warnings("demand.csv", match, ["NL"], 30.0, 120.0):
    ...     print(warning)
    demand.csv: skipped 1 region that no region of the topology draws on, a country: 25.0% of the GB
    demand.csv: no demand for 'NL'
    """
    found = [f"{where}: {warning}" for warning in match.warnings]
    n = sum(match.skipped)
    if n:
        some = "1 region" if n == 1 else f"{n} regions"
        kind = "a country" if n == 1 else "all countries"
        ratio = skipped_gb / total_gb if total_gb > 0 else 0.0
        found.append(
            f"{where}: skipped {some} that no region of the topology draws on, {kind}: {ratio:.1%} of the GB"
        )
    if silent:
        listed = ", ".join(repr(name) for name in silent[:10])
        more = f" and {len(silent) - 10} more" if len(silent) > 10 else ""
        found.append(f"{where}: no demand for {listed}{more}")
    return found
