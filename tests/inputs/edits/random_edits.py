"""Random operations, each as the words an engineer types and as a function of a `Topology`.

The functions know nothing of YAML: what the edited text means is compared with what they return.
"""

from __future__ import annotations

import random
from dataclasses import replace

from cdnplan.inputs.yamls.yaml_scalars import flow_text
from cdnplan.model.network.policy import Ban, CopyRule, Files, LaunchRule, Pin, Places, Rule
from cdnplan.model.network.topology import (
    Origin,
    Topology,
)
from tests.inputs.edits.edit_words import Edit, new_name, quoted, times, with_rules
from tests.inputs.edits.random_hardware import add_hardware, appliances, rename_hardware, set_hardware
from tests.inputs.edits.random_regions import add_region, links, regions, remove_region, rename_region
from tests.inputs.edits.random_sites import add_site, remove_site, rename_site, set_site, unset_site


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
