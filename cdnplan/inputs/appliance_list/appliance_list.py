"""The public list of a CDN's appliances: one CSV row per host name, with its ISP, city and coordinates.

Such lists are compiled by enumerating host names. A machine has one IPv4 name and often an IPv6 name
too, so only IPv4 rows are appliances; rows that say they are not active are left out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.inputs.places.countries import country_code
from cdnplan.model.network.topology import Location, SiteKind

REQUIRED = ("City", "Country", "IP Version", "ISP Name", "CDN Type", "Latitude", "Longitude")
OPTIONAL = ("Airport Code", "Status")
KINDS: Mapping[str, SiteKind] = {"ISP": "embedded", "IXP": "ixp"}
SHOWN_PER_COLUMN = 10
"""Problems of one column that are shown; the rest are counted."""


@dataclass(frozen=True, slots=True)
class ListedAppliance:
    """One appliance of the list.

    Parameters
    ----------
    kind : {"ixp", "embedded"}
        At an exchange point or inside an ISP.
    isp : str
        As the list spells it; empty at exchange points, and where the list does not say.
    country : str
        ISO 3166 alpha-2 code; empty where the list does not say.
    city : str
    airport : str
        Code of the nearest airport, IATA; may be empty.
    location : (float, float)
        Latitude and longitude [degrees].
    """

    kind: SiteKind
    isp: str
    country: str
    city: str
    airport: str
    location: Location


@dataclass(frozen=True, slots=True)
class ApplianceList:
    """The appliances of a list in its order, and how many rows were not taken for appliances."""

    appliances: tuple[ListedAppliance, ...]
    ipv6_rows: int
    inactive_rows: int


def read_appliance_list(path: Path) -> ApplianceList:
    """Read a list of appliances.

    Parameters
    ----------
    path : pathlib.Path
        CSV, UTF-8, with at least the columns `REQUIRED`. ``CDN Type`` is ISP or IXP, ``IP Version`` is
        IPv4 or IPv6, ``Country`` an English name or an ISO code (``NA`` is Namibia) or empty.

    Returns
    -------
    ApplianceList

    Raises
    ------
    InputError
        All problems together: no such file, not a CSV, columns missing, rows cut short, coordinates
        missing or not on the globe, unknown countries and types, no appliance at all.
    """
    lines = _rows(path)
    header, columns = _columns(path, lines)
    problems: list[Problem] = []
    found: list[ListedAppliance] = []
    skipped = {"IPv6": 0, "inactive": 0}
    for line, cells in lines[1:]:
        if len(cells) != len(header):
            message = f"{len(cells)} cells, expected {len(header)} as in the header"
            problems.append(Problem(message, file=str(path), line=line))
            continue
        row = {name: cells[at].strip() for name, at in columns.items()}
        reason = _reason_to_skip(row)
        if reason:
            skipped[reason] += 1
            continue
        wrong = _problems_of(row)
        problems += [Problem(text, str(path), line=line, path=at, hint=hint) for at, text, hint in wrong]
        if not wrong:
            found.append(_appliance(row))
    if not problems and not found:
        problems.append(Problem("no row of an active appliance with IP Version IPv4", file=str(path)))
    if problems:
        raise InputError(_shortened(problems))
    return ApplianceList(tuple(found), skipped["IPv6"], skipped["inactive"])


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Non-empty rows, each with the line it ends on; the first is the header."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError([Problem(f"cannot be read: {error.strerror}", file=str(path))]) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = f"not a CSV in UTF-8: byte 0x{error.object[error.start]:02x}"
        raise InputError([Problem(message, file=str(path), line=line)]) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError([Problem("not a CSV: a NUL character", file=str(path), line=line)])
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        message = f"not a CSV: {error}"
        raise InputError([Problem(message, file=str(path), line=reader.line_num)]) from error
    if not rows:
        raise InputError([Problem("empty, expected a CSV with a header", file=str(path))])
    return rows


def _columns(path: Path, lines: Sequence[tuple[int, list[str]]]) -> tuple[list[str], dict[str, int]]:
    """Header, and the places in it of the columns that are used."""
    line, cells = lines[0]
    header = [cell.strip() for cell in cells]
    problems = []
    for name in REQUIRED:
        if name not in header:
            others = [found for found in header if found and found not in REQUIRED + OPTIONAL]
            hint = _near(name, others)
            problems.append(Problem(f"column {name!r} is missing", str(path), line=line, hint=hint))
    twice = [name for name in (*REQUIRED, *OPTIONAL) if header.count(name) > 1]
    problems += [Problem(f"column {name!r} is there twice", str(path), line=line) for name in twice]
    if len(problems) == len(REQUIRED) and len(header) == 1:
        hint = "expected columns separated by ','"
        problems = [Problem("not a list of appliances: one column only", str(path), line=line, hint=hint)]
    if problems:
        raise InputError(problems)
    return header, {name: header.index(name) for name in (*REQUIRED, *OPTIONAL) if name in header}


def _reason_to_skip(row: Mapping[str, str]) -> str:
    """Why a row is no appliance: an IPv6 name of a machine, or not active; empty if it is one."""
    if row["IP Version"].casefold() == "ipv6":
        return "IPv6"
    return "inactive" if row.get("Status", "").casefold() not in {"", "active"} else ""


def _problems_of(row: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Column, message and hint of everything wrong with a row."""
    wrong = []
    if row["IP Version"].casefold() != "ipv4":
        wrong.append(("IP Version", f"found {row['IP Version']!r}, expected IPv4 or IPv6", ""))
    if row["CDN Type"].upper() not in KINDS:
        wrong.append(("CDN Type", f"found {row['CDN Type']!r}, expected ISP or IXP", ""))
    if row["Country"] and _code(row["Country"]) is None:
        expected = "expected an English name or an ISO 3166 code"
        wrong.append(("Country", f"unknown country {row['Country']!r}, {expected}", ""))
    if not row["City"] and not row.get("Airport Code"):
        wrong.append(("City", "neither a city nor an airport code", ""))
    for column, limit in (("Latitude", 90.0), ("Longitude", 180.0)):
        message = _coordinate_problem(row[column], limit)
        if message:
            wrong.append((column, message, ""))
    return wrong


def _coordinate_problem(text: str, limit: float) -> str:
    """What is wrong with a coordinate, or nothing."""
    if not text:
        return "no coordinate, expected degrees"
    try:
        number = float(text)
    except ValueError:
        return f"found {text!r}, expected a number of degrees"
    if not abs(number) <= limit:  # written so that NaN fails too
        return f"found {text!r}, expected degrees from -{limit:g} to {limit:g}"
    return ""


def _appliance(row: Mapping[str, str]) -> ListedAppliance:
    """Build the appliance of a row without problems."""
    kind = KINDS[row["CDN Type"].upper()]
    return ListedAppliance(
        kind=kind,
        isp=row["ISP Name"] if kind == "embedded" else "",
        country=(_code(row["Country"]) or "") if row["Country"] else "",
        city=row["City"],
        airport=row.get("Airport Code", "").upper(),
        location=(float(row["Latitude"]), float(row["Longitude"])),
    )


@lru_cache(maxsize=1024)
def _code(country: str) -> str | None:
    return country_code(country)


def _near(name: str, others: Sequence[str]) -> str:
    """Return the nearest of other names as a hint, only if there is one."""
    hint = nearest(name, others)
    return hint.replace("did you mean", "found") if hint.startswith("did you mean") else ""


def _shortened(problems: Sequence[Problem]) -> list[Problem]:
    """Keep the first problems of each column and count the others."""
    kept: list[Problem] = []
    seen: dict[str, int] = {}
    for problem in problems:
        seen[problem.path] = seen.get(problem.path, 0) + 1
        if seen[problem.path] <= SHOWN_PER_COLUMN:
            kept.append(problem)
    for path, count in seen.items():
        if count > SHOWN_PER_COLUMN:
            more = f"and {count - SHOWN_PER_COLUMN} more rows like these"
            kept.append(Problem(more, file=problems[0].file, path=path))
    return kept
