"""Random operations on regions and links."""
# ruff: noqa: E501 (what people type and what they are told stand here as they are)

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial

from cdnplan.inputs.yamls.yaml_scalars import flow_text
from cdnplan.model.network.topology import (
    DemandShare,
    Link,
    Region,
    Topology,
)
from tests.inputs.edits.edit_words import Edit, new_name, pattern, quoted, regions_of, times
from tests.inputs.edits.random_sites import set_site


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
