"""Ways to run the caches, and what each of them did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cdnplan.model.instance.instance import Floats
from cdnplan.replay.figures.measures import Figures
from cdnplan.replay.figures.misses import Missed
from cdnplan.replay.figures.regret import Regret
from cdnplan.replay.requests.places import Places
from cdnplan.replay.serving.routed import Period

PLAN, PERFECT, UNLIMITED, POPULAR = "plan", "perfect forecast", "no fill limits", "popularity"
"""Names of policies that fill ahead."""

RUNNABLE = ("plan", "live", "hybrid", "prefilled")
"""Kinds of ways that somebody could run: neither bounds nor caches that learn a period late."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to run the caches.

    Parameters
    ----------
    policy : str
        `PLAN`, `PERFECT`, `UNLIMITED`, `POPULAR`, or the policy of reactive caches.
    kind : {"plan", "live", "lagged", "hybrid", "prefilled", "bound"}
    planned_ratio : float
        Share of storage that is planned, or given to a cache when a period begins.
    parent : bool
        Whether a shared parent serves what sites lack.
    """

    policy: str
    kind: str
    planned_ratio: float = 0.0
    parent: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """What a way did in a period."""

    way: Way
    period: int
    figures: Figures


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Everything that a replay found.

    Parameters
    ----------
    rows : tuple of Row
    regret : tuple of Regret
        By period; empty where it was not asked for.
    missed : tuple of Missed
        The plan's, by period.
    site_gb : dict of Way to (n_sites, 4) float64
        Bytes by site and tier over all periods [GB]; the origin's by the site that lacked them, as far as
        there is one.
    region_gb : (n_regions,) float64
        Bytes that each region asked for over all periods [GB].
    region_origin_gb : dict of Way to (n_regions,) float64
        Those of them that came from the origin [GB].
    periods : tuple of Period
    places : Places
    plays : float
        Requests before sampling.
    requests : int
        Drawn.
    sample_ratio : tuple of float
        Smallest and largest share of plays that were kept.
    expected_offload_ratio : tuple of float
        The plan's offload by expected loads, without sampling, by period.
    strength : tuple of float
        Requests of a site that its forecast was taken to be worth, by period; nan where nothing had told.
        Empty where nobody read it.
    """

    rows: tuple[Row, ...]
    regret: tuple[Regret, ...]
    missed: tuple[Missed, ...]
    site_gb: dict[Way, Floats]
    region_gb: Floats
    region_origin_gb: dict[Way, Floats]
    periods: tuple[Period, ...]
    places: Places
    plays: float
    requests: int
    sample_ratio: tuple[float, float]
    expected_offload_ratio: tuple[float, ...]
    strength: tuple[float, ...]

    def ways(self) -> tuple[Way, ...]:
        """All ways, in the order in which they were run."""
        return tuple(dict.fromkeys(row.way for row in self.rows))

    def offload(self, way: Way) -> float:
        """Share of all periods' bytes that a way served from appliances."""
        mine = [row.figures for row in self.rows if row.way == way]
        total = sum(figures.demand_gb for figures in mine)
        return 1.0 - sum(figures.origin_gb for figures in mine) / total if total > 0 else 1.0

    def best(self, kinds: Sequence[str]) -> Way | None:
        """The way of some kinds with the highest offload; of equals the first."""
        ways = [way for way in self.ways() if way.kind in kinds]
        return max(ways, key=self.offload, default=None)
