"""Shares of a title's files, learned by region from a history by file.

A file's share of its title in a region is its share everywhere, tilted by what the region does with files of
its profile: networks and screens differ from region to region, titles hardly. Each part is drawn towards what
is known without it, by as many GB as a tenth of a typical title, or of a typical region's profile, has [1]_.

References
----------
.. [1] I. J. Good, "The estimation of probabilities", chapter 3, 1965.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.forecast.base.base import Forecast
from cdnplan.inputs.demand.file_shares import FileShares
from cdnplan.inputs.demand.history import History, names_in_use
from cdnplan.model.network.catalog import Catalog

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PRIOR_RATIO = 0.1
"""Part of a typical volume that what is known without it counts for."""

RECENT = {1: 84, 7: 12}
"""Latest periods that are looked at, by length of period [days] [periods]."""


def by_title(history: History, catalog: Catalog) -> tuple[History, tuple[str, ...]]:
    """Add a history by file up to titles.

    Parameters
    ----------
    history : History
        By file.
    catalog : Catalog

    Returns
    -------
    History
        By title; files that the catalogue lacks are left out.
    tuple of str
        A warning of these.

    Raises
    ------
    InputError
        No file of the history is in the catalogue.
    """
    title_of = _titles_of(history, catalog)
    kept = title_of[history.title] >= 0
    gone = [name for name, title in zip(history.titles, title_of.tolist(), strict=True) if title < 0]
    if not kept.any():
        message = f"no file of the history is in the files table, as {gone[0]!r}"
        raise InputError([Problem(message, hint=nearest(gone[0], catalog.files))])
    warnings: tuple[str, ...] = ()
    if gone:
        some = f"{len(gone)} files" if len(gone) > 1 else "1 file"
        ratio = float(history.gb[~kept].sum() / history.gb.sum())
        warnings = (f"left out {some} that the files table lacks, as {gone[0]!r}: {ratio:.1%} of the GB",)
    n_titles, n_regions = len(catalog.titles), len(history.regions)
    cell = history.period[kept].astype(np.int64) * n_regions + history.region[kept]
    key, code = np.unique(cell * n_titles + title_of[history.title[kept]], return_inverse=True)
    titles, title = names_in_use(catalog.titles, (key % n_titles).astype(np.int32))
    regions, region = names_in_use(history.regions, (key // n_titles % n_regions).astype(np.int32))
    return replace(
        history,
        regions=regions,
        titles=titles,
        by="title",
        period=(key // n_titles // n_regions).astype(np.int32),
        region=region,
        title=title,
        gb=np.bincount(code, history.gb[kept], minlength=key.size).astype(np.float64),
    ), warnings


def learn_shares(history: History, catalog: Catalog, given: FileShares) -> FileShares:
    """Learn what part of a title's bytes each of its files has, region by region.

    Parameters
    ----------
    history : History
        By file; ends at the cutoff.
    catalog : Catalog
    given : FileShares
        What is said of titles that the history does not have, and of all a little. A region that the
        history lacks keeps them.

    Returns
    -------
    FileShares
        With shares for each region of the history, and for all others those of all regions together.
    """
    index = {name: i for i, name in enumerate(catalog.files)}
    file_of = np.array([index.get(name, -1) for name in history.titles], dtype=np.int64)
    first = int(np.searchsorted(history.period, history.n_periods - RECENT[history.period_days]))
    file, region, gb = file_of[history.title[first:]], history.region[first:], history.gb[first:]
    kept = file >= 0
    file, region, gb = file[kept], region[kept], gb[kept]
    n, n_titles = catalog.n_files, len(catalog.titles)
    owner = catalog.file_title
    profile = given.profile_codes(n)
    everywhere = np.bincount(file, gb, n)
    of_title = np.bincount(owner, everywhere, n_titles)
    said = np.where(np.isnan(given.ratio), 0.0, given.ratio)
    prior = PRIOR_RATIO * float(np.median(of_title[of_title > 0])) if np.any(of_title > 0) else 1.0
    known = np.bincount(owner, said, n_titles) > 0
    said = np.where(known[owner], said, (1 / np.bincount(owner, minlength=n_titles))[owner])
    world = (everywhere + prior * said) / (of_title + prior)[owner]
    rows_file, rows_ratio = [], []
    for r in range(len(history.regions)):
        own = region == r
        here = np.bincount(file[own], gb[own], n)
        expected = np.bincount(profile, np.bincount(owner, here, n_titles)[owner] * world)
        came = np.bincount(profile, here, expected.size)
        weak = PRIOR_RATIO * float(np.median(expected[expected > 0])) if np.any(expected > 0) else 1.0
        tilted = world * ((came + weak) / (expected + weak))[profile]
        ratio = tilted / np.bincount(owner, tilted, n_titles)[owner]
        some = np.flatnonzero(ratio > 0)
        rows_file.append(some.astype(np.int32))
        rows_ratio.append(ratio[some])
    return replace(
        given,
        ratio=world / np.bincount(owner, world, n_titles)[owner],
        regions=history.regions,
        region_ptr=np.concatenate([[0], np.cumsum([some.size for some in rows_file])]).astype(np.int64),
        region_file=np.concatenate(rows_file),
        region_ratio=np.concatenate(rows_ratio),
    )


def split(forecast: Forecast, catalog: Catalog, shares: FileShares) -> Forecast:
    """Turn a forecast by title into one by file.

    Quantiles are split as the expected value is: how files stray from their shares is not in them.
    """
    index = {name: i for i, name in enumerate(catalog.titles)}
    title = np.array([index[name] for name in forecast.titles], dtype=np.int64)[forecast.title]
    count = np.diff(shares.title_ptr)[title]
    row = np.repeat(np.arange(title.size), count)
    within = np.arange(row.size) - np.repeat(np.cumsum(count) - count, count)
    file = shares.title_file[shares.title_ptr[title[row]] + within]
    table = np.stack([shares.in_region(name) for name in forecast.regions])
    ratio = np.nan_to_num(table[forecast.region[row], file])
    order = np.lexsort((file, forecast.region[row], forecast.step[row]))
    order = order[ratio[order] > 0]
    row, file, ratio = row[order], file[order], ratio[order]
    files, code = names_in_use(catalog.files, file)
    quantile, silent = forecast.quantile_gb, forecast.silent_ratio
    return replace(
        forecast,
        titles=files,
        by="file",
        step=forecast.step[row],
        region=forecast.region[row],
        title=code,
        gb=forecast.gb[row] * ratio,
        quantile_gb=None if quantile is None else (quantile[row] * ratio[:, None]).astype(np.float32),
        silent_ratio=None if silent is None else silent[row],
    )


def _titles_of(history: History, catalog: Catalog) -> Ints:
    """Title of each file of a history, -1 where the catalogue lacks it, (n_names,)."""
    index = dict(zip(catalog.files, catalog.file_title.tolist(), strict=True))
    return np.array([index.get(name, -1) for name in history.titles], dtype=np.int64)
