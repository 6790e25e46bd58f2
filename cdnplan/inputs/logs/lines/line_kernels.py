"""Kernels that find fields in the lines of a block of text, and addresses in a table of ranges.

A block is bytes, (n_bytes,) uint8; line i is ``data[begin[i]:end[i]]``. A field is a span of the same bytes.
Every kernel leaves lines alone whose `fault` is not `OK`, and sets it where a line cannot be understood.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.inputs.logs.meaning import faults

Bytes = npt.NDArray[np.uint8]
Ints32 = npt.NDArray[np.int32]
Spans = npt.NDArray[np.int32]
Faults = npt.NDArray[np.uint8]

_QUOTE = ord('"')
_BACKSLASH = ord("\\")
_OPEN = ord("[")
_CLOSE = ord("]")
_SPACE = ord(" ")
_SLASH = ord("/")
_DASH = ord("-")
_POINT = ord(".")
_ZERO = ord("0")


@njit(cache=True, nogil=True, allocates=False)
def find_fields(
    data: Bytes,
    begin: Ints32,
    end: Ints32,
    separator: int,
    apache: bool,
    slot_of: Ints32,
    start: Spans,
    stop: Spans,
    fault: Faults,
    detail: Ints32,
) -> None:
    """Cut lines at a separator; fields in quotes may contain it.

    Parameters
    ----------
    data, begin, end
        The block and its lines.
    separator : int
        One byte.
    apache : bool
        Whether lines are written as Apache does: a backslash in quotes takes the meaning off the next byte,
        ``[`` opens a field that ends at ``]``, and more fields may follow. Else as in RFC 4180: a doubled
        quote in quotes is one quote.
    slot_of : (n_fields,) int32
        Row of `start` and `stop` that takes each field a line has; -1: not wanted.
    start, stop : (n_slots, n_lines) int32
        Set to the spans of the wanted fields, without quotes or brackets.
    fault, detail : (n_lines,)
        Faults; `detail` is the number of fields found.
    """
    n_fields = slot_of.size
    for i in range(begin.size):
        if fault[i] != faults.OK:
            continue
        at, last, count, wrong = begin[i], end[i], 0, faults.OK
        while True:
            quoted = at < last and data[at] == _QUOTE
            if quoted or (apache and at < last and data[at] == _OPEN):
                first = at + 1
                at = first
                if quoted:
                    while at < last:
                        byte = data[at]
                        if byte == _QUOTE:
                            if not apache and at + 1 < last and data[at + 1] == _QUOTE:
                                at += 2
                                continue
                            break
                        at += 2 if apache and byte == _BACKSLASH else 1
                else:
                    while at < last and data[at] != _CLOSE:
                        at += 1
                if at >= last:
                    wrong = faults.QUOTE_OPEN if quoted else faults.BRACKET_OPEN
                    break
                field_end = at
                at += 1
                if at < last and data[at] != separator:
                    wrong = faults.AFTER_QUOTE
                    break
            else:
                first = at
                while at < last and data[at] != separator:
                    at += 1
                field_end = at
            if count < n_fields and slot_of[count] >= 0:
                start[slot_of[count], i] = first
                stop[slot_of[count], i] = field_end
            count += 1
            if at >= last:
                break
            at += 1
        if wrong == faults.OK and count < n_fields:
            wrong = faults.TOO_FEW
        if wrong == faults.OK and not apache and count > n_fields:
            wrong = faults.TOO_MANY
        fault[i] = wrong
        detail[i] = count


@njit(cache=True, nogil=True, allocates=False)
def split_requests(
    data: Bytes,
    start: Ints32,
    stop: Ints32,
    method_start: Ints32,
    method_stop: Ints32,
    url_start: Ints32,
    url_stop: Ints32,
    fault: Faults,
) -> None:
    """Find method and URL in request lines as ``GET /a HTTP/1.1``, (n_lines,) each; the protocol may lack.

    The URL goes from the first space to the last one before the protocol, so it may contain spaces.
    """
    for i in range(start.size):
        if fault[i] != faults.OK:
            continue
        first, last = start[i], stop[i]
        space = first
        while space < last and data[space] != _SPACE:
            space += 1
        tail = last
        # The protocol is the last word when it begins like HTTP/.
        word = last
        while word > space + 1 and data[word - 1] != _SPACE:
            word -= 1
        if (
            word > space + 1
            and last - word > 5
            and data[word] == ord("H")
            and data[word + 1] == ord("T")
            and data[word + 2] == ord("T")
            and data[word + 3] == ord("P")
            and data[word + 4] == _SLASH
        ):
            tail = word - 1
        if space == first or space + 1 >= tail:
            fault[i] = faults.REQUEST
            continue
        method_start[i], method_stop[i] = first, space
        url_start[i], url_stop[i] = space + 1, tail


@njit(cache=True, nogil=True, allocates=False)
def trim_urls(
    data: Bytes, start: Ints32, stop: Ints32, without_query: bool, without_host: bool, fault: Faults
) -> None:
    """Shorten URLs in place to what names the object; faults where nothing is left or a dash stands."""
    for i in range(start.size):
        if fault[i] != faults.OK:
            continue
        first, last = start[i], stop[i]
        if without_host:
            colon = first
            while colon + 2 < last and data[colon] != ord(":") and data[colon] != _SLASH:
                colon += 1
            scheme = colon + 2 < last and colon > first and data[colon] == ord(":")
            if scheme and data[colon + 1] == _SLASH and data[colon + 2] == _SLASH:
                first = colon + 3
                while first < last and data[first] != _SLASH:
                    first += 1
        if without_query:
            at = first
            while at < last and data[at] != ord("?") and data[at] != ord("#"):
                at += 1
            last = at
        if first >= last or (last - first == 1 and data[first] == _DASH):
            fault[i] = faults.OBJECT
            continue
        start[i], stop[i] = first, last


@njit(cache=True, nogil=True, allocates=False)
def copy_texts(
    data: Bytes,
    start: Ints32,
    stop: Ints32,
    rows: Ints32,
    single_quotes: bool,
    offsets: Ints32,
    copied: Bytes,
) -> None:
    """Put the fields of some lines one after the other, for an Arrow array of texts.

    Parameters
    ----------
    data, start, stop
        The block and the spans of the field.
    rows : (n,) int32
        Lines to take.
    single_quotes : bool
        Whether two quotes are copied as one.
    offsets : (n + 1,) int32
        Set to where each text begins in `copied`.
    copied : (m,) uint8
        At least as long as the fields together; set.
    """
    at = 0
    for k in range(rows.size):
        offsets[k] = at
        i = rows[k]
        j = start[i]
        while j < stop[i]:
            byte = data[j]
            copied[at] = byte
            at += 1
            j += 2 if single_quotes and byte == _QUOTE and j + 1 < stop[i] and data[j + 1] == _QUOTE else 1
    offsets[rows.size] = at


@njit(cache=True, nogil=True, allocates=False)
def _hex(byte: int) -> int:
    if 48 <= byte <= 57:
        return byte - 48
    if 97 <= byte <= 102:
        return byte - 87
    if 65 <= byte <= 70:
        return byte - 55
    return -1


@njit(cache=True, nogil=True, allocates=False)
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


@njit(cache=True, nogil=True, allocates=False)
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
