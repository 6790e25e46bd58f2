"""What appliances still lack after a night because windows are short, and how many nights that takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.errors import DeadlineError, NoFeasiblePlanError
from cdnplan.evaluate.count.limits import stored_gb
from cdnplan.fill.loads.room import room_beside
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.instance.rule_checks import too_late
from cdnplan.model.plan.placement import Placement
from cdnplan.optimize.problem.outcome import Stop
from cdnplan.parameters.dealing import NightParameters
from cdnplan.planner.decide.dealing import Dealt
from cdnplan.planner.decide.engine_run import EngineRun
from cdnplan.planner.inputs.waiting import Waiting

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ToFill:
    """What is still to come after this night.

    Parameters
    ----------
    gb : float
        Bytes that pools would hold if windows did not limit them, and do not hold in the morning.
    nights : int or None
        Nights after this one that it takes to fetch them, give or take one; 0 when caches are full. None:
        this night brings nothing of what it should, so that nobody can tell.
    at_most : bool
        Whether storage was taken for what pools would hold, as there was no time to find that out.
    never : int
        (Pool, file) pairs that are asked for and take longer than a whole window: no night brings them.
    """

    gb: float
    nights: int | None
    at_most: bool = False
    never: int = 0

    def record(self) -> dict[str, float | int | bool | None]:
        """As plan.json has it."""
        return {"gb": self.gb, "nights": self.nights, "at_most": self.at_most, "never": self.never}

    def words(self) -> list[str]:
        """What people should know of it; nothing when caches are full."""
        if not self.gb:
            return []
        count = "at most " if self.at_most else ""
        nights = "nobody can tell how many nights, as this one brings nothing of it"
        if self.nights is not None:
            nights = f"{count or 'about '}{self.nights} more night{'' if self.nights == 1 else 's'}"
        never = ""
        if self.never:
            never = f"; {self.never:,} (pool, file) pairs never come: each takes longer than a fill window"
        return [f"caches are being filled: {count}{self.gb:,.0f} GB still to fetch, {nights}{never}"]


def to_fill(instance: Instance, dealt: Dealt, waiting: Sequence[Waiting], how: EngineRun) -> ToFill:
    """Estimate how many more nights it takes until windows no longer keep out what pays.

    Only pools count that have room left and whose window was a limit tonight. What they would hold is a plan
    without windows, from the same copies, with the same costs of filling. Each night a pool takes in what it
    took in tonight where its window was in use, else a window; and all such pools together what they took in
    together, as they may share origins and links.

    Parameters
    ----------
    instance : Instance
        Of this night.
    dealt : Dealt
        With its fills.
    waiting : sequence of Waiting
        Pins and launches that wait.
    how : EngineRun
        For the plan without windows.

    Returns
    -------
    ToFill
    """
    holds, numbers = dealt.placement.holds, how.parameters.night
    held_gb = stored_gb(instance, Placement(holds))
    pool = np.repeat(np.arange(instance.n_pools), instance.pool_appliances)
    fetched = dealt.fills.copies
    got_gb: Floats = np.bincount(
        pool[fetched.appliance], instance.size_gb[fetched.file], instance.n_pools
    ).astype(np.float64)
    window_gb = room_beside(instance, got_gb)
    limited = got_gb >= numbers.busy * window_gb
    limited[pool[dealt.fills.unfilled.appliance]] = True
    limited &= np.isfinite(window_gb) & (held_gb < numbers.full * instance.storage_gb)
    expected = max((one.nights or 0 for one in waiting), default=0)
    if not limited.any():
        return ToFill(0.0, expected)
    wanted, at_most = _without_windows(instance, waiting, how)
    full_gb = instance.storage_gb if wanted is None else stored_gb(instance, Placement(wanted))
    lacking_gb = full_gb - held_gb
    if wanted is not None:
        # What the rest of tonight's window could have brought was not worth it.
        missing_gb = np.where(wanted & ~holds, instance.copies * instance.size_gb, 0.0).sum(axis=1)
        lacking_gb = np.minimum(lacking_gb, missing_gb - np.maximum(0.0, window_gb - got_gb))
    lacking_gb = np.where(limited & (held_gb < numbers.full * full_gb), np.maximum(0.0, lacking_gb), 0.0)
    never = int((too_late(instance) & (instance.file_gb() > 0)).sum())
    nights = _nights(lacking_gb - (1.0 - numbers.full) * full_gb, got_gb, window_gb, numbers)
    return ToFill(float(lacking_gb.sum()), None if nights is None else max(nights, expected), at_most, never)


def _nights(lacking_gb: Floats, got_gb: Floats, window_gb: Floats, numbers: NightParameters) -> int | None:
    """Nights that the slowest pool takes, or all together."""
    some = lacking_gb > 0
    if not some.any():
        return 0
    lacking_gb = lacking_gb[some]
    together = float(got_gb[some].sum())
    if together <= 0:
        return None
    # Whole files leave something of a window unused, some more than others.
    each_gb = np.where(got_gb >= numbers.busy * window_gb, np.minimum(got_gb, window_gb), window_gb)[some]
    # Where others of its site left nothing to a pool, only how long all take together tells.
    slowest = float(np.divide(lacking_gb, each_gb, out=np.zeros_like(each_gb), where=each_gb > 0).max())
    return math.ceil(max(slowest, float(lacking_gb.sum()) / together))


def _without_windows(
    instance: Instance, waiting: Sequence[Waiting], how: EngineRun
) -> tuple[Bools | None, bool]:
    """What pools would hold if all could come in one night; None where there is no time to find out."""
    volumes, pinned = instance.volumes, instance.pinned.copy()
    pools = {name: p for p, name in enumerate(instance.pools)}
    files = {name: f for f, name in enumerate(instance.files)}
    for one in waiting:
        if one.rule == "pin" and one.nights is not None:
            pinned[pools[one.pool], files[one.file]] = True
    volumes = replace(volumes, capacity_gb=np.where(volumes.fresh, np.inf, volumes.capacity_gb))
    free = replace(instance, volumes=volumes, pinned=pinned)
    try:
        return how.solve(free).placement.holds, False
    except (DeadlineError, NoFeasiblePlanError):
        return None, True


def roughly(how: EngineRun, time_limit_s: float | None, spent_s: float) -> EngineRun:
    """The same engine for a plan of which only the bytes count, in what time is left.

    Parameters
    ----------
    how : EngineRun
    time_limit_s : float or None
        Of the whole search [s].
    spent_s : float
        Of it [s].
    """
    left_s = (
        None
        if time_limit_s is None
        else max(time_limit_s - spent_s, how.parameters.night.rough_time * time_limit_s)
    )
    return replace(how, stop=Stop(how.parameters.night.rough_gap, left_s, how.stop.asked))
