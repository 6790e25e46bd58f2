"""Checks across the parts of a topology: names, references, shares, rules. All problems, none raised."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from cdnplan.errors import Problem, nearest
from cdnplan.inputs.topology.link_graph import LinkGraph
from cdnplan.inputs.topology.topology_document import Document, Named, Part
from cdnplan.inputs.wire.wire import LinkWire, RegionWire, SiteWire
from cdnplan.inputs.wire.wire_policy import RuleWire

SHARE_TOLERANCE = 1e-6
"""Shares of a demand region may exceed 1 by this much, for rounding."""
MAX_HINTS = 20
"""Looking for near names among thousands takes time; later problems of the same kind go without."""


class _Known:
    """Valid names for one kind of reference, and a suggestion for a name that is not among them."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._hints = 0

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def hint(self, name: str) -> str:
        self._hints += 1
        return nearest(name, self._names) if self._hints <= MAX_HINTS else ""


def cross_problems(document: Document) -> list[Problem]:
    """Check everything that concerns more than one item.

    Parameters
    ----------
    document : Document
        The valid parts; names of parts that are not valid still count as known.

    Returns
    -------
    list of Problem
        Paths of links are checked only when there is nothing else to complain about.
    """
    problems = [
        *_duplicate_names(document.names),
        *_appliances(document),
        *_maintained(document),
        *_region_sites(document),
        *_shares(document.regions),
        *_link_ends(document),
        *_rule_places(document),
        *_ban_countries(document),
    ]
    if not problems and document.wire is not None:
        problems += _paths(document)
    return problems


def _duplicate_names(names: Iterable[Named]) -> Iterator[Problem]:
    """Origins, sites and regions share one namespace: links and messages speak of all of them."""
    first: dict[str, Named] = {}
    for named in names:
        before = first.setdefault(named.name, named)
        if before is not named:
            yield named.mark.problem(
                f"the name {named.name!r} is already that of the {before.kind} at {before.mark}"
            )


def _appliances(document: Document) -> Iterator[Problem]:
    """Each model exists, and stands once at a site: its appliances there are one pool."""
    known = _Known(document.models)
    for site in document.sites:
        counts: Counter[str] = Counter()
        for i, group in enumerate(site.wire.appliances):
            counts[group.model] += 1
            path = f"{site.path}.appliances[{i}].model"
            mark = site.mark("appliances", i, "model")
            if group.model not in known and "hardware" not in document.broken:
                hint = known.hint(group.model)
                yield mark.problem(f"unknown hardware {group.model!r}", path=path, hint=hint)
            elif counts[group.model] == 2:
                yield mark.problem(
                    f"{group.model!r} is listed twice at site {site.wire.name!r}",
                    path=path,
                    hint="give one entry with the whole count",
                )


def _maintained(document: Document) -> Iterator[Problem]:
    """Maintenance speaks of models, or of single appliances, that the site has."""
    for site in document.sites:
        counts: Counter[str] = Counter()
        for group in site.wire.appliances:
            counts[group.model] += group.count
        for i, item in enumerate(site.wire.maintenance or ()):
            for n, name in enumerate(item.appliances or ()):
                model, _, number = name.partition("/")
                plain = number.isascii() and number.isdigit() and not number.startswith("0")
                if counts[model] and ("/" not in name or (plain and int(number) <= counts[model])):
                    continue
                listed = ", ".join(f"{model} (1 to {count})" for model, count in counts.items() if count)
                yield site.mark("maintenance", i, "appliances", n).problem(
                    f"no appliance {name!r} at site {site.wire.name!r}",
                    path=f"{site.path}.maintenance[{i}].appliances[{n}]",
                    hint=f"its appliances: {listed}; name a model or MODEL/NUMBER",
                )


def _region_sites(document: Document) -> Iterator[Problem]:
    sites = _Known(named.name for named in document.names if named.kind == "site")
    for region in document.regions:
        seen: set[str] = set()
        for i, name in enumerate(region.wire.sites or ()):
            path, mark = f"{region.path}.sites[{i}]", region.mark("sites", i)
            if name not in sites and "sites" not in document.broken:
                yield mark.problem(f"unknown site {name!r}", path=path, hint=sites.hint(name))
            elif name in seen:
                yield mark.problem(f"site {name!r} is listed twice", path=path)
            seen.add(name)


def _shares(regions: Iterable[Part[RegionWire]]) -> Iterator[Problem]:
    """Regions that draw on one demand region may not draw more than all of it."""
    drawn: dict[str, list[tuple[Part[RegionWire], float]]] = defaultdict(list)
    for region in regions:
        demand = region.wire.demand
        source = demand.region if demand is not None and demand.region is not None else region.wire.name
        drawn[source].append((region, demand.share if demand is not None else 1.0))
    for source, parts in drawn.items():
        total = math.fsum(share for _, share in parts)
        if total > 1.0 + SHARE_TOLERANCE:
            shown = ", ".join(f"{part.wire.name} {share:.6g}" for part, share in parts[:5])
            more = f", and {len(parts) - 5} more" if len(parts) > 5 else ""
            last = parts[-1][0]
            yield last.mark("demand", "share").problem(
                f"shares of the demand of {source!r} sum to {total:.7g}, expected at most 1 ({shown}{more})",
                path=f"{last.path}.demand",
            )


def _link_ends(document: Document) -> Iterator[Problem]:
    """Ends exist and differ, no two links join the same ends, no link joins two regions."""
    known = _Known(named.name for named in document.names)
    kinds = {named.name: named.kind for named in reversed(document.names)}
    partial = bool({"origins", "sites", "regions"} & document.broken)
    seen: dict[frozenset[str], Part[LinkWire]] = {}
    for link in document.links:
        ends = {"from": link.wire.from_, "to": link.wire.to}
        unknown = [key for key, name in ends.items() if name not in known]
        if unknown and not partial:
            for key in unknown:
                yield link.mark(key).problem(
                    f"unknown region, site or origin {ends[key]!r}",
                    path=f"{link.path}.{key}",
                    hint=known.hint(ends[key]),
                )
            continue
        pair = frozenset(ends.values())
        if len(pair) == 1:
            yield link.mark().problem(f"a link from {link.wire.to!r} to itself", path=link.path)
        elif pair in seen:
            message = f"a second link between {link.wire.from_!r} and {link.wire.to!r}"
            hint = f"the first is at {seen[pair].mark()}; links work in both directions"
            yield link.mark().problem(message, path=link.path, hint=hint)
        elif all(kinds.get(name) == "region" for name in pair):
            message = f"a link between two regions, {link.wire.from_!r} and {link.wire.to!r}"
            yield link.mark().problem(message, path=link.path, hint="join each of them to a site")
        seen.setdefault(pair, link)


def _rule_places(document: Document) -> Iterator[Problem]:
    """Every glob matches a site and every model exists, so that no rule is silently void."""
    names = [named.name for named in document.names if named.kind == "site"]
    sites, models = _Known(names), _Known(document.models)
    for rules in document.rules.values():
        for rule in rules:
            for i, glob in enumerate(rule.wire.sites or ()):
                if "sites" not in document.broken and not any(fnmatchcase(name, glob) for name in names):
                    hint = "" if "*" in glob or "?" in glob else sites.hint(glob)
                    yield rule.mark("sites", i).problem(
                        f"no site matches {glob!r}", path=f"{rule.path}.sites[{i}]", hint=hint
                    )
            for i, model in enumerate(rule.wire.models or ()):
                if "hardware" not in document.broken and model not in models:
                    yield rule.mark("models", i).problem(
                        f"unknown hardware {model!r}",
                        path=f"{rule.path}.models[{i}]",
                        hint=models.hint(model),
                    )


def _ban_countries(document: Document) -> Iterator[Problem]:
    """A ban by country is a licence: a site of which no one knows the country must not slip through."""
    bans = [ban for ban in document.rules.get("bans", ()) if ban.wire.countries]
    for site in document.sites:
        if site.wire.country is not None:
            continue
        ban = next((ban for ban in bans if _in_places(site.wire, ban.wire)), None)
        if ban is not None:
            yield site.mark().problem(
                f"site {site.wire.name!r} needs a country because the policy bans by country",
                path=site.path,
                hint=f"the ban is at {ban.mark()}",
            )


def _in_places(site: SiteWire, rule: RuleWire) -> bool:
    """Whether a rule speaks of a site, countries aside."""
    return (
        (not rule.sites or any(fnmatchcase(site.name, glob) for glob in rule.sites))
        and (not rule.kinds or site.kind in rule.kinds)
        and (not rule.models or any(group.model in rule.models for group in site.appliances))
    )


def _paths(document: Document) -> Iterator[Problem]:
    """A region that has links reaches each site it lists over them."""
    if not document.links:
        return
    graph = LinkGraph(
        (region.wire.name for region in document.regions),
        ((link.wire.from_, link.wire.to) for link in document.links),
    )
    for region in document.regions:
        if not graph.linked(region.wire.name):
            continue
        for i, name in enumerate(region.wire.sites or ()):
            if not graph.reaches(region.wire.name, name):
                yield region.mark("sites", i).problem(
                    f"no path of links joins region {region.wire.name!r} and site {name!r}",
                    path=f"{region.path}.sites[{i}]",
                )
