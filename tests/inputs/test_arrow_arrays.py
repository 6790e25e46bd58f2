"""Arrow arrays to numpy and back, as pyarrow itself converts them, but without pandas."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from cdnplan.inputs.tables.arrow_arrays import from_numpy, from_texts, missing, to_numpy

DAYS = [dt.date(1969, 12, 30), None, dt.date(2024, 2, 29), dt.date(2024, 3, 1)]
TIMES = [None if day is None else dt.datetime(day.year, day.month, day.day, 23, 59) for day in DAYS]


@pytest.mark.parametrize(
    "array",
    [
        pa.array([1, None, 3, -4], pa.int8()),
        pa.array([1, None, 3, 2**63], pa.uint64()),
        pa.array([1.5, None, float("nan"), float("inf")], pa.float32()),
        pa.array(DAYS, pa.date32()),
        pa.array(DAYS, pa.date64()),
        *(pa.array(TIMES, pa.timestamp(unit)) for unit in ("s", "ms", "us", "ns")),
        pa.array(TIMES, pa.timestamp("us", tz="Asia/Tokyo")),
        pa.array([], pa.int32()),
        pa.array([], pa.date32()),
    ],
    ids=lambda array: str(array.type),
)
def test_values_and_nulls(array: pa.Array) -> None:
    """Also of parts, which begin in the middle of a byte of the mask."""
    for part in (array, array.slice(1), array.slice(2), array.slice(1, 2)):
        known = ~missing(part)
        assert known.tolist() == [value is not None for value in part.to_pylist()]
        expected = part.drop_null().to_numpy(zero_copy_only=False)
        found = to_numpy(part)
        assert found.size == len(part)
        np.testing.assert_array_equal(found[known], expected)


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32", "float64", "datetime64[D]"])
def test_there_and_back(dtype: str) -> None:
    values = np.array([-3, 0, 20_000]).astype(dtype)
    assert from_numpy(values).equals(pa.array(values))
    strided = np.repeat(values, 2)[::2]
    assert from_numpy(strided).equals(pa.array(values))
    np.testing.assert_array_equal(to_numpy(from_numpy(values)), values)


def test_no_date_is_null() -> None:
    days = np.array(["2024-02-29", "NaT", "1969-12-31"] * 4, dtype="datetime64[D]")
    assert from_numpy(days).equals(pa.array(days))
    assert from_numpy(days[1:2]).to_pylist() == [None]


def test_texts() -> None:
    texts = ["", "Österreich", "a", "日本", "a"]
    assert from_texts(texts).equals(pa.array(texts, pa.string()))
    assert from_texts([]).equals(pa.array([], pa.string()))
