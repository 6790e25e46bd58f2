"""`topology import`: a topology from a public list of appliances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cdnplan.commands.option import AnyPath, Countries, Option
from cdnplan.errors import InputError, Problem

if TYPE_CHECKING:
    from cdnplan.inputs.appliance_list.import_options import ImportOptions

Appliance = tuple[float, float, float]
"""Storage [TB], throughput and fill rate [Gbit/s]."""


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """Which list makes which topology.

    Parameters
    ----------
    list_file, out : Path
    options : ImportOptions
    """

    list_file: Path
    out: Path
    options: ImportOptions


def countries_of(pairs: Sequence[str]) -> dict[str, str]:
    """Read each CITY=CODE."""
    from cdnplan.inputs.places.countries import country_code

    found = {}
    problems = []
    for pair in pairs:
        city, _, country = (part.strip() for part in pair.rpartition("="))
        code = country_code(country)
        if not city or code is None:
            problems.append(Problem(f"found {pair!r}, expected as Prishtina=XK", path="--country-of"))
        else:
            found[city] = code
    if problems:
        raise InputError(problems)
    return found


def origins_of(pairs: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Read each NAME=LAT,LON."""
    found: dict[str, tuple[float, float]] = {}
    problems = []
    for pair in pairs:
        name, _, place = (part.strip() for part in pair.partition("="))
        numbers = _numbers(place, 2)
        if not name or numbers is None:
            message = f"found {pair!r}, expected as origin-eu-west=53.35,-6.26"
            problems.append(Problem(message, path="--origin"))
        elif name in found:
            problems.append(Problem(f"name {name!r} is there twice", path=f"origins[{len(found)}]"))
        else:
            found[name] = (numbers[0], numbers[1])
    if problems:
        raise InputError(problems)
    return found


def _appliance(option: str) -> Option:
    """An option that is given as TB,GBPS,FILL."""

    def read(text: str) -> Appliance:
        numbers = _numbers(text, 3)
        if numbers is None:
            message = f"found {text!r}, expected TB,Gbps,fill Gbps as 280,80,1.2"
            raise InputError([Problem(message, path=option)])
        return numbers[0], numbers[1], numbers[2]

    return Option("TB,GBPS,FILL", read=read)


def _numbers(text: str, count: int) -> list[float] | None:
    """Read numbers separated by commas; None if there are not exactly so many."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        return None
    return numbers if len(numbers) == count else None


def import_request(
    list_file: Annotated[AnyPath, Option("LIST.csv", argument=True)],
    out: Annotated[AnyPath, Option("T.yaml")],
    name: str = "",
    countries: Countries = (),
    country_of: Annotated[
        Mapping[str, str] | None, Option("CITY=CODE", read=countries_of, repeated=True)
    ] = None,
    embedded_share: Annotated[float, Option("RATIO")] = 0.75,
    near_sites: Annotated[int, Option("N")] = 2,
    near_km: Annotated[float, Option("KM")] = 1000.0,
    exchanges: Annotated[int, Option("N")] = 3,
    rest_exchanges: Annotated[int, Option("N")] = 5,
    storage_appliance: Annotated[Appliance, _appliance("--storage-appliance")] = (280.0, 80.0, 1.2),
    flash_appliance: Annotated[Appliance, _appliance("--flash-appliance")] = (24.0, 180.0, 0.3),
    global_appliance: Annotated[Appliance, _appliance("--global-appliance")] = (100.0, 40.0, 0.4),
    origin: Annotated[
        Mapping[str, tuple[float, float]] | None, Option("NAME=LAT,LON", read=origins_of, repeated=True)
    ] = None,
) -> ImportRequest:
    """Which list makes which topology, and what is assumed of it.

    Parameters
    ----------
    list_file : path
        CSV with columns City, Country, IP Version, ISP Name, CDN Type (ISP or IXP), Latitude, Longitude.
    out : path
        Topology to write; replaced if there.
    name : str
        Name of the topology; default: that of the file.
    countries : iterable of str
        Only the regions of these countries, and the sites they may use.
    country_of : mapping of str to str, or None
        Country of rows that name none, by city; may be repeated.
    embedded_share : float
        Share of a country's demand that comes through ISPs with appliances of their own, by their number; the
        rest reaches exchange points.
    near_sites : int
        Other sites of the same ISP and country that may help, nearest first.
    near_km : float
        But none beyond this distance.
    exchanges : int
        Nearest exchange points that may serve an ISP's region.
    rest_exchanges : int
        Nearest exchange points that may serve the rest of a country.
    storage_appliance : (float, float, float)
        Most appliances: storage, throughput and fill rate [TB, Gbit/s, Gbit/s].
    flash_appliance : (float, float, float)
        One in three at exchange points; one in four at ISPs' sites of four or more.
    global_appliance : (float, float, float)
        An ISP's only one in a city, in countries with at most five appliances.
    origin : mapping of str to (float, float), or None
        Where every file can be had; may be repeated. Default: Ashburn, Boardman (Oregon), Dublin.

    Raises
    ------
    InputError
        All that is wrong with these.
    """
    from cdnplan.inputs.appliance_list.import_file import problems_of_out
    from cdnplan.inputs.appliance_list.import_options import DEFAULT_ORIGINS, HardwareRule, ImportOptions
    from cdnplan.model.network.topology import Hardware, Origin

    options = ImportOptions(
        name=name or Path(out).stem,
        countries=frozenset(countries),
        country_of=dict(country_of or {}),
        embedded_share=embedded_share,
        near_sites=near_sites,
        near_km=near_km,
        exchanges=exchanges,
        rest_exchanges=rest_exchanges,
        hardware=HardwareRule(
            storage=Hardware("storage-2u", *storage_appliance),
            flash=Hardware("flash-1u", *flash_appliance),
            remote=Hardware("global-1u", *global_appliance),
        ),
        origins=tuple(Origin(n, place) for n, place in (origin or {}).items()) or DEFAULT_ORIGINS,
    )
    problems = [*options.problems(), *problems_of_out(Path(list_file), Path(out))]
    if problems:
        raise InputError(problems)
    return ImportRequest(Path(list_file), Path(out), options)
