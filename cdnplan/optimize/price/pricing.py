"""Search for prices whose bound is high: control of the use of every limit.

Files are split into batches. Each batch in turn finds its holders at the current prices, replaces its own
load in running totals, and then every price moves with how far its limit is over- or underused. At an
optimum of the Lagrangian dual, use equals the limit wherever the price is positive, and that is what the
controller steers to. It proves nothing by itself: the bound of prices it visits is evaluated completely,
and the best is kept.

Prices of storage and of new bytes move in their logarithms, by a proportional and an integral term. Prices
of Gbit/s have kinks: where two pools of a region cost the same, a breath of air moves all it asks from one
to the other. So requests are spread by a softmin whose heat falls from pass to pass, which makes loads
smooth functions of prices with a known derivative, and Newton-like steps find the balance.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.bound import FileSolver, priced_bound
from cdnplan.optimize.price.balance_kernels import Limits, Moved, Served, Steps, balance
from cdnplan.optimize.price.launch_prices import launch_prices
from cdnplan.optimize.price.relaxed_visits import RelaxedVisits
from cdnplan.optimize.price.response import ResponseLayout, typical_rates, typical_step
from cdnplan.optimize.price.search_kernels import Pass
from cdnplan.optimize.price.start_prices import start_prices
from cdnplan.optimize.price.totals import Batch
from cdnplan.optimize.price.visits import HolderVisits, Visitor, Visits
from cdnplan.optimize.problem.limits import LimitVector, volume_use
from cdnplan.optimize.problem.objective import ideal_costs
from cdnplan.optimize.problem.priced import Priced, priced_costs
from cdnplan.optimize.problem.warm_start import WarmStart
from cdnplan.parameters.parameters import DEFAULTS, Parameters

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class PricePass:
    """State after a pass over all files.

    Parameters
    ----------
    bound : float
        Best bound so far, -inf before the first is evaluated.
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
    holds: Bools
    complete: bool


class PriceSearch:
    """Runs passes one by one; the caller decides when to stop.

    Parameters
    ----------
    instance : Instance
    solver : FileSolver
    passes : int
        Full passes planned, after those over samples: the heat falls so that the last one is cold.
    start : WarmStart or None
        With one, there are `PriceParameters.warm_passes` passes and none over samples.
    early : int
        The run may end after so many full passes, and each time their number has doubled; 0: never.
    parameters : Parameters

    Attributes
    ----------
    planned : int
        Passes in all; the heat falls so that the last one is cold.
    last : int
        Number of passes after which bounds are evaluated each time; put off by who lets the search go on.
    """

    def __init__(
        self,
        instance: Instance,
        solver: FileSolver,
        passes: int,
        start: WarmStart | None = None,
        *,
        early: int = 0,
        parameters: Parameters = DEFAULTS,
    ) -> None:
        self._instance, self._solver, self._early = instance, solver, early
        self._parameters, self._numbers = parameters, parameters.prices
        numbers, parts = parameters.prices, parameters.parts
        self._limits = LimitVector.of(instance)
        self._layout = ResponseLayout.of(instance)
        guess, scale = start_prices(instance, numbers)
        first = start.prices if start is not None else guess if parts.start_prices else Prices.zero(instance)
        self._scale = self._limits.flat(scale)
        with np.errstate(divide="ignore"):
            log = np.log(self._limits.flat(first) / self._scale)
        self._log = np.clip(log, numbers.log_floor, -numbers.log_floor)
        self._last, self._sum, self._mean = (np.zeros_like(self._log) for _ in range(3))
        self._gain = np.full_like(self._log, numbers.gain_first)
        self._rates = self._limits.rates
        self._soft = np.ones(instance.n_regions, dtype=np.bool_)
        self._unit = self._heat = typical_step(instance)
        rate, limit = typical_rates(instance), self._limits.limit[self._rates]
        self._farthest = numbers.farthest / rate
        self._stiff = np.where(np.isfinite(limit), numbers.stiffness * limit * rate / self._unit, 0.0)
        self._launch = first.launch
        self._ideal_gb = ideal_costs(instance)
        self._base = np.concatenate([instance.cand_cost, instance.origin_cost])
        self._go_from(first)
        self._holders = HolderVisits(instance, solver, self._layout, numbers.band)
        self._visitor: Visitor = self._holders
        density = instance.file_gb() / instance.size_gb
        self._ranked = np.argsort(-density, kind="stable").astype(np.int32)
        self._head = min(numbers.head_files, instance.n_files)
        samples = start is None and instance.n_files > numbers.sample_from and parts.samples
        self._sampled = numbers.sample_passes if samples else 0
        self.planned = self.last = self._sampled + passes
        self._warm = start is not None
        if start is not None:
            self._heat = numbers.warm_heat * self._unit
            self._holders.holds[:] = start.holds.T
            self._holders.seen[:] = True
            self.planned = self.last = numbers.warm_passes

    def _jitter(self, number: int) -> float:
        first, last = self._numbers.jitter_first, self._numbers.jitter_last
        return float(first * (last / first) ** min(1.0, number / max(1, self.planned - 1)))

    def _prices(self, log: Floats, toll: Floats) -> Prices:
        flat = np.where(log > self._numbers.log_floor, self._scale * np.exp(log), 0.0)
        flat[self._rates] = toll
        return self._limits.prices(flat, self._launch)

    def passes(self) -> Iterator[PricePass]:
        """Yield after each pass, without end: first passes over a sample of the files, then over all."""
        inst, numbers = self._instance, self._numbers
        best, best_bound = self._prices(self._log, self._toll), -np.inf
        if self._warm:
            best_bound = priced_bound(inst, best, self._solver)
        means: list[tuple[Floats, Floats]] = []
        number = 0
        batches = self._deal(numbers.sample_stride if self._sampled else 1)
        width = inst.cand_pool.size + inst.n_regions
        visits = Visits(
            np.zeros((len(batches), 2 * inst.n_pools + width)),
            np.tile(self._cost, (len(batches), 1)),
            np.zeros(self._layout.size),
        )
        while True:
            if number == self._sampled > 0:
                batches = self._deal(1)
                visits = visits.dealt_anew(len(batches))
                if inst.rates.n_rows > inst.n_pools:
                    self._heat = numbers.reheat * self._unit
            log, toll = np.zeros_like(self._log), np.zeros_like(self._toll)
            for b, batch in enumerate(batches):
                self._visit(visits, b, batch, number)
                if number > 0 or not self._warm:
                    self._move(
                        visits, len(batches) if number > 0 else b + 1, travel=number < numbers.wake_passes
                    )
                log, toll = log + self._log / len(batches), toll + self._toll / len(batches)
            complete = number >= self._sampled
            self._adapt(len(batches), number)
            self._cool(visits, number)
            if complete and inst.n_launches and self._parameters.parts.launch_prices:
                self._launch = launch_prices(self._solver, self._prices(self._log, self._toll))
            means = [*means, (log, toll)][-numbers.averaged :]
            if complete and self._worth_a_look(number):
                looks = means[-1:]
                if number + 1 >= self.last and self._parameters.parts.averages:
                    # Before, prices move too far from pass to pass.
                    log, toll = (np.mean(each, axis=0) for each in zip(*means, strict=True))
                    looks.append((log, toll))
                for mean in looks:
                    prices = self._prices(*mean)
                    bound = priced_bound(inst, prices, self._solver)
                    if bound > best_bound:
                        best, best_bound = prices, bound
            current = self._prices(self._log, self._toll)
            yield PricePass(best_bound, best, current, self._holders.holds, complete=complete)
            number += 1

    def relax(self) -> RelaxedVisits:
        """Go by what the relaxations of files use from now on; bounds are evaluated when asked for."""
        self._visitor = relaxed = RelaxedVisits(self._instance, self._solver, self._parameters.relaxation)
        self.last = sys.maxsize
        return relaxed

    def lift(self, prices: Prices) -> None:
        """Go on from these prices of rates."""
        self._go_from(prices)

    def _go_from(self, prices: Prices) -> None:
        """Take over prices of rates, and what costs are under them."""
        self._toll = np.clip(self._limits.flat(prices), 0.0, self._limits.cap)[self._rates]
        self._toll[np.isinf(self._limits.limit[self._rates])] = 0.0
        self._speed = np.zeros_like(self._toll)
        self._cost = priced_costs(self._instance, self._prices(self._log, self._toll))

    def seek(self, steps: int) -> None:
        """Go by holders again, sought anew at each visit by so many steps of the volume algorithm."""
        self._visitor = self._holders
        self._holders.steps = steps

    def _worth_a_look(self, number: int) -> bool:
        """Bounds are evaluated where a plan may end the run: in between they cost as much as half a pass.

        And after the first full pass, where the next plan is far away, so that there is a bound to tell.
        """
        first = number == self._sampled and not self._warm and not self._early
        return first or number + 1 >= self.last or self.may_end(number + 1)

    def may_end(self, done: int) -> bool:
        """Whether the run may end early after so many passes."""
        full = done - self._sampled
        if not 0 < self._early <= full:
            return False
        turns, rest = divmod(full, self._early)
        return rest == 0 and turns & (turns - 1) == 0  # a power of two

    def _deal(self, stride: int) -> list[Batch]:
        """Deal the files, most GB per stored GB first, to batches of the same mix.

        With a stride, the tail is sampled, and each of its files stands for so many.
        """
        head, tail, most = self._ranked, self._ranked[:0], self._numbers.batches
        if stride > 1:
            most = self._numbers.sample_batches
            # From the middle of each stride: its densest file would stand for all and demand be overstated.
            head, tail = head[: self._head], head[self._head + stride // 2 :: stride]
        count = max(1, min(most, (head.size + tail.size) // self._numbers.files_per_batch))
        batches = []
        for b in range(count):
            first, rest = head[b::count], tail[b::count]
            weights = np.concatenate([np.ones(first.size), np.full(rest.size, float(stride))])
            batches.append(Batch(np.concatenate([first, rest]), weights))
        return batches

    def _visit(self, visits: Visits, b: int, batch: Batch, number: int) -> None:
        """Note what the files of a batch use at the present prices."""
        prices = self._prices(self._log, self._toll)
        priced = Priced.at(self._instance, prices, self._cost)
        use = self._visitor.visit(
            batch, prices, priced, Pass(number, self._heat, self._soft, self._jitter(number))
        )
        visits.note(b, use, self._cost, first=number == 0)

    def _move(self, visits: Visits, seen: int, *, travel: bool) -> None:
        """Move all prices after a batch, given what the batches seen so far use."""
        pools, numbers = self._instance.n_pools, self._numbers
        part = len(visits.loads) / seen
        total = visits.loads[:seen].sum(axis=0) * part
        before = visits.costs[:seen].mean(axis=0)
        use = np.empty_like(self._log)
        use[: self._limits.n_volumes] = volume_use(self._instance, total[: 2 * pools])
        self._balance(total[2 * pools :], before, visits.response * part, use[self._rates])
        excess = self._limits.excess(use)
        step = numbers.proportional * (excess - self._last) + self._gain * excess
        moved = np.clip(self._log + step, numbers.log_floor, -numbers.log_floor)
        if travel:
            moved = np.where((excess > 0) & (moved < numbers.log_wake), numbers.log_wake, moved)
        self._log = moved
        self._last = excess
        self._sum = self._sum + excess

    def _balance(self, served: Floats, before: Floats, response: Floats, use: Floats) -> None:
        """Move the prices of rates, each limit on its own derivative; sets what is used."""
        limits, rates, numbers = self._limits, self._rates, self._numbers
        how = Steps(numbers.newton_steps, numbers.newton, numbers.momentum, numbers.nearly_full)
        limit, cap = limits.limit[rates], limits.cap[rates]
        bounds = Limits(limit, cap, self._stiff, self._farthest)
        found = Served(self._base, before, served, self._heat)
        moved = Moved(self._toll, self._speed, self._soft, use, self._cost)
        balance(how, self._layout.paths(response), bounds, found, moved)

    def _adapt(self, batches: int, number: int) -> None:
        """After a pass: limits missed to the same side again gain speed, those that swing lose it."""
        mean, numbers = self._sum / batches, self._numbers
        gain = np.where(mean * self._mean > 0, self._gain * numbers.faster, self._gain * numbers.slower)
        gain = np.where(np.abs(mean) < numbers.settled, self._gain, gain)
        most = numbers.gain_most * min(1.0, numbers.steady_passes / (number + 1))
        self._gain = np.clip(gain, numbers.gain_least, max(numbers.gain_least, most))
        self._mean, self._sum = mean, np.zeros_like(mean)

    def _cool(self, visits: Visits, number: int) -> None:
        """Lower the heat, so that in the last pass ties cost next to nothing."""
        inst = self._instance
        served = visits.loads.sum(axis=0)[2 * inst.n_pools :]
        above = float(served @ self._base) - self._ideal_of(served)
        demand = float(served.sum())
        cold = self._numbers.cold * max(above, 0.0) / demand if demand > 0 else 0.0
        left = self.planned - 1 - number
        ratio = self._numbers.cooling
        if left > 0 and 0.0 < cold < self._heat:
            ratio = min(ratio, (cold / self._heat) ** (1.0 / left))
        self._heat = max(self._heat * ratio, min(cold, self._heat), self._unit * 1e-9)

    def _ideal_of(self, served: Floats) -> float:
        """Ideal cost of what each region is served."""
        inst = self._instance
        by_region = np.bincount(self._layout.region, served[: inst.cand_pool.size], minlength=inst.n_regions)
        return float((by_region + served[inst.cand_pool.size :]) @ self._ideal_gb)
