"""`plan.json` of a plan folder: what a plan claims about itself."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.inputs.tables.json_files import Fault, Faults, Shape, check_shape, is_number, read_json
from cdnplan.inputs.tables.periods import MOST_DAYS, strange_period
from cdnplan.model.network.period import span_text

PLAN_JSON = "plan.json"
FORMAT = 1
"""Version of the folder's format that this release writes and reads."""

STATUSES = ("optimal", "within-gap", "time-limit", "interrupted", "feasible")
ENGINES = ("exact", "fast")
BOUND_PROOFS = BY_PRICES, BY_TREE, BY_SEARCH = "prices", "tree", "branch-and-bound"
HELD_BEFORE = STOCKED, EMPTY, BY_PREVIOUS, BY_FIELD = "stocked", "empty", "previous", "field"
"""Where what appliances held before a plan is known from."""

COST_PARTS = ("total", "delivery", "fill", "overload")
COUNTS = ("regions", "sites", "pools", "appliances", "files", "titles", "links", "slices")
RATIOS = ("gap_ratio", "gap_to_upper_ratio", "offload_byte_ratio")
APPLIANCES = ("busiest_over_mean_ratio", "moved_within_pools_gb")
FILL_GB = ("peer", "tier", "origin")
FILL_NUMBERS = ("origin_peak_gbps", "naive_origin_gb", "entered_gb", "entered_again_gb", "trusted_field")
UNFILLED_NUMBERS = ("count", "gb", "value")
AWAY_NUMBERS = ("count", "gb", "longest_hours")
NUMBERS = ("upper", "lower", "lower_priced", "ideal", *RATIOS, "demand_gb")


@dataclass(frozen=True, slots=True)
class FullLimit:
    """A limit that is used up: `used` of `allowed`, and what one more TB or Gbps is worth [currency].

    `unit` is that of `used` and `allowed`, `price_per` what the price is counted per.
    """

    limit: str
    name: str
    used: float
    allowed: float
    price: float
    unit: str
    price_per: str


@dataclass(frozen=True, slots=True)
class FillClaims:
    """What a plan says of its night of filling.

    Parameters
    ----------
    begin, until : datetime.datetime
        The night, in UTC.
    bytes_gb : mapping
        By `FILL_GB`, the kinds of source [GB].
    numbers : mapping
        `FILL_NUMBERS`.
    unfilled : mapping
        `UNFILLED_NUMBERS`.
    away : mapping
        `AWAY_NUMBERS`; none are in plans of earlier releases.
    """

    begin: dt.datetime
    until: dt.datetime
    bytes_gb: Mapping[str, float]
    numbers: Mapping[str, float]
    unfilled: Mapping[str, float]
    away: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class PlanJson:
    """The claims of a plan that can be checked; other keys of the file are for people.

    Parameters
    ----------
    status, engine, bound_proof : str
        One of `STATUSES`, `ENGINES`, `BOUND_PROOFS`.
    cost : mapping
        `COST_PARTS` [currency].
    numbers : mapping
        `NUMBERS`: bounds [currency], ratios, demand [GB].
    overload : tuple of (str, int, float)
        Link, time slice, Gbit/s above capacity.
    full : tuple of FullLimit
        Limits that are used up.
    start, end : datetime.date
        First and last day of the period; in plans of earlier releases both are the day that names it.
    days : float
        Its length [days].
    fill_counted : bool
        False for a cold start whose filling does not count.
    counts : mapping
        `COUNTS`: sizes of the problem.
    appliances : mapping
        `APPLIANCES`: how evenly pools were dealt out, and what moved within them.
    warnings : tuple of str
    input_hashes : mapping of str to str
        SHA-256 of the files the plan was made from, by role.
    files : mapping of str to str
        SHA-256 of the folder's files by path relative to it.
    fills : FillClaims or None
        None in plans of earlier releases.
    id : str
        The plan's id; empty in plans of earlier releases.
    assumed : bool or None
        Whether copies count as held that nobody ever fetched: appliances were taken to arrive stocked, in
        this plan or in one that it follows. None: a plan of an earlier release, which follows another one.
    to_fill_gb : float
        What its night's windows left to fetch [GB]; 0 in plans of earlier releases.
    early : bool
        Whether an earlier release wrote it, whose `full` lists no fill windows.
    """

    status: str
    engine: str
    bound_proof: str
    cost: Mapping[str, float]
    numbers: Mapping[str, float]
    overload: tuple[tuple[str, int, float], ...]
    full: tuple[FullLimit, ...]
    start: dt.date
    end: dt.date
    days: float
    fill_counted: bool
    counts: Mapping[str, int]
    appliances: Mapping[str, float]
    warnings: tuple[str, ...]
    input_hashes: Mapping[str, str]
    files: Mapping[str, str]
    fills: FillClaims | None = None
    id: str = ""
    assumed: bool | None = False
    to_fill_gb: float = 0.0
    early: bool = False

    @property
    def period(self) -> str:
        """Both ends of the period, for people."""
        return span_text(self.end, self.days)


def read_plan_json(path: Path) -> PlanJson:
    """Read and check the shape of a `plan.json`.

    Parameters
    ----------
    path : Path

    Returns
    -------
    PlanJson

    Raises
    ------
    InputError
        The file is missing, is no JSON (with line and column), or keys are missing or of another kind: the
        first 50 of them at once.
    """
    raw = read_json(path, missing="missing: not a plan folder, or not a whole one")
    if is_number(raw.get("format")) and raw["format"] != FORMAT:
        message = f"written in format {raw['format']}, this release reads {FORMAT}"
        raise InputError([Problem(message, file=str(path))])
    check_shape(raw, _RECORD, str(path))
    period, early = raw["period"], "held_before" not in raw
    start = dt.date.fromisoformat(period["start"])
    assumed_early = True if raw["fill_counted"] is False else None
    return PlanJson(
        status=raw["status"],
        engine=raw["engine"],
        bound_proof=raw["bound_proof"],
        cost=_floats(raw["cost"], COST_PARTS),
        numbers=_floats(raw, NUMBERS),
        overload=tuple((row["link"], row["slice"], float(row["gbps"])) for row in raw["overload"]),
        full=tuple(_full_limit(row) for row in raw["full"]),
        start=start,
        end=dt.date.fromisoformat(period["end"]) if "end" in period else start,
        days=float(period["days"]),
        fill_counted=raw["fill_counted"],
        counts={key: int(raw["counts"][key]) for key in COUNTS},
        appliances=_floats(raw["appliances"], APPLIANCES),
        warnings=tuple(raw["warnings"]),
        input_hashes=raw["input_hashes"],
        files=raw["files"],
        fills=_fill_claims(raw["fills"]) if "fills" in raw else None,
        id=raw.get("id", ""),
        assumed=assumed_early if early else raw["held_before"]["assumed"],
        to_fill_gb=float(raw["to_fill"]["gb"]) if "to_fill" in raw else 0.0,
        early=early,
    )


def _floats(found: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, float]:
    return {key: float(found[key]) for key in keys}


def _full_limit(row: Mapping[str, Any]) -> FullLimit:
    numbers = _floats(row, ("used", "allowed", "price"))
    return FullLimit(row["limit"], row["name"], **numbers, unit=row["unit"], price_per=row["price_per"])


def _fill_claims(night: Mapping[str, Any]) -> FillClaims:
    return FillClaims(
        begin=dt.datetime.fromisoformat(night["from"]).astimezone(dt.UTC),
        until=dt.datetime.fromisoformat(night["until"]).astimezone(dt.UTC),
        bytes_gb=_floats(night["bytes_gb"], FILL_GB),
        numbers=_floats(night, FILL_NUMBERS),
        unfilled=_floats(night["unfilled"], UNFILLED_NUMBERS),
        away=_floats(night["away"], AWAY_NUMBERS) if "away" in night else dict.fromkeys(AWAY_NUMBERS, 0.0),
    )


def _text(wrong: Callable[[str], tuple[str, str]]) -> Faults:
    """Shape of a text, from what gives message and hint where it is wrong, and two empty texts elsewhere."""

    def faults(value: Any) -> Iterator[Fault]:
        is_text = isinstance(value, str)
        message, hint = wrong(value) if is_text else (f"expected a text, found {value!r}", "")
        if message:
            yield "", message, hint

    return faults


def _one_of(known: tuple[str, ...]) -> Faults:
    return _text(lambda text: ("", "") if text in known else (f"unknown {text!r}", nearest(text, known)))


def _date(text: str) -> tuple[str, str]:
    """Say what is wrong with a day: it has to be one with days before it and after it."""
    try:
        return strange_period(dt.date.fromisoformat(text), 0.0), ""
    except ValueError:
        return f"expected a date such as 2026-07-05, found {text!r}", ""


def _instant(text: str) -> tuple[str, str]:
    """Say what is wrong with a date and time, which has to say how far it is from UTC."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        moment = dt.datetime.min
    if moment.tzinfo is None:
        return f"expected a time such as 2026-07-05T00:00:00Z, found {text!r}", ""
    return strange_period(moment.date(), 0.0), ""


def _texts(value: Any) -> Iterator[Fault]:
    if not (isinstance(value, list) and all(isinstance(text, str) for text in value)):
        yield "", f"expected a list of texts, found {value!r}", ""


def _days(value: Any) -> Iterator[Fault]:
    if not is_number(value):
        yield "", f"expected a number, found {value!r}", ""
    elif not 0 < value <= MOST_DAYS:
        yield "", f"expected more than 0 and at most {MOST_DAYS}, found {value:g}", ""


def _overloaded(row: Any) -> Iterator[Fault]:
    link, at, gbps = (row.get(key) if isinstance(row, dict) else None for key in ("link", "slice", "gbps"))
    if not (isinstance(link, str) and isinstance(at, int) and is_number(gbps)):
        yield "", "expected a link, a slice and gbps", ""


def _used_up(row: Any) -> Iterator[Fault]:
    found = row if isinstance(row, dict) else {}
    texts = all(isinstance(found.get(key), str) for key in ("limit", "name", "unit", "price_per"))
    if not (texts and all(is_number(found.get(key)) for key in ("used", "allowed", "price"))):
        yield "", "expected limit, name, used, allowed, unit, price and price_per", ""


def _version(value: Any) -> Iterator[Fault]:
    if not isinstance(value, str) or not value:
        yield "", f"expected a version, found {value!r}", ""


def _hashes(value: Any) -> Iterator[Fault]:
    """Checksums by name."""
    if not isinstance(value, dict):
        yield "", f"expected names with checksums, found {value!r}", ""
        return
    for name, digest in value.items():
        if not isinstance(digest, str) or re.fullmatch(r"[0-9a-f]{64}", digest) is None:
            yield f".{name}", "expected a SHA-256 of 64 hexadecimal digits", ""


def _file_hashes(value: Any) -> Iterator[Fault]:
    """Checksums of the folder's files; paths must stay within the folder."""
    yield from _hashes(value)
    for name in value if isinstance(value, dict) else ():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or name in ("", PLAN_JSON):
            yield "", f"not a path within the folder: {name!r}", ""


_RECORD: dict[Any, Shape] = {
    "format": float,
    "period": {"start": _text(_date), "end?": _text(_date), "days": _days},
    "status": _one_of(STATUSES),
    "engine": _one_of(ENGINES),
    "bound_proof": _one_of(BOUND_PROOFS),
    "cost": dict.fromkeys(COST_PARTS, float),
    **dict.fromkeys(NUMBERS, float),
    "overload": [_overloaded],
    "full": [_used_up],
    "fill_counted": bool,
    "counts": dict.fromkeys(COUNTS, float),
    "appliances": dict.fromkeys(APPLIANCES, float),
    "warnings": _texts,
    "input_hashes": _hashes,
    "files": _file_hashes,
    "fills?": {
        "from": _text(_instant),
        "until": _text(_instant),
        "bytes_gb": dict.fromkeys(FILL_GB, float),
        **dict.fromkeys(FILL_NUMBERS, float),
        "unfilled": dict.fromkeys(UNFILLED_NUMBERS, float),
        "away?": dict.fromkeys(AWAY_NUMBERS, float),
    },
    "id?": str,
    "held_before?": {"from": _one_of(HELD_BEFORE), "assumed": bool},
    "to_fill?": {"gb": float},
    "cdnplan": str,
    "versions": {...: _version},
}
"""What is checked of the file; other keys are for people."""
