"""Nights on which something is wrong, each with the exit code and state that docs/nightly.md promises."""

from __future__ import annotations

import datetime as dt
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.nightly.nights import Project

Spoil = Callable[[Project], None]
PUBLISHED, NOT = "published", "not-published"


@dataclass(frozen=True)
class Bad:
    """A bad night.

    `exit_code`, `state`: how it ends. `reason`: part of the status's reason. `demand_from`: where demand is
    taken from, if it comes so far.
    """

    name: str
    spoil: Spoil
    exit_code: int
    state: str
    reason: str
    demand_from: str = "history"


def _history(change: Callable[[dict[str, str]], dict[str, str] | None]) -> Spoil:
    return lambda job: job.edit_rows("history.csv", change)


def _scaled(factor: float) -> Spoil:
    return _history(lambda row: row | {"gb": repr(float(row["gb"]) * factor)})


def _without_region(*names: str) -> Spoil:
    return _history(lambda row: None if row["region"] in names else row)


def _until(last: str) -> Spoil:
    return _history(lambda row: row if row["date"] <= last else None)


def _titles(change: Callable[[dict[str, str]], dict[str, str] | None]) -> Spoil:
    return lambda job: job.edit_rows("titles.csv", change)


def _topology(old: str, new: str) -> Spoil:
    return lambda job: job.edit("topology.yaml", lambda text: text.replace(old, new))


def _gone(*names: str) -> Spoil:
    def spoil(job: Project) -> None:
        for name in names:
            job.path(name).unlink()

    return spoil


def _config(**changes: Any) -> Spoil:
    return lambda job: job.configure(**changes)


def _later(**time: float) -> Spoil:
    def spoil(job: Project) -> None:
        job.now += dt.timedelta(**time)

    return spoil


def _all(*spoils: Spoil) -> Spoil:
    def spoil(job: Project) -> None:
        for one in spoils:
            one(job)

    return spoil


def _forget(job: Project) -> None:
    shutil.rmtree(job.path("work"))


def _aged(name: str, hours: float) -> Spoil:
    return lambda job: job.touch(name, hours)


def _empty(name: str) -> Spoil:
    return lambda job: job.path(name).write_bytes(b"")


def _noise(name: str) -> Spoil:
    return lambda job: job.path(name).write_bytes(bytes(range(256)) * 4)


def _cut(name: str) -> Spoil:
    return lambda job: job.edit(name, lambda text: text[: len(text) // 2 + 3])


def _demand_table(change: Callable[[dict[str, str]], dict[str, str] | None] = lambda row: row) -> Spoil:
    """From now on the demand comes from a table."""

    def spoil(job: Project) -> None:
        job.edit_rows("demand.csv", lambda row: change(row | {"gb": row["gb"] + "0"}))
        job.configure(inputs__demand={"path": "demand.csv"})
        job.configure(inputs__history=None)

    return spoil


def _other_tastes(job: Project) -> None:
    """The least wanted titles are the most wanted from now on, and the other way round."""
    names = [
        line.split(",")[0] for line in job.path("titles.csv").read_text(encoding="utf-8").splitlines()[1:]
    ]
    gb = dict.fromkeys(names, 0.0)

    def count(row: dict[str, str]) -> dict[str, str]:
        gb[row["title"]] += float(row["gb"])
        return row | {"gb": row["gb"] + "0"}

    job.edit_rows("history.csv", count)
    order = sorted(names, key=gb.__getitem__)
    swapped = dict(zip(order, reversed(order), strict=True))
    job.edit_rows("history.csv", lambda row: row | {"title": swapped[row["title"]]})


def _field(change: Callable[[list[tuple[str, str]]], list[tuple[str, str]]]) -> Spoil:
    """A table of what appliances hold: what the plan in force says, with a change."""

    def spoil(job: Project) -> None:
        placed = pq.read_table(job.current / "placement.parquet").to_pylist()
        held = [(row["appliance"], row["file"]) for row in placed if row["action"] != "evict"]
        lines = ["appliance,file", *(",".join(row) for row in change(held))]
        job.path("holdings.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        job.touch("holdings.csv")
        job.configure(inputs__holdings={"path": "holdings.csv", "max_age_hours": 24.0})

    return spoil


def _jump(seconds: float, at_phase: str) -> Spoil:
    """The stopwatch moves on by so much when a phase begins: all is slow that night."""

    def spoil(job: Project) -> None:
        late = [0.0]

        def hear(event: dict[str, Any]) -> None:
            if event.get("phase") == at_phase:
                late[0] = seconds

        job.on_event = hear
        job.monotonic = lambda: time.monotonic() + late[0]

    return spoil


def _tampered(job: Project) -> None:
    """A file of the new plan is spoilt on the disk before it is verified."""

    def hear(event: dict[str, Any]) -> None:
        if event.get("phase") == "verify":
            (path,) = job.published.glob(".staging/*/placement.parquet")
            table = pq.read_table(path)
            pq.write_table(table.slice(1), path)

    job.on_event = hear


def _damaged_current(job: Project) -> None:
    path = job.current.resolve() / "placement.parquet"
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, table.slice(0, 1)]), path)


def _current_is_a_folder(job: Project) -> None:
    place = job.current.resolve()
    job.current.unlink()
    shutil.copytree(place, job.current)


_NO_BETTER = _config(guards__cost_rise_ratio={"refuse": None}, guards__offload_drop_ratio={"refuse": None})
"""Files are large here: one copy that cannot be fetched makes a plan worse than to go on."""
_FEWER_VIEWERS = _all(
    _without_region("pt-algarve"), _config(guards__silent_regions_ratio={"warn": None, "refuse": None})
)
"""A search that ends with the first plan it finds: worse than to go on, as it happens."""


_LATE = "2026-02-08"

BAD_NIGHTS = (
    # Inputs that do not come.
    Bad("history missing", _gone("history.csv"), 5, PUBLISHED, "last good forecast", "last good forecast"),
    Bad(
        "history missing for ten days",
        _all(_gone("history.csv"), _later(days=10)),
        4,
        NOT,
        "made 11.0 days ago, at most 7",
        "",
    ),
    Bad(
        "history missing, nothing kept",
        _all(_gone("history.csv"), _forget),
        4,
        NOT,
        "no earlier forecast",
        "",
    ),
    Bad(
        "history missing, forecast used up",
        _all(_gone("history.csv"), _later(days=16), _config(fallback={"forecast_days": 30.0})),
        4,
        NOT,
        "the last good forecast does not reach to 2026-03-22",
        "",
    ),
    Bad("titles missing", _gone("titles.csv"), 5, PUBLISHED, "the copy fetched 24.0 h ago is used"),
    Bad(
        "titles missing for a week",
        _all(_gone("titles.csv"), _later(days=7)),
        4,
        NOT,
        "titles cannot be fetched",
        "",
    ),
    Bad("topology missing", _gone("topology.yaml"), 5, PUBLISHED, "no such file; the copy fetched"),
    Bad("topology missing, nothing kept", _all(_gone("topology.yaml"), _forget), 4, NOT, "no such file", ""),
    Bad(
        "all inputs missing",
        _gone("topology.yaml", "titles.csv", "history.csv"),
        5,
        PUBLISHED,
        "topology",
        "last good forecast",
    ),
    Bad(
        "history unreachable",
        _config(inputs__history={"path": "broken://bucket/history.csv"}),
        5,
        PUBLISHED,
        "ConnectionRefusedError: the store is down; the last good forecast",
        "last good forecast",
    ),
    Bad(
        "titles unreachable, never fetched from there",
        _config(inputs__titles={"path": "broken://bucket/titles.csv"}),
        4,
        NOT,
        "titles cannot be fetched from broken://bucket/titles.csv",
        "",
    ),
    Bad(
        "a source that never answers",
        _config(inputs__history={"path": "broken://hang/history.csv"}, fetch__timeout_s=0.05),
        5,
        PUBLISHED,
        "no answer within 0.05 s",
        "last good forecast",
    ),
    Bad(
        "a source that is always being replaced",
        _config(inputs__history={"path": "broken://restless/history.csv"}),
        5,
        PUBLISHED,
        "replaced while it was read",
        "last good forecast",
    ),
    Bad(
        "a folder in place of a file",
        _all(_gone("titles.csv"), lambda job: job.path("titles.csv").mkdir()),
        5,
        PUBLISHED,
        "is a folder, expected a file",
    ),
    # Inputs that come too late.
    Bad(
        "history ends weeks ago",
        _until(_LATE),
        5,
        PUBLISHED,
        "its last date 2026-02-08 is 26 days",
        "last good forecast",
    ),
    Bad(
        "history ends weeks ago, and so long already",
        _all(_until(_LATE), _later(days=8)),
        4,
        NOT,
        "made 9.0 days ago",
        "",
    ),
    Bad(
        "history's file is old",
        _all(
            _config(inputs__history={"path": "history.csv", "max_age_hours": 24.0}), _aged("history.csv", 72)
        ),
        5,
        PUBLISHED,
        "history is stale: changed 72.0 h ago",
        "last good forecast",
    ),
    Bad(
        "topology's file is old",
        _all(
            _config(inputs__topology={"path": "topology.yaml", "max_age_hours": 24.0}),
            _aged("topology.yaml", 72),
        ),
        4,
        NOT,
        "topology is stale",
        "",
    ),
    Bad(
        "demand table of a day gone by",
        _all(_demand_table(), _later(days=9)),
        4,
        NOT,
        "demand does not reach to 2026-03-15: its last date is 2026-03-08",
        "",
    ),
    # Inputs with faults: for people to mend.
    Bad("history empty", _empty("history.csv"), 2, NOT, "history.csv", ""),
    Bad("history cut off", _cut("history.csv"), 2, NOT, "history.csv", ""),
    Bad("history noise", _noise("history.csv"), 2, NOT, "history.csv", ""),
    Bad(
        "history says the same twice",
        lambda job: job.edit("history.csv", lambda t: t + t.splitlines()[5] + "\n"),
        2,
        NOT,
        "history.csv",
        "",
    ),
    Bad(
        "negative demand",
        _history(lambda row: row | {"gb": "-" + row["gb"]}),
        2,
        NOT,
        "expected a number >= 0",
        "",
    ),
    Bad("demand that is no number", _history(lambda row: row | {"gb": "many"}), 2, NOT, "many", ""),
    Bad(
        "a title with no size",
        _titles(lambda row: row | {"size_gb": ""} if row["title"] == "The Pale Sea" else row),
        2,
        NOT,
        "size_gb",
    ),
    Bad(
        "a title of no bytes",
        _titles(lambda row: row | {"size_gb": "0"} if row["title"] == "The Pale Sea" else row),
        2,
        NOT,
        "size_gb",
    ),
    Bad("titles cut off", _cut("titles.csv"), 2, NOT, "titles.csv"),
    Bad("topology misspelt", _topology("appliances:", "aplliances:"), 2, NOT, "did you mean 'appliances'"),
    Bad("topology half written", _cut("topology.yaml"), 2, NOT, "topology.yaml"),
    Bad(
        "a pin of nothing",
        _topology("policy:", "policy:\n  pins: [{title: Nobody Knows It, sites: [lisbon]}]"),
        2,
        NOT,
        "Nobody Knows It",
    ),
    Bad("environment unknown", _config(environment="moon"), 2, NOT, "unknown environment 'moon'"),
    # Inputs without faults that nobody should believe.
    Bad(
        "half the regions missing",
        _without_region("pt-porto", "pt-algarve"),
        4,
        NOT,
        "share of regions without demand",
    ),
    Bad(
        "a region missing, and allowed to",
        _all(
            _without_region("pt-algarve"),
            _config(guards__silent_regions_ratio={"refuse": 0.5}),
            _NO_BETTER,
        ),
        5,
        PUBLISHED,
        "share of regions without demand: 0.333333, limit 0.05",
    ),
    Bad("a region renamed", _topology("name: pt-porto", "name: pt-oporto"), 2, NOT, "pt-porto"),
    Bad("no demand at all", _scaled(0.0), 2, NOT, "history"),
    Bad(
        "no demand at all, in a table",
        _demand_table(lambda row: row | {"gb": "0"}),
        4,
        NOT,
        "share of regions without demand: 1",
        "demand",
    ),
    Bad(
        "demand times 100",
        _scaled(100.0),
        4,
        NOT,
        "demand per day against the plan in force, times more or less: 100",
    ),
    Bad(
        "demand by 100",
        _scaled(0.01),
        4,
        NOT,
        "demand per day against the plan in force, times more or less: 100",
    ),
    Bad(
        "demand times 3",
        _all(_scaled(3.0), _config(guards__offload_fall_ratio={"refuse": None})),
        5,
        PUBLISHED,
        "demand per day",
    ),
    Bad(
        "tastes turned round",
        _all(_other_tastes, _config(guards__churn_ratio={"warn": 0.05, "refuse": 0.1})),
        4,
        NOT,
        "share of the bytes held that would be filled",
    ),
    Bad(
        "appliances halved",
        _topology("count: 2", "count: 1"),
        4,
        NOT,
        "share of the plan's appliances that the topology lacks: 0.33",
    ),
    Bad(
        "appliances halved, and allowed to",
        _all(
            _topology("count: 2", "count: 1"),
            _topology("copies: 2, ", "copies: 1, "),
            _config(guards__lost_appliances_ratio={"refuse": 0.6}, guards__churn_ratio={"refuse": None}),
        ),
        5,
        PUBLISHED,
        "share of the plan's appliances",
    ),
    Bad(
        "appliances named anew",
        _topology("box-1u", "box-2u"),
        4,
        NOT,
        "share of the plan's appliances that the topology lacks: 1,",
    ),
    Bad(
        "too much to fill",
        _all(_other_tastes, _config(guards__fill_gb={"refuse": 1.0}, guards__churn_ratio={"refuse": None})),
        4,
        NOT,
        "GB to fill",
    ),
    Bad(
        "a worse plan than the one in force",
        _FEWER_VIEWERS,
        4,
        NOT,
        "cost above that of the plan in force",
    ),
    Bad(
        "the origin for nothing",
        _topology("embedded_per_gb: 0, origin_per_gb: 0.03", "embedded_per_gb: 0.03, origin_per_gb: 0"),
        4,
        NOT,
        "byte offload below what the plan in force promised: 0.98",
    ),
    Bad(
        "a history that knows the future",
        _history(lambda row: row | {"date": str(dt.date.fromisoformat(row["date"]) + dt.timedelta(weeks=3))}),
        5,
        PUBLISHED,
        "history goes on to 2026-03-22, past 2026-03-06",
    ),
    Bad(
        "holdings that disagree",
        _all(_field(lambda held: held[:-3]), _NO_BETTER),
        5,
        PUBLISHED,
        "copies in which field and plan disagree",
    ),
    Bad(
        "holdings that say half is gone",
        _field(lambda held: held[::2]),
        4,
        NOT,
        "copies in which field and plan disagree",
    ),
    Bad("holdings that are empty", _field(lambda held: []), 2, NOT, "the table has no rows"),
    Bad(
        "holdings of unknown form",
        _field(lambda held: [("lisbon", held[0][1])]),
        2,
        NOT,
        "no appliance's name",
    ),
    Bad(
        "holdings missing",
        _all(_field(lambda held: held), _gone("holdings.csv")),
        5,
        PUBLISHED,
        "the plan in force is taken for what appliances hold",
    ),
    Bad(
        "holdings of last week",
        _all(_field(lambda held: held), _aged("holdings.csv", 168)),
        5,
        PUBLISHED,
        "holdings is stale",
    ),
    # No plan.
    Bad(
        "pins that do not fit",
        _topology("policy:", 'policy:\n  pins: [{title: "*", sites: [porto]}]'),
        2,
        NOT,
        "infeasible pins",
    ),
    Bad(
        "launches without room",
        _topology("policy:", 'policy:\n  launches: [{title: "*", min_pools: 2}]'),
        3,
        NOT,
        "launch",
    ),
    Bad("deadline too close", _config(deadline={"minutes": 0.01}), 4, NOT, "no time is left for a search"),
    Bad("slow before the search", _jump(1300, "read"), 4, NOT, "no time is left for a search"),
    Bad("slow after the search", _jump(1300, "verify"), 4, NOT, "after the deadline"),
    Bad("the deadline ends the search", _jump(1300, "plan"), 4, NOT, "deadline"),
    Bad("a plan that does not verify", _tampered, 4, NOT, "the plan does not verify"),
    # The machine.
    Bad("clock set back a month", _later(days=-30), 4, NOT, "is the clock right?"),
    Bad(
        "clock set back for years",
        _later(days=-900),
        4,
        NOT,
        "the last good forecast has nothing for 2023-09-18, the next date is 2026-03-08",
        "",
    ),
    Bad("clock set back a week", _later(days=-7), 4, NOT, "is the clock right?"),
    Bad("clock set back three hours", _later(hours=-27), 5, PUBLISHED, "the clock is behind"),
    Bad("clock two years ahead", _later(days=730), 4, NOT, "stale", ""),
    Bad(
        "an input from the future",
        _aged("titles.csv", -50),
        5,
        PUBLISHED,
        "titles was changed 50.0 h from now",
    ),
    Bad(
        "plan in force damaged",
        _damaged_current,
        5,
        PUBLISHED,
        "the plan in force is damaged: placement.parquet was changed",
    ),
    Bad("current deleted", lambda job: job.current.unlink(), 5, PUBLISHED, "current is gone; 000001"),
    Bad("current replaced by a folder", _current_is_a_folder, 2, NOT, "expected a symbolic link", ""),
    Bad(
        "metrics cannot be written",
        _all(_config(publish__metrics="m/cdnplan.prom"), lambda job: job.path("m").write_text("")),
        5,
        PUBLISHED,
        "",
    ),
)
