"""How the demand for a title is split over its files."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cdnplan.inputs.places.countries import country_code


@dataclass(frozen=True, slots=True, eq=False)
class FileShares:
    """Splits the demand for a title into demand for its files.

    Parameters
    ----------
    title_ptr : (n_titles + 1,) int64
    title_file : (n_files,) int32
        Files of title i are ``title_file[title_ptr[i]:title_ptr[i + 1]]``, increasing.
    ratio : (n_files,) float64
        Share of its title's bytes wherever no other is given; NaN where shares are only given by region.
    regions : tuple of str
        Regions with shares of their own.
    region_ptr, region_file, region_ratio : (n_regions + 1,) int64, (.,) int32, (.,) float64
        Their shares, the files of a region increasing. A title of which at least one file is listed for a
        region has the listed shares there and no others.

    profile : tuple of str
        Encoding profile of each file, empty where the table names none.

    Examples
    --------
    >>> two = FileShares(np.array([0, 2]), np.array([0, 1], dtype=np.int32), np.array([0.7, 0.3]))
    >>> two.in_region("NL")
    array([0.7, 0.3])
    """

    title_ptr: npt.NDArray[np.int64]
    title_file: npt.NDArray[np.int32]
    ratio: npt.NDArray[np.float64]
    regions: tuple[str, ...] = ()
    region_ptr: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    region_file: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    region_ratio: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    profile: tuple[str, ...] = ()

    def profile_codes(self, n_files: int) -> npt.NDArray[np.int64]:
        """Number of each file's profile, (n_files,); all the same where none is named."""
        if not self.profile:
            return np.zeros(n_files, dtype=np.int64)
        return np.unique(np.array(self.profile, dtype=str), return_inverse=True)[1].astype(np.int64)

    @property
    def one_each(self) -> bool:
        """Whether each title is one file, in the same order, so that nothing has to be split."""
        n_titles = self.title_ptr.size - 1
        return (
            not self.regions
            and np.array_equal(self.title_file, np.arange(n_titles))
            and bool(np.all(self.ratio == 1.0))
        )

    def in_region(self, name: str, country: str | None = None) -> npt.NDArray[np.float64]:
        """Shares of all files in one demand region.

        Parameters
        ----------
        name : str
            The demand region. Shares given for this name hold, or else those given for its country.
        country : str or None
            Its country's code; None: found from the name, if that is a country.

        Returns
        -------
        (n_files,) float64
            NaN for files of titles without any share here.
        """
        which = self._find(name, country)
        if which is None:
            return self.ratio
        own = slice(self.region_ptr[which], self.region_ptr[which + 1])
        file_title = np.empty(self.title_file.size, dtype=np.int64)
        file_title[self.title_file] = np.repeat(np.arange(self.title_ptr.size - 1), np.diff(self.title_ptr))
        listed = np.zeros(self.title_ptr.size - 1, dtype=bool)
        listed[file_title[self.region_file[own]]] = True
        shares = np.where(listed[file_title], 0.0, self.ratio)
        shares[self.region_file[own]] = self.region_ratio[own]
        return shares

    def _find(self, name: str, country: str | None) -> int | None:
        if name in self.regions:
            return self.regions.index(name)
        code = (country or country_code(name)) if self.regions else None
        if code is not None:
            for i, other in enumerate(self.regions):
                if country_code(other) == code:
                    return i
        return None
