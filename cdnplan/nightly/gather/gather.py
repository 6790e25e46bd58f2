"""The inputs of a night: fetched, or copies of an earlier night, or what is wrong with them."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from cdnplan.nightly.gather.fetch import Copy, fetch
from cdnplan.nightly.gather.fetch_topology import fetch_topology
from cdnplan.nightly.keep.log import RunLog
from cdnplan.nightly.keep.store import Good, Ready, Store
from cdnplan.nightly.settings.clocks import Clocks
from cdnplan.nightly.settings.config import NightlyConfig, Source
from cdnplan.nightly.settings.failures import FetchError

DEMAND_ROLES = ("history", "demand")
"""What the last good forecast can stand in for."""
FIELD = "holdings"
"""What the plan in force can stand in for: better than what was held some nights ago."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """An input that is missing or stale; `reason` is a sentence that names it."""

    role: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """Inputs of a night.

    Parameters
    ----------
    ready : mapping of str to Ready
        By role.
    troubles : tuple of Trouble
        Inputs that are not among them.
    warnings : tuple of str
        Copies of earlier nights that are used, times that cannot be right.
    origins : mapping of str to str
        Where each copy in the work folder came from.
    """

    ready: Mapping[str, Ready]
    troubles: tuple[Trouble, ...]
    warnings: tuple[str, ...]
    origins: Mapping[str, str]


def gather(
    config: NightlyConfig, store: Store, good: Good | None, now: dt.datetime, clocks: Clocks, log: RunLog
) -> Gathered:
    """Fetch every input; where that fails, take the copy of an earlier night that is not too old.

    Parameters
    ----------
    config : NightlyConfig
    store : Store
        Copies go to its folder `run`.
    good : Good or None
        What the last good run planned from.
    now : datetime
        The start of the run.
    clocks, log
        As for `cdnplan.nightly.gather.fetch.fetch`.

    Returns
    -------
    Gathered

    Raises
    ------
    OSError
        A copy cannot be written.
    """
    ready: dict[str, Ready] = {}
    troubles: list[Trouble] = []
    warnings: list[str] = []
    origins: dict[str, str] = {}
    for source in config.sources:
        known = None if good is None else good.inputs.get(source.role)
        known = known if known is not None and known.where == source.where else None
        folder = store.run / source.role.replace(" ", "-")
        try:
            got = _fetched(source, folder, known, now, config, clocks, log, origins)
        except FetchError as error:
            reason = f"{source.role} cannot be fetched from {source.where}: {error}"
            copy = _copy_of(known, folder, now, config.fallback.copies_hours)
            if copy is None or source.role in (*DEMAND_ROLES, FIELD):
                troubles.append(Trouble(source.role, "missing", reason))
                continue
            age = (now - copy.fetched).total_seconds() / 3600
            warnings.append(f"{reason}; the copy fetched {age:.1f} h ago is used")
            got = copy
            if good is not None:
                origins |= {str(folder): f"{source.where} (copy)"}
        trouble, warning = _age(source, got, now)
        warnings += warning
        if trouble is None:
            ready[source.role] = got
            log.info("input", input=source.role, source=source.where, sha256=got.sha256, copy=got.is_fallback)
        else:
            troubles.append(trouble)
    return Gathered(ready, tuple(troubles), tuple(warnings), origins)


def _fetched(
    source: Source,
    folder: Path,
    known: Ready | None,
    now: dt.datetime,
    config: NightlyConfig,
    clocks: Clocks,
    log: RunLog,
    origins: dict[str, str],
) -> Ready:
    if source.role == "topology" or source.role.startswith("override"):
        path, copy, found = fetch_topology(source, folder, config.fetch, clocks, log)
        origins |= found
    else:
        # A query belongs to the URL, not to the name; the name's ending tells the format.
        name = PurePosixPath(source.where.partition("?")[0] if source.is_url else source.where).name
        path = folder / name
        copy = fetch(source, source.where, path, config.fetch, clocks, log)
        origins[str(path)] = source.where
    return Ready(source.role, source.where, path, copy.sha256, _modified(copy, known, now), now)


def _modified(copy: Copy, known: Ready | None, now: dt.datetime) -> dt.datetime:
    """When the content was last changed; where nobody tells, when it was first seen here."""
    if copy.modified is not None:
        return copy.modified
    return known.modified if known is not None and known.sha256 == copy.sha256 else now


def _copy_of(known: Ready | None, folder: Path, now: dt.datetime, hours: float) -> Ready | None:
    """The copy of an earlier night, copied once more into the folder of this run, if it is not too old."""
    if known is None or (now - known.fetched).total_seconds() > hours * 3600:
        return None
    # Its folder in the store is named as this one is, whatever lies within.
    kept = next((above for above in known.path.parents if above.name == folder.name), None)
    if kept is None or not known.path.is_file():
        return None
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(kept, folder)
    return replace(known, path=folder / known.path.relative_to(kept))


def _age(source: Source, ready: Ready, now: dt.datetime) -> tuple[Trouble | None, list[str]]:
    """Whether an input is too old, and whether its time can be right."""
    hours = (now - ready.modified).total_seconds() / 3600
    if hours < -1:
        told = f"{source.role} was changed {-hours:.1f} h from now, if the clocks are right: {source.where}"
        return None, [told]
    if source.max_age_hours is not None and hours > source.max_age_hours:
        reason = (
            f"{source.role} is stale: changed {hours:.1f} h ago, at most {source.max_age_hours:g} h are"
            f" allowed ({source.where})"
        )
        return Trouble(source.role, "stale", reason), []
    return None, []
