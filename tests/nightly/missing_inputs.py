"""Nights without one of their inputs, because it does not come, or comes too late."""

from __future__ import annotations

from tests.nightly.bad_night import NOT, PUBLISHED, Bad
from tests.nightly.spoils import (
    aged,
    config,
    demand_table,
    every,
    forget,
    gone,
    later,
    until,
)

LATE = "2026-02-08"

MISSING_INPUTS = (
    # Inputs that do not come.
    Bad("history missing", gone("history.csv"), 5, PUBLISHED, "last good forecast", "last good forecast"),
    Bad(
        "history missing for ten days",
        every(gone("history.csv"), later(days=10)),
        4,
        NOT,
        "made 11.0 days ago, at most 7",
        "",
    ),
    Bad(
        "history missing, nothing kept",
        every(gone("history.csv"), forget),
        4,
        NOT,
        "no earlier forecast",
        "",
    ),
    Bad(
        "history missing, forecast used up",
        every(gone("history.csv"), later(days=16), config(fallback={"forecast_days": 30.0})),
        4,
        NOT,
        "the last good forecast does not reach to 2026-03-22",
        "",
    ),
    Bad("titles missing", gone("titles.csv"), 5, PUBLISHED, "the copy fetched 24.0 h ago is used"),
    Bad(
        "titles missing for a week",
        every(gone("titles.csv"), later(days=7)),
        4,
        NOT,
        "titles cannot be fetched",
        "",
    ),
    Bad("topology missing", gone("topology.yaml"), 5, PUBLISHED, "no such file; the copy fetched"),
    Bad("topology missing, nothing kept", every(gone("topology.yaml"), forget), 4, NOT, "no such file", ""),
    Bad(
        "all inputs missing",
        gone("topology.yaml", "titles.csv", "history.csv"),
        5,
        PUBLISHED,
        "topology",
        "last good forecast",
    ),
    Bad(
        "history unreachable",
        config(inputs__history={"path": "broken://bucket/history.csv"}),
        5,
        PUBLISHED,
        "ConnectionRefusedError: the store is down; the last good forecast",
        "last good forecast",
    ),
    Bad(
        "titles unreachable, never fetched from there",
        config(inputs__titles={"path": "broken://bucket/titles.csv"}),
        4,
        NOT,
        "titles cannot be fetched from broken://bucket/titles.csv",
        "",
    ),
    Bad(
        "a source that never answers",
        config(inputs__history={"path": "broken://hang/history.csv"}, fetch__timeout_s=0.05),
        5,
        PUBLISHED,
        "no answer within 0.05 s",
        "last good forecast",
    ),
    Bad(
        "a source that is always being replaced",
        config(inputs__history={"path": "broken://restless/history.csv"}),
        5,
        PUBLISHED,
        "replaced while it was read",
        "last good forecast",
    ),
    Bad(
        "a folder in place of a file",
        every(gone("titles.csv"), lambda job: job.path("titles.csv").mkdir()),
        5,
        PUBLISHED,
        "is a folder, expected a file",
    ),
    # Inputs that come too late.
    Bad(
        "history ends weeks ago",
        until(LATE),
        5,
        PUBLISHED,
        "its last date 2026-02-08 is 26 days",
        "last good forecast",
    ),
    Bad(
        "history ends weeks ago, and so long already",
        every(until(LATE), later(days=8)),
        4,
        NOT,
        "made 9.0 days ago",
        "",
    ),
    Bad(
        "history's file is old",
        every(
            config(inputs__history={"path": "history.csv", "max_age_hours": 24.0}), aged("history.csv", 72)
        ),
        5,
        PUBLISHED,
        "history is stale: changed 72.0 h ago",
        "last good forecast",
    ),
    Bad(
        "topology's file is old",
        every(
            config(inputs__topology={"path": "topology.yaml", "max_age_hours": 24.0}),
            aged("topology.yaml", 72),
        ),
        4,
        NOT,
        "topology is stale",
        "",
    ),
    Bad(
        "demand table of a day gone by",
        every(demand_table(), later(days=9)),
        4,
        NOT,
        "demand does not reach to 2026-03-15: its last period is 2026-03-02 to 2026-03-08",
        "",
    ),
)
