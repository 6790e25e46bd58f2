"""A forecast written as a demand table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from cdnplan import __version__
from cdnplan.forecast.base.base import Forecast
from cdnplan.inputs.tables.arrow_arrays import from_numpy, from_texts
from cdnplan.inputs.tables.periods import NAMED_BY
from cdnplan.inputs.tables.table_writer import check_table_path, whole_file, write_batches

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
        ``model``, ``cutoff``, ``horizon``, ``period_days``, ``named_by``, ``quantiles``, ``history_sha256``,
        ``cdnplan``.
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
        NAMED_BY: "last",
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
    starts = range(0, max(1, forecast.gb.size), ROWS_AT_ONCE)
    tables = (demand_table(forecast, first, first + ROWS_AT_ONCE) for first in starts)
    with whole_file(path) as part:
        write_batches(
            demand_table(forecast, 0, 0).schema, tables, part, path.name, statistics=("date", "region")
        )


def _texts(code: np.ndarray[Any, np.dtype[np.int32]], names: tuple[str, ...]) -> Any:
    return pa.DictionaryArray.from_arrays(from_numpy(code), from_texts(names))
