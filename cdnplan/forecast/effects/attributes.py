"""How much past launches of the same genre and language tell of one to come.

A group of launches counts as far as groups differ by more than chance: one-way analysis of variance, with the
groups' variance by the method of moments [1]_ and the usual weight of a group's mean [2]_, over all regions
together. An attribute that tells nothing changes nothing.

References
----------
.. [1] S. R. Searle, G. Casella and C. E. McCulloch, "Variance components", chapter 3, 1992.
.. [2] B. Efron and C. Morris, "Stein's estimation rule and its competitors", JASA 68, 1973.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.inputs.demand.launch_reader import Launches
from cdnplan.inputs.demand.titles_reader import TitleTable

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

ATTRIBUTES = ("genre", "language")

FLOOR_RATIO = 0.05
"""Part of the median share that is added before logarithms are taken."""


@dataclass(frozen=True, slots=True, eq=False)
class Attributes:
    """Attributes of some titles, one tuple of names for each of `ATTRIBUTES`, empty where unknown."""

    values: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, names: tuple[str, ...], titles: TitleTable, launches: Launches) -> Attributes:
        """Attributes as the titles table has them, or else the launch calendar."""
        found = []
        for attribute in ATTRIBUTES:
            known = {launch.title: getattr(launch, attribute) for launch in launches}
            listed = getattr(titles, attribute)
            known |= {name: own for name, own in zip(titles.titles, listed, strict=False) if own}
            found.append(tuple(known.get(name, "") for name in names))
        return cls(tuple(found))

    def take(self, rows: Ints) -> Attributes:
        """Those of some titles."""
        return Attributes(tuple(tuple(names[i] for i in rows.tolist()) for names in self.values))


def spread_over(past: Attributes, wanted: Sequence[str], shares: Floats, usable: Bools) -> Floats:
    """How much each past launch counts for one to come.

    Parameters
    ----------
    past : Attributes
        Of `n_past` launches.
    wanted : sequence of str
        Attributes of the one to come, in the order of `ATTRIBUTES`.
    shares : (n_past, n_regions) float64
        What the past ones had.
    usable : (n_past,) bool
        Those that count at all: evenly, but for attributes.

    Returns
    -------
    (n_past,) float64
        Sum 1, or 0 where none is usable.
    """
    weight = usable / max(1, int(usable.sum()))
    columns = [np.array(names, dtype=str) for names in past.values]
    factors = [(column, name) for column, name in zip(columns, wanted, strict=True) if name]
    if len(factors) == len(ATTRIBUTES):
        both = np.array(["\0".join(names) for names in zip(*columns, strict=True)], dtype=str)
        factors.append((np.where(np.all([c != "" for c in columns], axis=0), both, ""), "\0".join(wanted)))
    for column, name in factors:
        own = usable & (column == name)
        if own.any():
            trust = _trust(column[usable], shares[usable], int(own.sum()))
            weight = (1 - trust) * weight + trust * own / own.sum()
    return np.asarray(weight, dtype=np.float64)


def _trust(group: npt.NDArray[np.str_], shares: Floats, n_own: int) -> float:
    """Weight of the mean of a group of `n_own` launches against that of all."""
    known = group != ""
    code = np.unique(group[known], return_inverse=True)[1]
    count = np.bincount(code).astype(np.float64)
    n, n_groups = int(count.sum()), count.size
    if n_groups < 2 or n == n_groups:
        return 0.0
    there = shares[known]
    positive = there[there > 0]
    floor = FLOOR_RATIO * float(np.median(positive)) if positive.size else 1.0
    logs = np.log(there + floor)
    total = np.zeros((n_groups, logs.shape[1]))
    np.add.at(total, code, logs)
    mean = total / count[:, None]
    within = float(((logs - mean[code]) ** 2).sum()) / (n - n_groups)
    among = float((count[:, None] * (mean - logs.mean(axis=0)) ** 2).sum()) / (n_groups - 1)
    typical = (n - float((count**2).sum()) / n) / (n_groups - 1)
    between = max(0.0, among - within) / typical
    return between / (between + within / n_own) if between > 0 else 0.0
