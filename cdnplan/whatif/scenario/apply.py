"""A scenario applied to a base's inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.whatif.base.base import Inputs
from cdnplan.whatif.scenario import demand_changes, network_changes
from cdnplan.whatif.scenario.policy_changes import change_policy
from cdnplan.whatif.scenario.scenario import Scenario
from cdnplan.whatif.scenario.state import State

_APPLY: Mapping[str, Callable[[State, Any, Any], None]] = {
    "fail": network_changes.fail,
    "add": network_changes.add,
    "add_site": network_changes.add_site,
    "add_link": network_changes.add_link,
    "remove": network_changes.remove,
    "upgrade": network_changes.upgrade,
    "add_hardware": network_changes.add_hardware,
    "set_hardware": network_changes.set_hardware,
    "set_links": network_changes.set_links,
    "scale_demand": demand_changes.scale_demand,
    "shift_demand": demand_changes.shift_demand,
    "launch": demand_changes.launch,
    "move_peak": demand_changes.move_peak,
    "policy": change_policy,
}


@dataclass(frozen=True, slots=True, eq=False)
class Applied:
    """What a scenario makes of a base.

    Parameters
    ----------
    inputs : Inputs
    lost : mapping of str to frozenset of int
        By pool, numbers of the base's appliances that are gone.
    warnings : tuple of str
    """

    inputs: Inputs
    lost: Mapping[str, frozenset[int]]
    warnings: tuple[str, ...]


def apply_scenario(scenario: Scenario, inputs: Inputs) -> Applied:
    """Make the changes of a scenario, one after the other.

    Parameters
    ----------
    scenario : Scenario
    inputs : Inputs
        The base's, which stay as they are.

    Returns
    -------
    Applied

    Raises
    ------
    InputError
        Names that are not there, and conflicts: something set twice, or changed after it was removed. All
        of them, with line and column.
    """
    applied, problems = _apply(scenario, inputs)
    if applied is None:
        raise InputError(problems)
    return applied


def apply_all(scenarios: Sequence[Scenario], inputs: Inputs) -> tuple[Applied, ...]:
    """Apply each of several scenarios to the same inputs; see `apply_scenario`."""
    made, problems = [], dict[Problem, None]()
    for scenario in scenarios:
        applied, found = _apply(scenario, inputs)
        problems |= dict.fromkeys(found)
        if applied is not None:
            made.append(applied)
    if problems:
        raise InputError(problems)
    return tuple(made)


def _apply(scenario: Scenario, inputs: Inputs) -> tuple[Applied | None, list[Problem]]:
    name = inputs.topology.name
    problems: list[Problem] = []
    if scenario.base is not None and scenario.base_mark is not None and scenario.base != name:
        message = f"the scenario is for network {scenario.base!r}, the plan is of {name!r}"
        problems.append(scenario.base_mark.problem(message, path="base", hint=nearest(scenario.base, [name])))
    state = State(inputs)
    for change in scenario.changes:
        _APPLY[change.kind](state, change, change.wire)
    problems += state.problems
    if problems:
        return None, problems
    return Applied(state.inputs(), state.lost(), tuple(state.warnings)), []
