"""Effects that were seen a few times each: means of what is alike, drawn together as far as chance tells.

Random-effects means: the spread between groups is estimated by the method of moments [1]_, and each group's
mean is drawn towards that of all groups as empirical Bayes has it [2]_.

References
----------
.. [1] R. DerSimonian and N. Laird, "Meta-analysis in clinical trials", Controlled Clinical Trials 7, 1986.
.. [2] B. Efron and C. Morris, "Stein's estimation rule and its competitors", JASA 68, 1973.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SIGMAS = 3.0
"""A mean, and a spread between groups, counts from so many times its own error on: several are looked at, and
at twice the error one in five histories without any effect would show one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One observation.

    Parameters
    ----------
    family, name, place : hashable
        Names of a family are alike, and so are places of a name.
    day : hashable
        Observations of one day share some of their chance.
    value, variance : float
    """

    family: Hashable
    name: Hashable
    place: Hashable
    day: Hashable
    value: float
    variance: float


@dataclass(frozen=True, slots=True)
class Pooled:
    """Effects by family, by name and by place; 0 where nothing sure is known.

    Parameters
    ----------
    family, name, place : mapping
        Keys: family; (family, name); (family, name, place).
    """

    family: Mapping[Any, float] = field(default_factory=dict)
    name: Mapping[Any, float] = field(default_factory=dict)
    place: Mapping[Any, float] = field(default_factory=dict)

    def effect(self, family: Hashable, name: Hashable, place: Hashable) -> float:
        """What is expected: the place's, or else the name's, or else the family's effect."""
        found = self.place.get((family, name, place))
        found = self.name.get((family, name)) if found is None else found
        return self.family.get(family, 0.0) if found is None else found


def pooled(seen: Sequence[Seen], shared_variance: float = 0.0) -> Pooled:
    """Pool observations: places within names within families, and families towards 0.

    Parameters
    ----------
    seen : sequence of Seen
    shared_variance : float
        Variance of what all places of one day have in common.

    Returns
    -------
    Pooled

    Examples
    --------
    >>> seen = [Seen("x", name, "NL", day, 0.5, 0.01) for day, name in enumerate("aabbcc")]
    >>> round(pooled(seen).effect("x", "a new one", "BE"), 2)
    0.5
    """
    places = _grouped((s.family, s.name, s.place) for s in seen)
    at = {key: _mean([(seen[i].value, seen[i].variance) for i in own], 0.0) for key, own in places.items()}
    names: dict[Any, tuple[float, float]] = {}
    between_places: dict[Any, float] = {}
    keys = list(places)
    for key, group in _grouped((family, name) for family, name, _ in keys).items():
        own = [at[keys[i]] for i in group]
        days = {seen[j].day for i in group for j in places[keys[i]]}
        # On one day places differ by whatever else happened: they must have been seen to differ again.
        between_places[key] = _between(own) if len(days) > 1 else 0.0
        mean, variance = _mean(own, between_places[key])
        names[key] = mean, variance + shared_variance / len(days)
    family_effect, name_effect, place_effect = {}, {}, {}
    named = list(names)
    for family, group in _grouped(family for family, _ in named).items():
        own = [names[named[i]] for i in group]
        between = _between(own)
        mean, variance = _mean(own, between)
        family_effect[family] = mean if mean**2 > SIGMAS**2 * variance else 0.0
        for i in group:
            name_effect[named[i]] = _drawn(names[named[i]], family_effect[family], between)
    for family, name, place in keys:
        parent = name_effect[family, name]
        own_mean = at[family, name, place]
        place_effect[family, name, place] = _drawn(own_mean, parent, between_places[family, name])
    return Pooled(family_effect, name_effect, place_effect)


def _grouped(keys: Iterable[Any]) -> dict[Any, list[int]]:
    """Positions of each key, in order."""
    found: dict[Any, list[int]] = defaultdict(list)
    for i, key in enumerate(keys):
        found[key].append(i)
    return found


def _mean(values: Sequence[tuple[float, float]], between: float) -> tuple[float, float]:
    """Mean by precision, and its variance."""
    value, variance = np.array(values).T
    weight = 1 / (variance + between)
    return float(weight @ value / weight.sum()), float(1 / weight.sum())


def _between(values: Sequence[tuple[float, float]]) -> float:
    """Variance between groups beyond chance; 0 unless it is clearly there."""
    value, variance = np.array(values).T
    free = value.size - 1
    weight = 1 / variance
    total = weight.sum()
    spread = float(weight @ (value - weight @ value / total) ** 2)
    if free < 1 or spread <= free + SIGMAS * np.sqrt(2 * free):
        return 0.0
    return float((spread - free) / (total - weight @ weight / total))


def _drawn(own: tuple[float, float], towards: float, between: float) -> float:
    """A group's mean, drawn towards that of all as far as it is chance."""
    mean, variance = own
    return towards + between / (between + variance) * (mean - towards)
