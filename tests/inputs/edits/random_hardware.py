"""Random operations on hardware models and appliances."""

from __future__ import annotations

import math
import random
import re
from dataclasses import replace

from cdnplan.model.network.policy import Rule
from cdnplan.model.network.topology import (
    ApplianceGroup,
    Hardware,
    Site,
    Topology,
)
from tests.inputs.edits.edit_words import (
    Edit,
    factor_words,
    new_name,
    pattern,
    quoted,
    sites_of,
    times,
    with_rules,
)


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
