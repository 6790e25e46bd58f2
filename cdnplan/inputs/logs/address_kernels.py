"""Kernels that look up addresses in a table of ranges; the ones of Python and Arrow take twice the time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.inputs.logs import faults
from cdnplan.inputs.logs.line_kernels import Bytes, Faults, Ints32

_POINT = ord(".")
_ZERO = ord("0")


@njit(cache=True, nogil=True)
def _hex(byte: int) -> int:
    if 48 <= byte <= 57:
        return byte - 48
    if 97 <= byte <= 102:
        return byte - 87
    if 65 <= byte <= 70:
        return byte - 55
    return -1


@njit(cache=True, nogil=True)
def _version_4(data: Bytes, at: int, last: int) -> int:
    """Value of an address as 192.0.2.1 that fills the span; -1 where there is none."""
    value, part, digits, parts = 0, 0, 0, 0
    while at <= last:
        if at == last or data[at] == _POINT:
            if digits == 0 or part > 255:
                return -1
            value = 256 * value + part
            parts += 1
            part, digits = 0, 0
            if at < last and parts == 4:
                return -1
        else:
            digit = int(data[at]) - _ZERO
            if not 0 <= digit <= 9 or digits == 3:
                return -1
            part = 10 * part + digit
            digits += 1
        at += 1
    return value if parts == 4 else -1


@njit(cache=True, nogil=True)
def _version_6(data: Bytes, at: int, last: int, groups: npt.NDArray[np.int64]) -> bool:
    """Read an address of version 6 that fills the span into 8 groups; whether there is one."""
    count, gap = 0, -1
    if at + 1 < last and data[at] == 58 and data[at + 1] == 58:
        gap = 0
        at += 2
    while at < last:
        group, digits, first = 0, 0, at
        while at < last and _hex(data[at]) >= 0 and digits < 4:
            group = 16 * group + _hex(data[at])
            digits += 1
            at += 1
        if at < last and data[at] == _POINT:  # the last 32 bits as version 4
            low = _version_4(data, first, last)
            if low < 0 or count > 6:
                return False
            groups[count], groups[count + 1] = low >> 16, low & 0xFFFF
            count += 2
            at = last
            break
        if digits == 0 or count == 8:
            return False
        groups[count] = group
        count += 1
        if at == last:
            break
        if data[at] != 58:
            return False
        at += 1
        if at < last and data[at] == 58:
            if gap >= 0:
                return False
            gap = count
            at += 1
        elif at == last:
            return False
    if gap < 0:
        return count == 8
    if count > 7:
        return False
    moved = count - gap
    for k in range(1, moved + 1):
        groups[8 - k] = groups[count - k]
    for k in range(gap, 8 - moved):
        groups[k] = 0
    return True


@njit(cache=True, nogil=True)
def find_prefixes(
    data: Bytes,
    start: Ints32,
    stop: Ints32,
    edge_high: npt.NDArray[np.uint64],
    edge_low: npt.NDArray[np.uint64],
    code: Ints32,
    fault: Faults,
    found: Ints32,
) -> None:
    """Look up addresses in a table of ranges.

    Of several addresses, as ``X-Forwarded-For`` has them, the first counts; a port behind the address is
    ignored. Version 4 is looked up as ``::ffff:0:0/96`` of version 6.

    Parameters
    ----------
    data, start, stop
        The block and the spans of the field.
    edge_high, edge_low : (n_edges,) uint64
        Upper and lower half of the first address of each range, increasing; the first is 0.
    code : (n_edges,) int32
        What a range stands for; -1 for nothing.
    fault : (n_lines,)
        Set where there is no address.
    found : (n_lines,) int32
        Set to the code of the range.
    """
    groups = np.zeros(8, dtype=np.int64)
    for i in range(start.size):
        if fault[i] != faults.OK:
            continue
        first, last = start[i], stop[i]
        colons, points = 0, 0
        for j in range(first, last):
            byte = data[j]
            if byte in (44, 32):  # comma, blank
                last = j
                break
            colons += byte == 58
            points += byte == _POINT
        if first < last and data[first] == ord("["):  # [2001:db8::1]:443
            first += 1
            j = first
            while j < last and data[j] != ord("]"):
                j += 1
            last = j if j < last else first
        elif colons == 1 and points == 3:
            while data[last - 1] != 58:
                last -= 1
            last -= 1
        if colons == 0 or (colons == 1 and points == 3):
            value = _version_4(data, first, last)
            if value < 0:
                fault[i] = faults.CLIENT
                continue
            high, low = np.uint64(0), np.uint64(0xFFFF00000000) | np.uint64(value)
        elif _version_6(data, first, last, groups):
            high, low = np.uint64(0), np.uint64(0)
            for k in range(4):
                high = (high << np.uint64(16)) | np.uint64(groups[k])
                low = (low << np.uint64(16)) | np.uint64(groups[k + 4])
        else:
            fault[i] = faults.CLIENT
            continue
        below, above = 0, edge_high.size
        while above - below > 1:
            middle = (below + above) // 2
            if edge_high[middle] < high or (edge_high[middle] == high and edge_low[middle] <= low):
                below = middle
            else:
                above = middle
        found[i] = code[below]
