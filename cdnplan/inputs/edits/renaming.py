"""Renames: new names that mean the same network, wherever the old ones are mentioned."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from cdnplan.inputs.edits.changes import RULES, Change, Path, Put, Rename, Tree, places, value_at
from cdnplan.inputs.edits.language import Operation
from cdnplan.inputs.edits.targets import Target, listed, shown_place


def plan_rename(
    tree: Tree, operation: Operation, targets: Sequence[Target]
) -> tuple[list[Change], list[str]]:
    """Find all changes of a rename.

    A site's name is followed by regions, links and rules; a glob of a rule that would lose or win a site is
    completed, or refused. A region goes on drawing on the row of the demand table that it drew on. The name
    of a model is followed by appliances, maintenance and rules.

    Parameters
    ----------
    tree : Tree
    operation : Operation
        Its new name may have one ``*``, for what the ``*`` of the old one matches.
    targets : sequence of Target

    Raises
    ------
    InputError
        The new names are taken, or no names, or do not fit the old ones.
    """
    names = {target.name: _new_name(operation, target.name) for target in targets}
    if operation.kind == "appliance":
        return _change_model(tree, operation, targets)
    _check(tree, operation, names)
    changes: list[Change] = []
    told = [f"{old} -> {new}" for old, new in names.items()]
    if operation.kind == "region":
        for target in targets:
            if value_at(tree, (*target.path, "demand", "region")) is None:
                changes.append(Put((*target.path, "demand", "region"), target.name))
                told.append(f"{names[target.name]}: demand.region {target.name}, as before")
    if operation.kind == "site":
        more, lines = _globs(tree, operation, names)
        changes += more
        told += lines
    return [*changes, Rename(operation.kind, names)], told


def _new_name(operation: Operation, old: str) -> str:
    """New name for one of perhaps many: ``*`` stands for what it matched before."""
    if "*" not in operation.new:
        return operation.new
    if operation.name.count("*") != 1 or operation.new.count("*") != 1 or "?" in operation.name:
        raise operation.refusal("expected one '*' in the old and in the new name")
    head, _, tail = operation.name.partition("*")
    found = re.match(f"{re.escape(head)}(.*){re.escape(tail)}\\Z", old, re.DOTALL)
    assert found is not None, "the name was selected by this glob"
    return operation.new.replace("*", found[1])


def _check(tree: Tree, operation: Operation, names: dict[str, str]) -> None:
    kinds = ("hardware",) if operation.kind == "hardware" else ("site", "region", "origin")
    taken = {target.name: kind for kind in kinds for target in listed(tree, kind) if target.name not in names}
    if len(set(names.values())) < len(names):
        hint = "write the new name with a '*', as 'nl-*'"
        raise operation.refusal(f"{len(names)} {operation.kind}s would share one name", hint)
    for new in names.values():
        if new in taken:
            raise operation.refusal(f"the name {new!r} is already that of a {taken[new]}")
        if not new or new != new.strip() or "/" in new or ">" in new:
            raise operation.refusal(f"{new!r} is no name", "names have neither '/' nor '>' in them")
    if all(old == new for old, new in names.items()):
        raise operation.refusal("that is its name already")


def _change_model(
    tree: Tree, operation: Operation, targets: Sequence[Target]
) -> tuple[list[Change], list[str]]:
    """Give pools another model; maintenance of their appliances follows."""
    new = operation.new.rpartition("/")[2]
    changes: list[Change] = []
    for target in targets:
        site, old = target.path[:2], target.name.partition("/")[2]
        changes.append(Put((*target.path, "model"), new))
        for path in places(value_at(tree, site), ("maintenance", -1, "appliances", -1)):
            text = value_at(tree, (*site, *path))
            if isinstance(text, str) and text.partition("/")[0] == old:
                changes.append(Put((*site, *path), text.replace(old, new, 1)))
    return changes, [f"{target.name} -> {new}" for target in targets]


def _globs(tree: Tree, operation: Operation, names: dict[str, str]) -> tuple[list[Change], list[str]]:
    """See that every rule speaks of the same sites afterwards."""
    sites = [target.name for target in listed(tree, "site")]
    changes: list[Change] = []
    told: list[str] = []
    for rule in RULES:
        for path in places(tree, ("policy", rule, -1, "sites")):
            new, line = _same_sites(tree, operation, names, sites, path)
            if new is not None:
                changes.append(Put(path, new))
                told.append(line)
    return changes, told


def _same_sites(
    tree: Tree, operation: Operation, names: dict[str, str], sites: Sequence[str], path: Path
) -> tuple[list[object] | None, str]:
    globs = value_at(tree, path)
    if not isinstance(globs, list):
        return None, ""
    texts = [names.get(glob, glob) for glob in globs if isinstance(glob, str)]
    before = {site for site in sites if any(fnmatchcase(site, str(glob)) for glob in globs)}
    wanted = {names.get(site, site) for site in before}
    after = {new for site in sites if any(fnmatchcase(new := names.get(site, site), text) for text in texts)}
    won = sorted(after - wanted)
    if won:
        message = f"{shown_place(tree, path)} {flow_globs(globs)} would speak of {won[0]!r}, too"
        raise operation.refusal(message, "narrow that rule first, or choose another name")
    lost = sorted(wanted - after)
    if not lost:
        return None, ""
    kept = [
        glob
        for glob in globs
        if glob in names or any(fnmatchcase(names.get(site, site), str(glob)) for site in sites)
    ]
    return [
        *kept,
        *lost,
    ], f"{shown_place(tree, path)}: {', '.join(lost)} added, which its globs no longer match"


def flow_globs(globs: Sequence[object]) -> str:
    """Write globs as a list."""
    return "[" + ", ".join(str(glob) for glob in globs) + "]"
