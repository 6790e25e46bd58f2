"""What the fields of a log mean: the mapping file, completed by what each format has by custom."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.logs.meaning.mapping_wire import LogFormat, MappingWire, mapping_schema
from cdnplan.inputs.logs.meaning.object_names import pattern_problem
from cdnplan.inputs.wire.wire_file import read_wire
from cdnplan.inputs.wire.wire_problems import place_of

Role = Literal["time", "clock", "bytes", "object", "region", "status", "method", "cache", "size", "session"]

_BYTES_IN: Map[str, int] = {"bytes": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}

_COMMON = ("remote_addr", "ident", "user", "time", "request", "status", "bytes")
FIELDS: Map[str, tuple[str, ...]] = {"common": _COMMON, "combined": (*_COMMON, "referer", "user_agent")}
"""Names of the fields of Apache's and nginx's formats; `request` may be taken apart as `method` and `url`."""

_TABLE_ROLES: Map[Role, tuple[str, ...]] = {
    "time": ("time", "timestamp", "date"),
    "bytes": ("bytes", "gb"),
    "object": ("object", "file", "title", "url", "uri", "path"),
    "region": ("region", "country"),
    "status": ("status",),
    "method": ("method",),
}
_BY_CUSTOM: Map[str, Map[Role, tuple[str, ...]]] = {
    "combined": {
        "time": ("time",),
        "bytes": ("bytes",),
        "object": ("url",),
        "region": ("remote_addr",),
        "status": ("status",),
        "method": ("method",),
    },
    "w3c": {
        "time": ("date",),
        "clock": ("time",),
        "bytes": ("sc-bytes",),
        "object": ("cs-uri-stem",),
        "region": ("c-ip",),
        "status": ("sc-status",),
        "method": ("cs-method",),
        "cache": ("x-edge-result-type", "sc-cache-status", "s-cache-status"),
    },
    "csv": _TABLE_ROLES,
    "json": {**_TABLE_ROLES, "bytes": ("bytes",)},
    "parquet": _TABLE_ROLES,
}
_CLIENTS = ("client", "client_ip", "remote_addr", "c-ip", "ip")
"""Fields by custom that hold addresses."""
_NEEDED: frozenset[Role] = frozenset(("time", "bytes", "object"))
_DEFAULT_HITS = tuple(
    cast("list[str]", mapping_schema()["$defs"]["CacheWire"]["properties"]["hits"]["default"])
)


@dataclass(frozen=True, slots=True)
class ObjectRule:
    """How an object's name becomes a title's or a file's; see `ObjectWire` for what each key means."""

    part: Literal["path", "path-and-query", "whole"] = "path"
    decode: bool = False
    pattern: str | None = None
    table: Path | None = None
    keep_unknown: bool = False


@dataclass(frozen=True, slots=True)
class RegionRule:
    """How a region is found: by its name, by prefixes, by a table, or as a field has it."""

    name: str | None = None
    prefixes: Path | None = None
    table: Path | None = None
    unknown: str | None = None


@dataclass(frozen=True, slots=True)
class LogMapping:
    """What the fields of logs mean.

    Parameters
    ----------
    file : str
        The mapping file, for messages; empty without one.
    format : str or None
        None: to be seen from the first lines.
    fields : tuple of str or None
        Names of the fields in order; None: those of the format, or of a header.
    separator : str or None
    timezone, day_timezone : str
        IANA names: of times that say no zone, and of days.
    field_of : mapping of role to tuple of str
        Fields that may play a role; the first that is there does.
    told : frozenset of roles
        Those that the mapping file tells: their fields must be there.
    time_pattern : str or None
    bytes_unit, size_unit : int
        Bytes that 1 stands for.
    bytes_told : bool
        Whether `bytes_unit` was told; else a field ``gb`` counts GB.
    object, region : ObjectRule, RegionRule
    statuses : tuple of int
    methods, hits : tuple of str
        Values wanted, and those that are hits.
    """

    file: str = ""
    format: LogFormat | None = None
    fields: tuple[str, ...] | None = None
    separator: str | None = None
    timezone: str = "UTC"
    day_timezone: str = "UTC"
    field_of: Map[Role, tuple[str, ...]] | None = None
    told: frozenset[Role] = frozenset()
    time_pattern: str | None = None
    bytes_unit: int = 1
    size_unit: int = 1
    object: ObjectRule = ObjectRule()
    region: RegionRule | None = None
    statuses: tuple[int, ...] = (200, 206)
    methods: tuple[str, ...] = ("GET",)
    hits: tuple[str, ...] = _DEFAULT_HITS


def read_mapping(path: Path) -> LogMapping:
    """Read a mapping file.

    Parameters
    ----------
    path : Path
        YAML; tables named in it are relative to its folder.

    Returns
    -------
    LogMapping

    Raises
    ------
    InputError
        All problems, with line and column.
    """
    wire, root, problems = read_wire(path, MappingWire, mapping_schema)
    if wire is not None and wire.object is not None and wire.object.pattern is not None:
        message = pattern_problem(wire.object.pattern)
        if message:
            problems.append(place_of(root, ("object", "pattern"))[1].problem(message, path="object.pattern"))
    if problems or wire is None:
        raise InputError(sorted(problems, key=lambda p: (p.line or 0, p.column or 0)))
    return _mapping(wire, path)


def _mapping(wire: MappingWire, path: Path) -> LogMapping:
    base = path.parent
    fields: dict[Role, tuple[str, ...]] = {}
    if wire.time is not None and wire.time.field is not None:
        fields["time"] = (wire.time.field,)
    if wire.time is not None and wire.time.fields is not None:
        fields["time"], fields["clock"] = (wire.time.fields[0],), (wire.time.fields[1],)
    roles: tuple[Role, ...] = ("bytes", "object", "region", "status", "method", "cache", "size", "session")
    for role in roles:
        given = getattr(wire, role)
        if given is not None and given.field is not None:
            fields[role] = (given.field,)
    return LogMapping(
        file=str(path),
        format=wire.format,
        fields=None if wire.fields is None else tuple(wire.fields),
        separator=wire.separator,
        timezone=wire.timezone,
        day_timezone=wire.day_timezone,
        field_of=fields,
        told=frozenset(fields),
        time_pattern=None if wire.time is None else wire.time.pattern,
        bytes_unit=1 if wire.bytes is None else _BYTES_IN[wire.bytes.unit],
        size_unit=1 if wire.size is None else _BYTES_IN[wire.size.unit],
        object=ObjectRule() if wire.object is None else _object_rule(wire, base),
        region=None if wire.region is None else _region_rule(wire, base),
        statuses=(200, 206) if wire.status is None else tuple(wire.status.wanted),
        methods=("GET",) if wire.method is None else tuple(wire.method.wanted),
        hits=_DEFAULT_HITS if wire.cache is None else tuple(wire.cache.hits),
    )


def _object_rule(wire: MappingWire, base: Path) -> ObjectRule:
    given = wire.object
    assert given is not None
    return ObjectRule(
        given.part,
        given.decode,
        given.pattern,
        None if given.table is None else base / given.table,
        given.unknown == "keep",
    )


def _region_rule(wire: MappingWire, base: Path) -> RegionRule:
    given = wire.region
    assert given is not None
    return RegionRule(
        given.name,
        None if given.prefixes is None else base / given.prefixes,
        None if given.table is None else base / given.table,
        given.unknown,
    )


def complete(mapping: LogMapping, format_: LogFormat) -> LogMapping:
    """Add what a format has by custom where the mapping is silent.

    Parameters
    ----------
    mapping : LogMapping
    format_ : str
        Format of the logs.

    Returns
    -------
    LogMapping
        With a format, candidates for every role that has some, a time pattern and a region.

    Raises
    ------
    InputError
        Nothing says where viewers are.
    """
    custom = _BY_CUSTOM["combined" if format_ == "common" else format_]
    told = dict(mapping.field_of or {})
    fields: dict[Role, tuple[str, ...]] = {role: names for role, names in custom.items() if role not in told}
    if "time" in told:
        fields.pop("clock", None)
    fields.update(told)
    region = mapping.region
    if region is None and format_ in ("combined", "common", "w3c"):
        hint = "give --region NAME or --prefixes TABLE, or write region: in the mapping"
        raise InputError([Problem("nothing says in which region viewers are", file=mapping.file, hint=hint)])
    region = region or RegionRule()
    if region.prefixes is not None and "region" not in told:
        fields["region"] = _CLIENTS
    if region.name is not None:
        fields.pop("region", None)
    apache = format_ in ("combined", "common")
    pattern = mapping.time_pattern or ("apache" if apache else "iso")
    names = mapping.fields or FIELDS.get(format_)
    return replace(
        mapping, format=format_, field_of=fields, region=region, time_pattern=pattern, fields=names
    )


def is_needed(mapping: LogMapping, role: Role) -> bool:
    """Whether a role must have a field: without one nothing can be counted, or the mapping names one."""
    return must_be_there(role) or role in mapping.told


def must_be_there(role: Role) -> bool:
    """Whether nothing can be counted without a role."""
    return role in _NEEDED or role in ("region", "clock")
