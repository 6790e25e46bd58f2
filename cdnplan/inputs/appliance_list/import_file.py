"""Import a list of appliances from a file to a file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.appliance_list.appliance_list import ApplianceList, read_appliance_list
from cdnplan.inputs.appliance_list.import_options import ImportOptions
from cdnplan.inputs.appliance_list.topology_import import import_topology
from cdnplan.inputs.topology.topology_writer import topology_text
from cdnplan.model.network.topology import Topology

SUMMARY_COLUMNS = ("kind", "countries", "sites", "pools", "appliances", "storage_tb", "throughput_gbps")
"""Columns of `summary_rows`."""


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """A topology that was made from a list, and written.

    Parameters
    ----------
    listed : ApplianceList
    topology : Topology
    warnings : tuple of str
    """

    listed: ApplianceList
    topology: Topology
    warnings: tuple[str, ...]


def import_file(list_file: Path, out: Path, options: ImportOptions) -> Imported:
    """Read a list of appliances and write the topology made from it.

    Parameters
    ----------
    list_file : Path
    out : Path
        Topology to write; an earlier file is replaced.
    options : ImportOptions

    Returns
    -------
    Imported

    Raises
    ------
    InputError
        Options, the list, or the place to write to are not as they must be; nothing is written.
    """
    problems = [*options.problems(), *problems_of_out(list_file, out)]
    if problems:
        raise InputError(problems)
    listed = read_appliance_list(list_file)
    topology, warnings = import_topology(listed.appliances, options)
    _write(out, topology_text(topology, header=_header(list_file, listed, options)))
    return Imported(listed, topology, tuple(warnings))


def problems_of_out(list_file: Path, out: Path) -> list[Problem]:
    """The result needs a folder to go to, and must not replace what it is read from."""
    if not out.parent.is_dir():
        return [Problem("no such folder", file=str(out.parent), path="--out")]
    if out.is_dir():
        return [Problem("is a folder, expected a file to write", file=str(out), path="--out")]
    if out.exists() and list_file.exists() and out.samefile(list_file):
        return [Problem("is the list itself", file=str(out), path="--out")]
    return []


def _write(out: Path, text: str) -> None:
    """Write a file whole or not at all."""
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(out)
    except OSError as error:
        problem = Problem(f"cannot be written: {error.strerror}", file=str(out))
        raise InputError([problem]) from error
    finally:
        part.unlink(missing_ok=True)


def _header(list_file: Path, listed: ApplianceList, options: ImportOptions) -> str:
    """Where the file comes from and what it assumes, for those who open it."""
    rule, share = options.hardware, options.embedded_share
    storage, flash, remote = rule.storage.name, rule.flash.name, rule.remote.name
    return (
        f"Imported by `cdnplan topology import` from {list_file.name}: {len(listed.appliances)} appliances.\n"
        "Where they are comes from the list. Everything else is assumed, and meant to be edited:\n"
        f"- models: {storage}, except {rule.ixp_flash_ratio:.0%} {flash} at exchange points, one {flash}\n"
        f"  for every {rule.embedded_flash_from} appliances of an ISP in a city,"
        f" and {remote} for its only one\n  in a country of at most {rule.few_appliances}\n"
        f"- shares: {share:g} of a country's demand comes through ISPs with appliances, in proportion to\n"
        f"  them, {1 - share:g} reaches exchange points (regions called rest)\n"
        "- time zones: that of the nearest reference city of the country"
    )


def summary_rows(topology: Topology) -> list[tuple[str, int, int, int, int, float, float]]:
    """Totals by kind of site, and over all."""
    hardware = {model.name: model for model in topology.hardware}
    rows = []
    for label, kinds in (("ixp", {"ixp"}), ("embedded", {"embedded"}), ("all", {"ixp", "embedded"})):
        sites = [site for site in topology.sites if site.kind in kinds]
        groups = [group for site in sites for group in site.appliances]
        rows.append(
            (
                label,
                len({site.country for site in sites}),
                len(sites),
                len(groups),
                sum(group.count for group in groups),
                round(sum(group.count * hardware[group.model].storage_tb for group in groups), 3),
                round(sum(group.count * hardware[group.model].throughput_gbps for group in groups), 3),
            )
        )
    return rows
