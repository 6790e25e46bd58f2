"""What random operations are made of: names, patterns, factors, and what they change in a `Topology`.

These functions know nothing of YAML.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from cdnplan.model.network.policy import Policy, Rule
from cdnplan.model.network.topology import (
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


def with_rules(policy: Policy, change: Callable[[Rule], Rule]) -> Policy:
    return replace(
        policy,
        **{
            key: tuple(change(rule) for rule in getattr(policy, key))
            for key in ("pins", "bans", "copies", "launches")
        },
    )
