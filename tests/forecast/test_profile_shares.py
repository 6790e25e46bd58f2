"""A history by file: titles are forecast, and split by shares learned for each region."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cdnplan.errors import InputError
from cdnplan.forecast.asked.profile_shares import by_title, learn_shares, split
from cdnplan.forecast.asked.run import forecast_demand
from cdnplan.forecast.base.base import Forecast
from cdnplan.inputs.demand.catalog_reader import read_catalog
from cdnplan.inputs.demand.file_shares import FileShares
from cdnplan.inputs.demand.history import History
from cdnplan.model.network.catalog import Catalog
from tests.forecast.histories import actual_and_predicted
from tests.forecast.truth import Floats, Truth, drawn

PROFILES = ("hd", "sd", "uhd")


def filed(seed: int, folder: Path, n_periods: int = 30) -> tuple[History, Truth, Catalog, FileShares, Floats]:
    """A history by file; regions like profiles differently, titles a little. The table says a third each."""
    truth = drawn(seed, n_periods=n_periods, n_regions=6, n_titles=40, period_days=7, noise=0.3)
    rng = np.random.default_rng(seed)
    log = rng.normal(0, 1, (6, 1, 3)) + rng.normal(0, 0.3, (1, 40, 3))
    share = np.exp(log) / np.exp(log).sum(axis=2, keepdims=True)
    own = truth.history
    gb = own.gb[:, None] * share[own.region, own.title] * rng.lognormal(-0.02, 0.2, (own.gb.size, 3))
    names = [f"{title}/{profile}" for title in truth.titles.titles for profile in PROFILES]
    lines = [f"{name},{name[:5]},{name[6:]},1,0.3333\n" for name in names]
    (folder / "files.csv").write_text("file,title,profile,size_gb,demand_ratio\n" + "".join(lines))
    rows = [
        f"{title},{own}\n" for title, own in zip(truth.titles.titles, truth.titles.launch_day, strict=True)
    ]
    (folder / "titles.csv").write_text("title,launch_date\n" + "".join(rows))
    catalog, shares = read_catalog(folder / "titles.csv", folder / "files.csv")
    history = replace(
        own,
        titles=tuple(names),
        by="file",
        period=np.repeat(own.period, 3),
        region=np.repeat(own.region, 3),
        title=(own.title[:, None] * 3 + np.arange(3)).ravel().astype(np.int32),
        gb=gb.ravel(),
    )
    return history, truth, catalog, shares, share


def learned_table(history: History, catalog: Catalog, shares: FileShares) -> Floats:
    """Learned shares, (n_regions, n_titles, 3)."""
    learned = learn_shares(history, catalog, shares)
    return np.stack([learned.in_region(name) for name in history.regions]).reshape(
        len(history.regions), -1, 3
    )


def test_shares_come_nearer_to_the_truth_as_data_grow(tmp_path: Path) -> None:
    error = []
    for n in (2, 12):
        off = []
        for seed in range(3):
            history, truth, catalog, shares, share = filed(seed, tmp_path)
            table = learned_table(history.until(history.day(n - 1)), catalog, shares)
            seen = (truth.mean_gb[:n] > 0).any(axis=(0, 1))
            np.testing.assert_allclose(table.sum(axis=2), 1)
            off.append(np.abs(table - share)[:, seen].mean())
        error.append(np.mean(off))
    assert error[1] < error[0]
    assert error[1] < 0.04


def test_titles_without_history_get_their_region_s_profiles(tmp_path: Path) -> None:
    history, truth, catalog, shares, share = filed(4, tmp_path)
    unseen = ~(truth.mean_gb[:12] > 0).any(axis=(0, 1))
    assert unseen.sum() > 5
    table = learned_table(history.until(history.day(11)), catalog, shares)
    assert np.abs(table - share)[:, unseen].mean() < 0.6 * np.abs(1 / 3 - share)[:, unseen].mean()


def wape(history: History, made: Forecast) -> float:
    actual, expected = actual_and_predicted(history, made)
    return float(np.abs(actual - expected).sum() / actual.sum())


def test_better_than_file_by_file_and_than_given_shares(tmp_path: Path) -> None:
    found: dict[str, list[float]] = {"learned": [], "alone": [], "given": []}
    for seed in range(2):
        history, truth, catalog, shares, _ = filed(seed, tmp_path)
        for period in (24, 27):
            day = history.day(period)
            made = forecast_demand(history, truth.titles, day, files=(catalog, shares))
            assert made.by == "file"
            found["learned"].append(wape(history, made))
            found["alone"].append(wape(history, forecast_demand(history, truth.titles, day)))
            titles, _ = by_title(history, catalog)
            found["given"].append(
                wape(history, split(forecast_demand(titles, truth.titles, day), catalog, shares))
            )
    assert np.mean(found["learned"]) < np.mean(found["alone"])
    assert np.mean(found["learned"]) < 0.8 * np.mean(found["given"])


def test_the_future_tells_nothing(tmp_path: Path) -> None:
    history, truth, catalog, shares, _ = filed(5, tmp_path)
    day = history.day(20)
    planted = replace(
        history, gb=np.where(history.period > 20, history.gb * (1 + history.title % 3 * 9), history.gb)
    )
    made = [
        forecast_demand(one, truth.titles, day, 2, "auto", quantiles=(0.5,), files=(catalog, shares))
        for one in (history, planted, history.until(day))
    ]
    assert made[0].gb.tobytes() == made[1].gb.tobytes() == made[2].gb.tobytes()
    assert made[0].history_hash == made[1].history_hash == made[2].history_hash
    assert made[0].quantile_gb is not None
    assert made[0].quantile_gb.shape == (made[0].gb.size, 1)


def test_files_the_table_lacks(tmp_path: Path) -> None:
    history, _, catalog, _, _ = filed(6, tmp_path)
    names = ("other", *history.titles[1:])
    titles, (warning,) = by_title(replace(history, titles=names), catalog)
    assert titles.gb.sum() < history.gb.sum()
    assert warning.startswith("left out 1 file that the files table lacks, as 'other'")
    with pytest.raises(InputError, match="no file of the history is in the files table"):
        by_title(replace(history, titles=tuple(f"x{name}" for name in history.titles)), catalog)
