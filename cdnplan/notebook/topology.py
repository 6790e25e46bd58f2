"""`cdnplan topology` for notebooks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdnplan.commands.option import AnyPath
from cdnplan.commands.topology_import import ImportRequest, import_request
from cdnplan.notebook.asking import taking, warn
from cdnplan.notebook.network import Network

if TYPE_CHECKING:
    import pandas as pd

    from cdnplan.inputs.edits.editor import Edited
    from cdnplan.inputs.topology.topology_diff import TopologyDiff
    from cdnplan.model.network.topology import Topology


def check(file: AnyPath, env: str | None = None, override: Sequence[AnyPath] | None = None) -> list[str]:
    """Read a topology; warnings about what is allowed but looks wrong.

    Raises
    ------
    InputError
        All its problems, with file, line and column.
    """
    from cdnplan.inputs.topology.topology_warnings import topology_warnings

    return list(topology_warnings(Network(file, env, override or ()).topology))


def show(
    file: AnyPath,
    env: str | None = None,
    override: Sequence[AnyPath] | None = None,
    *,
    countries: Iterable[str] = (),
    tree: bool = False,
) -> pd.DataFrame:
    """Totals by kind of site, country and hardware; with `tree`, every site. `Network.map` draws one."""
    import pandas as pd

    from cdnplan.inputs.topology.topology_summary import SITE_COLUMNS, TOTAL_COLUMNS, site_rows, totals
    from cdnplan.model.instance.network import restricted

    topology = Network(file, env, override or ()).topology
    if kept := frozenset(countries):
        topology = restricted(topology, kept)
    if tree:
        return pd.DataFrame(site_rows(topology), columns=list(SITE_COLUMNS))
    return pd.DataFrame(totals(topology), columns=list(TOTAL_COLUMNS))


@dataclass(frozen=True, slots=True, eq=False)
class TopologyDifference:
    """What changed between two topologies, as tables.

    Parameters
    ----------
    difference : TopologyDiff
    """

    difference: TopologyDiff

    @property
    def changes(self) -> pd.DataFrame:
        """Each single change: did, what, name, key, before, after."""
        return self._table(CHANGE_COLUMNS, self.difference.changes)

    @property
    def totals(self) -> pd.DataFrame:
        """Capacity before (a) and after (b): of all, and of the countries and sites where it changed."""
        totals = self.difference.totals
        return self._table(TOTAL_COLUMNS, [t for t in totals if t.group == "total" or t.changed])

    @staticmethod
    def _table(columns: Sequence[str], rows: Iterable[object]) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame([[getattr(row, c) for c in columns] for row in rows], columns=list(columns))

    def _repr_html_(self) -> str:
        """Show the changes."""
        return str(self.changes.to_html(index=False))


CHANGE_COLUMNS = ("did", "what", "name", "key", "before", "after")
TOTAL_COLUMNS = (
    *("group", "name", "sites_a", "sites_b", "appliances_a", "appliances_b"),
    *("storage_a_tb", "storage_b_tb", "throughput_a_gbps", "throughput_b_gbps"),
)


def diff(a: AnyPath, b: AnyPath, env: str | None = None) -> TopologyDifference:
    """Show what changed between two topologies, or those of two plans, by meaning.

    Renamed things are recognised.
    """
    from cdnplan.inputs.topology.topology_diff import diff_topologies

    return TopologyDifference(diff_topologies(_read(a, env), _read(b, env)))


def _read(given: AnyPath, env: str | None) -> Topology:
    from cdnplan.inputs.topology.topology_reader import read_topology_of

    if isinstance(given, Network) and env in (None, given.env):
        return given.topology
    if isinstance(given, Network):
        return Network(given.path, env, given.override).topology
    return read_topology_of(Path(given), env=env)


@dataclass(frozen=True, slots=True, eq=False)
class TopologyEdit:
    """What an edit did.

    Parameters
    ----------
    path : Path
        The topology file.
    edited : Edited
    """

    path: Path
    edited: Edited

    @property
    def table(self) -> pd.DataFrame:
        """A row for each thing that an operation changed: operation, did."""
        import pandas as pd

        rows = [(operation.text, line) for operation, lines in self.edited.told for line in lines]
        return pd.DataFrame(rows, columns=["operation", "did"])

    @property
    def diff(self) -> str:
        """Unified diff of the files, as ``patch`` takes it; empty where nothing changes."""
        return self.edited.diff()

    def _repr_html_(self) -> str:
        """Show what was done."""
        return str(self.table.to_html(index=False))


def edit(
    file: AnyPath,
    *operations: str,
    script: AnyPath | Sequence[AnyPath] = (),
    dry_run: bool = False,
    drop_comments: bool = False,
) -> TopologyEdit:
    """Change a topology by operations; comments, order and formatting stay as they are.

    Parameters
    ----------
    file : str or Path
    *operations : str
        As ``"set site ams-* fill_window.hours=10"``; see docs/topology.md.
    script : str, Path or sequence of them
        YAML lists of operations, done first.
    dry_run : bool
        Write nothing; `.diff` of the result is what would change.
    drop_comments : bool
        Comments within what is removed go with it.

    Raises
    ------
    InputError
        An operation cannot be carried out, or the result is not a valid topology; nothing is written.
    """
    from cdnplan.errors import InputError, Problem
    from cdnplan.inputs.edits.editor import edit_topology
    from cdnplan.inputs.edits.language import parse_operations
    from cdnplan.inputs.edits.script import read_script

    scripts = [script] if isinstance(script, str | os.PathLike) else script
    asked = [operation for path in scripts for operation in read_script(Path(path))]
    asked += parse_operations(list(operations))
    if not asked:
        raise InputError([Problem("nothing to do: expected operations, or script")])
    edited = edit_topology(Path(file), asked, drop_comments=drop_comments)
    if not dry_run:
        edited.write()
    return TopologyEdit(Path(file), edited)


@taking(import_request)
def import_(request: ImportRequest) -> Network:
    """Write a topology from a public list of appliances, as a start for editing: `cdnplan topology import`.

    Returns
    -------
    Network
    """
    from cdnplan.inputs.appliance_list.import_file import import_file

    for warning in import_file(request.list_file, request.out, request.options).warnings:
        warn(warning)
    return Network(request.out)


def schema(*, part: bool = False) -> dict[str, Any]:
    """JSON Schema of topology files; with `part`, of included files and overrides."""
    from cdnplan.inputs.wire.topology_schema import topology_schema

    return dict(topology_schema(part=part))
