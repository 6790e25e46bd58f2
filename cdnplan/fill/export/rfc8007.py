"""Fills as commands of the CDNI control interface, for caches that another CDN runs [1]_.

A plan tells a site, or an appliance, what to fetch; to a downstream CDN that is a `preposition` trigger with
the URLs of the content, and what it removes is a `purge`. Such a command has no times: when it acts is the
downstream CDN's own affair (section 2.1). So each one comes with the time before which it should not be sent.

References
----------
.. [1] R. Murray, B. Niven-Jenkins: "Content Delivery Network Interconnection (CDNI) Control Interface /
   Triggers", RFC 8007, 2016. Commands: sections 4.1 and 5.1.1; an example: section 6.1.1.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import numpy as np

from cdnplan.errors import Problem, nearest
from cdnplan.inputs.plans.plan_folder import EVICT, PEER
from cdnplan.inputs.tables.parquet_columns import Columns, Texts
from cdnplan.model.instance.instance import Floats, Ints

CONTENT_TYPE = "application/cdni; ptype=ci-trigger-command"
"""Media type of a command (section 7.1)."""

FIELDS = ("file", "title")
"""What a URL template may ask for."""

Per = Literal["site", "appliance"]
Trigger = Literal["preposition", "purge"]


@dataclass(frozen=True, slots=True)
class Style:
    """How commands are worded.

    Parameters
    ----------
    content_url : str
        URL of a file, with `{file}` and perhaps `{title}`.
    cdn_path : tuple of str
        Provider ids of the CDNs the command has passed, as ``AS64496:1``: this one's own, or all up to it.
    metadata_url : str
        URL of metadata to fetch with it, with `{file}` or `{title}`; empty: none.
    per : {"site", "appliance"}
        What counts as a downstream CDN.
    max_urls : int
        Content URLs in one command.
    """

    content_url: str
    cdn_path: tuple[str, ...]
    metadata_url: str = ""
    per: Per = "site"
    max_urls: int = 1000


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Parameters
    ----------
    to : str
        The site or appliance that is to get it.
    trigger : {"preposition", "purge"}
    not_before : int
        When its first fetch or eviction is planned [ms since 1970, UTC].
    gb : float
        Bytes of its files, each counted once [GB].
    body : dict
        What is sent, to become JSON.
    """

    to: str
    trigger: Trigger
    not_before: int
    gb: float
    body: dict[str, Any]


def style_problems(style: Style) -> list[Problem]:
    """Everything wrong with a style.

    Parameters
    ----------
    style : Style

    Returns
    -------
    list of Problem
    """
    problems = _template_problems(style.content_url, "--content-url", ("file",))
    if style.metadata_url:
        problems += _template_problems(style.metadata_url, "--metadata-url", FIELDS)
    if not style.cdn_path:
        problems.append(Problem("missing, expected the id of this CDN, as AS64496:1", path="--cdn-path"))
    problems += [
        Problem(f"found {pid!r}, expected AS, a number, a colon and a name, as AS64496:1", path="--cdn-path")
        for pid in style.cdn_path
        if re.fullmatch(r"AS[0-9]+:\S+", pid) is None
    ]
    if style.max_urls < 1:
        problems.append(Problem(f"found {style.max_urls}, expected 1 or more", path="--max-urls"))
    return problems


def _template_problems(template: str, option: str, needed: Sequence[str]) -> list[Problem]:
    """What is wrong with a URL template that must have one of some fields."""
    try:
        fields = [part[1] for part in string.Formatter().parse(template) if part[1] is not None]
        address = urlsplit(template)
    except ValueError as error:
        return [Problem(f"found {template!r}, no template: {error}", path=option)]
    problems = [
        Problem(f"unknown field {{{name}}}", path=option, hint=nearest(name, FIELDS))
        for name in fields
        if name not in FIELDS
    ]
    if not problems and not set(needed) & set(fields):
        wanted = " or ".join(f"{{{name}}}" for name in needed)
        problems.append(Problem(f"found {template!r}, expected {wanted} in it", path=option))
    if address.scheme not in ("http", "https") or not address.netloc:
        message = f"found {template!r}, expected a whole URL, as https://cdn.example.com/{{file}}"
        problems.append(Problem(message, path=option))
    return problems


def url(template: str, **values: str) -> str:
    """Fill in a URL template; values are percent-encoded, slashes in them stay.

    Examples
    --------
    >>> url("https://cdn.example.com/v/{file}", file="Amélie 2/h264")
    'https://cdn.example.com/v/Am%C3%A9lie%202/h264'
    """
    return template.format_map({name: quote(value, safe="/") for name, value in values.items()})


def preposition_commands(fills: Columns, titles: Mapping[str, str], style: Style) -> Iterator[Command]:
    """Make commands that ask each site or appliance to fetch what the plan has it fetch.

    Parameters
    ----------
    fills : Columns
        `fills.parquet`. To a site, what only its own appliances give each other is no command: the site
        has it, and every file is named once.
    titles : mapping of str to str
        Title of each file.
    style : Style

    Yields
    ------
    Command
        Sorted by receiver; each one's in the order of the schedule.
    """
    rows = np.arange(fills.n_rows)
    if style.per == "site":
        rows = rows[fills.texts["kind"].positions({PEER: 0})[rows] < 0]
    start, priority = fills.values["start"][rows], fills.values["priority"][rows]
    yield from _commands(fills, rows, (priority, start), start, titles, style, "preposition")


def purge_commands(
    evictions: Columns, placement: Columns, titles: Mapping[str, str], style: Style
) -> Iterator[Command]:
    """Make commands that ask each site or appliance to remove what the plan has it remove.

    Parameters
    ----------
    evictions, placement : Columns
        `evictions.parquet`, `placement.parquet`. A site is asked to remove what none of its appliances
        holds once the plan is carried out, when its last copy goes.
    titles : mapping of str to str
    style : Style

    Yields
    ------
    Command
        As `preposition_commands`.
    """
    rows = np.arange(evictions.n_rows)
    at = evictions.values["at"]
    if style.per == "site":
        rows = rows[~_stays(evictions, placement)]
        # The last of a site's copies counts: of equal keys the first is named, so the latest comes first.
        rows = rows[np.argsort(-at[rows], kind="stable")]
        to, _ = _receivers(evictions.texts["appliance"], style.per)
        key = (
            to[rows].astype(np.int64) * len(evictions.texts["file"].names)
            + evictions.texts["file"].code[rows]
        )
        rows = rows[np.sort(np.unique(key, return_index=True)[1])]
    yield from _commands(evictions, rows, (at[rows],), at[rows], titles, style, "purge")


def _stays(evictions: Columns, placement: Columns) -> Any:
    """Whether another appliance of the same site holds the file once the plan is carried out, (n_rows,)."""
    to, sites = _receivers(evictions.texts["appliance"], "site")
    site_of, held_sites = _receivers(placement.texts["appliance"], "site")
    files = {name: i for i, name in enumerate(evictions.texts["file"].names)}
    number = {name: i for i, name in enumerate(sites)}
    file = placement.texts["file"].positions(files)
    site = np.array([number.get(name, -1) for name in held_sites], dtype=np.int64)[site_of]
    held = (placement.texts["action"].positions({EVICT: 0}) < 0) & (file >= 0) & (site >= 0)
    width = max(1, len(files))
    key = to * width + evictions.texts["file"].code
    return np.isin(key, site[held] * width + file[held])


def _receivers(appliances: Texts, per: Per) -> tuple[Ints, list[str]]:
    """Receiver of each row, and their names, sorted."""
    # The tables of a night name appliances; its network is not read.
    owner = [name.split("/")[0] if per == "site" else name for name in appliances.names]
    names = sorted(set(owner))
    index = {name: i for i, name in enumerate(names)}
    table = np.array([index[name] for name in owner], dtype=np.int64)
    return (table[appliances.code] if table.size else np.zeros(0, dtype=np.int64)), names


def _commands(
    table: Columns,
    rows: Ints,
    order: tuple[Ints, ...],
    time: Ints,
    titles: Mapping[str, str],
    style: Style,
    trigger: Trigger,
) -> Iterator[Command]:
    """Commands of some rows, by receiver, then in the order given (last key first), each file once."""
    to, names = _receivers(table.texts["appliance"], style.per)
    file = table.texts["file"]
    keys: tuple[Any, ...] = (file.code[rows], *order, to[rows])
    sort = np.lexsort(keys)
    rows, time = rows[sort], time[sort]
    key = to[rows] * max(1, len(file.names)) + file.code[rows]
    first = np.sort(np.unique(key, return_index=True)[1])
    rows, time = rows[first], time[first]
    size = table.values["size_gb"]
    ends = np.searchsorted(to[rows], np.arange(len(names) + 1))
    for i, name in enumerate(names):
        for at in range(int(ends[i]), int(ends[i + 1]), style.max_urls):
            last = min(at + style.max_urls, int(ends[i + 1]))
            files = [file.at(int(row)) for row in rows[at:last]]
            body = _body(files, titles, style, trigger)
            yield Command(name, trigger, int(time[at:last].min()), _sum(size[rows[at:last]]), body)


def _sum(values: Floats) -> float:
    return float(values.sum())


def _body(files: Sequence[str], titles: Mapping[str, str], style: Style, trigger: Trigger) -> dict[str, Any]:
    """The JSON of a command: a Trigger Specification (section 5.2.1) and the path of CDNs (section 4.6)."""
    specification: dict[str, Any] = {"type": trigger}
    named = [{"file": name, "title": titles.get(name, name)} for name in files]
    if style.metadata_url:
        found = [url(style.metadata_url, **values) for values in named]
        specification["metadata.urls"] = list(dict.fromkeys(found))
    specification["content.urls"] = [url(style.content_url, **values) for values in named]
    return {"trigger": specification, "cdn-path": list(style.cdn_path)}
