"""The forecaster that plans rest on: what pairs like this one did next, learned from the history itself."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.forecast.base.base import Fitted, Forecast
from cdnplan.forecast.base.decay import launch_periods
from cdnplan.forecast.base.panel import Panel
from cdnplan.forecast.models.baseline import WeightedRecent
from cdnplan.forecast.models.hurdle import Hurdle, fit_hurdle
from cdnplan.forecast.models.sample import Observations, Sample, draw_sample
from cdnplan.forecast.models.traits import (
    GROUPS,
    KINDS,
    Subject,
    Traits,
    Window,
    absent,
    absent_pairs,
    present,
)
from cdnplan.inputs.demand.history import History, names_in_use
from cdnplan.inputs.demand.titles_reader import TitleTable

Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Integers = npt.NDArray[np.signedinteger]

FEWEST_ROWS, FEWEST_PERIODS = 300, 3
"""Observations below which the regressions say less than a weighted mean; periods that give any."""

BLOCK_CELLS = 1_000_000
"""Pairs that are forecast at a time."""

THREADS = 2
"""Blocks that are worked on at the same time; the result does not depend on it."""

SMALLEST_SHARE = 1e-7
"""Pairs expected to have less of their region's volume than this are left out."""


@dataclass(frozen=True, slots=True)
class Auto:
    """Hurdle regressions on what is known of a pair at the end of a period.

    Demand is split into the level of the region, freed of weekdays and of breaks, and a share. The share
    that comes is a multiple of the present one, by the title's age and kind, its rank, its course here, in
    the world and in like regions. Pairs that are absent are forecast for titles that some region asked
    for lately. Nothing is forecast for titles that no region has ever asked for: see `launches`.

    With less history than the regressions need, the forecast is that of `WeightedRecent`.

    Parameters
    ----------
    name : str
    """

    name: str = "auto"

    def fit(self, history: History, titles: TitleTable) -> Fitted:
        """Learn from a history that ends at the cutoff."""
        subject = make_subject(history, titles)
        sample = draw_sample(subject)
        if sample.n_present < FEWEST_ROWS:
            simpler = WeightedRecent().fit(history, titles)
            return _Simpler(self.name, history.n_periods, sample.n_present, simpler)
        return FittedAuto(self.name, history, subject, sample)


@dataclass(frozen=True, slots=True, eq=False)
class _Simpler:
    """A simpler model's forecast under this one's name, with a warning."""

    name: str
    n_periods: int
    observations: int
    inner: Fitted

    def predict(self, horizon: int, quantiles: Sequence[float] = ()) -> Forecast:
        """Forecast as the simpler model does."""
        made = self.inner.predict(horizon, quantiles)
        periods = f"{self.n_periods} period" + ("" if self.n_periods == 1 else "s")
        without = ", without quantiles" if quantiles else ""
        warning = (
            f"the history is too short for {self.name}: {periods} with {self.observations} pairs of region"
            f" and title to learn from, expected at least {FEWEST_PERIODS} periods and {FEWEST_ROWS} pairs:"
            f" forecast as {made.model}{without}"
        )
        return replace(made, model=self.name, warnings=(*made.warnings, warning))


def make_subject(history: History, titles: TitleTable) -> Subject:
    """Lay out a history with the kinds and launches of its titles."""
    panel = Panel.of(history)
    index = {name: i for i, name in enumerate(titles.titles)}
    row = np.array([index.get(name, -1) for name in history.titles], dtype=np.int64)
    stated = np.append(titles.kind, np.int32(-1))[row].astype(np.int64) + 1
    launch = launch_periods(history, titles)
    counts = np.bincount(stated[history.title], minlength=len(titles.kinds) + 1)
    order = np.argsort(-counts, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    frequent = np.minimum(place, KINDS - 1)
    n_kinds = min(KINDS, int(np.count_nonzero(counts)))
    floor = 0.005 * float(np.median(panel.share)) if panel.share.size else 1e-6
    kind = np.minimum(frequent[stated], n_kinds - 1)
    return Subject(panel, launch, launch < 0, kind, n_kinds, floor)


def fitted_to(seen: Observations) -> Hurdle:
    """Fit a hurdle to observations."""
    return fit_hurdle(seen.x, seen.base, seen.group, seen.target, seen.weight, GROUPS)


@dataclass(frozen=True, slots=True, eq=False)
class FittedAuto:
    """An `Auto` that has seen a history. Regressions are fitted step by step when they are asked for."""

    name: str
    history: History
    subject: Subject
    sample: Sample

    def predict(self, horizon: int, quantiles: Sequence[float] = ()) -> Forecast:
        """Forecast all pairs of active titles that can be expected to ask for something."""
        steps = anchors(horizon)
        fitted = [self._fit(min(step, self.sample.longest_step)) for step in steps]
        levels = tuple(sorted(set(quantiles)))
        parts: list[list[_Block]] = [[] for _ in range(horizon)]
        panel, n_active = self.subject.panel, max(1, self.sample.world.titles.size)
        at_once = max(1, BLOCK_CELLS // n_active)
        starts = range(0, panel.n_regions, at_once)

        def made(first: int) -> list[_Block]:
            traits = self._traits(np.arange(first, min(first + at_once, panel.n_regions)))
            found = [_block(models, traits, levels) for models in fitted]
            return [self._scaled(_between(found, steps, step), step) for step in range(1, horizon + 1)]

        # numpy lets go of the interpreter: blocks side by side, put together in their order.
        with ThreadPoolExecutor(min(THREADS, len(starts))) as pool:
            for blocks in pool.map(made, starts):
                for step, block in enumerate(blocks):
                    parts[step].append(block)
        return self._assembled(parts, levels)

    def _fit(self, step: int) -> tuple[Hurdle, Hurdle]:
        """Fit the regressions of present and of absent pairs to what came `step` periods later."""
        here, gone = self.sample.present(self.subject, step), self.sample.absent(self.subject, step)
        return fitted_to(here), fitted_to(gone)

    def _traits(self, regions: Ints) -> tuple[Traits, Traits]:
        """Present and absent pairs of some regions at the end of the history."""
        subject, world = self.subject, self.sample.world
        window = Window.at(subject, world, regions)
        others = absent_pairs(subject, world, window, regions)
        return present(subject, world, window, regions), absent(subject, world, window, regions, others)

    def _scaled(self, block: _Block, step: int) -> _Block:
        """GB from shares, without pairs that are hardly expected to ask for anything."""
        panel = self.subject.panel
        last = panel.n_periods - 1
        level = panel.levels.level[last] * panel.levels.season(last + step)
        kept = np.flatnonzero(block.expected > SMALLEST_SHARE)
        # Two sorted parts, one after the other: a stable sort only merges them.
        key = block.region[kept] * panel.n_titles + block.title[kept]
        kept = kept[np.argsort(key, kind="stable")]
        scale = level[block.region[kept]].astype(np.float32)
        return _Block(
            block.region[kept].astype(np.int32),
            block.title[kept].astype(np.int32),
            block.expected[kept] * scale,
            block.silent[kept] if block.silent.size else block.silent,
            block.quantile[kept] * scale[:, None],
        )

    def _assembled(self, parts: list[list[_Block]], levels: tuple[float, ...]) -> Forecast:
        """All blocks of all steps as one forecast."""
        sizes = [sum(block.region.size for block in step) for step in parts]
        blocks = [block for step in parts for block in step]
        parts.clear()
        history = self.history
        # Column by column, so that the pieces of one are gone before the next is put together.
        names = ("region", "title", "expected", "silent", "quantile")
        pieces = {name: [getattr(block, name) for block in blocks] for name in names}
        blocks.clear()
        region = np.concatenate(pieces.pop("region"), dtype=np.int32)
        title = np.concatenate(pieces.pop("title"), dtype=np.int32)
        gb = np.concatenate(pieces.pop("expected"), dtype=np.float64)
        silent = np.concatenate(pieces.pop("silent")) if levels else None
        quantile = np.concatenate(pieces.pop("quantile")) if levels else None
        step = np.repeat(np.arange(1, len(sizes) + 1, dtype=np.int32), sizes)
        regions, region = names_in_use(history.regions, region)
        titles, title = names_in_use(history.titles, title)
        return Forecast(
            model=self.name,
            cutoff=history.last_day,
            period_days=history.period_days,
            horizon=len(sizes),
            regions=regions,
            titles=titles,
            by=history.by,
            step=step,
            region=region,
            title=title,
            gb=gb,
            quantiles=levels,
            quantile_gb=quantile,
            silent_ratio=silent,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Forecast of some pairs in one step: arrays of (n,), `quantile` of (n, n_levels).

    Without levels `silent` is not asked for: it has no rows, as `quantile` has no columns.
    """

    region: Integers
    title: Integers
    expected: Floats32
    silent: Floats32
    quantile: Floats32


def _block(models: tuple[Hurdle, Hurdle], traits: tuple[Traits, Traits], levels: tuple[float, ...]) -> _Block:
    """Forecast present pairs with one hurdle and absent ones with the other."""
    expected, silent, quantile = [], [], []
    for model, pairs in zip(models, traits, strict=True):
        outcome = model.of(pairs.x, pairs.base, pairs.group)
        expected.append(model.expected(outcome))
        if levels:
            silent.append(1 - outcome.chance)
            quantile.append(np.stack([model.quantile(outcome, level) for level in levels], axis=1))
    empty = np.zeros((sum(part.size for part in expected), 0), dtype=np.float32)
    return _Block(
        np.concatenate([pairs.region for pairs in traits]),
        np.concatenate([pairs.title for pairs in traits]),
        np.concatenate(expected),
        np.concatenate(silent) if levels else np.zeros(0, dtype=np.float32),
        np.concatenate(quantile) if levels else empty,
    )


def anchors(horizon: int) -> tuple[int, ...]:
    """Steps that are fitted: each up to 7, then every seventh, and the last; those between are interpolated.

    Examples
    --------
    >>> anchors(3), anchors(16)
    ((1, 2, 3), (1, 2, 3, 4, 5, 6, 7, 14, 16))
    """
    return tuple(sorted({*range(1, min(horizon, 7) + 1), *range(7, horizon + 1, 7), horizon} - {0}))


def _between(made: list[_Block], steps: tuple[int, ...], step: int) -> _Block:
    """The forecast of a step, from those of the fitted steps around it."""
    after = int(np.searchsorted(steps, step))
    if steps[after] == step:
        return made[after]
    low, high = made[after - 1], made[after]
    part = np.float32((step - steps[after - 1]) / (steps[after] - steps[after - 1]))

    def mixed(a: Floats32, b: Floats32) -> Floats32:
        return np.asarray(a * (1 - part) + b * part)

    return _Block(
        low.region,
        low.title,
        mixed(low.expected, high.expected),
        mixed(low.silent, high.silent),
        mixed(low.quantile, high.quantile),
    )
