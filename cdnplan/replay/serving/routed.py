"""Requests of one or more periods, sent to their first place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.plan.placement import Serving
from cdnplan.replay.requests.places import Places
from cdnplan.replay.requests.stream import Stream, hour_shares
from cdnplan.replay.serving.routes import Routes, find_routes

Bools = npt.NDArray[np.bool_]

PLANNED, CACHED, FROM_PARENT, FROM_ORIGIN = range(4)
"""Who serves a request: planned content, a reactive cache, its parent, the origin."""


@dataclass(frozen=True, slots=True, eq=False)
class Period:
    """What came in one period.

    Parameters
    ----------
    end : datetime.date
        Its last day, which names it.
    instance : Instance
        The demand that came, with 24 slices.
    stream : Stream
    """

    end: dt.date
    instance: Instance
    stream: Stream

    @property
    def shares(self) -> Floats:
        """Share of a day's bytes in each UTC hour, (n_regions, 24)."""
        return hour_shares(self.instance)


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """Planned content of one period, and how the plan steers requests to it."""

    holds: Bools
    steering: Serving | None


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Who served each request of a period.

    Parameters
    ----------
    routes : Routes
    row : (n,) int64
        Row of `routes` of each request.
    entry : (n,) int64
        Candidate entry of its region that it went to, -1 where it went straight to the origin.
    tier : (n,) int8
        `PLANNED`, `CACHED`, `FROM_PARENT` or `FROM_ORIGIN`.
    """

    routes: Routes
    row: Ints
    entry: Ints
    tier: npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Routed:
    """Requests of all periods, sent to their first place."""

    periods: tuple[Period, ...]
    outcomes: tuple[Outcome, ...]
    """Of planned content alone: everything else from the origin."""
    period: Ints
    file: Ints
    time_h: Floats
    gb: Floats
    draw: Floats
    site: Ints
    """Site of the reactive cache that is asked, -1 where none is."""

    def split(self, tier: npt.NDArray[np.int8]) -> tuple[Outcome, ...]:
        """Outcomes by period, with these tiers."""
        bounds = np.searchsorted(self.period, np.arange(len(self.outcomes) + 1))
        return tuple(
            Outcome(one.routes, one.row, one.entry, tier[bounds[k] : bounds[k + 1]])
            for k, one in enumerate(self.outcomes)
        )


def route(
    periods: Sequence[Period],
    places: Places,
    contents: Sequence[Content],
    *,
    reactive: bool,
) -> Routed:
    """Send every request to its first place.

    Parameters
    ----------
    periods : sequence of Period
    places : Places
    contents : sequence of Content
        Of each period.
    reactive : bool
        Whether sites have caches for what is not planned.

    Returns
    -------
    Routed
    """
    outcomes, sites = [], []
    for period, content in zip(periods, contents, strict=True):
        instance, stream = period.instance, period.stream
        routes = find_routes(
            instance, content.holds, places.pool_site, steering=content.steering, reactive=reactive
        )
        row = routes.rows(instance, content.holds, stream)
        entry = routes.entries(row, stream)
        pool = np.append(instance.cand_pool, -1)[entry]
        held = (entry >= 0) & content.holds[pool, stream.file]
        tier = np.where(held, PLANNED, FROM_ORIGIN).astype(np.int8)
        outcomes.append(Outcome(routes, row, entry, tier))
        sites.append(np.where((entry >= 0) & ~held, places.pool_site[pool], -1))
    hours = np.cumsum([0, *(period.stream.hours for period in periods)])
    streams = [period.stream for period in periods]
    return Routed(
        tuple(periods),
        tuple(outcomes),
        np.repeat(np.arange(len(streams)), [stream.size for stream in streams]),
        np.concatenate([stream.file for stream in streams]).astype(np.int64),
        np.concatenate([stream.time_h + hours[k] for k, stream in enumerate(streams)]),
        np.concatenate([stream.gb for stream in streams]),
        np.concatenate([stream.draw for stream in streams]),
        np.concatenate(sites).astype(np.int64),
    )
