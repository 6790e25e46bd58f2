"""Kernels that find fields in the lines of a block of text.

A block is bytes, (n_bytes,) uint8; line i is ``data[begin[i]:end[i]]``. A field is a span of the same bytes.
Every kernel leaves lines alone whose `fault` is not `OK`, and sets it where a line cannot be understood.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.compiled import njit
from cdnplan.inputs.logs import faults

Bytes = npt.NDArray[np.uint8]
Ints32 = npt.NDArray[np.int32]
Faults = npt.NDArray[np.uint8]

_QUOTE = ord('"')
_BACKSLASH = ord("\\")
_OPEN = ord("[")
_CLOSE = ord("]")
_SPACE = ord(" ")
_SLASH = ord("/")
_DASH = ord("-")


@njit(cache=True, nogil=True)
def find_fields(
    data: Bytes,
    begin: Ints32,
    end: Ints32,
    separator: int,
    brackets: bool,
    backslash: bool,
    n_fields: int,
    exact: bool,
    slot_of: Ints32,
    start: npt.NDArray[np.int32],
    stop: npt.NDArray[np.int32],
    fault: Faults,
    detail: Ints32,
) -> None:
    """Cut lines at a separator; fields in quotes, and in brackets if asked for, may contain it.

    Parameters
    ----------
    data, begin, end
        The block and its lines.
    separator : int
        One byte.
    brackets : bool
        Whether ``[`` opens a field that ends at ``]``.
    backslash : bool
        Whether a backslash in quotes takes the meaning off the next byte; else a doubled quote is one quote.
    n_fields : int
        Fields that a line has, or at least has where `exact` is false.
    slot_of : (n_fields,) int32
        Row of `start` and `stop` that takes a field; -1: not wanted.
    start, stop : (n_slots, n_lines) int32
        Set to the spans of the wanted fields, without quotes or brackets.
    fault, detail : (n_lines,)
        Faults; `detail` is the number of fields found.
    """
    for i in range(begin.size):
        if fault[i] != faults.OK:
            continue
        at, last, count = begin[i], end[i], 0
        wrong = faults.OK
        while True:
            if at < last and data[at] == _QUOTE:
                first = at + 1
                at = first
                while at < last:
                    byte = data[at]
                    if byte == _QUOTE:
                        if not backslash and at + 1 < last and data[at + 1] == _QUOTE:
                            at += 2
                            continue
                        break
                    at += 2 if backslash and byte == _BACKSLASH else 1
                if at >= last:
                    wrong = faults.QUOTE_OPEN
                    break
                field_end = at
                at += 1
                if at < last and data[at] != separator:
                    wrong = faults.AFTER_QUOTE
                    break
            elif brackets and at < last and data[at] == _OPEN:
                first = at + 1
                while at < last and data[at] != _CLOSE:
                    at += 1
                if at >= last:
                    wrong = faults.BRACKET_OPEN
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
            if count < n_fields:
                slot = slot_of[count]
                if slot >= 0:
                    start[slot, i] = first
                    stop[slot, i] = field_end
            count += 1
            if at >= last:
                break
            at += 1
        if wrong == faults.OK and count < n_fields:
            wrong = faults.TOO_FEW
        if wrong == faults.OK and exact and count > n_fields:
            wrong = faults.TOO_MANY
        fault[i] = wrong
        detail[i] = count


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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
