"""Kernel that copies an array, for other kernels."""

from __future__ import annotations

from typing import Any

from cdnplan.compiled import njit

Array = Any


@njit(cache=True)
def copy(source: Array, n: int, to: Array) -> None:
    """Copy the first n entries one by one.

    Where slices are assigned to, numba also compiles what to say should the shapes differ.
    """
    for i in range(n):
        to[i] = source[i]
