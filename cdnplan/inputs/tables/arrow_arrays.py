"""numpy arrays to Arrow arrays and back, without pandas: pyarrow's own ways load it, which takes a second."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_EPOCH_TYPES = {"date32[day]": ("int32", "D"), "date64[ms]": ("int64", "ms")}

_FIRST_DAY, _LAST_DAY = ((day - dt.date(1970, 1, 1)).days for day in (dt.date.min, dt.date.max))


def beyond_the_calendar(days: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which days since 1970 are not in the years 1 to 9999, which is all that a date can be, (n,).

    Examples
    --------
    >>> beyond_the_calendar(np.array([0, 2**31])).tolist()
    [False, True]
    """
    return np.asarray((days < _FIRST_DAY) | (days > _LAST_DAY))


def missing(array: Any) -> npt.NDArray[np.bool_]:
    """Whether each value of an Arrow array is null, (n,)."""
    if not array.null_count:
        return np.zeros(len(array), dtype=bool)
    return np.asarray(_plain(array.is_null().cast(pa.uint8())) != 0)


def to_numpy(array: Any) -> npt.NDArray[Any]:
    """Values of an Arrow array of numbers, dates or times, (n,); what stands where one is null is undefined.

    Dates and times become datetime64, those with a time zone in UTC.

    Examples
    --------
    >>> to_numpy(pa.array(["2024-01-07"]).cast(pa.date32()))
    array(['2024-01-07'], dtype='datetime64[D]')
    """
    kind = array.type
    if pa.types.is_date(kind):
        whole, unit = _EPOCH_TYPES[str(kind)]
        return _plain(array.view(whole)).astype(f"datetime64[{unit}]")
    if pa.types.is_timestamp(kind):
        return _plain(array.view("int64")).astype(f"datetime64[{kind.unit}]")
    return _plain(array)


def _plain(array: Any) -> npt.NDArray[Any]:
    """Values of an array of numbers, its mask left out: DLPack knows none."""
    if array.null_count:
        array = pa.Array.from_buffers(array.type, len(array), [None, array.buffers()[1]], offset=array.offset)
    values: npt.NDArray[Any] = np.from_dlpack(array)
    return values


def from_numpy(values: npt.NDArray[Any]) -> Any:
    """Arrow array of numbers, or of dates (datetime64[D]), of which NaT becomes null."""
    if values.dtype.kind == "M":
        days = values.astype("datetime64[D]").astype(np.int64).astype(np.int32)
        known = ~np.isnat(values)
        mask = None if known.all() else pa.py_buffer(np.packbits(known, bitorder="little"))
        return pa.Array.from_buffers(pa.date32(), days.size, [mask, pa.py_buffer(days)])
    kind = pa.from_numpy_dtype(values.dtype)
    whole = np.ascontiguousarray(values)
    return pa.Array.from_buffers(kind, whole.size, [None, pa.py_buffer(whole)])


def from_texts(texts: Sequence[str]) -> Any:
    """Arrow array of texts."""
    encoded = [text.encode() for text in texts]
    ends = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(text) for text in encoded], out=ends[1:])
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.large_string(), len(encoded), buffers).cast(pa.string())
