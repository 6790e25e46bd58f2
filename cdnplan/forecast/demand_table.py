"""A forecast written as a demand table."""

from __future__ import annotations

import gzip
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from cdnplan import __version__
from cdnplan.errors import InputError, Problem
from cdnplan.forecast.base import Forecast
from cdnplan.inputs.arrow_arrays import from_numpy, from_texts
from cdnplan.inputs.table_files import is_table

ROWS_AT_ONCE = 2_000_000
"""Rows of a forecast that are turned into a table and written at a time."""


def demand_table(forecast: Forecast, first: int = 0, last: int | None = None) -> Any:
    """Make the table of a forecast, or of some of its rows.

    Parameters
    ----------
    forecast : Forecast
    first, last : int, int or None
        Rows `first` to before `last`; None: to the end.

    Returns
    -------
    pyarrow.Table
        ``date``, ``region``, ``title`` or ``file``, ``gb``, sorted by the first three; with quantiles also
        ``quantile``, empty for the expected value. The schema's metadata tell where it comes from:
        ``model``, ``cutoff``, ``horizon``, ``period_days``, ``quantiles``, ``history_sha256``, ``cdnplan``.
    """
    days = np.array([forecast.day(step) for step in range(forecast.horizon + 1)], dtype="datetime64[D]")
    n_levels = len(forecast.quantiles)
    part = slice(first, last)
    gb = forecast.gb[part]
    row = first + np.repeat(np.arange(gb.size), n_levels + 1) if n_levels else part
    columns = {
        "date": from_numpy(days[forecast.step[row]]),
        "region": _texts(forecast.region[row], forecast.regions),
        forecast.by: _texts(forecast.title[row], forecast.titles),
        "gb": from_numpy(gb),
    }
    if forecast.quantile_gb is not None:
        volumes = np.concatenate([gb[:, None], forecast.quantile_gb[part]], axis=1)
        columns["gb"] = from_numpy(volumes.ravel())
        levels = pa.concat_arrays([pa.nulls(1, pa.float64()), from_numpy(np.array(forecast.quantiles))])
        columns["quantile"] = levels.take(from_numpy(np.tile(np.arange(n_levels + 1), gb.size)))
    metadata = {
        "model": forecast.model,
        "cutoff": str(forecast.cutoff),
        "horizon": str(forecast.horizon),
        "period_days": str(forecast.period_days),
        **({"quantiles": ",".join(f"{level:g}" for level in forecast.quantiles)} if n_levels else {}),
        "history_sha256": forecast.history_hash,
        "cdnplan": __version__,
    }
    return pa.table(columns, metadata=metadata)


def write_forecast(forecast: Forecast, path: Path) -> None:
    """Write a forecast as a demand table, whole or not at all; a CSV file lacks the metadata.

    Parameters
    ----------
    forecast : Forecast
    path : Path
        Ends in ``.parquet``, ``.csv`` or ``.csv.gz``; missing folders are made.

    Raises
    ------
    InputError
        Another ending, or the file cannot be written there.
    """
    check_table_path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write(forecast, part, path.name.lower())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        message = f"cannot be written: {error.strerror or error}"
        raise InputError([Problem(message, file=str(path))]) from None


def check_table_path(path: Path) -> None:
    """Check that a table can be written under this name, before time is spent on its content.

    Raises
    ------
    InputError
        It has another ending than tables have, or is a folder.
    """
    if path.is_dir():
        raise InputError([Problem("a folder, expected the name of a file to write", file=str(path))])
    if not is_table(path):
        expected = "a name that ends in .parquet, .csv or .csv.gz"
        raise InputError([Problem(f"not the name of a table, expected {expected}", file=str(path))])


def _write(forecast: Forecast, part: Path, name: str) -> None:
    """Write row group by row group, so that memory does not grow with the table."""
    starts = range(0, max(1, forecast.gb.size), ROWS_AT_ONCE)
    tables = (demand_table(forecast, first, first + ROWS_AT_ONCE) for first in starts)
    schema = demand_table(forecast, 0, 0).schema
    with ExitStack() as stack:
        writer: Any
        if name.endswith(".parquet"):
            # Half the time without what nobody gains from: a dictionary of volumes, all different, and the
            # first and last of the titles, which each row group has almost all of.
            dictionary = [column for column in schema.names if column != "gb"]
            writer = stack.enter_context(
                pq.ParquetWriter(part, schema, use_dictionary=dictionary, write_statistics=["date", "region"])
            )
        elif name.endswith(".gz"):
            # No name and no time in the header: the same forecast gives the same bytes.
            raw = stack.enter_context(part.open("wb"))
            stream = stack.enter_context(gzip.GzipFile("", "wb", fileobj=raw, mtime=0))
            writer = stack.enter_context(pacsv.CSVWriter(stream, schema))
        else:
            writer = stack.enter_context(pacsv.CSVWriter(str(part), schema))
        for table in tables:
            writer.write_table(table)


def _texts(code: np.ndarray[Any, np.dtype[np.int32]], names: tuple[str, ...]) -> Any:
    return pa.DictionaryArray.from_arrays(from_numpy(code), from_texts(names))
