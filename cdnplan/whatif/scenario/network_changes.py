"""What fails, comes, goes or is replaced in the network."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase

from cdnplan.inputs.topology.topology_reader import hardware_of, site_of
from cdnplan.inputs.wire.wire import HardwareWire
from cdnplan.model.network.topology import Link
from cdnplan.whatif.scenario.scenario import Change
from cdnplan.whatif.scenario.state import NEW, State
from cdnplan.whatif.scenario.wire import (
    AddLinkWire,
    AddSiteWire,
    AddWire,
    ChangeHardwareWire,
    FailWire,
    RemoveWire,
    SetLinksWire,
    UpgradeWire,
)


def fail(state: State, change: Change, wire: FailWire) -> None:
    """Take out what fails: first single appliances, then links, sites and origins."""
    if wire.appliances is not None:
        _fail_appliances(state, change, wire.appliances)
    if wire.links is not None:
        for name in _links(state, change, wire.links, ("links",)):
            _drop_link(state, change, name)
    if wire.sites is not None:
        for name in state.named("site", wire.sites, state.sites, change, ("sites",)):
            _drop_site(state, change, name)
    if wire.origins is not None:
        failing = state.named("origin", wire.origins, state.origins, change, ("origins",))
        if failing and len(failing) == len(state.origins):
            state.problem(change, ("origins",), "no origin would be left", "every file must be had somewhere")
            return
        for name in failing:
            del state.origins[name]
            state.gone("origin", name, change.mark("origins"))
            _drop_links_at(state, change, name)


def add(state: State, change: Change, wire: AddWire) -> None:
    """Add appliances to sites."""
    if not _known_model(state, change, wire.model, ("model",)):
        return
    for name in state.named("site", wire.sites, state.sites, change, ("sites",)):
        state.appliances[name].setdefault(wire.model, []).extend([NEW] * wire.count)


def remove(state: State, change: Change, wire: RemoveWire) -> None:
    """Remove the last appliances of a model."""
    for name in state.named("site", wire.sites, state.sites, change, ("sites",)):
        _take(state, change, name, wire.model, wire.count, ("model",), among=wire.sites)
    _check_sites_left(state, change)


def upgrade(state: State, change: Change, wire: UpgradeWire) -> None:
    """Replace the last appliances of a model by new, empty ones of another."""
    if not _known_model(state, change, wire.to, ("to",)):
        return
    if wire.from_ == wire.to:
        state.problem(change, ("to",), f"{wire.to!r} is replaced by itself")
        return
    for name in state.named("site", wire.sites, state.sites, change, ("sites",)):
        taken = _take(state, change, name, wire.from_, wire.count, ("from",), among=wire.sites)
        if taken:
            state.appliances[name].setdefault(wire.to, []).extend([NEW] * taken)


def add_site(state: State, change: Change, wire: AddSiteWire) -> None:
    """Add a site; regions that it serves list it last."""
    if _name_taken(state, change, wire.name):
        return
    good = [
        _known_model(state, change, group.model, ("appliances", i, "model"))
        for i, group in enumerate(wire.appliances)
    ]
    models = [group.model for group in wire.appliances]
    if len(set(models)) < len(models):
        state.problem(
            change, ("appliances",), "a model is listed twice", "give one entry with the whole count"
        )
    if not all(good):
        return
    state.sites[wire.name] = replace(site_of(wire), appliances=())
    state.appliances[wire.name] = {group.model: [NEW] * group.count for group in wire.appliances}
    for name in state.named("region", wire.serves, state.regions, change, ("serves",)):
        region = state.regions[name]
        if region.sites:
            state.regions[name] = replace(region, sites=(*region.sites, wire.name))
    state.paths_changed = True


def add_link(state: State, change: Change, wire: AddLinkWire) -> None:
    """Add a link between two ends that are there."""
    known = [*state.regions, *state.sites, *state.origins]
    ends = {"from": wire.from_, "to": wire.to}
    for key, name in ends.items():
        if name not in known:
            state.unknown("region, site or origin", name, known, change, (key,))
            return
    if wire.from_ == wire.to:
        state.problem(change, ("to",), f"a link from {wire.to!r} to itself")
    elif any({e.from_, e.to} == {wire.from_, wire.to} for e in state.links.values()):
        hint = "change it with set_links"
        state.problem(change, (), f"there is a link between {wire.from_!r} and {wire.to!r} already", hint)
    elif wire.from_ in state.regions and wire.to in state.regions:
        state.problem(change, (), "a link between two regions", "join each of them to a site")
    else:
        link = Link(wire.from_, wire.to, wire.capacity_gbps, wire.cost_per_gb)
        state.links[f"{wire.from_}>{wire.to}"] = link
        state.paths_changed = True


def set_links(state: State, change: Change, wire: SetLinksWire) -> None:
    """Give links other capacities or costs."""
    for name in _links(state, change, wire.links, ("links",)):
        link = state.links[name]
        if wire.capacity_gbps is not None and state.claim(
            change, ("capacity_gbps",), "capacity_gbps of link", name
        ):
            link = replace(link, capacity_gbps=wire.capacity_gbps)
        if wire.capacity_factor is not None:
            if link.capacity_gbps is None:
                message = f"link {name!r} has no capacity to multiply"
                state.problem(change, ("capacity_factor",), message, "give capacity_gbps")
            else:
                link = replace(link, capacity_gbps=link.capacity_gbps * wire.capacity_factor)
        if wire.cost_per_gb is not None and state.claim(
            change, ("cost_per_gb",), "cost_per_gb of link", name
        ):
            link = replace(link, cost_per_gb=wire.cost_per_gb)
        state.links[name] = link


def add_hardware(state: State, change: Change, wires: dict[str, HardwareWire]) -> None:
    """Define models."""
    for name, wire in wires.items():
        if name in state.hardware:
            message = f"hardware {name!r} is there already"
            state.problem(change, (name,), message, "change it with set_hardware, or choose another name")
        else:
            state.hardware[name] = hardware_of(name, wire)


def set_hardware(state: State, change: Change, wire: ChangeHardwareWire) -> None:
    """Give a model other figures, at every site."""
    if not _known_model(state, change, wire.model, ("model",)):
        return
    figures = {key: getattr(wire, key) for key in sorted(wire.model_fields_set - {"model"})}
    for key, value in figures.items():
        if value is not None and state.claim(change, (key,), f"{key} of hardware", wire.model):
            hardware = state.hardware[wire.model]
            state.hardware[wire.model] = replace(hardware, **{key: value})


def _fail_appliances(state: State, change: Change, patterns: list[str]) -> None:
    """Fail pools, or single appliances by number."""
    for i, pattern in enumerate(patterns):
        pools = state.pools()
        known = [f"{pool}/{n}" for pool, numbers in pools.items() for n in numbers if n != NEW]
        if pattern.count("/") not in (1, 2):
            message = f"expected SITE/MODEL or SITE/MODEL/NUMBER, found {pattern!r}"
            state.problem(change, ("appliances", i), message)
            continue
        if pattern.count("/") == 1:
            matching = [pool for pool in pools if pool == pattern or fnmatchcase(pool, pattern)]
            if not matching:
                state.unknown("appliance", pattern, pools, change, ("appliances", i))
            for pool in matching:
                site, model = pool.split("/")
                state.appliances[site][model] = []
                state.gone("appliance", pool, change.mark("appliances", i))
            continue
        matching = [name for name in known if name == pattern or fnmatchcase(name, pattern)]
        if not matching:
            state.unknown("appliance", pattern, known, change, ("appliances", i))
        for name in matching:
            site, model, number = name.split("/")
            state.appliances[site][model].remove(int(number))
            state.gone("appliance", name, change.mark("appliances", i))
    _check_sites_left(state, change)


def _take(
    state: State,
    change: Change,
    site: str,
    model: str,
    count: int | None,
    keys: tuple[str, ...],
    *,
    among: list[str],
) -> int:
    """Take the last appliances of a model out of a site; how many there were to take.

    A glob may meet sites without the model; a site that is named must have it.
    """
    numbers = state.appliances[site].get(model, [])
    named = site in among
    if not numbers:
        if named:
            models = sorted(m for m, n in state.appliances[site].items() if n)
            message = f"site {site!r} has no appliances of {model!r}"
            hint = f"it has {', '.join(repr(m) for m in models)}" if models else "it has none at all"
            state.problem(change, keys, message, hint)
        return 0
    if count is not None and count > len(numbers):
        message = f"site {site!r} has {len(numbers)} appliances of {model!r}, fewer than {count}"
        state.problem(change, ("count",), message)
        return 0
    taken = len(numbers) if count is None else count
    del numbers[len(numbers) - taken :]
    return taken


def _check_sites_left(state: State, change: Change) -> None:
    if not state.pools():
        state.problem(change, (), "no appliance would be left in the network")


def _drop_site(state: State, change: Change, name: str) -> None:
    del state.sites[name]
    del state.appliances[name]
    state.gone("site", name, change.mark("sites"))
    _drop_links_at(state, change, name)
    _check_sites_left(state, change)


def _drop_links_at(state: State, change: Change, name: str) -> None:
    for link in [key for key, e in state.links.items() if name in (e.from_, e.to)]:
        _drop_link(state, change, link)


def _drop_link(state: State, change: Change, name: str) -> None:
    del state.links[name]
    state.gone("link", name, change.mark())
    state.paths_changed = True


def _links(state: State, change: Change, patterns: list[str], keys: tuple[str | int, ...]) -> list[str]:
    """Links that patterns speak of, in either direction."""
    found: list[str] = []
    for i, pattern in enumerate(patterns):
        ends = pattern.split(">")
        if len(ends) != 2:
            state.problem(change, (*keys, i), f"expected a link as FROM>TO, found {pattern!r}")
            continue
        backwards = f"{ends[1].strip()}>{ends[0].strip()}"
        forwards = f"{ends[0].strip()}>{ends[1].strip()}"
        matching = [n for n in state.links if n in (forwards, backwards)]
        matching = matching or [
            n for n in state.links if fnmatchcase(n, forwards) or fnmatchcase(n, backwards)
        ]
        if not matching:
            state.unknown("link", forwards, state.links, change, (*keys, i))
        found += [name for name in matching if name not in found]
    return found


def _known_model(state: State, change: Change, model: str, keys: tuple[str | int, ...]) -> bool:
    if model in state.hardware:
        return True
    state.unknown("hardware", model, state.hardware, change, keys)
    return False


def _name_taken(state: State, change: Change, name: str) -> bool:
    for kind, known in (("origin", state.origins), ("site", state.sites), ("region", state.regions)):
        if name in known:
            state.problem(change, ("name",), f"the name {name!r} is already that of {_a(kind)}")
            return True
    return False


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
