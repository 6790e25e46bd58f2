"""`cdnplan topology import`: a topology from a public list of appliances."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdnplan.cli.terminal.tables import TableFormat, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdnplan.errors import Problem
    from cdnplan.model.network.topology import Hardware, Origin


def import_list(  # one parameter per option of the command
    list_file: Annotated[
        Path,
        typer.Argument(
            metavar="LIST.csv",
            help="CSV with columns City, Country, IP Version, ISP Name, CDN Type (ISP or IXP), Latitude,"
            " Longitude.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="T.yaml", help="Topology to write; replaced if there.")
    ],
    name: Annotated[str, typer.Option(help="Name of the topology; default: that of the file.")] = "",
    countries: Annotated[
        str,
        typer.Option(
            metavar="BE,NL", help="Only the regions of these countries, and the sites they may use."
        ),
    ] = "",
    country_of: Annotated[
        list[str] | None,
        typer.Option(metavar="CITY=CODE", help="Country of rows that name none, by city; may be repeated."),
    ] = None,
    embedded_share: Annotated[
        float,
        typer.Option(
            metavar="RATIO",
            help="Share of a country's demand that comes through ISPs with appliances of their own, by their"
            " number; the rest reaches exchange points.",
        ),
    ] = 0.75,
    near_sites: Annotated[
        int,
        typer.Option(
            metavar="N", help="Other sites of the same ISP and country that may help, nearest first."
        ),
    ] = 2,
    near_km: Annotated[float, typer.Option(metavar="KM", help="But none beyond this distance.")] = 1000.0,
    exchanges: Annotated[
        int, typer.Option(metavar="N", help="Nearest exchange points that may serve an ISP's region.")
    ] = 3,
    rest_exchanges: Annotated[
        int, typer.Option(metavar="N", help="Nearest exchange points that may serve the rest of a country.")
    ] = 5,
    storage_appliance: Annotated[
        str,
        typer.Option(
            metavar="TB,GBPS,FILL",
            help="Most appliances: storage, throughput and fill rate [TB, Gbit/s, Gbit/s].",
        ),
    ] = "280,80,1.2",
    flash_appliance: Annotated[
        str,
        typer.Option(
            metavar="TB,GBPS,FILL",
            help="One in three at exchange points; one in four at ISPs' sites of four or more.",
        ),
    ] = "24,180,0.3",
    global_appliance: Annotated[
        str,
        typer.Option(
            metavar="TB,GBPS,FILL",
            help="An ISP's only one in a city, in countries with at most five appliances.",
        ),
    ] = "100,40,0.4",
    origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=LAT,LON",
            help="Where every file can be had; may be repeated. Default: Ashburn, Boardman (Oregon), Dublin.",
        ),
    ] = None,
    fmt: Annotated[TableFormat, typer.Option("--format", help="Of the summary on stdout.")] = "table",
) -> None:
    """Write a topology from a public list of appliances, as a start for editing.

    The list says where appliances are, not what they are or who watches. Each ISP's site in a city makes a
    region, with a share of its country's demand in proportion to its appliances; the rest of a country
    reaches exchange points. Models follow the number of appliances of a site, as the options say.
    """
    from cdnplan.cli.terminal.countries import country_codes
    from cdnplan.errors import InputError
    from cdnplan.inputs.appliance_list.import_file import (
        SUMMARY_COLUMNS,
        import_file,
        problems_of_out,
        summary_rows,
    )
    from cdnplan.inputs.appliance_list.import_options import DEFAULT_ORIGINS, HardwareRule, ImportOptions

    problems: list[Problem] = []
    options = ImportOptions(
        name=name or out.stem,
        countries=country_codes(countries, problems),
        country_of=_countries_of(country_of or [], problems),
        embedded_share=embedded_share,
        near_sites=near_sites,
        near_km=near_km,
        exchanges=exchanges,
        rest_exchanges=rest_exchanges,
        hardware=HardwareRule(
            storage=_model("storage-2u", "--storage-appliance", storage_appliance, problems),
            flash=_model("flash-1u", "--flash-appliance", flash_appliance, problems),
            remote=_model("global-1u", "--global-appliance", global_appliance, problems),
        ),
        origins=_origins(origin or [], problems) or DEFAULT_ORIGINS,
    )
    if problems:
        raise InputError([*problems, *options.problems(), *problems_of_out(list_file, out)])
    made = import_file(list_file, out, options)
    for warning in made.warnings:
        sys.stderr.write(f"warning: {warning}\n")
    listed, topology = made.listed, made.topology
    aside = f"{listed.ipv6_rows} IPv6 rows, {listed.inactive_rows} not active"
    sys.stderr.write(f"{list_file.name}: {len(listed.appliances)} appliances; left aside: {aside}\n")
    sys.stderr.write(f"{out}: {len(topology.sites)} sites, {len(topology.regions)} regions\n")
    print_table(SUMMARY_COLUMNS, summary_rows(topology), fmt)


def _countries_of(pairs: Sequence[str], problems: list[Problem]) -> dict[str, str]:
    """Read each CITY=CODE."""
    from cdnplan.errors import Problem
    from cdnplan.inputs.places.countries import country_code

    found = {}
    for pair in pairs:
        city, _, country = (part.strip() for part in pair.rpartition("="))
        code = country_code(country)
        if not city or code is None:
            problems.append(Problem(f"found {pair!r}, expected as Prishtina=XK", path="--country-of"))
        else:
            found[city] = code
    return found


def _numbers(text: str, count: int) -> list[float] | None:
    """Read numbers separated by commas; None if there are not exactly so many."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        return None
    return numbers if len(numbers) == count else None


def _model(name: str, option: str, text: str, problems: list[Problem]) -> Hardware:
    """Read TB,GBPS,FILL."""
    from cdnplan.errors import Problem
    from cdnplan.model.network.topology import Hardware

    numbers = _numbers(text, 3)
    if numbers is None:
        problems.append(Problem(f"found {text!r}, expected TB,Gbps,fill Gbps as 280,80,1.2", path=option))
        return Hardware(name, 1.0, 1.0, 1.0)
    storage_tb, throughput_gbps, fill_gbps = numbers
    return Hardware(name, storage_tb, throughput_gbps, fill_gbps)


def _origins(pairs: Sequence[str], problems: list[Problem]) -> tuple[Origin, ...]:
    """Read each NAME=LAT,LON."""
    from cdnplan.errors import Problem
    from cdnplan.model.network.topology import Origin

    found = []
    for pair in pairs:
        name, _, place = (part.strip() for part in pair.partition("="))
        numbers = _numbers(place, 2)
        if not name or numbers is None:
            message = f"found {pair!r}, expected as origin-eu-west=53.35,-6.26"
            problems.append(Problem(message, path="--origin"))
        else:
            found.append(Origin(name, (numbers[0], numbers[1])))
    return tuple(found)
