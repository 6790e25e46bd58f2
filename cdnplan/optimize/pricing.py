"""Search for prices whose bound is high: proportional-integral control of the use of every limit.

Files are split into batches. Each batch in turn is solved at the current prices, replaces its own load in
running totals, and then every price moves, in its logarithm, by a proportional and an integral term of how
far its limit is over- or underused. At an optimum of the Lagrangian dual, use equals the limit wherever the
price is positive, and that is what the controller steers to. It proves nothing by itself: the bound of
prices it visits is evaluated completely, and the best is kept.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance import Floats, Instance, Ints32
from cdnplan.model.placement import Prices
from cdnplan.optimize.bound import FileSolver, priced_bound
from cdnplan.optimize.limits import LimitVector
from cdnplan.optimize.priced import Priced
from cdnplan.optimize.start_prices import start_prices

MAX_BATCHES, FILES_PER_BATCH = 48, 20
SAMPLE_FROM, SAMPLE_PASSES, SAMPLE_STRIDE, HEAD_FILES = 2000, 12, 8, 400
"""With more files than the first: so many passes over the densest files and every so many of the rest."""
LOG_FLOOR = -9.0
"""Logarithm of price over scale at which a price counts as zero; also the largest, with the other sign."""
LOG_WAKE = -4.0
"""Where a price starts once its limit is exceeded, in the first passes."""
PROPORTIONAL = 0.2
GAIN_FIRST, GAIN_LEAST, GAIN_MOST, FASTER, SLOWER = 0.06, 0.001, 0.1, 1.2, 0.5
"""Integral gains, one for each limit, and how they change from pass to pass."""
FAST_PASSES, STEADY_PASSES = 6, 24
"""Prices travel far in the first passes; after the second number the largest gain falls as 1 / pass."""
SETTLED = 0.005
"""A limit used to within this ratio, on the mean of a pass, keeps its gain."""
NEWEST_WEIGHT = 0.3
"""Weight of the newest prices in the running average of logarithms, which is evaluated too."""


@dataclass(frozen=True, slots=True, eq=False)
class PricePass:
    """State after a pass over all files.

    Parameters
    ----------
    bound : float
        Best bound so far.
    prices : Prices
        The prices that prove it.
    current : Prices
        Prices at the end of the pass.
    holds : (n_files, n_pools) bool
        Holders chosen in this pass; limits are met only nearly. Overwritten by the next pass.
    complete : bool
        Whether the pass went over all files, not only a sample.
    """

    bound: float
    prices: Prices
    current: Prices
    holds: npt.NDArray[np.bool_]
    complete: bool


class PriceSearch:
    """Runs passes one by one; the caller decides when to stop.

    Parameters
    ----------
    instance : Instance
    solver : FileSolver
    """

    def __init__(self, instance: Instance, solver: FileSolver) -> None:
        self._instance = instance
        self._solver = solver
        self._limits = LimitVector.of(instance)
        start, scale = start_prices(instance)
        self._scale = self._limits.flat(scale)
        self._scale[-instance.n_pools :] = scale.storage
        with np.errstate(divide="ignore"):
            log = np.log(self._limits.flat(start) / self._scale)
        self._log = np.clip(log, LOG_FLOOR, -LOG_FLOOR)
        self._average = self._log
        self._last = np.zeros_like(self._log)
        self._gain = np.full_like(self._log, GAIN_FIRST)
        self._sum = np.zeros_like(self._log)
        self._mean = np.zeros_like(self._log)
        self._launch = np.zeros(instance.n_launches)
        density = instance.file_gb() / instance.size_gb
        self._ranked = np.argsort(-density, kind="stable").astype(np.int32)
        self._head = min(HEAD_FILES, instance.n_files)
        self._sampled = SAMPLE_PASSES if instance.n_files > SAMPLE_FROM else 0

    @property
    def limits(self) -> LimitVector:
        """The limits that carry prices."""
        return self._limits

    @property
    def scale(self) -> Floats:
        """Typical price of each limit, in the order of `limits`."""
        return self._scale

    def _prices(self, log: Floats) -> Prices:
        flat = np.where(log > LOG_FLOOR, self._scale * np.exp(log), 0.0)
        return self._limits.prices(flat, self._launch)

    def passes(self) -> Iterator[PricePass]:
        """Yield after each pass, without end: first passes over a sample of the files, then over all."""
        inst = self._instance
        holds = np.zeros((inst.n_files, inst.n_pools), dtype=np.bool_)
        best, best_bound = self._prices(self._log), -np.inf
        width = 2 * inst.n_pools + inst.cand_pool.size + inst.n_regions
        batches, loads = self._deal(1), np.zeros((1, width))
        for number in itertools.count():
            if number in {0, self._sampled}:
                batches = self._deal(SAMPLE_STRIDE if number < self._sampled else 1)
                # The sample stands in for all files until each batch has been solved.
                loads = np.tile(loads.sum(axis=0) / len(batches), (len(batches), 1))
            for b, batch in enumerate(batches):
                loads[b] = self._solve_batch(batch, holds)
                seen = len(batches) if number > 0 else b + 1
                self._move(loads[:seen].sum(axis=0) * (len(batches) / seen), travel=number < FAST_PASSES)
            self._adapt(len(batches), number)
            self._average = (1 - NEWEST_WEIGHT) * self._average + NEWEST_WEIGHT * self._log
            if number < self._sampled - 1:
                yield PricePass(best_bound, best, self._prices(self._log), holds, complete=False)
                continue
            self._launch = self._launch_prices(self._prices(self._log))
            for log in (self._log, self._average):
                prices = self._prices(log)
                bound = priced_bound(inst, prices, self._solver)
                if bound > best_bound:
                    best, best_bound = prices, bound
            yield PricePass(
                best_bound, best, self._prices(self._log), holds, complete=number >= self._sampled
            )

    def _deal(self, stride: int) -> list[list[tuple[Ints32, float]]]:
        """Deal the files, most GB per stored GB first, to batches; with a stride, the tail is sampled.

        Returns
        -------
        list of list of (files, weight)
            Each batch is of the same mix: its part of the head at weight 1, of the tail at `stride`.
        """
        head, tail = self._ranked[: self._head], self._ranked[self._head :: stride]
        dealt = head.size + tail.size if stride > 1 else self._ranked.size
        count = max(1, min(MAX_BATCHES, dealt // FILES_PER_BATCH))
        return [[(head[b::count].copy(), 1.0), (tail[b::count].copy(), float(stride))] for b in range(count)]

    def _solve_batch(self, batch: list[tuple[Ints32, float]], holds: npt.NDArray[np.bool_]) -> Floats:
        """Solve the files of a batch; returns their weighted loads."""
        prices = self._prices(self._log)
        priced = Priced.of(self._instance, prices)
        total = np.zeros(0)
        for files, weight in batch:
            self._solver.solve(files, priced, prices.launch, holds=holds)
            part = weight * np.concatenate(self._solver.loads(files, priced, holds))
            total = part if total.size == 0 else total + part
        return total

    def _move(self, total: Floats, *, travel: bool) -> None:
        """Move all prices after a batch, given the loads of all batches."""
        pools = self._instance.n_pools
        excess = self._limits.excess(
            self._limits.use(total[:pools], total[pools : 2 * pools], total[2 * pools :])
        )
        step = PROPORTIONAL * (excess - self._last) + self._gain * excess
        moved = np.clip(self._log + step, LOG_FLOOR, -LOG_FLOOR)
        if travel:
            moved = np.where((excess > 0) & (moved < LOG_WAKE), LOG_WAKE, moved)
        self._log = moved
        self._last = excess
        self._sum = self._sum + excess

    def _adapt(self, batches: int, number: int) -> None:
        """After a pass: limits missed to the same side again gain speed, those that swing lose it."""
        mean = self._sum / batches
        gain = np.where(mean * self._mean > 0, self._gain * FASTER, self._gain * SLOWER)
        gain = np.where(np.abs(mean) < SETTLED, self._gain, gain)
        most = GAIN_MOST * min(1.0, STEADY_PASSES / (number + 1))
        self._gain = np.clip(gain, GAIN_LEAST, max(GAIN_LEAST, most))
        self._mean, self._sum = mean, np.zeros_like(mean)

    def _launch_prices(self, prices: Prices) -> Floats:
        """Price launch rules one by one: each concerns one file, whose bound is a function of it alone.

        What the rule's dearest needed pools cost to open is where that function bends, so those are tried.
        """
        inst = self._instance
        launch = np.zeros(inst.n_launches)
        priced = Priced.of(inst, prices)
        for rule in range(inst.n_launches):
            pools = inst.launch_pool[inst.launch_ptr[rule] : inst.launch_ptr[rule + 1]]
            f, least = int(inst.launch_file[rule]), int(inst.launch_min[rule])
            copies = inst.copies[pools, f].astype(np.int64)
            fresh = np.maximum(0, copies - inst.held[pools, f])
            opening = np.sort(inst.size_gb[f] * (priced.store[pools] * copies + priced.new[pools] * fresh))
            best, best_value = 0.0, -np.inf
            for price in np.unique(np.concatenate([[0.0], opening[max(0, least - 2) : least + 1]])):
                launch[rule] = price
                value, _ = self._solver.solve(np.array([f], dtype=np.int32), priced, launch)
                if value[0] + price * least > best_value:
                    best, best_value = float(price), value[0] + price * least
            launch[rule] = best
        return launch
