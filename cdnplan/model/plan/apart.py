"""Appliances that serving tells apart, because one of them could not give what is asked of its files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Instance, Ints

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Apart:
    """All appliances of some pools: files of these pools are alike only if the same appliances hold them.

    Parameters
    ----------
    pool : (n,) int64
        Pool of each appliance, increasing.
    holds : (n, n_files) bool
        Which appliance has a copy of which file; what a pool does not hold, none of its appliances has.
    """

    pool: Ints
    holds: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Holders:
    """What the bits of signatures stand for.

    Parameters
    ----------
    ptr : (n_regions + 1,) int64
        Bits of region r are those of ``row[ptr[r]:ptr[r + 1]]``: its candidates in their order, then the
        appliances told apart of each of them.
    row : (n_bits,) int32
        A row of `holds`: pools by their number, then appliances told apart.
    entry : (n_bits,) int64
        Candidate entry that a bit belongs to.
    holds : (n_pools + n, n_files) bool
    """

    ptr: Ints
    row: npt.NDArray[np.int32]
    entry: Ints
    holds: Bools


def signature_holders(instance: Instance, holds: Bools, apart: Apart | None) -> Holders:
    """List what may hold a file of each region.

    Parameters
    ----------
    instance : Instance
    holds : (n_pools, n_files) bool
    apart : Apart or None

    Returns
    -------
    Holders
        Without appliances told apart, the candidates alone.
    """
    entries = np.arange(instance.cand_pool.size)
    if apart is None:
        return Holders(instance.cand_ptr, instance.cand_pool, entries, np.ascontiguousarray(holds))
    first = np.searchsorted(apart.pool, instance.cand_pool)
    count = np.searchsorted(apart.pool, instance.cand_pool, side="right") - first
    owner = np.repeat(entries, count)
    appliance = np.arange(owner.size) - np.repeat(np.cumsum(count) - count, count) + first[owner]
    region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    entry = np.concatenate([entries, owner])
    row = np.concatenate([instance.cand_pool, instance.n_pools + appliance]).astype(np.int32)
    # The sort is stable: candidates come before appliances, both in their order.
    order = np.argsort(region[entry], kind="stable")
    bits = np.bincount(region[entry], minlength=instance.n_regions)
    return Holders(
        ptr=np.concatenate([[0], np.cumsum(bits)]).astype(np.int64),
        row=row[order],
        entry=entry[order],
        holds=np.concatenate([holds, apart.holds]),
    )


def mask_words(ptr: Ints) -> int:
    """Words of 64 bits that the widest signature takes, at least 1, given where regions' bits begin."""
    return max(1, -(-int(np.diff(ptr).max(initial=0)) // 64))
