"""The generator from end to end: a request in, a folder of files out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cdnplan.errors import InputError, Problem
from cdnplan.folders import Kind
from cdnplan.inputs.topology.topology_writer import topology_text
from cdnplan.model.network.topology import Topology
from cdnplan.synth.audience.catalog import Titles, make_titles
from cdnplan.synth.audience.demand import DemandModel, make_demand
from cdnplan.synth.folder.folder import write_folder
from cdnplan.synth.folder.readme import SAMPLE_NOTES, annotated, header_text, readme_text
from cdnplan.synth.folder.request import Request
from cdnplan.synth.folder.sample_rules import tight_link, with_rules
from cdnplan.synth.folder.tables import demand_regions, write_demand, write_titles
from cdnplan.synth.network.network import Network, make_network

FILES = ("topology.yaml", "titles.parquet", "history.parquet", "demand.parquet", "README.md")
"""Files of a generated folder."""


def _files(folder: Path) -> tuple[str, ...]:
    """What was generated, if the README says that it was: a project of one's own has the same names."""
    readme = folder / "README.md"
    if "cdnplan synth" in readme.read_text(encoding="utf-8", errors="replace"):
        return FILES
    raise InputError(
        [Problem("does not say that cdnplan synth wrote this folder: it is left alone", str(readme))]
    )


GENERATED = Kind("generated network", "README.md", _files)


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Network, catalogue and demand that belong together.

    `topology` is the network's, with the links and rules that only the sample has.
    """

    network: Network
    topology: Topology
    titles: Titles
    demand: DemandModel


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written."""

    sites: int
    appliances: int
    regions: int
    titles: int
    history_rows: int
    demand_rows: int
    demand_gb: float


def make_world(request: Request) -> World:
    """Invent a network, a catalogue, and what countries watch of it.

    Parameters
    ----------
    request : Request

    Returns
    -------
    World

    Raises
    ------
    InputError
        A value of the request cannot be.

    Examples
    --------
    >>> world = make_world(Request("sample", seed=1))
    >>> len(world.topology.regions), len(world.titles.name), world.demand.countries
    (14, 300, ('BE', 'DE', 'GB', 'NL'))
    """
    preset = request.checked()
    network = make_network(preset, request.seed, own_demand=request.noise_per_region)
    titles = make_titles(preset.n_titles, request.planned_week, request.seed)
    demand = make_demand(list(network.weekly_gb), list(network.weekly_gb.values()), titles, request.seed)
    topology = with_rules(network, demand) if preset.name == "sample" else network.topology
    return World(network, topology, titles, demand)


def synth(
    request: Request, out: Path, *, force: bool = False, progress: Callable[[str], None] = lambda _: None
) -> Summary:
    """Generate data and write it to a folder: topology, titles, history, demand, README.

    Parameters
    ----------
    request : Request
    out : Path
        Folder to make.
    force : bool
        Replace a folder that was generated before.
    progress : callable
        Told in a few words what is being done.

    Returns
    -------
    Summary

    Raises
    ------
    InputError
        A value of the request cannot be, or the folder cannot be written.
    """
    preset = request.checked()
    summaries: list[Summary] = []

    def fill(folder: Path) -> None:
        progress("network and catalogue")
        world = make_world(request)
        regions = demand_regions(world.network, own_demand=request.noise_per_region)
        weeks = preset.noise_weeks if request.noise_per_region else preset.weeks

        def table(name: str, weeks_back: range) -> tuple[int, float]:
            return write_demand(
                world.demand, regions, request.planned_week, weeks_back, folder / name, progress
            )

        history_rows, _ = table("history.parquet", range(weeks, 0, -1))
        demand_rows, demand_gb = table("demand.parquet", range(1))
        write_titles(world.titles, folder / "titles.parquet")
        (folder / "topology.yaml").write_text(_topology_text(request, world), encoding="utf-8")
        counts = {"history_rows": history_rows, "demand_rows": demand_rows}
        text = readme_text(request, world.topology, world.titles, demand_gb=demand_gb, **counts)
        (folder / "README.md").write_text(text, encoding="utf-8")
        summaries.append(_summary(world, demand_gb, **counts))

    write_folder(out, fill, GENERATED, force=force)
    return summaries[0]


def _topology_text(request: Request, world: World) -> str:
    text = topology_text(world.topology, header=header_text(request))
    if not world.topology.links:
        return text
    tight = tight_link(world.network)
    return annotated(text, {start: note.format(tight=tight) for start, note in SAMPLE_NOTES.items()})


def _summary(world: World, demand_gb: float, *, history_rows: int, demand_rows: int) -> Summary:
    topology = world.topology
    return Summary(
        sites=len(topology.sites),
        appliances=sum(group.count for site in topology.sites for group in site.appliances),
        regions=len(topology.regions),
        titles=len(world.titles.name),
        history_rows=history_rows,
        demand_rows=demand_rows,
        demand_gb=demand_gb,
    )
