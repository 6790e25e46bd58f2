"""Which things of a topology an operation speaks of: by name, by glob, by what they say."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from cdnplan.inputs.edits.changes import Path, Tree, link_identity, value_at
from cdnplan.inputs.edits.language import KINDS, RULE_KINDS, Assignment, Operation, key_text
from cdnplan.inputs.yamls.yaml_scalars import flow_text
from cdnplan.inputs.yamls.yaml_text import core_value

_GLOB = re.compile(r"[*?\[]")
_SELECTORS = ("title", "file", "top", "newer_than_days")
NEAREST = 3
"""Names suggested for one that is unknown."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing: its name, and its place in the merged topology."""

    name: str
    path: Path


def listed(tree: Tree, kind: str) -> Iterator[Target]:
    """Everything of one kind, in the order of the topology."""
    if kind in ("policy", "topology"):
        yield Target(kind, ("policy",) if kind == "policy" else ())
    elif kind == "hardware":
        models = tree.get("hardware")
        yield from (Target(name, ("hardware", name)) for name in (models if isinstance(models, dict) else ()))
    elif kind == "appliance":
        for site in listed(tree, "site"):
            groups = value_at(tree, (*site.path, "appliances"))
            for i, group in enumerate(groups if isinstance(groups, list) else ()):
                model = group.get("model") if isinstance(group, dict) else None
                yield Target(f"{site.name}/{model}", (*site.path, "appliances", i))
    else:
        at: Path = ("policy", KINDS[kind]) if kind in RULE_KINDS else (KINDS[kind],)
        items = value_at(tree, at)
        for i, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, dict):
                yield Target(_item_name(kind, item), (*at, i))


def _item_name(kind: str, item: Mapping[str, object]) -> str:
    if kind == "link":
        return f"{item.get('from')}>{item.get('to')}"
    if kind in RULE_KINDS:
        return rule_name(item)
    return str(item.get("name"))


def rule_name(rule: Mapping[str, object]) -> str:
    """Name a rule by the files it speaks of: a title or file as it is written, else ``top:10``.

    Examples
    --------
    >>> rule_name({"title": "The Long Harbour*"}), rule_name({"newer_than_days": 14})
    ('The Long Harbour*', 'newer_than_days:14')
    """
    for key in _SELECTORS:
        if rule.get(key) is not None:
            return str(rule[key]) if key in ("title", "file") else f"{key}:{rule[key]}"
    return "(no files)"


def select(tree: Tree, operation: Operation) -> list[Target]:
    """Find what an operation speaks of.

    Returns
    -------
    list of Target
        At least one. Several things may have one name: rules, and what a broken file repeats.

    Raises
    ------
    InputError
        Nothing has the name or matches the glob and the conditions; names the nearest.
    """
    targets = list(listed(tree, operation.kind))
    if operation.kind in ("policy", "topology"):
        return targets
    found = matching(targets, operation.kind, operation.name)
    if not found:
        is_glob = _GLOB.search(operation.name)
        what = (
            f"no {operation.kind} matches {operation.name!r}"
            if is_glob
            else f"unknown {operation.kind} {operation.name!r}"
        )
        raise operation.refusal(what, near(operation.name, [t.name for t in targets]))
    kept = [target for target in found if all(holds(tree, target.path, each) for each in operation.where)]
    if not kept:
        which = ", ".join(
            f"{each.key}={each.raw if each.raw is not None else each.value}" for each in operation.where
        )
        message = f"of {len(found)} {KINDS[operation.kind]} that match {operation.name!r} none has {which}"
        raise operation.refusal(message, _where_hint(tree, found, operation))
    return kept


def matching(targets: Iterable[Target], kind: str, pattern: str) -> list[Target]:
    """Targets of exactly this name; if there are none, those that a glob matches."""
    targets = list(targets)
    matches: Callable[[str, str], bool] = _link_matches if kind == "link" else fnmatchcase
    if kind in RULE_KINDS and pattern.startswith("#"):
        number = pattern[1:]
        return [t for i, t in enumerate(targets, 1) if str(i) == number]
    exact = [target for target in targets if _same_name(kind, target.name, pattern)]
    if exact or not _GLOB.search(pattern):
        return exact
    return [target for target in targets if matches(target.name, pattern)]


def _same_name(kind: str, name: str, other: str) -> bool:
    if kind != "link" or name.count(">") != 1 or other.count(">") != 1:
        return name == other
    return link_identity(*name.split(">")) == link_identity(*(end.strip() for end in other.split(">")))


def _link_matches(name: str, pattern: str) -> bool:
    """Links work in both directions, and so do their names."""
    pattern = ">".join(end.strip() for end in pattern.split(">"))
    one, _, other = name.partition(">")
    return fnmatchcase(name, pattern) or fnmatchcase(f"{other}>{one}", pattern)


def near(name: str, known: Iterable[str]) -> str:
    """Suggest the names nearest to one, or to the letters of a glob.

    Examples
    --------
    >>> near("asm-*", ["ams-ix", "ams-2", "lon-1"])
    "nearest: 'ams-2', 'ams-ix'"
    """
    names = sorted(set(known))
    letters = re.sub(r"\[[^\]]*\]|[*?]", "", name)
    heads = {other: other[: len(letters)] if _GLOB.search(name) else other for other in names}
    scores = sorted(
        (
            (difflib.SequenceMatcher(None, letters.casefold(), head.casefold()).ratio(), other)
            for other, head in heads.items()
        ),
        key=lambda pair: (-pair[0], pair[1]),
    )
    close = [other for ratio, other in scores if ratio >= 0.6][:NEAREST]
    if close:
        return "nearest: " + ", ".join(repr(other) for other in close)
    if 0 < len(names) <= 8:
        return "known: " + ", ".join(repr(other) for other in names)
    return f"there are {len(names):,}, as {names[0]!r}" if names else "there are none"


def holds(tree: Tree, path: Path, condition: Assignment) -> bool:
    """Whether something says what a condition asks for: a text or a glob, a number, an item of a list."""
    found = value_at(tree, steps_path(tree, path, condition.steps))
    wanted = condition.value if condition.raw is None else condition.raw
    return any(_says(item, wanted) for item in (found if isinstance(found, list) else [found]))


def _says(found: object, wanted: object) -> bool:
    if isinstance(found, str) and isinstance(wanted, str):
        return found == wanted or fnmatchcase(found, wanted)
    if isinstance(wanted, str) and isinstance(found, int | float):
        wanted = core_value(wanted) if wanted else None
    return found is not None and found == wanted


def _where_hint(tree: Tree, found: list[Target], operation: Operation) -> str:
    """Say what there is under the key of a condition."""
    for each in operation.where:
        values = {
            flow_text(value).strip('"')
            for target in found
            if (value := value_at(tree, steps_path(tree, target.path, each.steps))) is not None
        }
        if not values:
            return f"none of them has {each.key}"
        if 0 < len(values) <= 8:
            return f"{each.key} is one of: {', '.join(sorted(values))}"
    return ""


def steps_path(tree: Tree, path: Path, steps: tuple[str, ...]) -> Path:
    """Turn steps of a key into a place: names and numbers in brackets into numbers of items.

    An item that is not there gets the number -1, which leads nowhere.
    """
    for step in steps:
        if not step.startswith("["):
            path = (*path, step)
            continue
        text = step[1:-1]
        items = value_at(tree, path)
        names = [_bracket_name(item) for item in items] if isinstance(items, list) else []
        if text in names:
            path = (*path, names.index(text))
        else:
            path = (*path, int(text) if text.isdigit() and int(text) < len(names) else -1)
    return path


def _bracket_name(item: object) -> str:
    """Name of an item within brackets: its model or name, or what it is."""
    if isinstance(item, dict):
        return str(item.get("model", item.get("name", "")))
    return str(item)


def item_names(tree: Tree, path: Path) -> list[str]:
    """Names that brackets behind a place understand."""
    items = value_at(tree, path)
    return [_bracket_name(item) for item in items] if isinstance(items, list) else []


def shown_place(tree: Tree, path: Path) -> str:
    """Write a place as people do, with names for numbers.

    Examples
    --------
    >>> shown_place({"sites": [{"name": "ams-ix"}]}, ("sites", 0, "fill_window", "hours"))
    'sites[ams-ix].fill_window.hours'
    """
    steps: list[str] = []
    for i, step in enumerate(path):
        if isinstance(step, str):
            steps.append(step)
            continue
        item = value_at(tree, path[: i + 1])
        if isinstance(item, dict) and "from" in item:
            name = f"{item['from']}>{item.get('to')}"
        else:
            name = _bracket_name(item) if isinstance(item, dict) else ""
        steps.append(f"[{name or step}]")
    return key_text(steps)
