"""Replay a night of filling: events in order of time, with what is where and what flows after each."""

from __future__ import annotations

import numpy as np

from cdnplan.evaluate.count.assignment import Fleet
from cdnplan.evaluate.night.fill_limits import ApplianceLimits, NetworkLimits
from cdnplan.evaluate.night.fill_replay_kernels import (
    END,
    EVICT,
    SLICE,
    START,
    Allowed,
    Copies,
    Events,
    Fills,
    Flow,
    Night,
    Outlook,
    Replay,
    replay_events,
)
from cdnplan.evaluate.night.fill_rows import EvictionRows, FillRows
from cdnplan.evaluate.night.fill_windows import MS_PER_DAY, MS_PER_HOUR
from cdnplan.model.instance.instance import Ints
from cdnplan.model.plan.sorted_numbers import contains, sorted_distinct

HOURS = MS_PER_DAY // MS_PER_HOUR


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
    fills = np.flatnonzero(rows.sound)
    gone = np.flatnonzero((evictions.appliance >= 0) & (evictions.file >= 0))
    fleet = rows.places.fleet
    fill_key, evict_key = rows.keys(), fleet.keys(evictions.appliance, evictions.file)
    keys = sorted_distinct(np.concatenate([held, fill_key[fills], evict_key[gone]]))
    found = _all_well(rows.sound.size, evictions.at.size, network.gbps.size)
    # Rows that cannot be replayed have their numbers too, but no events.
    copies, outlook = _copies(fleet, keys, held), _outlook(rows, fills, placed)
    night = _evening(copies, outlook, found)
    replay_events(
        _events(rows, fills, evictions, gone, network.serving_gbps.shape[1]),
        _transfers(rows, _position(keys, fill_key), keys, network),
        _position(keys, evict_key),
        copies,
        outlook,
        Allowed(limits.storage_gb, limits.in_gbps, limits.out_gbps, network.gbps, network.serving_gbps),
        night,
        found,
    )
    return found


def _all_well(n_fills: int, n_evictions: int, n_limits: int) -> Replay:
    """Results in which all is well."""
    return Replay(
        not_held=np.zeros(n_fills, dtype=np.int8),
        over_in=np.full(n_fills, np.nan),
        over_out=np.full(n_fills, np.nan),
        over_gb=np.full(n_fills, np.nan),
        over_link=np.full(n_fills, -1, dtype=np.int64),
        over_link_gbps=np.full(n_fills, np.nan),
        step_time=np.full(n_limits, -1, dtype=np.int64),
        step_gbps=np.full(n_limits, np.nan),
        early=np.zeros(n_evictions, dtype=bool),
        lost=np.zeros(n_evictions, dtype=bool),
        away_ms=np.zeros(n_evictions, dtype=np.int64),
        origin_peak_gbps=np.zeros(1),
    )


def _transfers(rows: FillRows, copy: Ints, keys: Ints, network: NetworkLimits) -> Fills:
    """All rows as transfers between the copies with these keys."""
    fleet = rows.places.fleet
    from_origin = rows.places.is_origin(rows.source)
    source_copy = _position(keys, fleet.keys(np.where(from_origin, 0, rows.source), rows.file))
    return Fills(
        copy=copy,
        source=np.where(from_origin, -1, source_copy),
        giver=np.where(from_origin, -1, rows.source),
        gbps=rows.gbps(),
        route_ptr=network.ptr,
        route=network.limit,
    )


def _copies(fleet: Fleet, keys: Ints, held: Ints) -> Copies:
    """Copies with these keys, of which some are held at first."""
    appliance, file = fleet.unkey(keys)
    return Copies(appliance, file, np.append(fleet.instance.size_gb, 0.0)[file], contains(held, keys))


def _evening(copies: Copies, outlook: Outlook, found: Replay) -> Night:
    """How things are before the first event."""
    n_appliances, n_files = outlook.last_start.size, outlook.stays.size
    stored, held = np.zeros(n_appliances), copies.present
    np.add.at(stored, copies.appliance[held], copies.gb[held])
    return Night(
        taken=_no_flow(n_appliances),
        given=_no_flow(n_appliances),
        carried=_no_flow(found.step_time.size),
        sent=_no_flow(1),
        stored=stored,
        copies=np.bincount(copies.file[held], minlength=n_files),
        away=np.full(n_files, -1, dtype=np.int64),
        away_since=np.zeros_like(found.away_ms),
        slice=np.zeros(1, dtype=np.int64),
    )


def _no_flow(n_places: int) -> Flow:
    return Flow(np.zeros(n_places), np.zeros(n_places, dtype=np.int64))


def _outlook(rows: FillRows, fills: Ints, placed: Ints) -> Outlook:
    """What stays, and when the last copies from origins arrive and the last transfers start."""
    fleet = rows.places.fleet
    stays = np.zeros(max(1, fleet.instance.n_files), dtype=bool)
    stays[fleet.unkey(placed)[1]] = True
    returns = np.full(stays.size, np.iinfo(np.int64).min)
    from_origin = fills[rows.places.is_origin(rows.source[fills])]
    np.maximum.at(returns, rows.file[from_origin], rows.end[from_origin])
    last_start = np.full(fleet.size, np.iinfo(np.int64).min)
    np.maximum.at(last_start, rows.appliance[fills], rows.start[fills])
    return Outlook(stays, returns, last_start)


def _position(keys: Ints, wanted: Ints) -> Ints:
    """Where numbers are among sorted ones, -2 where they are not."""
    if keys.size == 0:
        return np.full(wanted.size, -2, dtype=np.int64)
    at = np.minimum(np.searchsorted(keys, wanted), keys.size - 1)
    return np.where(keys[at] == wanted, at, -2)


def _events(rows: FillRows, fills: Ints, evictions: EvictionRows, gone: Ints, n_slices: int) -> Events:
    """Events of some fills and evictions in order."""
    start, end, at = rows.start[fills], rows.end[fills], evictions.at[gone]
    none = np.zeros(0, dtype=np.int64)
    turns, slices = _slices(int(start.min()), int(end.max()), n_slices) if start.size else (none, none)
    parts = ((END, end, fills), (EVICT, at, gone), (SLICE, turns, slices), (START, start, fills))
    time = np.concatenate([times for _, times, _ in parts])
    # Parts are in the order of kinds, so that a stable sort by time keeps it at each instant.
    order = np.argsort(time, kind="stable")
    kind = np.concatenate([np.full(times.size, one, dtype=np.int64) for one, times, _ in parts])
    number = np.concatenate([numbers for _, _, numbers in parts]).astype(np.int64)
    return Events(time[order], kind[order], number[order])


def _slices(first: int, last: int, n_slices: int) -> tuple[Ints, Ints]:
    """Instants at which a slice of the UTC day begins, and which, from the hour of the first start on."""
    hour = np.arange(first // MS_PER_HOUR, last // MS_PER_HOUR + 1)
    current = (hour % HOURS) * n_slices // HOURS
    change = np.append(True, np.diff(current) != 0)[: hour.size]
    instant = hour * MS_PER_HOUR
    instant[0] = first
    return instant[change], current[change]
