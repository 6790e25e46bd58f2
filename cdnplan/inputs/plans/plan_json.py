"""`plan.json` of a plan folder: what a plan claims about itself."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.inputs.tables.json_files import is_number, read_json
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
        The file is missing, is no JSON (with line and column), or keys are missing or of another kind: all
        such keys at once.
    """
    reader = _Reader(read_json(path, missing="missing: not a plan folder, or not a whole one"), str(path))
    if reader.number((), "format") not in (FORMAT, None):
        message = f"written in format {reader.raw['format']}, this release reads {FORMAT}"
        raise InputError([Problem(message, file=str(path))])
    start = reader.date(("period",), "start")
    plan = PlanJson(
        status=reader.text((), "status", STATUSES),
        engine=reader.text((), "engine", ENGINES),
        bound_proof=reader.text((), "bound_proof", BOUND_PROOFS),
        cost={key: reader.number(("cost",), key) or 0.0 for key in COST_PARTS},
        numbers={key: reader.number((), key) or 0.0 for key in NUMBERS},
        overload=reader.overload(),
        full=reader.full(),
        start=start,
        end=reader.date(("period",), "end") if reader.has(("period",), "end") else start,
        days=reader.days(),
        fill_counted=reader.flag("fill_counted"),
        counts={key: int(reader.number(("counts",), key) or 0) for key in COUNTS},
        appliances={key: reader.number(("appliances",), key) or 0.0 for key in APPLIANCES},
        warnings=reader.texts("warnings"),
        input_hashes=reader.hashes("input_hashes"),
        files=reader.paths(),
        fills=reader.fills(),
        id=reader.text((), "id") if "id" in reader.raw else "",
        assumed=reader.assumed(),
        to_fill_gb=(reader.number(("to_fill",), "gb") or 0.0) if "to_fill" in reader.raw else 0.0,
        early="held_before" not in reader.raw,
    )
    reader.versions()
    if reader.problems:
        raise InputError(reader.problems)
    return plan


class _Reader:
    """Takes keys out of the parsed file and remembers everything that is not as expected."""

    def __init__(self, raw: Mapping[str, Any], file: str) -> None:
        self.raw = raw
        self.file = file
        self.problems: list[Problem] = []

    def fault(self, message: str, path: str, hint: str = "") -> None:
        """Remember one problem."""
        self.problems.append(Problem(message, file=self.file, path=path, hint=hint))

    def take(self, within: tuple[str, ...], key: str) -> Any:
        """Value of a key, None (and a problem) where it is missing."""
        level: Any = self.raw
        for name in within:
            level = level.get(name) if isinstance(level, dict) else None
        path = ".".join((*within, key))
        if not isinstance(level, dict) or key not in level:
            known = level if isinstance(level, dict) else {}
            hint = nearest(key, known)
            self.fault("missing", path, hint if hint.startswith("did you") else "")
            return None
        return level[key]

    def number(self, within: tuple[str, ...], key: str) -> float | None:
        """Take a finite number."""
        value = self.take(within, key)
        if value is None and not self.has(within, key):
            return None
        number = _finite(value)
        if number is None:
            self.fault(f"expected a number, found {value!r}", ".".join((*within, key)))
        return number

    def days(self) -> float:
        """Take the period's length, more than 0."""
        days = self.number(("period",), "days")
        if days is not None and not 0 < days <= MOST_DAYS:
            self.fault(f"expected more than 0 and at most {MOST_DAYS}, found {days:g}", "period.days")
        return days or 1.0

    def instant(self, within: tuple[str, ...], key: str) -> dt.datetime:
        """Take a date and time that says how far it is from UTC."""
        text = self.text(within, key)
        try:
            moment = dt.datetime.fromisoformat(text)
        except ValueError:
            moment = dt.datetime.min
        if moment.tzinfo is None:
            if text:
                message = f"expected a time such as 2026-07-05T00:00:00Z, found {text!r}"
                self.fault(message, ".".join((*within, key)))
            moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
        if not self.in_years(moment.date(), ".".join((*within, key))):
            return dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
        return moment.astimezone(dt.UTC)

    def assumed(self) -> bool | None:
        """Take what is said of where copies come from; plans of earlier releases tell by `fill_counted`."""
        if "held_before" not in self.raw:
            return True if self.raw.get("fill_counted") is False else None
        self.text(("held_before",), "from", HELD_BEFORE)
        return self.flag("assumed", ("held_before",))

    def in_years(self, day: dt.date, path: str) -> bool:
        """Whether a period or a night can be there, with days before it and after it."""
        strange = strange_period(day, 0.0)
        if strange:
            self.fault(strange, path)
        return not strange

    def fills(self) -> FillClaims | None:
        """Take what is said of the night, if anything is."""
        if "fills" not in self.raw:
            return None
        night = ("fills",)
        return FillClaims(
            begin=self.instant(night, "from"),
            until=self.instant(night, "until"),
            bytes_gb={key: self.number((*night, "bytes_gb"), key) or 0.0 for key in FILL_GB},
            numbers={key: self.number(night, key) or 0.0 for key in FILL_NUMBERS},
            unfilled={key: self.number((*night, "unfilled"), key) or 0.0 for key in UNFILLED_NUMBERS},
            away={
                key: (self.number((*night, "away"), key) or 0.0) if self.has(night, "away") else 0.0
                for key in AWAY_NUMBERS
            },
        )

    def has(self, within: tuple[str, ...], key: str) -> bool:
        """Whether a key is there."""
        level: Any = self.raw
        for name in within:
            level = level.get(name) if isinstance(level, dict) else None
        return isinstance(level, dict) and key in level

    def text(self, within: tuple[str, ...], key: str, known: tuple[str, ...] = ()) -> str:
        """Take a text, one of `known` if given."""
        value = self.take(within, key)
        path = ".".join((*within, key))
        if value is None and not self.has(within, key):
            return ""
        if not isinstance(value, str):
            self.fault(f"expected a text, found {value!r}", path)
            return ""
        if known and value not in known:
            self.fault(f"unknown {value!r}", path, nearest(value, known))
        return value

    def flag(self, key: str, within: tuple[str, ...] = ()) -> bool:
        """Take true or false."""
        value = self.take(within, key)
        if not isinstance(value, bool) and self.has(within, key):
            self.fault(f"expected true or false, found {value!r}", ".".join((*within, key)))
        return value is True

    def date(self, within: tuple[str, ...], key: str) -> dt.date:
        """Take a date."""
        text = self.text(within, key)
        try:
            day = dt.date.fromisoformat(text)
        except ValueError:
            if text:
                message = f"expected a date such as 2026-07-05, found {text!r}"
                self.fault(message, ".".join((*within, key)))
            return dt.date(1970, 1, 1)
        return day if self.in_years(day, ".".join((*within, key))) else dt.date(1970, 1, 1)

    def rows(self, key: str) -> list[dict[str, Any]]:
        """Take a list of objects."""
        rows = self.take((), key)
        if not isinstance(rows, list):
            if self.has((), key):
                self.fault(f"expected a list, found {rows!r}", key)
            return []
        return [row if isinstance(row, dict) else {} for row in rows]

    def overload(self) -> tuple[tuple[str, int, float], ...]:
        """Take the list of overloaded links."""
        found: list[tuple[str, int, float]] = []
        for i, row in enumerate(self.rows("overload")):
            link, at, gbps = row.get("link"), row.get("slice"), _finite(row.get("gbps"))
            if isinstance(link, str) and isinstance(at, int) and gbps is not None:
                found.append((link, at, gbps))
            else:
                self.fault("expected a link, a slice and gbps", f"overload[{i}]")
        return tuple(found)

    def full(self) -> tuple[FullLimit, ...]:
        """Take the list of limits that are used up."""
        found: list[FullLimit] = []
        for i, row in enumerate(self.rows("full")):
            limit, name, unit, per = (row.get(key) for key in ("limit", "name", "unit", "price_per"))
            used, allowed, price = (_finite(row.get(key)) for key in ("used", "allowed", "price"))
            words = [text for text in (limit, name, unit, per) if isinstance(text, str)]
            if len(words) == 4 and None not in (used, allowed, price):
                kind, whose, counted, priced = words
                numbers = used or 0.0, allowed or 0.0, price or 0.0
                found.append(FullLimit(kind, whose, *numbers, unit=counted, price_per=priced))
            else:
                message = "expected limit, name, used, allowed, unit, price and price_per"
                self.fault(message, f"full[{i}]")
        return tuple(found)

    def texts(self, key: str) -> tuple[str, ...]:
        """Take a list of texts."""
        value = self.take((), key)
        good = isinstance(value, list) and all(isinstance(text, str) for text in value)
        if not good and self.has((), key):
            self.fault(f"expected a list of texts, found {value!r}", key)
        return tuple(value) if good else ()

    def mapping(self, key: str, what: str = "an object") -> dict[str, Any]:
        """Take an object."""
        value = self.take((), key)
        if not isinstance(value, dict) and self.has((), key):
            self.fault(f"expected {what}, found {value!r}", key)
        return value if isinstance(value, dict) else {}

    def versions(self) -> None:
        """See that the versions of the program and of its parts are named."""
        self.text((), "cdnplan")
        for name, version in self.mapping("versions").items():
            if not isinstance(version, str) or not version:
                self.fault(f"expected a version, found {version!r}", f"versions.{name}")

    def hashes(self, key: str) -> dict[str, str]:
        """Take checksums by name."""
        found: dict[str, str] = {}
        for name, digest in self.mapping(key, "names with checksums").items():
            if not isinstance(digest, str) or re.fullmatch(r"[0-9a-f]{64}", digest) is None:
                self.fault("expected a SHA-256 of 64 hexadecimal digits", f"{key}.{name}")
            else:
                found[name] = digest
        return found

    def paths(self) -> dict[str, str]:
        """Take the checksums of the folder's files; paths must stay within the folder."""
        found = self.hashes("files")
        for name in list(found):
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or name in ("", PLAN_JSON):
                self.fault(f"not a path within the folder: {name!r}", "files")
                found.pop(name, None)
        return found


def _finite(value: Any) -> float | None:
    """Turn a number of JSON into a float, None where it is no finite one."""
    return float(value) if is_number(value) else None
