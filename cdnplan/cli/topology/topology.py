"""`cdnplan topology`: check, show, import topologies, and their schema."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdnplan.cli.terminal.options import warn
from cdnplan.cli.terminal.tables import TableFormat, print_table
from cdnplan.cli.topology.topology_diff import diff
from cdnplan.cli.topology.topology_edit import EPILOG, edit
from cdnplan.cli.topology.topology_import import import_list

if TYPE_CHECKING:
    from cdnplan.model.network.topology import Topology

app = typer.Typer(
    name="topology",
    help="Check, show and import networks written in YAML.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("import")(import_list)
app.command("edit", epilog=EPILOG)(edit)
app.command("diff")(diff)

File = Annotated[Path, typer.Argument(metavar="FILE", help="Topology in YAML.", show_default=False)]
Env = Annotated[str | None, typer.Option("--env", metavar="E", help="Environment whose overrides apply.")]
Overrides = Annotated[
    list[Path] | None,
    typer.Option("--override", metavar="F", help="File merged onto it; may be given several times."),
]


CHECKED = ("file", "name", "sites", "appliances", "regions", "links", "warnings")
"""Columns of what `check` counts."""


@app.command()
def check(
    file: File,
    env: Env = None,
    override: Overrides = None,
    fmt: Annotated[TableFormat, typer.Option("--format", help="How the summary is printed.")] = "table",
) -> None:
    """Check a topology: all problems with file, line and column, or a summary.

    Without --env, the file is checked as it is and with the overrides of each environment it has. What is
    allowed but looks wrong is a warning on stderr.
    """
    from cdnplan.inputs.topology.topology_warnings import topology_warnings

    topology = _check_all(file, env, override or [])
    warnings = topology_warnings(topology)
    for warning in warnings:
        warn(warning)
    appliances = sum(group.count for site in topology.sites for group in site.appliances)
    if fmt != "table":
        counts = (len(topology.sites), appliances, len(topology.regions), len(topology.links), len(warnings))
        print_table(CHECKED, [(str(file), topology.name, *counts)], fmt)
        return
    sys.stdout.write(
        f"{file}: ok: {topology.name}, {len(topology.sites):,} sites with {appliances:,} appliances,"
        f" {len(topology.regions):,} regions, {len(topology.links):,} links\n"
    )


def _check_all(file: Path, env: str | None, overrides: list[Path]) -> Topology:
    """Read the file for one environment or for all; raise the problems of all, each once."""
    from cdnplan.errors import InputError, Problem
    from cdnplan.inputs.topology.topology_reader import build_topology
    from cdnplan.inputs.yamls.includes import read_sources

    sources = read_sources(file, overrides)
    if env is not None:
        return build_topology(sources, file, env)
    found: list[Topology] = []
    problems: list[Problem] = []
    for each in (None, *sources.environments):
        try:
            found.append(build_topology(sources, file, each))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(dict.fromkeys(problems))
    return found[0]


@app.command()
def show(
    file: File,
    env: Env = None,
    override: Overrides = None,
    countries: Annotated[
        str | None,
        typer.Option(metavar="CC,CC", help="Only their regions, and the sites that may serve these."),
    ] = None,
    fmt: Annotated[TableFormat, typer.Option("--format", help="How the table is printed.")] = "table",
    tree: Annotated[bool, typer.Option("--tree", help="Sites by country instead of totals.")] = False,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--map", metavar="F", help="Draw a map instead: F.svg a picture, F.html a page with zoom."
        ),
    ] = None,
) -> None:
    """Show what a topology has: totals by kind of site, country and hardware, every site, or a map."""
    from cdnplan.inputs.topology.topology_reader import read_topology
    from cdnplan.inputs.topology.topology_summary import (
        SITE_COLUMNS,
        TOTAL_COLUMNS,
        site_rows,
        site_tree,
        totals,
    )

    topology = read_topology(file, env=env, overrides=override or [])
    if countries is not None:
        topology = _restricted(topology, countries)
    if picture is not None:
        _draw(topology, picture)
    elif not tree:
        print_table(TOTAL_COLUMNS, totals(topology), fmt)
    elif fmt == "table":
        sys.stdout.write(site_tree(topology))
    else:
        print_table(SITE_COLUMNS, site_rows(topology), fmt)


def _restricted(topology: Topology, countries: str) -> Topology:
    """Keep what plans with these countries keep."""
    from cdnplan.commands.countries import country_codes
    from cdnplan.errors import InputError, Problem, nearest
    from cdnplan.model.instance.network import restricted

    problems: list[Problem] = []
    codes = country_codes(countries, problems)
    known = {region.country for region in topology.regions}
    problems += [
        Problem(f"no region is in {code}", path="--countries", hint=nearest(code, known))
        for code in sorted(codes - known)
    ]
    if problems:
        raise InputError(problems)
    return restricted(topology, codes)


def _draw(topology: Topology, path: Path) -> None:
    from cdnplan.errors import InputError, Problem
    from cdnplan.inputs.drawing.topology_map import topology_page, topology_svg

    drawers = {".svg": topology_svg, ".html": topology_page, ".htm": topology_page}
    if path.suffix.lower() not in drawers:
        raise InputError([Problem("expected a name that ends in .svg or .html", str(path), hint="see --map")])
    path.write_text(drawers[path.suffix.lower()](topology), encoding="utf-8")
    sys.stdout.write(f"written: {path}\n")


@app.command()
def schema(
    part: Annotated[
        bool, typer.Option("--part", help="For included files and overrides, which need not be whole.")
    ] = False,
) -> None:
    """Print the JSON Schema of topology files, with which editors complete and check keys.

    Save it beside a topology and put a first line `# yaml-language-server: $schema=FILE` into that.
    """
    import json

    from cdnplan.inputs.wire.topology_schema import topology_schema

    sys.stdout.write(json.dumps(topology_schema(part=part), indent=2, ensure_ascii=False) + "\n")
