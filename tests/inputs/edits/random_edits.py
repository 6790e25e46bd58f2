"""Random operations, each as the words an engineer types and as a function of a `Topology`.

The functions know nothing of YAML: what the edited text means is compared with what they return.
"""
# ruff: noqa: E501 (what people type and what they are told stand here as they are)

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial

from cdnplan.inputs.yaml_scalars import flow_text
from cdnplan.model.policy import Ban, CopyRule, Files, LaunchRule, Pin, Places, Policy, Rule
from cdnplan.model.topology import (
    ApplianceGroup,
    DemandShare,
    FillWindow,
    Hardware,
    Link,
    Maintenance,
    Origin,
    Region,
    Site,
    Topology,
)

Apply = Callable[[Topology], Topology]


@dataclass(frozen=True)
class Edit:
    """One operation twice."""

    text: str
    apply: Apply


AWKWARD = ["no", "007", "a: b", "x # y", "it's", "été", "日本", "-", "1e3", "null", "two words", "&x", "@y"]


def quoted(text: str) -> str:
    """As one word of a shell."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


def new_name(rng: random.Random, topology: Topology) -> str:
    """A name that nothing has, often one that YAML would misread."""
    taken = set(topology.locations()) | {model.name for model in topology.hardware}
    while True:
        name = rng.choice(AWKWARD) if rng.random() < 0.4 else f"new-{rng.randrange(10**6)}"
        if name not in taken:
            return name


def pattern(rng: random.Random, names: list[str]) -> tuple[str, list[str]]:
    """A name, or a glob, and the names that it means."""
    name = rng.choice(names)
    if rng.random() < 0.6 or re.search(r"[*?\[\]]", name):
        return name, [name]
    glob = name[: rng.randint(1, max(1, len(name) // 2))] + "*"
    if rng.random() < 0.3:
        glob = "*" + name[-rng.randint(1, 3) :]
    if "[" in glob or glob in names:
        return name, [name]
    return glob, [other for other in names if fnmatchcase(other, glob)]


def sites_of(topology: Topology, names: list[str], change: Callable[[Site], Site]) -> Topology:
    return replace(topology, sites=tuple(change(s) if s.name in names else s for s in topology.sites))


def regions_of(topology: Topology, names: list[str], change: Callable[[Region], Region]) -> Topology:
    return replace(topology, regions=tuple(change(r) if r.name in names else r for r in topology.regions))


def factor_words(rng: random.Random) -> tuple[str, float]:
    percent = rng.choice([5, 10, 20, 25, 50, 100])
    if rng.random() < 0.3:
        return f"-{percent // 2}%", 1 - (percent // 2) / 100
    if rng.random() < 0.5:
        return f"+{percent}%", 1 + percent / 100
    return f"{1 + percent / 100:g}", 1 + percent / 100


def times(value: float, by: float) -> float:
    return float(f"{value * by:.12g}")


def set_site(rng: random.Random, topology: Topology) -> Edit:
    glob, names = pattern(rng, [site.name for site in topology.sites])
    hours = rng.choice([1, 2.5, 8, 10, 24])
    key = rng.choice(["hours", "start", "both", "timezone", "location", "maintenance"])
    if key == "hours":
        words, change = (
            f"fill_window.hours={hours}",
            lambda s: replace(s, fill_window=replace(s.fill_window, hours=hours)),
        )
    elif key == "start":
        words, change = (
            "fill_window.start=23:30",
            lambda s: replace(s, fill_window=replace(s.fill_window, start="23:30")),
        )
    elif key == "both":
        words = f'fill_window={{start: "01:15", hours: {hours}}}'

        def change(s):
            return replace(s, fill_window=FillWindow("01:15", hours))
    elif key == "timezone":
        words, change = "timezone=Asia/Tokyo", lambda s: replace(s, timezone="Asia/Tokyo")
    elif key == "location":
        place = (round(rng.uniform(-60, 60), 3), round(rng.uniform(-180, 180), 3))
        words, change = f"location=[{place[0]}, {place[1]}]", lambda s: replace(s, location=place)
    else:
        words = f'maintenance=[{{start: "2026-03-09T01:00", hours: {hours}}}]'

        def change(s):
            return replace(s, maintenance=(Maintenance("2026-03-09T01:00", hours),))

    return Edit(f"set site {quoted(glob)} {words}", lambda t: sites_of(t, names, change))


def unset_site(rng: random.Random, topology: Topology) -> Edit:
    """Take keys away that some sites have; those that are left have their defaults."""
    having = [s.name for s in topology.sites if s.fill_window != FillWindow()]
    if not having:
        return set_site(rng, topology)
    name = rng.choice(having)

    def change(s):
        return replace(s, fill_window=FillWindow())

    return Edit(f"remove site {quoted(name)} fill_window", lambda t: sites_of(t, [name], change))


def rename_site(rng: random.Random, topology: Topology) -> Edit:
    old, new = rng.choice(topology.sites).name, new_name(rng, topology)

    def other(name):
        return new if name == old else name

    def apply(t: Topology) -> Topology:
        before = [site.name for site in t.sites]

        def places(rule: Rule) -> Rule:
            globs = rule.places.sites
            meant = {n for n in before if any(fnmatchcase(n, g) for g in globs)}
            changed = [other(g) for g in globs]
            after = [other(n) for n in before]
            lost = sorted(
                {other(n) for n in meant} - {n for n in after if any(fnmatchcase(n, g) for g in changed)}
            )
            if lost:
                changed = [g for g in globs if any(fnmatchcase(n, g) for n in after)] + lost
            return replace(rule, places=replace(rule.places, sites=tuple(changed)))

        return replace(
            t,
            sites=tuple(replace(s, name=other(s.name)) for s in t.sites),
            regions=tuple(replace(r, sites=tuple(other(n) for n in r.sites)) for r in t.regions),
            links=tuple(replace(e, from_=other(e.from_), to=other(e.to)) for e in t.links),
            policy=with_rules(t.policy, places),
        )

    return Edit(f"rename site {quoted(old)} {quoted(new)}", apply)


def with_rules(policy: Policy, change: Callable[[Rule], Rule]) -> Policy:
    return replace(
        policy,
        **{
            key: tuple(change(rule) for rule in getattr(policy, key))
            for key in ("pins", "bans", "copies", "launches")
        },
    )


def rename_region(rng: random.Random, topology: Topology) -> Edit:
    old, new = rng.choice(topology.regions).name, new_name(rng, topology)

    def other(name):
        return new if name == old else name

    def apply(t: Topology) -> Topology:
        return replace(
            t,
            regions=tuple(
                replace(r, name=other(r.name)) for r in t.regions
            ),  # demand stays that of the old row
            links=tuple(replace(e, from_=other(e.from_), to=other(e.to)) for e in t.links),
        )

    return Edit(f"rename region {quoted(old)} {quoted(new)}", apply)


def rename_hardware(rng: random.Random, topology: Topology) -> Edit:
    old, new = rng.choice(topology.hardware).name, new_name(rng, topology)

    def other(name):
        return new if name == old else name

    def site(s: Site) -> Site:
        groups = tuple(replace(g, model=other(g.model)) for g in s.appliances)
        return replace(s, appliances=groups)

    def rule(r: Rule) -> Rule:
        return replace(r, places=replace(r.places, models=tuple(other(m) for m in r.places.models)))

    def apply(t: Topology) -> Topology:
        return replace(
            t,
            hardware=tuple(replace(m, name=other(m.name)) for m in t.hardware),
            sites=tuple(site(s) for s in t.sites),
            policy=with_rules(t.policy, rule),
        )

    return Edit(f"rename hardware {quoted(old)} {quoted(new)}", apply)


def set_hardware(rng: random.Random, topology: Topology) -> Edit:
    glob, names = pattern(rng, [model.name for model in topology.hardware])
    key = rng.choice(["storage_tb", "throughput_gbps", "fill_gbps"])
    if rng.random() < 0.5:
        words, by = factor_words(rng)

        def change(m):
            return replace(m, **{key: times(getattr(m, key), by)})

        text = f"scale hardware {quoted(glob)} {key}={words}"
    else:
        value = rng.choice([0.5, 12, 96.25, 400])

        def change(m):
            return replace(m, **{key: value, "upload_gbps": 2.5})

        text = f"set hardware {quoted(glob)} {key}={value} upload_gbps=2.5"

    def apply(t: Topology) -> Topology:
        return replace(t, hardware=tuple(change(m) if m.name in names else m for m in t.hardware))

    return Edit(text, apply)


def add_hardware(rng: random.Random, topology: Topology) -> Edit:
    name = new_name(rng, topology)
    text = f"add hardware {quoted(name)} storage_tb=500 throughput_gbps=90 fill_gbps=1.5"
    return Edit(text, lambda t: replace(t, hardware=(*t.hardware, Hardware(name, 500, 90, 1.5))))


def appliances(rng: random.Random, topology: Topology) -> Edit:
    """Counts of pools: set, scaled, added, removed."""
    site = rng.choice(topology.sites)
    model = rng.choice(site.appliances).model
    kind = rng.choice(["set", "scale", "add", "remove"])
    missing = [m.name for m in topology.hardware if m.name not in {g.model for g in site.appliances}]
    if kind == "add" and missing:
        new, count = rng.choice(missing), rng.randint(1, 9)

        def change(s):
            return replace(s, appliances=(*s.appliances, ApplianceGroup(new, count)))

        text = f"add appliance {quoted(f'{site.name}/{new}')} count={count}"
        return Edit(text, lambda t: sites_of(t, [site.name], change))
    if kind == "remove" and len(site.appliances) > 1:

        def change(s):
            return replace(s, appliances=tuple(g for g in s.appliances if g.model != model))

        text = f"remove appliance {quoted(f'{site.name}/{model}')}"
        return Edit(text, lambda t: sites_of(t, [site.name], change))
    if kind == "set":
        count = rng.randint(1, 20)

        def counted(g):
            return replace(g, count=count)

        words = f"set appliance {quoted(f'*/{model}')} count={count}"
    else:
        factor, by = factor_words(rng)

        def counted(g):
            return replace(g, count=max(1, math.floor(g.count * by + 0.5)))

        words = f"scale appliance {quoted(f'*/{model}')} count={factor}"
    if re.search(r"[*?\[\]]", model):
        return set_hardware(rng, topology)

    def groups(s: Site) -> Site:
        return replace(s, appliances=tuple(counted(g) if g.model == model else g for g in s.appliances))

    return Edit(words, lambda t: replace(t, sites=tuple(groups(s) for s in t.sites)))


def add_site(rng: random.Random, topology: Topology) -> Edit:
    name, like = new_name(rng, topology), rng.choice(topology.sites)
    if rng.random() < 0.5:
        text = f"add site {quoted(name)} like {quoted(like.name)} country=NL location=[52.3, 4.9]"
        site = replace(like, name=name, country="NL", location=(52.3, 4.9))
        return Edit(text, lambda t: replace(t, sites=(*t.sites, site)))
    model = rng.choice(topology.hardware).name
    groups = flow_text([{"model": model, "count": 3}])
    text = f"add site {quoted(name)} kind=ixp location=[1, 2.5] appliances={groups} country=NO"
    site = Site(name, "ixp", (1, 2.5), (ApplianceGroup(model, 3),), country="NO")
    return Edit(text, lambda t: replace(t, sites=(*t.sites, site)))


def remove_site(rng: random.Random, topology: Topology) -> Edit:
    """Only a site without which everything still holds."""
    last = {r.sites[0] for r in topology.regions if len(r.sites) == 1}
    rules = topology.policy.pins + topology.policy.bans + topology.policy.copies + topology.policy.launches
    named = {glob for rule in rules for glob in rule.places.sites}
    free = [
        s.name
        for s in topology.sites
        if s.name not in last and not any(fnmatchcase(s.name, g) for g in named)
    ]
    if len(free) < 3:
        return set_site(rng, topology)
    gone = rng.choice(free)

    def apply(t: Topology) -> Topology:
        return replace(
            t,
            sites=tuple(s for s in t.sites if s.name != gone),
            regions=tuple(replace(r, sites=tuple(n for n in r.sites if n != gone)) for r in t.regions),
            links=tuple(e for e in t.links if gone not in (e.from_, e.to)),
        )

    return Edit(f"remove site {quoted(gone)} cascade", apply)


def regions(rng: random.Random, topology: Topology) -> Edit:
    glob, names = pattern(rng, [region.name for region in topology.regions])
    kind = rng.choice(["share", "scale", "grow", "shrink", "order", "country"])
    if kind == "share":
        share = round(rng.uniform(0.001, 0.01), 6)

        def change(r):
            return replace(r, demand=replace(r.demand, share=share))

        return Edit(f"set region {quoted(glob)} demand.share={share}", lambda t: regions_of(t, names, change))
    if kind == "scale":

        def change(r):
            return replace(r, demand=replace(r.demand, share=times(r.demand.share, 0.9)))

        return Edit(f"scale region {quoted(glob)} demand.share=-10%", lambda t: regions_of(t, names, change))
    if kind == "country":
        wanted = rng.choice(topology.regions).country

        def change(r):
            return replace(r, timezone="UTC") if r.country == wanted else r

        if not any(r.country == wanted for r in topology.regions if r.name in names):
            return rename_region(rng, topology)
        text = f"set region {quoted(glob)} timezone=UTC where country={wanted}"
        return Edit(text, lambda t: regions_of(t, names, change))
    listing = [region for region in topology.regions if len(region.sites) > 1]
    if not listing:
        return rename_region(rng, topology)
    region = rng.choice(listing)
    if kind == "grow":
        new = rng.choice(topology.sites).name

        def change(r):
            return replace(r, sites=r.sites if new in r.sites else (*r.sites, new))

        word = flow_text([new])
        return Edit(
            f"set region {quoted(region.name)} sites+={word}", lambda t: regions_of(t, [region.name], change)
        )
    if kind == "shrink":
        gone = rng.choice(region.sites)
        if "[" in gone or "*" in gone:
            return rename_region(rng, topology)

        def change(r):
            return replace(r, sites=tuple(n for n in r.sites if n != gone))

        return Edit(
            f"set region {quoted(region.name)} sites-={flow_text([gone])}",
            lambda t: regions_of(t, [region.name], change),
        )
    order = list(region.sites)
    rng.shuffle(order)

    def change(r):
        return replace(r, sites=tuple(order))

    return Edit(
        f"set region {quoted(region.name)} sites={flow_text(order)}",
        lambda t: regions_of(t, [region.name], change),
    )


def add_region(rng: random.Random, topology: Topology) -> Edit:
    name = new_name(rng, topology)
    region = Region(name, "NO", (59.9, 10.7), (topology.sites[0].name,), DemandShare(name))
    text = f"add region {quoted(name)} country=NO location=[59.9, 10.7] sites={flow_text([topology.sites[0].name])}"
    return Edit(text, lambda t: replace(t, regions=(*t.regions, region)))


def remove_region(rng: random.Random, topology: Topology) -> Edit:
    if len(topology.regions) < 4:
        return add_region(rng, topology)
    gone = rng.choice(topology.regions).name

    def apply(t: Topology) -> Topology:
        return replace(
            t,
            regions=tuple(r for r in t.regions if r.name != gone),
            links=tuple(e for e in t.links if gone not in (e.from_, e.to)),
        )

    return Edit(f"remove region {quoted(gone)} cascade", apply)


def _with_link(topology: Topology, link: Link) -> Topology:
    return replace(topology, links=(*topology.links, link))


def links(rng: random.Random, topology: Topology) -> Edit:
    if not topology.links or rng.random() < 0.4:
        joined = {frozenset((e.from_, e.to)) for e in topology.links}
        for _ in range(20):
            one, two = rng.choice(topology.sites).name, rng.choice(topology.sites).name
            if one != two and frozenset((one, two)) not in joined:
                new = Link(one, two, 40, 0.001)
                text = f"add link {quoted(one)} {quoted(two)} capacity_gbps=40 cost_per_gb=0.001"
                return Edit(text, partial(_with_link, link=new))
        return set_site(rng, topology)
    link = rng.choice(topology.links)
    ends = [link.from_, link.to]
    rng.shuffle(ends)
    name = f"{quoted(ends[0])} {quoted(ends[1])}"
    sites = {site.name for site in topology.sites}
    if rng.random() < 0.3 and sites >= set(ends):

        def kept(t):
            return replace(t, links=tuple(e for e in t.links if {e.from_, e.to} != set(ends)))

        return Edit(f"remove link {name}", kept)
    value = rng.choice([10, 100, 250.5])

    def apply(t: Topology) -> Topology:
        changed = (replace(e, capacity_gbps=value) if {e.from_, e.to} == set(ends) else e for e in t.links)
        return replace(t, links=tuple(changed))

    return Edit(f"set link {name} capacity_gbps={value}", apply)


def policy(rng: random.Random, topology: Topology) -> Edit:
    kind = rng.choice(["reserve", "cost", "slices", "steering", "unset", "scale"])
    now = topology.policy
    if kind == "reserve":
        return _policy(
            "set policy reserves.storage_ratio=0.125 churn_ratio=0.3",
            churn_ratio=0.3,
            reserves=replace(now.reserves, storage_ratio=0.125),
        )
    if kind == "cost":
        return _policy("set policy costs.fill_per_gb=1e-4", costs=replace(now.costs, fill_per_gb=1e-4))
    if kind == "slices":
        return _policy("set policy peak_profile.slices=6", peak_profile=replace(now.peak_profile, slices=6))
    if kind == "steering":
        return _policy("set policy steering=order max_sites=9", steering="order", max_sites=9)
    if kind == "scale":
        cost = times(now.costs.origin_per_gb, 1.1)
        return _policy("scale policy costs.origin_per_gb=1.1", costs=replace(now.costs, origin_per_gb=cost))
    if now.churn_ratio is None:
        return _policy("set policy churn_ratio=0.2", churn_ratio=0.2)
    return _policy("remove policy churn_ratio", churn_ratio=None)


def _policy(text: str, **changes: object) -> Edit:
    return Edit(text, lambda t: replace(t, policy=replace(t.policy, **changes)))  # type: ignore[arg-type]


def rules(rng: random.Random, topology: Topology) -> Edit:
    now = topology.policy
    lists = {"pin": "pins", "ban": "bans", "copy": "copies", "launch": "launches"}
    kind = rng.choice(list(lists))
    held = getattr(now, lists[kind])
    if held and rng.random() < 0.4:
        i = rng.randrange(len(held))
        return _policy(f"remove {kind} '#{i + 1}'", **{lists[kind]: held[:i] + held[i + 1 :]})
    title = rng.choice(["Winter Court*", "No: 1", "1984"])
    text, made = f"add {kind} title={quoted(title)}", Files(title=title)
    if kind == "pin":
        rule: Rule = Pin(made, Places(kinds=("ixp",)))
        text += " kinds=[ixp]"
    elif kind == "ban":
        rule = Ban(made, Places(models=(topology.hardware[0].name,)))
        text += f" models={flow_text([topology.hardware[0].name])}"
    elif kind == "copy":
        rule, text = CopyRule(Files(top=7), copies=3), "add copy top=7 copies=3"
    else:
        rule, text = (
            LaunchRule(Files(newer_than_days=14), min_pools=2),
            "add launch newer_than_days=14 min_pools=2",
        )
    return _policy(text, **{lists[kind]: (*held, rule)})


def origins(rng: random.Random, topology: Topology) -> Edit:
    if rng.random() < 0.5:
        old, new = rng.choice(topology.origins).name, new_name(rng, topology)

        def other(name):
            return new if name == old else name

        def apply(t: Topology) -> Topology:
            return replace(
                t,
                origins=tuple(replace(o, name=other(o.name)) for o in t.origins),
                links=tuple(replace(e, from_=other(e.from_), to=other(e.to)) for e in t.links),
            )

        return Edit(f"rename origin {quoted(old)} {quoted(new)}", apply)
    name = new_name(rng, topology)
    added = Origin(name, (40, -70), 250)
    text = f"add origin {quoted(name)} location=[40, -70] capacity_gbps=250"
    return Edit(text, lambda t: replace(t, origins=(*t.origins, added)))


MAKERS = (
    *(set_site, unset_site, rename_site, rename_region, rename_hardware, set_hardware, add_hardware),
    *(appliances, appliances, add_site, remove_site, regions, regions, add_region, remove_region),
    *(links, links, policy, policy, rules, rules, origins),
)


def random_edits(rng: random.Random, topology: Topology, most: int = 5) -> tuple[list[str], Topology]:
    """A sequence of operations, and the topology that they lead to."""
    texts: list[str] = []
    for _ in range(rng.randint(1, most)):
        edit = rng.choice(MAKERS)(rng, topology)
        texts.append(edit.text)
        topology = edit.apply(topology)
    return texts, topology


def unmarked(topology: Topology) -> Topology:
    """Without the places that rules came from."""
    return replace(topology, policy=with_rules(topology.policy, lambda rule: replace(rule, source="")))
