"""Read everything a plan is made from; all problems of all files at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.inputs.places.plausibility import Doubt, demand_doubts, place_doubts, size_doubts
from cdnplan.inputs.plans.plan_folder import read_plan, sha256
from cdnplan.model.instance.build import build_instance
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Instance
from cdnplan.model.instance.network import restricted
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.topology import Topology
from cdnplan.planner.inputs.held_before import HeldBefore, held_before
from cdnplan.planner.inputs.request import PlanRequest
from cdnplan.planner.inputs.waiting import Waiting, waiting_rules, with_waits
from cdnplan.units import GB_PER_TB

if TYPE_CHECKING:
    from cdnplan.inputs.demand.history import History

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """What was read, restricted to the countries asked for, and the problem it makes.

    Parameters
    ----------
    topology, catalog, demand
        As read.
    before : HeldBefore
        What appliances hold.
    instance : Instance
    warnings : tuple of str
    hashes : dict of str to str
        SHA-256 of each input file by its role, files that the topology includes among them.
    waiting : tuple of Waiting
        What rules ask for and the night cannot bring; the topology's policy says so.
    doubts : tuple of Doubt
        What can be read but hardly be meant; among the warnings, too.
    """

    topology: Topology
    catalog: Catalog
    demand: Demand
    before: HeldBefore
    instance: Instance
    warnings: tuple[str, ...]
    hashes: dict[str, str]
    waiting: tuple[Waiting, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    @property
    def holdings(self) -> Holdings | None:
        """Copies before the plan; None without a previous plan and without a table of the field."""
        return self.before.holdings

    def letting_wait(self, waiting: Sequence[Waiting]) -> Loaded:
        """The same, where these rules do not bind yet."""
        topology = with_waits(self.topology, waiting)
        instance, _ = build_instance(topology, self.catalog, self.demand, self.holdings)
        return replace(self, topology=topology, instance=instance, waiting=(*self.waiting, *waiting))


def load(request: PlanRequest) -> Loaded:
    """Read the inputs of a plan and build its instance.

    Parameters
    ----------
    request : PlanRequest

    Returns
    -------
    Loaded

    Raises
    ------
    InputError
        All problems of all inputs.
    """
    from cdnplan.inputs.demand.catalog_reader import read_catalog
    from cdnplan.inputs.topology.topology_reader import build_topology
    from cdnplan.inputs.yamls.includes import read_sources

    problems: list[Problem] = []
    sources = read_sources(request.topology, request.overrides)
    whole = _try(problems, lambda: build_topology(sources, request.topology, request.environment))
    if whole is not None and request.cold_start is not None:
        whole = replace(whole, policy=replace(whole.policy, cold_start=request.cold_start))
    topology = None if whole is None else _try(problems, lambda: _restricted(whole, request.countries))
    catalog = _try(problems, lambda: read_catalog(request.titles, request.files))
    past = request.history
    before = _try(problems, lambda: held_before(request, whole))
    history = None if past is None else _try(problems, lambda: _history(past))
    if request.start is not None:
        start = request.start
        _try(problems, lambda: read_plan(start))
    if (request.demand is None) == (request.history is None):
        problems.append(Problem("give either a demand table or a history, not both and not neither"))
    if whole is None or topology is None or catalog is None or before is None or problems:
        if request.demand is not None and request.history is None:
            if whole is not None and topology is not None and catalog is not None:
                _try(problems, lambda: _demand(request, None, whole, topology, *catalog))
            else:
                _check_demand(problems, request, request.demand, whole)
        raise InputError(problems)
    demand, warnings = _demand(request, history, whole, topology, *catalog)
    doubts = _doubts_of_inputs(request, topology, catalog[0])
    try:
        instance, more = build_instance(
            topology, catalog[0], demand, before.holdings, pins_may_wait=request.rules_wait
        )
    except InputError as error:
        # What is doubtful may be why nothing fits.
        raise InputError([*error.problems, *(Problem(found.text) for found in doubts)]) from None
    doubts += demand_doubts(instance, demand, str(request.demand or request.history))
    hashes = _hashes(request, sources.included)
    said = dict.fromkeys((*warnings, *(found.text for found in doubts), *more, *before.warnings))
    loaded = Loaded(topology, catalog[0], demand, before, instance, tuple(said), hashes, doubts=tuple(doubts))
    waiting = waiting_rules(instance) if request.rules_wait else ()
    return loaded.letting_wait(waiting) if waiting else loaded


def _doubts_of_inputs(request: PlanRequest, topology: Topology, catalog: Catalog) -> list[Doubt]:
    """What is hardly meant in network and catalogue."""
    used = {group.model for site in topology.sites for group in site.appliances}
    storage = [model.storage_tb * GB_PER_TB for model in topology.hardware if model.name in used]
    sizes = size_doubts(catalog.size_gb, max(storage, default=0.0), str(request.files or request.titles))
    return [
        *sizes,
        *(replace(found, text=f"{request.topology}: {found.text}") for found in place_doubts(topology)),
    ]


def _try(problems: list[Problem], read: Callable[[], T]) -> T | None:
    """Read, or remember what is wrong and go on."""
    try:
        return read()
    except InputError as error:
        problems += error.problems
        return None


def _history(path: Path) -> History:
    from cdnplan.inputs.demand.history_reader import read_history

    return read_history(path)


def _check_demand(problems: list[Problem], request: PlanRequest, path: Path, whole: Topology | None) -> None:
    """Add what is wrong with the demand table, as far as that does not depend on inputs that are wrong."""
    from cdnplan.inputs.demand.demand_reader import check_demand

    known = None if whole is None else _countries_of_demand(whole)
    _try(problems, lambda: check_demand(path, date=request.date, known=known))


def _countries_of_demand(topology: Topology) -> dict[str, str]:
    """Demand regions that a topology draws on → country code."""
    return {region.demand.region: region.country for region in topology.regions}


def _restricted(topology: Topology, countries: frozenset[str]) -> Topology:
    """Keep the countries asked for; each must have a region, and all together a site."""
    if not countries:
        return topology
    known = {region.country for region in topology.regions}
    unknown = sorted(countries - known)
    if unknown:
        raise InputError(
            Problem(f"no region of the topology is in {code!r}", path="countries", hint=nearest(code, known))
            for code in unknown
        )
    kept = restricted(topology, countries)
    if not kept.sites:
        listed = ", ".join(sorted(countries))
        raise InputError([Problem(f"no site may serve the regions of {listed}", path="countries")])
    return kept


def _demand(
    request: PlanRequest,
    history: History | None,
    whole: Topology,
    topology: Topology,
    catalog: Catalog,
    shares: object,
) -> tuple[Demand, list[str]]:
    """Demand of the planned period: from the table, or forecast from the history."""
    from cdnplan.inputs.demand.file_shares import FileShares

    if not isinstance(shares, FileShares):
        raise TypeError("shares come from read_catalog")
    known = _countries_of_demand(whole)
    wanted = frozenset(region.demand.region for region in topology.regions)
    if request.demand is not None:
        from cdnplan.inputs.demand.demand_reader import read_demand

        return read_demand(
            request.demand,
            catalog,
            shares,
            known=known,
            wanted=wanted,
            date=request.date,
            period_days=topology.policy.period_days,
        )
    if history is None:
        raise InputError([Problem("no demand and no history")])
    from cdnplan.forecast.asked.run import forecast_demand, forecast_to_demand
    from cdnplan.inputs.demand.titles_reader import read_titles

    forecast = forecast_demand(
        history, read_titles(request.titles), request.date, files=(catalog, shares) if request.files else None
    )
    return forecast_to_demand(forecast, catalog, shares, known=known, wanted=wanted)


def _hashes(request: PlanRequest, included: Sequence[Path]) -> dict[str, str]:
    """Hash every file that was read; included ones are named as seen from the topology's folder."""
    roles: dict[str, Path | None] = {
        "topology": request.topology,
        "titles": request.titles,
        "files": request.files,
        "demand": request.demand,
        "history": request.history,
        "holdings": request.holdings,
        "previous": None if request.previous is None else request.previous / "plan.json",
        "start": None if request.start is None else request.start / "plan.json",
    }
    hashes = {role: sha256(path) for role, path in roles.items() if path is not None}
    hashes |= {f"override {i}": sha256(path) for i, path in enumerate(request.overrides, start=1)}
    folder = request.topology.parent
    return hashes | {f"include {Path(relpath(path, folder)).as_posix()}": sha256(path) for path in included}
