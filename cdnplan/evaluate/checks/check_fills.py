"""Check the night of filling, what is fetched, evicted and left unfilled, by replaying it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.evaluate.checks.check_fill_claims import check_away, check_fill_claims
from cdnplan.evaluate.count.assignment import Assignment, Fleet
from cdnplan.evaluate.count.limits import exceeds
from cdnplan.evaluate.night.fill_limits import (
    ApplianceLimits,
    NetworkLimits,
    appliance_limits,
    in_maintenance,
    network_limits,
)
from cdnplan.evaluate.night.fill_replay import replay
from cdnplan.evaluate.night.fill_replay_kernels import Replay
from cdnplan.evaluate.night.fill_rows import (
    EvictionRows,
    FillRows,
    Places,
    check_unfilled,
    read_evictions,
    read_fills,
)
from cdnplan.evaluate.night.fill_windows import in_words, to_ms
from cdnplan.evaluate.verdict.report import Check, Ledger
from cdnplan.inputs.plans.plan_folder import EVICT, EVICTIONS, FILLS, NIGHT, PlanFiles
from cdnplan.inputs.plans.plan_json import FillClaims
from cdnplan.inputs.tables.parquet_columns import Columns
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.model.network.topology import Topology
from cdnplan.model.plan.sorted_numbers import contains

FOREVER = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True, eq=False)
class _Night:
    """All that is known of a night before it is replayed."""

    rows: FillRows
    evictions: EvictionRows
    limits: ApplianceLimits
    network: NetworkLimits


def check_fills(
    assignment: Assignment,
    topology: Topology,
    holdings: Holdings | None,
    files: PlanFiles,
    served_gb: Floats,
    origin_gb: Floats,
    ledger: Ledger,
) -> None:
    """Check each fill and eviction, alone and in the course of the night; nothing where a plan has no night.

    Parameters
    ----------
    assignment : Assignment
        The copies of `placement.parquet`.
    topology : Topology
    holdings : Holdings or None
        What appliances held before.
    files : PlanFiles
    served_gb, origin_gb : (n_cand,), (n_regions,) float64
        The serving that links carry meanwhile [GB per period].
    ledger : Ledger
        Takes the checks.

    Raises
    ------
    InputError
        A name is not that of an appliance.
    """
    claims = files.plan.fills
    if files.night is None or claims is None:
        return
    fleet = assignment.fleet
    fills, evicted, unfilled = files.night
    held = fleet.held(holdings)
    placed = fleet.keys(assignment.appliance, assignment.file)
    limits = appliance_limits(fleet.instance, topology, to_ms(claims.begin.replace(tzinfo=None)))
    if not topology.fill_counted(holdings):
        _check_nothing(files.night, ledger)
        check_fill_claims(claims, limits, None, None, unfilled, ledger)
        return
    rows = read_fills(Places(fleet, tuple(o.name for o in topology.origins)), fills, ledger)
    evictions = read_evictions(fleet, evicted, ledger)
    check_unfilled(fleet, unfilled, held, placed, ledger)
    _check_added(assignment, rows, ledger)
    _check_evicted(fleet, files.placement, evictions, ledger)
    night = _Night(rows, evictions, limits, network_limits(rows, topology, served_gb, origin_gb))
    _check_times(night, claims, ledger)
    _check_ways(night, ledger)
    _check_alternates(night, held, ledger)
    found = replay(rows, evictions, held, placed, night.limits, night.network)
    _check_sources(night, found, ledger)
    _check_rates(night, found, ledger)
    _check_network(night, found, ledger)
    _check_evictions(night, found, ledger)
    _count_entries(night, held, ledger)
    check_fill_claims(claims, limits, rows, found, unfilled, ledger)
    check_away(claims, evictions, found, ledger)


def _check_nothing(night: tuple[Columns, Columns, Columns], ledger: Ledger) -> None:
    """Appliances that arrive stocked have nothing to do."""
    for name, table in zip(NIGHT, night, strict=True):
        if table.n_rows:
            ledger.failed("nothing to fill", name, f"{table.n_rows:,} rows, though appliances arrive stocked")
        else:
            ledger.passed("nothing to fill", name, "appliances arrive stocked")


def _check_added(assignment: Assignment, rows: FillRows, ledger: Ledger) -> None:
    """What the placement adds is fetched, and nothing else."""
    fleet = assignment.fleet
    keys = rows.keys()
    added = fleet.keys(assignment.appliance, assignment.file)[assignment.added]
    ledger.rows(
        "is added",
        FILLS,
        np.flatnonzero((keys >= 0) & ~contains(added, keys)),
        lambda i: rows.failure(i, "is added", "the placement does not add it"),
    )
    missing = added[~contains(np.sort(keys), added)]
    ledger.rows(
        "every copy added is fetched",
        FILLS,
        np.arange(missing.size),
        lambda i: Check(
            "every copy added is fetched", False, FILLS, key=_copy(fleet, missing[i]), detail="no row"
        ),
        f"{added.size:,} copies",
    )


def _copy(fleet: Fleet, key: int) -> str:
    appliance, file = fleet.unkey(np.array([key], dtype=np.int64))
    return f"{fleet.instance.files[int(file[0])]} on {fleet.name(int(appliance[0]))}"


def _check_evicted(fleet: Fleet, placement: Columns, evictions: EvictionRows, ledger: Ledger) -> None:
    """What the placement evicts goes at some time, once; appliances that are no more need not say when."""
    evict = np.flatnonzero(placement.texts["action"].positions({EVICT: 0}) == 0)
    table = evictions.table
    index: dict[str, int] = {}
    pairs = []
    for columns in (placement, table):
        codes = []
        for name in ("appliance", "file"):
            texts = columns.texts[name]
            codes.append(texts.positions({text: index.setdefault(text, len(index)) for text in texts.names}))
        pairs.append(codes)
    due = (pairs[0][0] * len(index) + pairs[0][1])[evict]
    told = pairs[1][0] * len(index) + pairs[1][1]
    order = np.argsort(told, kind="stable")
    twice = order[1:][np.diff(told[order]) == 0]
    needed = due[fleet.read(placement)[evict] >= 0]
    rows = evict[fleet.read(placement)[evict] >= 0]
    missing = rows[~contains(told[order], needed)]

    def failure(i: int) -> Check:
        key = f"{placement.texts['file'].at(i)} on {placement.texts['appliance'].at(i)}"
        return Check("every eviction has its time", False, EVICTIONS, key=key, detail="no row")

    ledger.rows("every eviction has its time", EVICTIONS, missing, failure, f"{needed.size:,} copies")
    ledger.rows(
        "is evicted",
        EVICTIONS,
        np.flatnonzero(~contains(np.sort(due), told)),
        lambda i: evictions.failure(i, "is evicted", "the placement does not evict it"),
    )
    ledger.rows(
        "one row per appliance and file",
        EVICTIONS,
        twice,
        lambda i: evictions.failure(i, "one row per appliance and file", "in another row, too"),
    )


def _check_times(night: _Night, claims: FillClaims, ledger: Ledger) -> None:
    """Fills are within their appliance's window and outside maintenance at both ends."""
    rows, limits, evictions = night.rows, night.limits, night.evictions
    begin, end = limits.begin[rows.appliance], limits.end[rows.appliance]
    outside = rows.sound & ((rows.start < begin) | (rows.end > end))

    def late(i: int) -> Check:
        window = f"its window is from {in_words(int(begin[i]))} to {in_words(int(end[i]))}"
        detail = f"from {in_words(int(rows.start[i]))} to {in_words(int(rows.end[i]))}, {window}"
        return rows.failure(i, "fill window", detail if end[i] > begin[i] else "it has none within 48 h")

    ledger.rows("fill window", FILLS, np.flatnonzero(outside), late, f"{int(rows.sound.sum()):,} fills")
    for who, place in (("receiver", rows.appliance), ("source", rows.source)):
        met = rows.sound & in_maintenance(limits, place, rows.start, rows.end)
        ledger.rows(
            "maintenance",
            FILLS,
            np.flatnonzero(met),
            lambda i, who=who: rows.failure(i, "maintenance", f"of the {who} meanwhile"),  # type: ignore[misc]
            f"{len(limits.closed):,} appliances have some",
        )
    first, last = (to_ms(t.replace(tzinfo=None)) for t in (claims.begin, claims.until))
    ledger.rows(
        "within the night",
        EVICTIONS,
        np.flatnonzero((evictions.at < first) | (evictions.at > last)),
        lambda i: evictions.failure(i, "within the night", f"at {in_words(int(evictions.at[i]))}"),
    )


def _check_ways(night: _Night, ledger: Ledger) -> None:
    """A way leads from the source to the appliance, and costs no more than the policy allows."""
    rows, network = night.rows, night.network
    ledger.rows(
        "way from the source",
        FILLS,
        np.flatnonzero(rows.sound & network.no_way),
        lambda i: rows.failure(i, "way from the source", "no path of links leads from there"),
    )
    dear = rows.sound & exceeds(network.cost, network.allowed)
    ledger.rows(
        "cost of the way",
        FILLS,
        np.flatnonzero(dear),
        lambda i: rows.failure(
            i,
            "cost of the way",
            f"{network.allowed[i]:.9g} per GB allowed from another site",
            None,
            float(network.cost[i]),
        ),
    )


def _check_sources(night: _Night, found: Replay, ledger: Ledger) -> None:
    """The source holds the file from the first to the last byte."""
    rows = night.rows
    said = {1: "has no copy when the transfer starts", 2: "evicts it before the transfer ends"}
    ledger.rows(
        "source holds the file",
        FILLS,
        np.flatnonzero(found.not_held),
        lambda i: rows.failure(
            i,
            "source holds the file",
            f"{rows.places.name(int(rows.source[i]))} {said[int(found.not_held[i])]}",
        ),
    )


def _check_alternates(night: _Night, held: Ints, ledger: Ledger) -> None:
    """An alternate that is an appliance has the file as long as the transfer takes."""
    rows, evictions, fleet = night.rows, night.evictions, night.rows.places.fleet
    lists = rows.table.lists["alternates"]
    row, place = lists.row(), rows.places.numbers(lists.items)
    asked = np.flatnonzero((place >= 0) & (place < fleet.size) & rows.sound[row])
    row, key = row[asked], fleet.keys(place[asked], rows.file[row[asked]])
    fetched = np.flatnonzero(rows.sound)
    ready = _times_of(rows.keys()[fetched], rows.end[fetched], key, 0)
    gone = _times_of(fleet.keys(evictions.appliance, evictions.file), evictions.at, key, FOREVER)
    there = (contains(held, key) | ((ready > 0) & (ready <= rows.start[row]))) & (gone >= rows.end[row])
    wrong = np.flatnonzero(~there)
    ledger.rows(
        "alternate holds the file",
        FILLS,
        wrong,
        lambda n: rows.failure(
            int(row[n]),
            "alternate holds the file",
            f"{lists.items.at(int(asked[n]))} does not from the first to the last byte",
        ),
        f"{asked.size:,} appliances",
    )


def _times_of(keys: Ints, times: Ints, wanted: Ints, missing: int) -> Ints:
    """Time that belongs to each of some keys."""
    if keys.size == 0:
        return np.full(wanted.size, missing, dtype=np.int64)
    order = np.argsort(keys, kind="stable")
    at = np.minimum(np.searchsorted(keys[order], wanted), keys.size - 1)
    return np.where(keys[order][at] == wanted, times[order][at], missing)


def _check_rates(night: _Night, found: Replay, ledger: Ledger) -> None:
    """Rates into and out of appliances, and bytes on them."""
    rows, limits = night.rows, night.limits
    source = np.where(rows.places.is_origin(rows.source), -1, rows.source)
    for check, over, allowed, unit in (
        ("fill rate", found.over_in, limits.in_gbps[rows.appliance], "Gbps"),
        ("upload rate", found.over_out, limits.out_gbps[source], "Gbps"),
        ("storage while filling", found.over_gb, limits.storage_gb[rows.appliance], "GB"),
    ):

        def failure(
            i: int, check: str = check, over: Floats = over, allowed: Floats = allowed, unit: str = unit
        ) -> Check:
            at = in_words(int(rows.start[i]))
            return rows.failure(i, check, f"{allowed[i]:.9g} {unit} allowed at {at}", None, float(over[i]))

        ledger.rows(check, FILLS, np.flatnonzero(~np.isnan(over)), failure)


def _check_network(night: _Night, found: Replay, ledger: Ledger) -> None:
    """Links and origins carry serving and fills together."""
    rows, network = night.rows, night.network
    over: list[tuple[int, int, int, float]] = [
        (int(i), int(found.over_link[i]), int(rows.start[i]), float(found.over_link_gbps[i]))
        for i in np.flatnonzero(found.over_link >= 0)
    ]
    owner = np.repeat(np.arange(rows.sound.size), np.diff(network.ptr))
    for e in np.flatnonzero(found.step_time >= 0):
        when = found.step_time[e]
        users = owner[network.limit == e]
        active = users[(rows.start[users] < when) & (rows.end[users] > when)]
        last = active[np.argmax(rows.start[active])]
        over.append((int(last), int(e), int(when), float(found.step_gbps[e])))
    over.sort()

    def failure(n: int) -> Check:
        i, e, when, gbps = over[n]
        load = f"{gbps:.9g} of {network.gbps[e]:.9g} Gbps at {in_words(when)}, serving included"
        return rows.failure(i, "links and origins", f"{network.names[e]} carries {load}", None, gbps)

    detail = f"{np.unique(network.limit).size:,} limits crossed"
    ledger.rows("links and origins", FILLS, range(len(over)), failure, detail)


def _check_evictions(night: _Night, found: Replay, ledger: Ledger) -> None:
    """A copy stays until its space is needed; the last one until there is another, or an origin brings it."""
    rows = night.evictions
    ledger.rows(
        "evicted once space is needed",
        EVICTIONS,
        np.flatnonzero(found.early),
        lambda i: rows.failure(
            i, "evicted once space is needed", f"there is still room at {in_words(int(rows.at[i]))}"
        ),
    )
    ledger.rows(
        "last copy",
        EVICTIONS,
        np.flatnonzero(found.lost),
        lambda i: rows.failure(
            i, "last copy", "no other one is there yet, the file stays, and no origin brings it later"
        ),
    )


def _count_entries(night: _Night, held: Ints, ledger: Ledger) -> None:
    """Say how much enters a site that has, or gets, the file already: allowed where sources are busy."""
    rows = night.rows
    fleet = rows.places.fleet
    _, site = rows.places.sites()
    n_files = max(1, fleet.instance.n_files)
    holder, file = fleet.unkey(held)
    source = np.where(rows.places.is_origin(rows.source), -1, rows.source)
    outside = np.flatnonzero(rows.sound & (np.append(site, -1)[source] != site[rows.appliance]))
    entry = site[rows.appliance[outside]] * n_files + rows.file[outside]
    there = np.unique(site[holder] * n_files + file)
    first = np.zeros(outside.size, dtype=bool)
    first[np.unique(entry, return_index=True)[1]] = True
    again = outside[~first | contains(there, entry)]
    gb = float(rows.size_gb[again].sum())
    total = float(rows.size_gb[outside].sum())
    ledger.passed(
        "a file enters a site once",
        FILLS,
        f"{again.size:,} copies ({gb:,.0f} of {total:,.0f} GB from outside) went to a site that had the file",
    )
