"""Replay a night of filling: events in order of time, with what is where and what flows after each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cdnplan.evaluate.night.fill_limits import ApplianceLimits, NetworkLimits
from cdnplan.evaluate.night.fill_rows import Bools, EvictionRows, FillRows
from cdnplan.evaluate.night.fill_windows import MS_PER_DAY, MS_PER_HOUR
from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.model.plan.sorted_numbers import contains, sorted_distinct

HOURS = MS_PER_DAY // MS_PER_HOUR


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """What a night came to.

    Parameters
    ----------
    not_held : (n_fills,) int8
        1: the source has no copy when the transfer starts; 2: it loses it before the end.
    over_in, over_out, over_gb : (n_fills,) float64
        Rates into the receiver and out of the source [Gbit/s] and bytes on the receiver [GB] once the
        transfer has started, where that is more than allowed; NaN elsewhere.
    over_link, over_link_gbps : (n_fills,) int64, float64
        A limit of the network that is exceeded once it has started (-1: none), and its load [Gbit/s].
    step_time, step_gbps : (n_limits,) int64, float64
        When serving first rose above what fills leave of a limit [ms] (-1: never), and the load [Gbit/s].
    early, lost : (n_evictions,) bool
        Evictions for which there was no need yet, and those of a last copy that no origin replaces.
    away_ms : (n_evictions,) int64
        How long each eviction left the network without a file that stays [ms], 0 for all others.
    origin_peak_gbps : (n_origins,) float64
        Highest rate of fills out of each origin.
    all_peak_gbps : float
        Highest rate of fills out of all origins together.
    """

    not_held: npt.NDArray[np.int8]
    over_in: Floats
    over_out: Floats
    over_gb: Floats
    over_link: Ints
    over_link_gbps: Floats
    step_time: Ints
    step_gbps: Floats
    early: Bools
    lost: Bools
    away_ms: Ints
    origin_peak_gbps: Floats
    all_peak_gbps: float


def replay(
    rows: FillRows,
    evictions: EvictionRows,
    held: Ints,
    placed: Ints,
    limits: ApplianceLimits,
    network: NetworkLimits,
) -> Replay:
    """Replay the sound fills and the evictions of copies that are known.

    Parameters
    ----------
    rows : FillRows
    evictions : EvictionRows
    held, placed : (.,) int64
        Keys of the copies held before, and of those held at the end, sorted.
    limits : ApplianceLimits
    network : NetworkLimits

    Returns
    -------
    Replay
    """
    from cdnplan.evaluate.night.fill_replay_kernels import replay_events

    fleet = rows.places.fleet
    fills = np.flatnonzero(rows.sound)
    gone = np.flatnonzero((evictions.appliance >= 0) & (evictions.file >= 0))
    fill_key, evict_key = rows.keys()[fills], fleet.keys(evictions.appliance, evictions.file)[gone]
    keys = sorted_distinct(np.concatenate([held, fill_key, evict_key]))
    copy_appliance, copy_file = fleet.unkey(keys)
    n_origins = len(rows.places.origins)
    from_origin = rows.places.is_origin(rows.source[fills])
    source = np.where(from_origin, 0, rows.source[fills])
    source_copy = _position(keys, fleet.keys(source, rows.file[fills]))
    stays = np.zeros(max(1, fleet.instance.n_files), dtype=bool)
    stays[fleet.unkey(placed)[1]] = True
    returns = np.full(stays.size, np.iinfo(np.int64).min)
    np.maximum.at(returns, rows.file[fills[from_origin]], rows.end[fills[from_origin]])
    last_start = np.full(fleet.size, np.iinfo(np.int64).min)
    np.maximum.at(last_start, rows.appliance[fills], rows.start[fills])
    found = _empty(rows.sound.size, evictions.at.size, network.gbps.size)
    part = _empty(fills.size, gone.size, network.gbps.size)
    ptr, route = _chosen(network, fills)
    origin_peak, all_peak = replay_events(
        *_events(rows.start[fills], rows.end[fills], evictions.at[gone], network.serving_gbps.shape[1]),
        _position(keys, fill_key),
        np.where(from_origin, -1, source_copy),
        np.where(from_origin, -1, rows.source[fills]),
        np.where(from_origin, rows.source[fills] - fleet.size, -1),
        rows.gbps()[fills],
        ptr,
        route,
        _position(keys, evict_key),
        copy_appliance,
        copy_file,
        np.append(fleet.instance.size_gb, 0.0)[copy_file],
        contains(held, keys),
        stays,
        returns,
        last_start,
        limits.storage_gb,
        limits.in_gbps,
        limits.out_gbps,
        network.gbps,
        network.serving_gbps,
        n_origins,
        *part,
    )
    for whole, some, at in zip(found, part, [fills] * 6 + [slice(None)] * 2 + [gone] * 3, strict=True):
        whole[at] = some
    not_held, over_in, over_out, over_gb, over_link, over_link_gbps, step_time, step_gbps, *evicted = found
    early, lost, away_ms = evicted
    return Replay(
        not_held=not_held,
        over_in=over_in,
        over_out=over_out,
        over_gb=over_gb,
        over_link=over_link,
        over_link_gbps=over_link_gbps,
        step_time=step_time,
        step_gbps=step_gbps,
        early=early,
        lost=lost,
        away_ms=away_ms,
        origin_peak_gbps=origin_peak,
        all_peak_gbps=float(all_peak),
    )


def _empty(n_fills: int, n_evictions: int, n_limits: int) -> tuple[npt.NDArray[Any], ...]:
    """Results in which all is well, in the order of `Replay`."""
    return (
        np.zeros(n_fills, dtype=np.int8),
        np.full(n_fills, np.nan),
        np.full(n_fills, np.nan),
        np.full(n_fills, np.nan),
        np.full(n_fills, -1, dtype=np.int64),
        np.full(n_fills, np.nan),
        np.full(n_limits, -1, dtype=np.int64),
        np.full(n_limits, np.nan),
        np.zeros(n_evictions, dtype=bool),
        np.zeros(n_evictions, dtype=bool),
        np.zeros(n_evictions, dtype=np.int64),
    )


def _position(keys: Ints, wanted: Ints) -> Ints:
    """Where numbers are among sorted ones, -2 where they are not."""
    if keys.size == 0:
        return np.full(wanted.size, -2, dtype=np.int64)
    at = np.minimum(np.searchsorted(keys, wanted), keys.size - 1)
    return np.where(keys[at] == wanted, at, -2)


def _chosen(network: NetworkLimits, fills: Ints) -> tuple[Ints, Ints]:
    """Limits of some of the fills; those left out cross none."""
    count = np.diff(network.ptr)[fills]
    return np.concatenate([[0], np.cumsum(count)]).astype(np.int64), network.limit


def _events(start: Ints, end: Ints, at: Ints, n_slices: int) -> tuple[Ints, Ints, Ints]:
    """Events in order: time, kind, and number of the fill, eviction or slice."""
    from cdnplan.evaluate.night.fill_replay_kernels import END, EVICT, SLICE, START

    none = np.zeros(0, dtype=np.int64)
    turns, slices = _slices(int(start.min()), int(end.max()), n_slices) if start.size else (none, none)
    parts = (
        (END, end, np.arange(end.size)),
        (EVICT, at, np.arange(at.size)),
        (SLICE, turns, slices),
        (START, start, np.arange(start.size)),
    )
    time = np.concatenate([times for _, times, _ in parts])
    # Parts are in the order of kinds, so that a stable sort by time keeps it at each instant.
    order = np.argsort(time, kind="stable")
    what = np.concatenate([np.full(times.size, kind, dtype=np.int64) for kind, times, _ in parts])
    which = np.concatenate([number for _, _, number in parts]).astype(np.int64)
    return time[order], what[order], which[order]


def _slices(first: int, last: int, n_slices: int) -> tuple[Ints, Ints]:
    """Instants at which a slice of the UTC day begins, and which, from the hour of the first start on."""
    hour = np.arange(first // MS_PER_HOUR, last // MS_PER_HOUR + 1)
    current = (hour % HOURS) * n_slices // HOURS
    change = np.append(True, np.diff(current) != 0)[: hour.size]
    instant = hour * MS_PER_HOUR
    instant[0] = first
    return instant[change], current[change]
