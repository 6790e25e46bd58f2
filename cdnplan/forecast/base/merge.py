"""Two forecasts of different pairs put together as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cdnplan.forecast.base.base import Forecast


def merged(first: Forecast, second: Forecast) -> Forecast:
    """Put the rows of two forecasts of the same periods together; no pair may be in both.

    What the first tells of itself holds: its name, its warnings, and whether there are quantiles.
    """
    if second.gb.size == 0:
        return first
    regions = tuple(sorted({*first.regions, *second.regions}))
    titles = tuple(sorted({*first.titles, *second.titles}))
    step = np.concatenate([first.step, second.step])
    region = np.concatenate(
        [_codes(regions, made.regions)[made.region] for made in (first, second)], dtype=np.int32
    )
    title = np.concatenate(
        [_codes(titles, made.titles)[made.title] for made in (first, second)], dtype=np.int32
    )
    order = np.lexsort((title, region, step))
    quantile = _joined(first.quantile_gb, second.quantile_gb, first.quantiles == second.quantiles)
    silent = _joined(first.silent_ratio, second.silent_ratio, True)
    return replace(
        first,
        regions=regions,
        titles=titles,
        step=step[order],
        region=region[order],
        title=title[order],
        gb=np.concatenate([first.gb, second.gb])[order],
        quantiles=first.quantiles if quantile is not None else (),
        quantile_gb=None if quantile is None else quantile[order],
        silent_ratio=None if silent is None else silent[order],
    )


def _codes(names: tuple[str, ...], some: tuple[str, ...]) -> npt.NDArray[np.int32]:
    index = {name: i for i, name in enumerate(names)}
    return np.array([index[name] for name in some], dtype=np.int32)


def _joined(
    first: npt.NDArray[np.float32] | None, second: npt.NDArray[np.float32] | None, same: bool
) -> npt.NDArray[np.float32] | None:
    return np.concatenate([first, second]) if same and first is not None and second is not None else None
