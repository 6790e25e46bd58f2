"""Other reserves, costs and rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from cdnplan.inputs.wire.wire_policy import RuleWire
from cdnplan.model.network.policy import Ban, CopyRule, Files, LaunchRule, PeakProfile, Pin, Places, Rule
from cdnplan.whatif.scenario.scenario import Change
from cdnplan.whatif.scenario.state import State
from cdnplan.whatif.scenario.wire import ChangePolicyWire

R = TypeVar("R", bound=Rule)
VALUES = ("steering", "max_sites", "churn_ratio", "copy_load_ratio")
GROUPS = ("reserves", "costs", "fill")
RULES = ("pins", "bans", "copies", "launches")


def change_policy(state: State, change: Change, wire: ChangePolicyWire) -> None:
    """Replace values, empty lists of rules, add rules."""
    found: dict[str, Any] = {}
    for key in VALUES:
        if key in wire.model_fields_set and state.claim(change, (key,), "policy", key):
            found[key] = getattr(wire, key)
    for group in GROUPS:
        part = getattr(wire, group)
        if part is not None:
            values = {
                key: getattr(part, key)
                for key in sorted(part.model_fields_set)
                if state.claim(change, (group, key), "policy", f"{group}.{key}")
            }
            found[group] = replace(getattr(state.policy, group), **values)
    if wire.peak_profile is not None:
        found["peak_profile"] = _profile(state, change, wire)
    for key in wire.drop or ():
        found[key] = ()
    for key in RULES:
        rules = getattr(wire, key)
        if rules is not None:
            before = found.get(key, getattr(state.policy, key))
            found[key] = (*before, *_rules(state, change, key, rules))
    state.policy = replace(state.policy, **found)


def _profile(state: State, change: Change, wire: ChangePolicyWire) -> PeakProfile:
    profile, given = state.policy.peak_profile, wire.peak_profile
    if given is None:
        return profile
    if "slices" in given.model_fields_set and state.claim(
        change, ("peak_profile", "slices"), "policy", "peak_profile.slices"
    ):
        profile = replace(profile, slices=given.slices)
    if "hourly" in given.model_fields_set and state.claim(
        change, ("peak_profile", "hourly"), "policy", "peak_profile.hourly"
    ):
        total = sum(given.hourly)
        profile = replace(profile, hourly=tuple(weight / total for weight in given.hourly))
    return profile


def _rules(state: State, change: Change, key: str, wires: Sequence[RuleWire]) -> list[Rule]:
    """Rules as the model has them; places that are not there are problems."""
    made: list[Rule] = []
    for i, wire in enumerate(wires):
        state.named("site", wire.sites, state.sites, change, (key, i, "sites"))
        state.named("hardware", wire.models, state.hardware, change, (key, i, "models"))
        source = str(change.mark(key, i))
        if key == "pins":
            made.append(_rule(Pin, wire, source))
        elif key == "bans":
            made.append(_rule(Ban, wire, source))
        elif key == "copies":
            made.append(_rule(CopyRule, wire, source, copies=getattr(wire, "copies", 1)))
        else:
            made.append(_rule(LaunchRule, wire, source, min_pools=getattr(wire, "min_pools", 1)))
    return made


def _rule(kind: type[R], wire: RuleWire, source: str, **number: int) -> R:
    return kind(
        Files(wire.title, wire.file, wire.top, wire.newer_than_days),
        Places(
            sites=tuple(wire.sites or ()),
            countries=tuple(wire.countries or ()),
            kinds=tuple(wire.kinds or ()),
            models=tuple(wire.models or ()),
        ),
        source,
        **number,
    )
