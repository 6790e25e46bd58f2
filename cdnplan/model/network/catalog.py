"""Titles and files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    """What can be placed, files sorted by name; a title without files of its own is one file.

    Parameters
    ----------
    files : tuple of str
        Names, sorted.
    size_gb : (n_files,) float64
        Stored size [GB], all > 0.
    titles : tuple of str
        Names, sorted.
    file_title : (n_files,) int32
        Index into `titles`.
    launch_day : (n_titles,) datetime64[D]
        NaT where unknown.
    """

    files: tuple[str, ...]
    size_gb: npt.NDArray[np.float64]
    titles: tuple[str, ...]
    file_title: npt.NDArray[np.int32]
    launch_day: npt.NDArray[np.datetime64]

    @property
    def n_files(self) -> int:
        """Number of files."""
        return len(self.files)
