"""The serving of one placement carried over to another: what can still come from where it came, does."""

from __future__ import annotations

import numpy as np

from cdnplan.fill.loads import loads_kernels as kernels
from cdnplan.fill.loads.loads import network, pointers, region_rows
from cdnplan.lanes import in_lanes
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.apart import Apart
from cdnplan.model.plan.placement import Placement, Serving
from cdnplan.optimize.serve.signature_kernels import first_slots, signature_table


def carried_serving(
    instance: Instance, before: Placement, serving: Serving, placement: Placement, apart: Apart | None
) -> Serving:
    """Serve files of a placement as they were served in another one.

    What came from pools that do not hold a file any more comes from its cheapest holder, or from the origin
    where that costs less. No limit is looked at.

    Parameters
    ----------
    instance : Instance
    before : Placement
    serving : Serving
        Of `before`.
    placement : Placement
        The one to serve.
    apart : Apart or None
        Appliances that its signatures tell apart. A row has the mean of what its files had.

    Returns
    -------
    Serving
    """
    ptr, mask, gb = signature_table(instance, placement.holds, apart)
    none = np.zeros(0, dtype=np.int64)
    blank = Serving(
        ptr=ptr,
        mask=mask,
        gb=gb,
        share_ptr=np.zeros(gb.size + 1, dtype=np.int64),
        slot=none.astype(np.int32),
        ratio=np.zeros(0),
        apart=apart,
    )
    net, new_net = network(instance, serving), network(instance, blank)
    file_ptr, rows = region_rows(instance, net, before, serving.apart)
    _, new_rows = region_rows(instance, new_net, placement, apart)
    width = np.diff(instance.cand_ptr)
    region = np.repeat(np.arange(instance.n_regions), np.diff(ptr))
    cell_ptr = pointers(width[region])
    through, lost = np.zeros(int(cell_ptr[-1])), np.zeros(gb.size)
    in_lanes(
        kernels.carry,
        np.arange(instance.n_regions),
        np.diff(file_ptr),
        net,
        np.ascontiguousarray(placement.holds),
        file_ptr,
        rows,
        new_rows,
        ptr,
        cell_ptr,
        through,
        lost,
    )
    slot = first_slots(mask)
    entry = instance.cand_ptr[region] + np.maximum(slot, 0)
    nearer = np.flatnonzero(slot >= 0)
    nearer = nearer[instance.cand_cost[entry[nearer]] <= instance.origin_cost[region[nearer]]]
    through[cell_ptr[nearer] + slot[nearer]] += lost[nearer]
    cell = np.flatnonzero(through > 0.0)
    row = np.searchsorted(cell_ptr, cell, side="right") - 1
    ratio = through[cell] / gb[row]
    # More than all is rounding.
    ratio /= np.maximum(1.0, np.bincount(row, ratio, minlength=gb.size))[row]
    return Serving(
        ptr=ptr,
        mask=mask,
        gb=gb,
        share_ptr=pointers(np.bincount(row, minlength=gb.size)),
        slot=(cell - cell_ptr[row]).astype(np.int32),
        ratio=ratio,
        apart=apart,
    )
