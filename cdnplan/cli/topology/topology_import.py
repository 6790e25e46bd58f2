"""`cdnplan topology import`: a topology from a public list of appliances."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cdnplan.cli.terminal.options import taking, warn
from cdnplan.cli.terminal.tables import TableFormat, print_table
from cdnplan.commands.topology_import import ImportRequest, import_request


@taking(import_request)
def import_list(
    request: ImportRequest,
    fmt: Annotated[TableFormat, typer.Option("--format", help="Of the summary on stdout.")] = "table",
) -> None:
    """Write a topology from a public list of appliances, as a start for editing.

    The list says where appliances are, not what they are or who watches. Each ISP's site in a city makes a
    region, with a share of its country's demand in proportion to its appliances; the rest of a country
    reaches exchange points. Models follow the number of appliances of a site, as the options say.
    """
    from cdnplan.inputs.appliance_list.import_file import SUMMARY_COLUMNS, import_file, summary_rows

    made = import_file(request.list_file, request.out, request.options)
    for warning in made.warnings:
        warn(warning)
    listed, topology = made.listed, made.topology
    aside = f"{listed.ipv6_rows} IPv6 rows, {listed.inactive_rows} not active"
    sys.stderr.write(f"{request.list_file.name}: {len(listed.appliances)} appliances; left aside: {aside}\n")
    sys.stderr.write(f"{request.out}: {len(topology.sites)} sites, {len(topology.regions)} regions\n")
    print_table(SUMMARY_COLUMNS, summary_rows(topology), fmt)
