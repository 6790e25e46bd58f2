"""The best serving of a placement after a change, from that of the base: what is far away stays as it is.

Regions that the change touches are served anew with what others leave of the limits. That is the best serving
of all if no limit that both sides share binds, before or now: its price is zero for both, so prices show that
neither would gain by moving. Where one binds, all who may use it are served anew, too, until none is left.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.optimize.fast.near import Part, sub_instance
from cdnplan.optimize.problem.objective import rate_loads
from cdnplan.optimize.serve.serving import best_serving
from cdnplan.parameters.parameters import DEFAULTS
from cdnplan.parameters.questions import ChangeParameters
from cdnplan.whatif.base.base import Base, Flow
from cdnplan.whatif.base.touched import touched

Bools = npt.NDArray[np.bool_]

BINDING_RATIO = 1e-6
"""A limit used up to this ratio counts as one that binds."""


def resteered(
    base: Base, instance: Instance, holds: Bools, parameters: ChangeParameters = DEFAULTS.change
) -> Flow:
    """Serve a placement at least cost, that of the base where the change touches nothing.

    Parameters
    ----------
    base : Base
    instance : Instance
        The changed problem.
    holds : (n_pools, n_files) bool
        What pools hold; untouched pools hold what they do in the base.
    parameters : ChangeParameters

    Returns
    -------
    Flow
        As good as `cdnplan.optimize.serve.serving.best_serving`, which serves all where rates have other
        limits than those of pools, or most regions are concerned.
    """
    differs = touched(base.instance, instance)
    inside = differs.regions.copy()
    region = instance.path_region[: instance.cand_pool.size]
    if instance.rates.n_rows == instance.n_pools:
        old = np.where(differs.regions[region], 0, differs.old_entry)
        before = np.where(differs.regions[region], 0.0, base.flow.served_gb[old])
        away = np.where(differs.regions, 0.0, base.flow.origin_gb[differs.old_region])
        bound_before = _bound_before(base, instance)
        while inside[region].mean() <= parameters.largest:
            entries = np.flatnonzero(inside[region])
            pools = np.unique(instance.cand_pool[entries]).astype(np.int64)
            nothing = np.zeros(0, dtype=np.int64)
            part = Part(np.flatnonzero(inside), nothing, pools, entries)
            served, origin = np.where(inside[region], 0.0, before), np.where(inside, 0.0, away)
            small, _ = sub_instance(instance, part, holds, served, origin)
            found = best_serving(small, holds[pools]).serving
            gb, away_gb = found.candidate_gb(small), found.origin_gb(small)
            load = rate_loads(small, gb, away_gb).max(axis=1, initial=0.0)
            binds = np.zeros(instance.n_pools, dtype=np.bool_)
            binds[pools] = (load >= (1 - BINDING_RATIO) * small.throughput_gbps) | bound_before[pools]
            # Of a limit that nobody outside may use, the part's own program has the right price.
            more = np.unique(region[binds[instance.cand_pool] & ~inside[region]])
            if more.size == 0:
                served[entries] = gb
                origin[part.regions] = away_gb
                return Flow(served, origin)
            inside[more] = True
    return Flow.of(instance, best_serving(instance, holds).serving)


def _bound_before(base: Base, instance: Instance) -> Bools:
    """Pools whose throughput was used up in the base, in the changed problem's indices."""
    before, n = base.instance, base.instance.n_pools
    load: Floats = rate_loads(before, base.flow.served_gb, base.flow.origin_gb)[:n].max(axis=1, initial=0.0)
    full = load >= (1 - BINDING_RATIO) * before.throughput_gbps
    names = {name for name, used in zip(base.instance.pools, full.tolist(), strict=True) if used}
    return np.array([name in names for name in instance.pools], dtype=np.bool_)
