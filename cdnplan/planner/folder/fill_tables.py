"""Tables of a plan folder about the night: what is fetched, removed and left undone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cdnplan.fill.loads.copies import Copies
from cdnplan.fill.night.fills import KINDS, REASONS, Fills
from cdnplan.fill.night.source_kernels import ORIGIN
from cdnplan.inputs.tables.arrow_arrays import from_numpy, from_texts
from cdnplan.model.instance.instance import Instance, Ints
from cdnplan.planner.folder.tables import appliance_names, coded, table


def _times(instants: Ints) -> pa.Array:
    """Column of moments in UTC."""
    whole = np.ascontiguousarray(instants, dtype=np.int64)
    return pa.Array.from_buffers(pa.timestamp("ms", tz="UTC"), whole.size, [None, pa.py_buffer(whole)])


def _copies(instance: Instance, copies: Copies) -> dict[str, object]:
    return {
        "appliance": coded(copies.appliance, appliance_names(instance)),
        "file": coded(copies.file, instance.files),
        "size_gb": instance.size_gb[copies.file],
    }


def fills_table(instance: Instance, origins: tuple[str, ...], fills: Fills) -> pa.Table:
    """``fills.parquet``: one row per fetched copy, by appliance, then priority."""
    names = (*appliance_names(instance), *origins)
    n_appliances = len(names) - len(origins)
    source = np.where(fills.kind == ORIGIN, n_appliances + fills.source, fills.source)
    appliance = fills.copies.appliance
    first = np.searchsorted(appliance, appliance)
    return table(
        {
            **_copies(instance, fills.copies),
            "source": coded(source, names),
            "kind": coded(fills.kind.astype(np.int64) - 1, tuple(KINDS[k] for k in sorted(KINDS))),
            "start": _times(fills.start),
            "end": _times(fills.end),
            "priority": (np.arange(appliance.size) - first + 1).astype(np.int32),
            "value": fills.copies.value,
            "alternates": _alternates(names, n_appliances, fills),
        }
    )


def _alternates(names: tuple[str, ...], n_appliances: int, fills: Fills) -> pa.Array:
    """Lists of names: other appliances in order, then an origin."""
    last = np.where(fills.origin < 0, -1, n_appliances + fills.origin)
    listed = np.column_stack([fills.alternates, last])
    there = listed >= 0
    ends = np.concatenate([[0], np.cumsum(there.sum(axis=1))]).astype(np.int32)
    texts = from_texts(names).take(from_numpy(listed[there].astype(np.int64)))
    return pa.ListArray.from_arrays(from_numpy(ends), texts)


def evictions_table(
    instance: Instance, fills: Fills, lost: tuple[tuple[str, ...], tuple[str, ...], Ints, Ints]
) -> pa.Table:
    """``evictions.parquet``: when copies are gone, by appliance, then time.

    Parameters
    ----------
    instance : Instance
    fills : Fills
    lost : tuple
        Copies of appliances or files that are no more: further names of both, and each copy's numbers, which
        go on after those the instance knows. Files without a size here go at the beginning, for their
        space counts as free; what is on appliances that are gone goes at the end.
    """
    more_names, more_files, place, file = lost
    size = np.concatenate([instance.size_gb, np.zeros(len(more_files))])
    appliance = np.concatenate([fills.removed.appliance, place])
    at_begin = (file >= instance.n_files) & (place < int(instance.pool_appliances.sum()))
    files = np.concatenate([fills.removed.file, file])
    at = np.concatenate([fills.removed_at, np.where(at_begin, fills.begin, fills.until)])
    order = np.lexsort((files, at, appliance))
    return table(
        {
            "appliance": coded(appliance[order], (*appliance_names(instance), *more_names)),
            "file": coded(files[order], (*instance.files, *more_files)),
            "size_gb": size[files[order]],
            "at": _times(at[order]),
        }
    )


def unfilled_table(instance: Instance, fills: Fills) -> pa.Table:
    """``unfilled.parquet``: copies that do not fit into the night, by appliance, the most valuable first."""
    codes = sorted(REASONS)
    position: npt.NDArray[np.int64] = np.searchsorted(codes, fills.why)
    return table(
        {
            **_copies(instance, fills.unfilled),
            "value": fills.unfilled.value,
            "reason": coded(position, tuple(REASONS[c] for c in codes)),
        }
    )
