"""The config file of a nightly job, read and checked: all problems at once, with line and column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.folders import real_path
from cdnplan.inputs.wire.wire_file import read_wire
from cdnplan.inputs.wire.wire_problems import place_of
from cdnplan.inputs.yamls.yaml_nodes import MapNode, ScalarNode
from cdnplan.nightly.settings.guard_limits import DEFAULT_LIMITS, Limit
from cdnplan.nightly.settings.wire import (
    CalendarWire,
    DeadlineWire,
    EngineWire,
    FallbackWire,
    FetchWire,
    ForecastWire,
    GuardsWire,
    HistoryWire,
    InputWire,
    NightlyWire,
    nightly_schema,
)


@dataclass(frozen=True, slots=True)
class Source:
    """One input: where it is, and how old it may be.

    Parameters
    ----------
    role : str
        What it is: ``topology``, ``titles``, ``history``, … ; overrides are ``override 1`` and so on.
    where : str
        Absolute path, or URL.
    max_age_hours, max_age_days : float or None
        Limits on the age of the file [h] and of its last date [days].
    options : mapping
        Options of the URL's file system.
    """

    role: str
    where: str
    max_age_hours: float | None = None
    max_age_days: float | None = None
    options: Mapping[str, Any] | None = None

    @property
    def is_url(self) -> bool:
        """Whether it is a URL, not a path."""
        return "://" in self.where


@dataclass(frozen=True, slots=True)
class NightlyConfig:
    """A nightly job.

    Parameters
    ----------
    name : str
    sources : tuple of Source
        Inputs, the topology first.
    publish, work, metrics : Path
        Publication folder, work folder, Prometheus textfile.
    keep, keep_logs : int
        Plans and logs of runs kept.
    environment : str or None
    countries : frozenset of str
    limits : mapping of str to Limit
        By guard.
    calendar, forecast, engine, deadline, fetch, fallback
        As the file has them, with defaults.
    """

    name: str
    sources: tuple[Source, ...]
    publish: Path
    work: Path
    metrics: Path
    keep: int
    keep_logs: int
    environment: str | None
    countries: frozenset[str]
    limits: Mapping[str, Limit]
    calendar: CalendarWire
    forecast: ForecastWire
    engine: EngineWire
    deadline: DeadlineWire
    fetch: FetchWire
    fallback: FallbackWire


def read_config(path: Path) -> NightlyConfig:
    """Read the config file of a nightly job.

    Parameters
    ----------
    path : Path
        Paths in it are relative to its folder.

    Returns
    -------
    NightlyConfig

    Raises
    ------
    InputError
        All problems, with line and column.
    """
    wire, root, problems = read_wire(path, NightlyWire, nightly_schema)
    problems += _unquoted_time(root)
    if wire is not None:
        problems += _protocol_problems(wire, root)
        problems += _overlap_problems(wire, root, path)
    if problems or wire is None:
        raise InputError(sorted(problems, key=lambda p: (p.line or 0, p.column or 0)))
    return _config(wire, path)


def _config(wire: NightlyWire, path: Path) -> NightlyConfig:
    base = path.absolute().parent
    publish = base / wire.publish.folder
    metrics = publish / "cdnplan.prom" if wire.publish.metrics is None else base / wire.publish.metrics
    return NightlyConfig(
        name=wire.name or path.stem,
        sources=_sources(wire, base),
        publish=publish,
        work=base / wire.work,
        metrics=metrics,
        keep=wire.publish.keep,
        keep_logs=wire.keep_logs,
        environment=wire.environment,
        countries=frozenset(wire.countries or ()),
        limits=_limits(wire.guards),
        calendar=wire.calendar or CalendarWire.model_validate({}),
        forecast=wire.forecast or ForecastWire.model_validate({}),
        engine=wire.engine or EngineWire.model_validate({}),
        deadline=wire.deadline,
        fetch=wire.fetch or FetchWire.model_validate({}),
        fallback=wire.fallback or FallbackWire.model_validate({}),
    )


def _listed(wire: NightlyWire) -> list[tuple[str, tuple[str | int, ...], InputWire]]:
    """Role, place in the file and content of every input that is given."""
    inputs = wire.inputs
    listed: list[tuple[str, tuple[str | int, ...], InputWire]] = []
    for role in (
        "topology",
        "titles",
        "files",
        "history",
        "demand",
        "holdings",
        "launches",
        "changes",
        "events",
    ):
        given: InputWire | None = getattr(inputs, role)
        if given is not None:
            listed.append((role, ("inputs", role), given))
    for i, given in enumerate(inputs.overrides or ()):
        listed.append((f"override {i + 1}", ("inputs", "overrides", i), given))
    return listed


def _sources(wire: NightlyWire, base: Path) -> tuple[Source, ...]:
    return tuple(
        Source(
            role=role,
            where=given.path if "://" in given.path else str(base / given.path),
            max_age_hours=given.max_age_hours,
            max_age_days=given.max_age_days if isinstance(given, HistoryWire) else None,
            options=given.options,
        )
        for role, _, given in _listed(wire)
    )


def _limits(wire: GuardsWire | None) -> dict[str, Limit]:
    """Limits of the file where it gives them, else those of `DEFAULT_LIMITS`."""
    limits = dict(DEFAULT_LIMITS)
    for name, default in DEFAULT_LIMITS.items():
        given = None if wire is None else getattr(wire, name)
        if given is not None:
            told = given.model_fields_set
            warn = given.warn if "warn" in told else default.warn
            refuse = given.refuse if "refuse" in told else default.refuse
            limits[name] = Limit(warn, refuse)
    return limits


def _unquoted_time(root: MapNode) -> list[Problem]:
    node, mark = place_of(root, ("deadline", "at"))
    if not isinstance(node, ScalarNode) or node.quoted or not isinstance(node.value, str):
        return []
    hint = f'write "{node.value}": without quotes YAML 1.1 reads a time as a number to the base of 60'
    return [mark.problem(f"the time {node.value} has to be in quotes", path="deadline.at", hint=hint)]


def _protocol_problems(wire: NightlyWire, root: MapNode) -> list[Problem]:
    """URLs that no file system is known for."""
    urls = [(place, given.path) for _, place, given in _listed(wire) if "://" in given.path]
    if not urls:
        return []
    from fsspec import available_protocols
    from fsspec.registry import registry

    known = {*available_protocols(), *registry}
    problems = []
    for place, url in urls:
        # A chain, as "simplecache::s3://…", has several; the last one counts.
        protocol = url.partition("://")[0].rpartition("::")[2]
        if protocol not in known:
            mark = place_of(root, (*place, "path"))[1]
            message = f"no file system is known for {protocol + '://'!r}"
            problems.append(
                mark.problem(message, path=f"{place[-2]}.{place[-1]}", hint=nearest(protocol, known))
            )
    return problems


def _overlap_problems(wire: NightlyWire, root: MapNode, path: Path) -> list[Problem]:
    """The work folder is swept, so nothing else may be in it."""
    base = path.absolute().parent
    work, publish = real_path(base / wire.work), real_path(base / wire.publish.folder)
    found = []
    if work in (publish, *publish.parents) or publish in work.parents:
        mark = place_of(root, ("work",))[1]
        found.append(mark.problem("the work folder and the publication folder may not contain each other"))
    for role, place, given in _listed(wire):
        if "://" not in given.path and work in real_path(base / given.path).parents:
            mark = place_of(root, (*place, "path"))[1]
            found.append(mark.problem(f"{role} is in the work folder, which belongs to the job"))
    return found
