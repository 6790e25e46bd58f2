"""What changed between two topologies, by meaning: order and form of what is written do not count."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Literal, TypeVar

from cdnplan.inputs.topology.topology_renames import Renames, find_renames
from cdnplan.model.limits.families import EXTRAS
from cdnplan.model.network.policy import Policy, Rule
from cdnplan.model.network.topology import Hardware, Link, Region, Site, Topology

T = TypeVar("T")
Did = Literal["added", "removed", "renamed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Parameters
    ----------
    did : {"added", "removed", "renamed", "changed"}
    what : str
        ``site``, ``appliance``, ``region``, ``origin``, ``hardware``, ``link``, ``policy``, ``rule`` or
        ``topology``.
    name : str
        In B, or in A if it was removed.
    key : str
        What of it changed; empty for the whole.
    before, after : object
        Numbers, texts, lists; None where there is nothing. For things added or removed a short description.
    """

    did: Did
    what: str
    name: str
    key: str = ""
    before: object = None
    after: object = None


@dataclass(frozen=True, slots=True)
class Total:
    """Capacity before and after: of the whole, a country or a site.

    Storage in TB, throughput in Gbit/s, both raw, as the hardware has them.
    """

    group: str
    name: str
    sites_a: int
    sites_b: int
    appliances_a: int
    appliances_b: int
    storage_a_tb: float
    storage_b_tb: float
    throughput_a_gbps: float
    throughput_b_gbps: float

    @property
    def changed(self) -> bool:
        """Whether anything differs."""
        return (self.sites_a, self.appliances_a, self.storage_a_tb, self.throughput_a_gbps) != (
            self.sites_b,
            self.appliances_b,
            self.storage_b_tb,
            self.throughput_b_gbps,
        )


@dataclass(frozen=True, slots=True)
class TopologyDiff:
    """All differences, and totals: the whole first, then countries, then sites (under their names in B)."""

    changes: tuple[Change, ...]
    totals: tuple[Total, ...]


def diff_topologies(a: Topology, b: Topology) -> TopologyDiff:
    """Compare two topologies.

    Parameters
    ----------
    a, b : Topology
        Before and after.

    Returns
    -------
    TopologyDiff
        A renamed thing is one change, and what follows its new name is none. Lists of sites are compared in
        their order, which counts; the order of sites, regions or links does not.

    Examples
    --------
    >>> from cdnplan.inputs.topology.topology_reader import read_topology
    >>> from cdnplan.sample import sample_folder
    >>> topology = read_topology(sample_folder() / "topology.yaml")
    >>> diff_topologies(topology, topology).changes
    ()
    """
    renames = find_renames(a, b)
    changes = [
        *_topology(a, b),
        *_hardware(a, b, renames),
        *_named("origin", a.origins, b.origins, renames.origins, _facts, _place),
        *_sites(a, b, renames),
        *_regions(a, b, renames),
        *_links(a, b, renames),
        *_policy(a.policy, b.policy, renames),
    ]
    return TopologyDiff(tuple(changes), tuple(_totals(a, b, renames)))


def _topology(a: Topology, b: Topology) -> Iterator[Change]:
    if a.name != b.name:
        yield Change("renamed", "topology", b.name, before=a.name, after=b.name)


def _facts(item: object, prefix: str = "", leave: Iterable[str] = ("name",)) -> dict[str, object]:
    """Flatten a dataclass: keys as they are written in YAML, values that can be compared."""
    found: dict[str, object] = {}
    assert is_dataclass(item)
    for field in fields(item):
        if field.name in leave:
            continue
        value = getattr(item, field.name)
        if field.name == "limits":
            part = "sites" if isinstance(item, Site) else "hardware"
            found |= {extra.key: dict(value).get(extra.key) for extra in EXTRAS if extra.part == part}
        elif is_dataclass(value):
            found |= _facts(value, f"{prefix}{field.name}.", ())
        else:
            found[prefix + field.name] = value
    return found


def _named(
    what: str,
    before: Sequence[T],
    after: Sequence[T],
    names: Mapping[str, str],
    facts: Callable[[T], dict[str, object]],
    describe: Callable[[T], object],
    renamed_facts: Callable[[T], dict[str, object]] | None = None,
) -> Iterator[Change]:
    """Compare things that have names; `names` maps those of A to those of B."""
    old = {names.get(item.name, item.name): item for item in before}  # type: ignore[attr-defined]
    new = {item.name: item for item in after}  # type: ignore[attr-defined]
    for name, item in old.items():
        if name not in new:
            yield Change("removed", what, name, before=describe(item))
    for name, item in new.items():
        if name not in old:
            yield Change("added", what, name, after=describe(item))
            continue
        former = old[name]
        if former.name != name:  # type: ignore[attr-defined]
            yield Change("renamed", what, name, before=former.name, after=name)  # type: ignore[attr-defined]
        one, other = (renamed_facts or facts)(former), facts(item)
        for key in other:
            if one[key] != other[key]:
                yield Change("changed", what, name, key, _shown(one[key]), _shown(other[key]))


def _shown(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _place(item: object) -> object:
    return f"at {', '.join(f'{x:g}' for x in getattr(item, 'location'))}"  # noqa: B009


def _hardware(a: Topology, b: Topology, renames: Renames) -> Iterator[Change]:
    def describe(model: Hardware) -> object:
        return f"{model.storage_tb:g} TB, {model.throughput_gbps:g} Gbps, fills at {model.fill_gbps:g} Gbps"

    yield from _named("hardware", a.hardware, b.hardware, renames.hardware, _facts, describe)


def _groups(site: Site) -> str:
    return " + ".join(f"{group.count} x {group.model}" for group in site.appliances)


def _sites(a: Topology, b: Topology, renames: Renames) -> Iterator[Change]:
    leave = ("name", "appliances", "maintenance")

    def facts(site: Site) -> dict[str, object]:
        return _facts(site, leave=leave) | {
            "maintenance": tuple(_maintenance(item) for item in site.maintenance)
        }

    yield from _named("site", a.sites, b.sites, renames.sites, facts, _groups)
    new = {site.name: site for site in b.sites}
    for site in a.sites:
        other = new.get(renames.sites.get(site.name, site.name))
        if other is None:
            continue
        old_counts = {renames.hardware.get(g.model, g.model): g.count for g in site.appliances}
        counts = {group.model: group.count for group in other.appliances}
        for model in [*old_counts, *(m for m in counts if m not in old_counts)]:
            one, two = old_counts.get(model), counts.get(model)
            name = f"{other.name}/{model}"
            if one is None:
                yield Change("added", "appliance", name, "count", None, two)
            elif two is None:
                yield Change("removed", "appliance", name, "count", one, None)
            elif one != two:
                yield Change("changed", "appliance", name, "count", one, two)


def _maintenance(item: object) -> str:
    facts = _facts(item)
    appliances = facts["appliances"]
    of = f" of {', '.join(appliances)}" if isinstance(appliances, tuple) and appliances else ""
    return f"{facts['start']} for {facts['hours']:g} h{of}"


def _regions(a: Topology, b: Topology, renames: Renames) -> Iterator[Change]:
    def before(region: Region) -> dict[str, object]:
        facts = _facts(region)
        return facts | {"sites": tuple(renames.sites.get(name, name) for name in region.sites)}

    def describe(region: Region) -> object:
        return f"{region.country}, {region.demand.share:.6g} of {region.demand.region}"

    yield from _named("region", a.regions, b.regions, renames.regions, _facts, describe, before)


def _links(a: Topology, b: Topology, renames: Renames) -> Iterator[Change]:
    places = renames.places()

    def ends(link: Link, *, old: bool) -> tuple[str, str]:
        names = (link.from_, link.to)
        return tuple(places.get(name, name) for name in names) if old else names  # type: ignore[return-value]

    def facts(link: Link) -> dict[str, object]:
        return {"capacity_gbps": link.capacity_gbps, "cost_per_gb": link.cost_per_gb}

    def describe(link: Link) -> str:
        capacity = "no limit" if link.capacity_gbps is None else f"{link.capacity_gbps:g} Gbps"
        return capacity + ("" if link.cost_per_gb is None else f", {link.cost_per_gb:g} per GB")

    old = {frozenset(ends(link, old=True)): link for link in a.links}
    new = {frozenset(ends(link, old=False)): link for link in b.links}
    for pair, link in old.items():
        if pair not in new:
            yield Change("removed", "link", ">".join(ends(link, old=True)), before=describe(link))
    for pair, link in new.items():
        name = ">".join(ends(link, old=False))
        if pair not in old:
            yield Change("added", "link", name, after=describe(link))
            continue
        one, two = facts(old[pair]), facts(link)
        for key in two:
            if one[key] != two[key]:
                yield Change("changed", "link", name, key, one[key], two[key])


_RULES = {"pins": "pin", "bans": "ban", "copies": "copy", "launches": "launch", "waits": "wait"}


def _policy(a: Policy, b: Policy, renames: Renames) -> Iterator[Change]:
    one, two = _facts(a, leave=_RULES), _facts(b, leave=_RULES)
    for key in two:
        if one[key] != two[key]:
            yield Change("changed", "policy", "policy", key, _shown(one[key]), _shown(two[key]))
    for key, kind in _RULES.items():
        before = [_rule(rule, renames) for rule in getattr(a, key)]
        after = [_rule(rule, None) for rule in getattr(b, key)]
        gone = list(before)
        come: list[str] = []
        for text in after:
            if text in gone:
                gone.remove(text)
            else:
                come.append(text)
        yield from (Change("removed", "rule", f"{kind} {text}") for text in gone)
        yield from (Change("added", "rule", f"{kind} {text}") for text in come)


def _rule(rule: Rule, renames: Renames | None) -> str:
    """Write a rule in one line: the same text for the same rule."""
    facts = _facts(rule, leave=("source",))
    if renames is not None:
        for key, names in (("places.sites", renames.sites), ("places.models", renames.hardware)):
            found = facts[key]
            facts[key] = (
                tuple(names.get(str(name), str(name)) for name in found) if isinstance(found, tuple) else ()
            )
    words: list[str] = []
    for key, value in facts.items():
        if value is not None and value != ():
            text = ", ".join(str(item) for item in value) if isinstance(value, tuple) else str(value)
            words.append(f"{key.rpartition('.')[2]}={text}")
    return " ".join(words)


def _totals(a: Topology, b: Topology, renames: Renames) -> Iterator[Total]:
    models = ({m.name: m for m in a.hardware}, {m.name: m for m in b.hardware})
    sides = (
        [(renames.sites.get(s.name, s.name), s) for s in a.sites],
        [(s.name, s) for s in b.sites],
    )
    sums: dict[tuple[str, str], list[list[float]]] = {("total", b.name): [[0.0] * 4, [0.0] * 4]}
    for side, sites in enumerate(sides):
        for name, site in sites:
            counts = [1.0, 0.0, 0.0, 0.0]
            for group in site.appliances:
                model = models[side][group.model]
                counts[1] += group.count
                counts[2] += group.count * model.storage_tb
                counts[3] += group.count * model.throughput_gbps
            for key in (("total", b.name), ("country", site.country or "(none)"), ("site", name)):
                row = sums.setdefault(key, [[0.0] * 4, [0.0] * 4])[side]
                for i, value in enumerate(counts):
                    row[i] += value
    order = {"total": 0, "country": 1, "site": 2}
    for (what, called), (one, two) in sorted(sums.items(), key=lambda item: (order[item[0][0]], item[0][1])):
        yield Total(
            what,
            called,
            *(int(one[0]), int(two[0]), int(one[1]), int(two[1])),
            *(round(one[2], 6), round(two[2], 6), round(one[3], 6), round(two[3], 6)),
        )
