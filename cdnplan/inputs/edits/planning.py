"""Operations to changes: what each one puts, appends, drops and renames in a topology, and what to tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cdnplan.inputs.edits.cascade import mentions_dropped
from cdnplan.inputs.edits.changes import Append, Change, Drop, Path, Put, Tree, value_at
from cdnplan.inputs.edits.language import KINDS, RULE_KINDS, Assignment, Operation
from cdnplan.inputs.edits.renaming import plan_rename
from cdnplan.inputs.edits.targets import Target, item_names, listed, matching, near, select, steps_path
from cdnplan.inputs.edits.values import (
    check_key,
    default_of,
    factor,
    grown,
    is_whole,
    key_order,
    scaled,
    shrunk,
    typed,
)
from cdnplan.inputs.yamls.yaml_scalars import flow_text


@dataclass(frozen=True, slots=True)
class Planned:
    """Changes of one operation, and a line for each of them to tell the user."""

    changes: tuple[Change, ...]
    told: tuple[str, ...]


def plan_operation(tree: Tree, operation: Operation) -> Planned:
    """Find out what an operation changes in a topology.

    Parameters
    ----------
    tree : Tree
        The merged topology.
    operation : Operation

    Raises
    ------
    InputError
        It speaks of something that is not there, or is there already, or cannot be done.
    """
    for each in (*operation.assignments, *operation.where):
        check_key(operation, each.steps)
    for steps in operation.keys:
        check_key(operation, steps)
    makers: Mapping[str, Callable[[Tree, Operation], Planned]] = {
        "set": _set,
        "scale": _scale,
        "add": _add,
        "remove": _remove,
        "rename": _rename,
    }
    return makers[operation.verb](tree, operation)


def _set(tree: Tree, operation: Operation) -> Planned:
    given = [(each, typed(operation, each)) for each in operation.assignments]
    targets = select(tree, operation)
    changes: list[Change] = []
    told: list[str] = []
    for target in targets:
        for each, said in given:
            value = said
            path = _path(tree, operation, target, each)
            old = value_at(tree, path)
            if each.sign != "=":
                new = _changed_list(operation, each, old, said)
                if new is None:
                    continue
                value = new
            # Where the default is a value, null is one of its own: it is not there yet if the key is missing.
            off = value is None and default_of(operation.kind, each.steps) is not None
            if old == value and isinstance(old, bool) is isinstance(value, bool) and not off:
                told.append(f"{_of(target)}{each.key} is {_brief(old)} already")
                continue
            changes.append(Put(path, value))
            told.append(f"{_of(target)}{each.key} {_brief(old)} -> {_brief(value)}")
    if not told:
        keys = ", ".join(each.key for each in operation.assignments)
        raise operation.refusal(f"there is nothing to take away from {keys}")
    return Planned(tuple(changes), tuple(told))


def _changed_list(operation: Operation, each: Assignment, old: object, value: object) -> list[object] | None:
    """Grow or shrink a list; None if nothing of it goes."""
    if each.sign == "+=":
        if not isinstance(old, list):
            message = f"{each.key} has no list to add to"
            raise operation.refusal(message, f"give the whole: {each.key}=[...]")
        return grown(old, value)
    if not isinstance(old, list):
        return None
    new = shrunk(old, value)
    return new if len(new) < len(old) else None


def _scale(tree: Tree, operation: Operation) -> Planned:
    factors = [(each, factor(operation, each)) for each in operation.assignments]
    changes: list[Change] = []
    told: list[str] = []
    for each, by in factors:
        whole = is_whole(operation, each)
        before = len(changes)
        for target in select(tree, operation):
            path = _path(tree, operation, target, each)
            old = value_at(tree, path)
            old = default_of(operation.kind, each.steps) if old is None else old
            if isinstance(old, bool) or not isinstance(old, int | float):
                told.append(f"{_of(target)}has no {each.key} to scale")
                continue
            new = scaled(old, by, whole=whole)
            changes.append(Put(path, new))
            told.append(f"{_of(target)}{each.key} {_brief(old)} -> {_brief(new)}")
        if len(changes) == before:
            raise operation.refusal(
                f"none has a number {each.key} to scale", f"write: set {operation.kind} ..."
            )
    return Planned(tuple(changes), tuple(told))


def _path(tree: Tree, operation: Operation, target: Target, each: Assignment) -> Path:
    path = steps_path(tree, target.path, each.steps)
    if -1 in path:
        at = path.index(-1)
        known = item_names(tree, path[:at])
        what = next(step[1:-1] for step in each.steps if step.startswith("["))
        raise operation.refusal(f"{_of(target)}{each.key}: there is no {what!r}", near(what, known))
    return path


def _add(tree: Tree, operation: Operation) -> Planned:
    if operation.kind == "appliance":
        return _add_appliances(tree, operation)
    item = _new_item(tree, operation)
    if operation.kind == "hardware":
        _refuse_existing(tree, operation)
        return Planned((Put(("hardware", operation.name), item),), (f"{operation.name}: {_brief(item)}",))
    path: Path = (KINDS[operation.kind],)
    if operation.kind in RULE_KINDS:
        path = ("policy", *path)
    else:
        _refuse_existing(tree, operation)
    return Planned((Append(path, item),), (_brief(item),))


def _refuse_existing(tree: Tree, operation: Operation) -> None:
    kinds = (
        ("site", "region", "origin") if operation.kind in ("site", "region", "origin") else (operation.kind,)
    )
    for kind in kinds:
        exact = [
            t
            for t in listed(tree, kind)
            if t in matching([t], kind, operation.name) and "*" not in operation.name
        ]
        if exact:
            raise operation.refusal(f"there is a {kind} {exact[0].name!r} already", "change it with 'set'")


def _new_item(tree: Tree, operation: Operation) -> dict[str, object]:
    """Build what is added: a copy of what it is to be like, then the values given, in the usual order."""
    item: dict[str, object] = {}
    if operation.like:
        models = matching(listed(tree, operation.kind), operation.kind, operation.like)
        if not models:
            known = [target.name for target in listed(tree, operation.kind)]
            raise operation.refusal(
                f"unknown {operation.kind} {operation.like!r}", near(operation.like, known)
            )
        found = value_at(tree, models[0].path)
        item = dict(found) if isinstance(found, dict) else {}
    if operation.kind == "link":
        item["from"], _, item["to"] = (part.strip() for part in operation.name.partition(">"))
    elif operation.kind in ("site", "region", "origin"):
        item["name"] = operation.name
    for each in operation.assignments:
        if any(step.startswith("[") for step in each.steps):
            raise operation.refusal(
                f"{each.key}: give the whole list", "as appliances=[{model: M, count: 2}]"
            )
        _place(item, each.steps, typed(operation, each))
    order = {key: i for i, key in enumerate(key_order(operation.kind))}
    return dict(sorted(item.items(), key=lambda pair: order.get(pair[0], len(order))))


def _place(item: dict[str, object], steps: Sequence[str], value: object) -> None:
    for step in steps[:-1]:
        inner = item.get(step)
        item[step] = dict(inner) if isinstance(inner, dict) else {}
        item = item[step]  # type: ignore[assignment]
    item[steps[-1]] = value


def _add_appliances(tree: Tree, operation: Operation) -> Planned:
    pattern, _, model = operation.name.partition("/")
    if not model:
        raise operation.refusal(f"{operation.name!r} names no appliances", "write SITE/MODEL")
    sites = matching(listed(tree, "site"), "site", pattern)
    if not sites:
        known = [target.name for target in listed(tree, "site")]
        raise operation.refusal(f"no site matches {pattern!r}", near(pattern, known))
    group = {"model": model, **{each.steps[0]: typed(operation, each) for each in operation.assignments}}
    held = {target.name for target in listed(tree, "appliance")}
    there = [site.name for site in sites if f"{site.name}/{model}" in held]
    if there:
        message = f"{_names(there)} {'has' if len(there) == 1 else 'have'} {model!r} already"
        raise operation.refusal(message, "write: set appliance SITE/MODEL count=N")
    changes = tuple(Append((*site.path, "appliances"), group) for site in sites)
    return Planned(changes, tuple(f"{site.name}: {_brief(group)}" for site in sites))


def _remove(tree: Tree, operation: Operation) -> Planned:
    targets = select(tree, operation)
    if operation.keys:
        return _remove_keys(tree, operation, targets)
    changes: list[Change] = [Drop(target.path) for target in targets]
    told = [f"{target.name} removed" for target in targets]
    if operation.cascade:
        more, lines = mentions_dropped(tree, operation, targets)
        changes += more
        told += lines
    return Planned(tuple(changes), tuple(told))


def _remove_keys(tree: Tree, operation: Operation, targets: Iterable[Target]) -> Planned:
    changes: list[Change] = []
    told: list[str] = []
    for target in targets:
        for steps in operation.keys:
            path = steps_path(tree, target.path, steps)
            holder = value_at(tree, path[:-1])
            there = (
                path[-1] in holder
                if isinstance(holder, dict)
                else isinstance(holder, list) and path[-1] != -1
            )
            if there:
                changes.append(Drop(path))
                key = Assignment(steps, "=", None).key
                told.append(f"{_of(target)}{key} removed, was {_brief(value_at(tree, path))}")
    if not changes:
        keys = ", ".join(Assignment(steps, "=", None).key for steps in operation.keys)
        raise operation.refusal(f"there is no {keys} to remove")
    return Planned(tuple(changes), tuple(told))


def _rename(tree: Tree, operation: Operation) -> Planned:
    changes, told = plan_rename(tree, operation, select(tree, operation))
    return Planned(tuple(changes), tuple(told))


def _of(target: Target) -> str:
    return "" if target.name in ("policy", "topology") else f"{target.name}: "


def _names(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _brief(value: object) -> str:
    if value is None:
        return "(none)"
    text = flow_text(value)
    return text if len(text) <= 70 else text[:67] + "..."
