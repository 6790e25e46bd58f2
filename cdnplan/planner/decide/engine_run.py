"""An engine and how it is to be run: what several steps of a plan ask of the same one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Instance
from cdnplan.optimize.engine import EngineName, solve
from cdnplan.optimize.problem.outcome import Outcome, Progress, Stop, no_progress, within
from cdnplan.optimize.problem.warm_start import WarmStart
from cdnplan.parameters.parameters import DEFAULTS, Parameters

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class EngineRun:
    """As `cdnplan.optimize.engine.solve` takes them.

    Parameters
    ----------
    name : {"exact", "fast"}
    stop : Stop
    threads, seed : int
    progress : Progress
    fits : callable or None
        Whether appliances can carry out a placement of an instance.
    parameters : Parameters
    """

    name: EngineName
    stop: Stop
    threads: int = 1
    seed: int = 0
    progress: Progress = no_progress
    fits: Callable[[Instance, Bools], bool] | None = None
    parameters: Parameters = DEFAULTS

    def solve(self, instance: Instance, start: WarmStart | None = None) -> Outcome:
        """Let it solve an instance."""
        fits = self.fits
        return solve(
            instance,
            self.name,
            stop=self.stop,
            threads=self.threads,
            seed=self.seed,
            progress=self.progress,
            start=start,
            fits=None if fits is None else lambda holds: fits(instance, holds),
            parameters=self.parameters,
        )

    def part(self, part: str, lower: float, upper: float, stop: Stop) -> EngineRun:
        """The same within something larger, see `outcome.within`, that ends as `stop` says."""
        return replace(self, stop=stop, progress=within(part, self.progress, lower, upper))
