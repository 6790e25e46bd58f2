"""What appliances hold before a plan: told by a previous plan or the field, or assumed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.inputs.plans.plan_folder import planned_holdings, read_plan
from cdnplan.inputs.plans.plan_json import BY_FIELD, BY_PREVIOUS, EMPTY, STOCKED
from cdnplan.model.instance.holdings import Holdings, appliance_name, lost_appliances
from cdnplan.model.network.topology import Topology
from cdnplan.planner.inputs.request import PlanRequest

MOST_LOST_RATIO = 0.5
"""Where more than this share of the appliances that hold something are unknown, it is another network's."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldBefore:
    """What is there before a plan.

    Parameters
    ----------
    origin : {"stocked", "empty", "previous", "field"}
        Where that is known from; "empty" where nothing was ever fetched.
    assumed : bool
        Whether it rests on appliances that were taken to arrive stocked: nobody fetched all these copies.
    holdings : Holdings or None
        None without a previous plan and without a table of the field.
    warnings : tuple of str
    trusted_field : int
        Copies in which the field and the previous plan disagree.
    """

    origin: str
    assumed: bool
    holdings: Holdings | None
    warnings: tuple[str, ...] = ()
    trusted_field: int = 0


def nothing_known(topology: Topology | None) -> HeldBefore:
    """Without a previous plan and without a table of the field: stocked or empty, as the policy says."""
    free = _is_free(topology)
    return HeldBefore(STOCKED if free else EMPTY, free, None)


def _is_free(topology: Topology | None) -> bool:
    return topology is None or not topology.fill_counted(None)


def held_before(request: PlanRequest, topology: Topology | None) -> HeldBefore:
    """Read what appliances hold; the field is believed more than the previous plan.

    Parameters
    ----------
    request : PlanRequest
    topology : Topology or None
        None where it cannot be read: then only what is wrong with the others is found. The whole network, not
        restricted to countries; of its policy, `cold_start` says whether appliances
        of which nothing is known are stocked or empty.

    Returns
    -------
    HeldBefore

    Raises
    ------
    InputError
        All problems of both; appliances that the network lacks for the most part.
    """
    free = _is_free(topology)
    planned: _Planned | None = None
    problems: list[Problem] = []
    if request.previous is not None:
        try:
            planned = _planned(request.previous, free=free)
        except InputError as error:
            problems += error.problems
    told = None
    if request.holdings is not None:
        from cdnplan.inputs.plans.holdings_reader import read_holdings

        try:
            told = read_holdings(request.holdings)
        except InputError as error:
            problems += error.problems
    if topology is not None and not request.allow_lost_appliances:
        sources = (
            (request.previous, None if planned is None else planned.holdings),
            (request.holdings, told),
        )
        problems += [
            problem
            for path, holdings in sources
            if path is not None and holdings is not None
            for problem in _of_another_network(path, holdings, topology)
        ]
    if problems:
        raise InputError(problems)
    if told is not None:
        trusted = 0
        said: list[str] = []
        if planned is not None and not planned.never_fetched:
            trusted, said = _disagreements(told, planned.holdings)
        return HeldBefore(BY_FIELD, False, told, tuple(said), trusted)
    if planned is None:
        return nothing_known(topology)
    origin = EMPTY if planned.never_fetched else BY_PREVIOUS
    return HeldBefore(origin, planned.assumed, planned.holdings, planned.warnings)


@dataclass(frozen=True, slots=True, eq=False)
class _Planned:
    """What a previous plan leaves behind, whether that is assumed, and what to say of it."""

    holdings: Holdings
    assumed: bool = False
    never_fetched: bool = False
    """It assumed that its copies were there, and here that does not count."""
    warnings: tuple[str, ...] = ()


def _planned(folder: Path, *, free: bool) -> _Planned:
    files = read_plan(folder)
    if not files.plan.assumed:
        return _Planned(planned_holdings(files.placement))
    fetched = 0 if files.night is None else files.night[0].n_rows
    told = (
        f"{folder} takes appliances as stocked: of its {files.placement.n_rows:,} copies it has {fetched:,}"
        " fetched"
    )
    if free:
        said = f"{told}; all count as held. If they are not there: --cold-start limited, or --holdings"
        return _Planned(planned_holdings(files.placement), assumed=True, warnings=(said,))
    said = f"{told}; none counts as held, as cold_start is limited"
    return _Planned(Holdings.empty(), never_fetched=True, warnings=(said,))


def _of_another_network(path: Path, holdings: Holdings, topology: Topology) -> Iterable[Problem]:
    """Refuse holdings of which fewer than half the appliances are in the network."""
    count: dict[str, int] = {}
    for site in topology.sites:
        for group in site.appliances:
            name = f"{site.name}/{group.model}"
            count[name] = count.get(name, 0) + group.count
    lost, held = lost_appliances(holdings, count)
    if len(lost) <= MOST_LOST_RATIO * held:
        return
    pool, number = lost[0]
    known = [appliance_name(name, n) for name, most in count.items() for n in range(1, most + 1)]
    name = appliance_name(pool, number)
    hint = nearest(name, known)
    yield Problem(
        f"of {held:,} appliances that hold something by it, {len(lost):,} are not in this network, as"
        f" {name!r}: it is another network's; --allow-lost-appliances takes them as gone",
        file=str(path),
        hint=hint if hint.startswith("did you") else "",
    )


def _disagreements(told: Holdings, planned: Holdings) -> tuple[int, list[str]]:
    """Count copies in which the field and the previous plan disagree, and say what is believed."""
    from cdnplan.inputs.plans.holdings_reader import disagreements

    more, less, silent = disagreements(told, planned)
    if more + less == 0:
        return 0, []
    said = (
        f"the field is believed where it disagrees with the previous plan: {more:,} copies that the plan does"
        f" not know, {less:,} that are not there"
    )
    warnings = [said]
    if silent:
        listed = ", ".join(silent[:3]) + (", …" if len(silent) > 3 else "")
        warnings.append(
            f"{len(silent)} appliances that should hold files report none and count as empty: {listed}"
        )
    return more + less, warnings
