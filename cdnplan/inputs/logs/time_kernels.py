"""Kernels that read points in time; lines whose `fault` is not `OK` are left alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.inputs.logs import faults
from cdnplan.inputs.logs.line_kernels import Bytes, Faults, Ints32

NO_OFFSET = -(2**31) + 1
"""Stands where a time says nothing about its zone."""

ISO = -1
EPOCH = -2
CLOCK = -3
"""Modes that stand alone in a program."""

_FIRST_MS = 315_532_800_000  # 1980-01-01
_LAST_MS = 7_258_118_400_000  # 2200-01-01
_DAY_MS = 86_400_000
_BAD = -(2**62)
_MONTHS = np.frombuffer(b"janfebmaraprmayjunjulaugsepoctnovdec", dtype=np.uint8).copy()


@njit(cache=True, nogil=True)
def _digits(data: Bytes, at: int, last: int, count: int) -> int:
    """Value of exactly `count` digits; -1 where there are fewer."""
    if at + count > last:
        return -1
    value = 0
    for j in range(at, at + count):
        digit = int(data[j]) - 48
        if not 0 <= digit <= 9:
            return -1
        value = 10 * value + digit
    return value


@njit(cache=True, nogil=True)
def _days(year: int, month: int, day: int) -> int:
    """Days since 1970 of a date in the Gregorian calendar; a large negative number for no date."""
    if year < 1 or not 1 <= month <= 12 or day < 1:
        return _BAD
    leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
    length = 28 + leap if month == 2 else 30 if month in (4, 6, 9, 11) else 31
    if day > length:
        return _BAD
    before = year - 1
    total = 365 * before + before // 4 - before // 100 + before // 400
    # Months before: as if February had 30 days, corrected from March on.
    total += (367 * month - 362) // 12 + (0 if month <= 2 else -1 if leap else -2) + day
    return total - 719_163


@njit(cache=True, nogil=True)
def _clock(data: Bytes, at: int, last: int, out: npt.NDArray[np.int64]) -> int:
    """Read 13:55[:36[.123]]; milliseconds go to ``out[0]``; the place behind, or -1."""
    hour, minute = _digits(data, at, last, 2), _digits(data, at + 3, last, 2)
    if not 0 <= hour <= 23 or not 0 <= minute <= 59 or data[at + 2] != 58:
        return -1
    at += 5
    second, ms = 0, 0
    if at < last and data[at] == 58:
        second = _digits(data, at + 1, last, 2)
        if not 0 <= second <= 60:  # 60 in a leap second
            return -1
        at += 3
        if at < last and (data[at] == 46 or data[at] == 44):
            at += 1
            scale, digits = 100, 0
            while at < last and 48 <= data[at] <= 57:
                ms += scale * (int(data[at]) - 48)
                scale //= 10
                digits += 1
                at += 1
            if digits == 0:
                return -1
    out[0] = 1000 * (3600 * hour + 60 * minute + second) + ms
    return at


@njit(cache=True, nogil=True)
def _zone(data: Bytes, at: int, last: int, out: npt.NDArray[np.int64]) -> int:
    """Read Z, +02:00, +0200 or +02; minutes go to ``out[1]``; the place behind, or -1."""
    if at < last and (data[at] == 90 or data[at] == 122):
        out[1] = 0
        return at + 1
    if at >= last or (data[at] != 43 and data[at] != 45):
        return -1
    sign = 1 if data[at] == 43 else -1
    hours = _digits(data, at + 1, last, 2)
    at += 3
    if at < last and data[at] == 58:
        at += 1
    minutes = 0
    if at < last and 48 <= data[at] <= 57:
        minutes = _digits(data, at, last, 2)
        at += 2
    if not 0 <= hours <= 15 or not 0 <= minutes <= 59:
        return -1
    out[1] = sign * (60 * hours + minutes)
    return at


@njit(cache=True, nogil=True)
def _iso_week(data: Bytes, at: int, last: int, out: npt.NDArray[np.int64]) -> bool:
    """Read 2026-W10, which is its last day, or 2026-W10-3, a day of it."""
    year, week = _digits(data, at, last, 4), _digits(data, at + 6, last, 2)
    day = 7
    if last == at + 10 and data[at + 8] == 45:
        day = _digits(data, at + 9, last, 1)
    elif last != at + 8:
        return False
    if year < 1 or data[at + 4] != 45 or week < 1 or not 1 <= day <= 7:
        return False
    # The first week has 4 January in it; 1970-01-01 was a Thursday.
    fourth = _days(year, 1, 4)
    monday = fourth - (fourth + 3) % 7 + 7 * (week - 1)
    if monday + 3 >= _days(year + 1, 1, 1):  # a week belongs to the year of its Thursday
        return False
    out[0] = _DAY_MS * (monday + day - 1)
    return True


@njit(cache=True, nogil=True)
def _iso(data: Bytes, at: int, last: int, out: npt.NDArray[np.int64]) -> bool:
    """Read 2021-07-04, with T or a blank and a clock behind it, and with a zone behind that; or 2021-W26."""
    out[0] = 0
    if at + 5 < last and (data[at + 5] | 32) == 119:
        return _iso_week(data, at, last, out)
    year, month, day = (
        _digits(data, at, last, 4),
        _digits(data, at + 5, last, 2),
        _digits(data, at + 8, last, 2),
    )
    if year < 0 or month < 0 or day < 0 or data[at + 4] != 45 or data[at + 7] != 45:
        return False
    days = _days(year, month, day)
    if days == _BAD:
        return False
    at += 10
    out[0] = 0
    if at < last:
        if data[at] != 84 and data[at] != 116 and data[at] != 32:
            return False
        at = _clock(data, at + 1, last, out)
        if at < 0:
            return False
        if at < last and data[at] == 32:  # 2021-07-04 13:55:36 +02:00
            at += 1
        if at < last:
            at = _zone(data, at, last, out)
    out[0] += _DAY_MS * days
    return at == last


@njit(cache=True, nogil=True)
def _epoch(data: Bytes, at: int, last: int, out: npt.NDArray[np.int64]) -> bool:
    """Read seconds, milli-, micro- or nanoseconds since 1970, told apart by their number of digits."""
    whole, digits = np.int64(0), 0
    while at < last and 48 <= data[at] <= 57 and digits < 19:
        if digits < 18:
            whole = 10 * whole + (int(data[at]) - 48)
        digits += 1
        at += 1
    ms = 0
    if at < last and data[at] == 46:
        at += 1
        scale = 100
        while at < last and 48 <= data[at] <= 57:
            ms += scale * (int(data[at]) - 48)
            scale //= 10
            at += 1
        if digits > 11:  # decimals of milliseconds and less
            ms = 0
    if at != last or digits == 0:
        return False
    if digits <= 11:
        out[0] = 1000 * whole + ms
    elif digits <= 14:
        out[0] = whole
    elif digits <= 17:
        out[0] = whole // 1000
    elif digits == 18:
        out[0] = whole // 1_000_000
    else:  # the 19th digit was left out
        out[0] = whole // 100_000
    out[1] = 0
    return True


@njit(cache=True, nogil=True)
def _by_program(
    data: Bytes, at: int, last: int, program: Ints32, months: Bytes, out: npt.NDArray[np.int64]
) -> bool:
    """Read a time by the signs of a pattern; those above 255 are percent signs' letters plus 256."""
    year, month, day, clock = 1970, 1, 1, 0
    for sign in program:
        if sign < 256:
            if at >= last or data[at] != sign:
                return False
            at += 1
            continue
        letter = sign - 256
        if letter == 98:  # b
            found = 0
            for k in range(12):
                same = at + 3 <= last
                for j in range(3):
                    same = same and (data[at + j] | 32) == months[3 * k + j]
                if same:
                    found = k + 1
            if found == 0:
                return False
            month = found
            at += 3
        elif letter == 122:  # z
            at = _zone(data, at, last, out)
            if at < 0:
                return False
        elif letter == 102:  # f
            scale, digits = 100, 0
            while at < last and 48 <= data[at] <= 57:
                clock += scale * (int(data[at]) - 48)
                scale //= 10
                digits += 1
                at += 1
            if digits == 0:
                return False
        else:
            width = 4 if letter == 89 else 2
            value = _digits(data, at, last, width)
            if value < 0:
                return False
            at += width
            if letter == 89:
                year = value
            elif letter == 109:
                month = value
            elif letter == 100:
                day = value
            elif letter == 72 and value <= 23:
                clock += 3_600_000 * value
            elif letter == 77 and value <= 59:
                clock += 60_000 * value
            elif letter == 83 and value <= 60:
                clock += 1000 * value
            else:
                return False
    days = _days(year, month, day)
    if at != last or days == _BAD:
        return False
    out[0] = _DAY_MS * days + clock
    return True


@njit(cache=True, nogil=True)
def read_times(
    data: Bytes,
    start: Ints32,
    stop: Ints32,
    program: Ints32,
    months: Bytes,
    fault: Faults,
    ms: npt.NDArray[np.int64],
    offset_min: Ints32,
) -> None:
    """Read points in time and add them to what is there.

    Parameters
    ----------
    data, start, stop
        The block and the spans of the field.
    program : (n,) int32
        One of the modes, or signs of a pattern; see `time_program`.
    months : (36,) uint8
        Three letters for each month.
    fault : (n_lines,)
        Set where there is no such time, or one outside of 1980 to 2199.
    ms : (n_lines,) int64
        Milliseconds since 1970, of the clock that the text shows, are added.
    offset_min : (n_lines,) int32
        Set to the minutes that the text says its clock is ahead of UTC; left alone where it says nothing.
    """
    out = np.zeros(2, dtype=np.int64)
    mode = program[0]
    for i in range(start.size):
        if fault[i] != faults.OK:
            continue
        out[1] = NO_OFFSET
        first, last = start[i], stop[i]
        if mode == ISO:
            good = _iso(data, first, last, out)
        elif mode == EPOCH:
            good = _epoch(data, first, last, out)
        elif mode == CLOCK:
            good = _clock(data, first, last, out) == last
        else:
            good = _by_program(data, first, last, program, months, out)
        ms[i] += out[0]
        if not good or (mode != CLOCK and not _FIRST_MS <= ms[i] < _LAST_MS):
            fault[i] = faults.TIME
            continue
        if out[1] != NO_OFFSET:
            offset_min[i] = out[1]


def time_program(pattern: str) -> npt.NDArray[np.int32]:
    """Signs of a pattern as `read_times` takes them.

    Parameters
    ----------
    pattern : str
        ``iso``, ``epoch``, ``clock``, ``apache``, or signs and %Y %m %b %d %H %M %S %f %z.

    Examples
    --------
    >>> time_program("%d.%m.").tolist()
    [356, 46, 365, 46]
    """
    modes = {"iso": ISO, "epoch": EPOCH, "clock": CLOCK}
    if pattern in modes:
        return np.array([modes[pattern]], dtype=np.int32)
    text = "%d/%b/%Y:%H:%M:%S %z" if pattern == "apache" else pattern
    signs: list[int] = []
    at = 0
    while at < len(text):
        if text[at] == "%" and at + 1 < len(text):
            signs.append(37 if text[at + 1] == "%" else 256 + ord(text[at + 1]))
            at += 2
        else:
            signs.extend(text[at].encode())
            at += 1
    return np.array(signs, dtype=np.int32)


MONTHS: Bytes = _MONTHS
"""First letters of the months in English, as `read_times` takes them."""
