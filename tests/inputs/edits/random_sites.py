"""Random operations on sites and their appliances."""

from __future__ import annotations

import random
from dataclasses import replace
from fnmatch import fnmatchcase

from cdnplan.inputs.yamls.yaml_scalars import flow_text
from cdnplan.model.network.policy import Rule
from cdnplan.model.network.topology import (
    ApplianceGroup,
    FillWindow,
    Maintenance,
    Site,
    Topology,
)
from tests.inputs.edits.edit_words import Edit, new_name, pattern, quoted, sites_of, with_rules


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
