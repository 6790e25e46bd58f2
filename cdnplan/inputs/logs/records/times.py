"""Points in time out of texts, and local time and UTC.

DuckDB parses texts; regular expressions say what is strict enough.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from cdnplan.inputs.logs.meaning.sql import Sql, literal, matches
from cdnplan.inputs.tables.arrow_arrays import from_numpy, missing, to_numpy

_DAY_MS = 86_400_000
_QUARTER_MS = 900_000
# From 1980 to 2199 by whatever clock, so a day more by UTC.
_FIRST_MS = 315_532_800_000 - _DAY_MS
_LAST_MS = 7_258_118_400_000 + _DAY_MS
_APACHE = "%d/%b/%Y:%H:%M:%S %z"
_ZONE = r"(?:[Zz]|[+-](?:0\d|1[0-5]):?(?:[0-5]\d)?)"
_CLOCK = r"(?:[01]\d|2[0-3]):\d\d(?::\d\d(?:[.,]\d+)?)?"
_ISO = rf"\d{{4}}-\d\d-\d\d(?:[Tt ]{_CLOCK}(?: ?{_ZONE}?)?)?"
_WEEK = r"\d{4}-[Ww]\d\d(?:-[1-7])?"
_SIXTY = r"(.*:\d\d:)60(.*)"
_EPOCH = r"\d{1,19}(?:\.\d*)?"
_SIGNS = {
    "Y": r"\d{4}",
    "b": "[A-Za-z]{3}",
    "f": r"\d+",
    "z": _ZONE,
    **dict.fromkeys("mdHMS", r"\d\d"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """What texts say about time, (n,) each.

    `ms` is milliseconds since 1970: by UTC where `told`, else by a clock whose zone the text leaves open.
    `good` tells which texts are points in time at all.
    """

    ms: npt.NDArray[np.int64]
    told: npt.NDArray[np.bool_]
    good: npt.NDArray[np.bool_]


def read_times(texts: Any, pattern: str, sql: Sql) -> Moments:
    """Read points in time from 1980 to 2199; of the pattern ``clock``, times of day.

    Parameters
    ----------
    texts : pyarrow.Array of text
    pattern : str
        ``iso``, ``epoch``, ``clock``, ``apache``, or signs and %Y %m %b %d %H %M %S %f %z.
    sql : Sql

    Examples
    --------
    >>> import pyarrow as pa
    >>> texts = pa.array(["2025-07-01T02:00:00+02:00", "2025-07-01", "2025-13-01"])
    >>> found = read_times(texts, "iso", Sql())
    >>> found.ms[:2].tolist(), found.told.tolist(), found.good.tolist()
    ([1751328000000, 1751328000000], [True, False, False], [True, True, False])
    """
    way = _way(pattern)
    ms = np.zeros(len(texts), dtype=np.int64)
    good = np.zeros(len(texts), dtype=bool)
    asked = np.flatnonzero(matches(texts, f"^(?:{way.strict})$"))
    for moment in (way.plain, way.tidied):
        if not asked.size:
            break
        some = texts if asked.size == len(texts) else texts.take(from_numpy(asked))
        query = f"SELECT epoch_us({moment}) // 1000 AS ms FROM texts"  # epoch_ms would round
        found = sql.over(some, query).column("ms").combine_chunks()
        there = ~missing(found)
        ms[asked[there]] = to_numpy(found)[there]
        good[asked[there]] = True
        asked = asked[~there]
    if pattern != "clock":
        good &= (ms >= _FIRST_MS) & (ms < _LAST_MS)
    told = good & matches(texts, way.zoned) if way.zoned else np.zeros_like(good)
    return Moments(ms, told, good)


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to write times.

    `strict` is what they look like, a regular expression, and `zoned` that for those that tell their zone;
    `plain` is their moment in SQL, and `tidied` that of the few which DuckDB refuses as they are.
    """

    strict: str
    zoned: str
    plain: str
    tidied: str


@cache
def _way(pattern: str) -> _Way:
    if pattern == "iso":
        return _iso()
    if pattern == "clock":
        text = "'1970-01-01T' || replace(text, ',', '.')"
        return _Way(_CLOCK, "", f"try_cast({text} AS TIMESTAMP)", _leap(text, "TIMESTAMP"))
    if pattern == "epoch":
        return _epoch()
    return _by_signs(_APACHE if pattern == "apache" else pattern)


def _iso() -> _Way:
    """Dates with or without clock and zone, and weeks, which stand for their last day."""
    tidy = r"regexp_replace(translate(text, 'tz,', 'TZ.'), ' ?([Z+-][0-9:]*?):?$', '\1')"
    day = "upper(text) || CASE WHEN length(text) = 8 THEN '-7' ELSE '' END"
    day = f"try_strptime({day}, '%G-W%V-%u')"
    # DuckDB takes the week 53 of years that have 52.
    week = f"CASE WHEN strftime({day}, '%G-W%V') = upper(text[:8]) THEN {day} END"
    return _Way(
        strict=f"{_ISO}|{_WEEK}",
        zoned="^.{11}.*[Zz+-]",
        plain="try_cast(text AS TIMESTAMPTZ)",
        tidied=f"CASE WHEN upper(text[6]) = 'W' THEN {week} ELSE {_leap(tidy, 'TIMESTAMPTZ')} END",
    )


def _leap(text: str, kind: str) -> str:
    """Moment of a text that may show the second 60, which is the one after 59."""
    before = rf"regexp_replace({text}, '^{_SIXTY}$', '\159\2')"
    return f"try_cast({before} AS {kind}) + {_second_if(text, _SIXTY)}"


def _second_if(text: str, sixty: str) -> str:
    return f"to_seconds(CASE WHEN regexp_full_match({text}, {literal(sixty)}) THEN 1 ELSE 0 END)"


def _epoch() -> _Way:
    """Seconds, milli-, micro- or nanoseconds are told apart by the number of digits."""
    whole, rest = "split_part(text, '.', 1)", "split_part(text, '.', 2)"
    count = f"try_cast({whole} AS BIGINT)"
    us = (
        f"CASE WHEN length({whole}) <= 11 THEN 1000000 * {count} + rpad({rest}[:3], 3, '0')::BIGINT * 1000 "
        f"WHEN length({whole}) <= 14 THEN try_cast({whole} || '000' AS BIGINT) "
        f"WHEN length({whole}) <= 17 THEN {count} ELSE {count} // 1000 END"
    )
    return _Way(_EPOCH, "^", f"make_timestamp({us})", "NULL::TIMESTAMP")


def _by_signs(pattern: str) -> _Way:
    """What strptime refuses is tidied: second 60, long fractions, a Z for the zone."""
    signs = re.findall(r"%.|[^%]+|%", pattern)
    strict = [_SIGNS.get(sign[1:], "%") if sign[0] == "%" else re.escape(sign) for sign in signs]
    tidy, later = "text", ""
    for i, sign in enumerate(signs):
        before, after = f"^({''.join(strict[:i])}", f"({''.join(strict[i + 1 :])})$"
        changes = {
            "%S": [(f"{before})60{after}", r"\159\2")],
            "%f": [(rf"{before}\d{{6}})\d+{after}", r"\1\2")],
            "%z": [(f"{before})[Zz]{after}", r"\1+00\2"), (rf"{before}[+-]\d\d):{after}", r"\1\2")],
        }
        for found, made in changes.get(sign, []):
            tidy = f"regexp_replace({tidy}, {literal(found)}, {literal(made)})"
        later = f" + {_second_if('text', f'{before})60{after}')}" if sign == "%S" else later
    return _Way(
        strict="".join(strict),
        zoned="^" if "%z" in signs else "",
        plain=f"try_strptime(text, {literal(pattern)})",
        tidied=f"try_strptime({tidy}, {literal(pattern)}){later}",
    )


def _offsets(ms: npt.NDArray[np.int64], zone: str, *, local: bool) -> npt.NDArray[np.int64]:
    """Offset from UTC [ms] at points in time, looked up once per quarter of an hour."""
    if zone == "UTC" or not ms.size:
        return np.zeros(ms.size, dtype=np.int64)
    quarters, place = np.unique(ms // _QUARTER_MS, return_inverse=True)
    where = ZoneInfo(zone)
    found = np.empty(quarters.size, dtype=np.int64)
    for i, quarter in enumerate(quarters.tolist()):
        when = dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=quarter * _QUARTER_MS)
        if local:
            offset = when.replace(tzinfo=where).utcoffset()
        else:
            offset = when.replace(tzinfo=dt.UTC).astimezone(where).utcoffset()
        found[i] = 0 if offset is None else offset // dt.timedelta(milliseconds=1)
    return np.asarray(found[place])


def to_utc(ms: npt.NDArray[np.int64], zone: str) -> npt.NDArray[np.int64]:
    """Points in time by UTC from those by the clocks of a zone; of an hour that is there twice, the first.

    Examples
    --------
    >>> to_utc(np.array([3_600_000]), "Europe/Amsterdam").tolist()
    [0]
    """
    return np.asarray(ms - _offsets(ms, zone, local=True))


def to_local(ms: npt.NDArray[np.int64], zone: str) -> npt.NDArray[np.int64]:
    """Points in time by the clocks of a zone from those by UTC.

    Examples
    --------
    >>> to_local(np.array([0]), "Europe/Amsterdam").tolist()
    [3600000]
    """
    return np.asarray(ms + _offsets(ms, zone, local=False))
