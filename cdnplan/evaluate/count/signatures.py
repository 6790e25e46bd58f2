"""Demand by holder signature: files held by the same candidates of a region are interchangeable."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance, Ints, Ints32


def row_demand(instance: Instance, region: int) -> tuple[Ints32, Floats]:
    """Files a region asks for, and how much.

    Parameters
    ----------
    instance : Instance
    region : int

    Returns
    -------
    file : (n,) int32
    gb : (n,) float64
        [GB per period]
    """
    row = instance.region_row[region]
    part = slice(int(instance.demand_ptr[row]), int(instance.demand_ptr[row + 1]))
    return instance.demand_file[part], instance.region_share[region] * instance.demand_gb[part].astype(
        np.float64
    )


def signature_gb(
    instance: Instance, holds: npt.NDArray[np.bool_], region: int, entries: Ints
) -> tuple[Ints, Floats]:
    """Demand of a region by which of some candidates hold the file.

    Parameters
    ----------
    instance : Instance
    holds : (n_pools, n_files) bool
    region : int
    entries : (n_entries,) int64
        A few of the region's candidate entries, as their signatures are counted in a table of 2^n_entries;
        bit i of a signature stands for ``entries[i]``.

    Returns
    -------
    signature : (n,) int64
        Those that occur, increasing; 0 where no such candidate holds the file.
    gb : (n,) float64
        Demand of the files with this signature [GB].
    """
    file, gb = row_demand(instance, region)
    mask = np.zeros(file.size, dtype=np.int64)
    for bit, entry in enumerate(entries):
        mask |= holds[instance.cand_pool[entry], file].astype(np.int64) << bit
    sums = np.zeros(1 << entries.size)
    np.add.at(sums, mask, gb)
    present = np.flatnonzero(sums > 0)
    return present, sums[present]


def held_by_any(signature: Ints, gb: Floats, n_bits: int) -> Floats:
    """Demand held by at least one pool of every set of pools, by a subset-sum (zeta) transform [1]_.

    Parameters
    ----------
    signature, gb : (n,)
        Demand by signature.
    n_bits : int
        Number of pools; keep it small, the result has 2**n_bits numbers.

    Returns
    -------
    (2**n_bits,) float64
        Entry P: demand of the files whose signature has a bit in common with P [GB].

    References
    ----------
    .. [1] A. Björklund, T. Husfeldt, P. Kaski, M. Koivisto, "Fourier meets Möbius: fast subset
       convolution", STOC 2007, section 2.

    Examples
    --------
    >>> held_by_any(np.array([0, 1, 3]), np.array([5.0, 2.0, 1.0]), 2).tolist()
    [0.0, 3.0, 1.0, 3.0]
    """
    within = np.bincount(signature, weights=gb, minlength=1 << n_bits)
    for bit in range(n_bits):
        view = within.reshape(-1, 2, 1 << bit)
        view[:, 1] += view[:, 0]
    # `within[Q]` is now the demand of signatures inside Q; all others touch the complement of Q.
    return np.asarray(within[-1] - within[::-1])


def sums_over_sets(values: Floats) -> Floats:
    """Sum some values over every subset of them, (2**n,) from (n,).

    Examples
    --------
    >>> sums_over_sets(np.array([1.0, 10.0])).tolist()
    [0.0, 1.0, 10.0, 11.0]
    """
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums, sums + value])
    return sums
