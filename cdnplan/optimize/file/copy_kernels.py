"""Kernel that copies an array, for other kernels."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from cdnplan.compiled import part


@part
def copy(source: npt.NDArray[Any], n: int, to: npt.NDArray[Any]) -> None:
    """Copy the first n entries one by one.

    Where slices are assigned to, numba also compiles what to say should the shapes differ.
    """
    for i in range(n):
        to[i] = source[i]
