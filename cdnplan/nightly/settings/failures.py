"""Why a night ends without a new plan, where neither a bad input nor an infeasible problem is the cause."""

from __future__ import annotations

from cdnplan.errors import CdnplanError


class NotPublishedError(CdnplanError):
    """No new plan was published; the plan in force stays."""

    exit_code = 4


class LockedError(NotPublishedError):
    """Another run is at work in the same publication folder."""


class FetchError(Exception):
    """An input could not be fetched; the message says why."""
