"""Options of an ingest that say more than one thing, or go before what a mapping file says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.logs.mapping import LogMapping, RegionRule
from cdnplan.inputs.logs.object_names import pattern_problem


def with_options(
    mapping: LogMapping, region: str | None, prefixes: Path | None, pattern: str | None
) -> LogMapping:
    """Mapping with what options say, which goes before what the file says.

    Parameters
    ----------
    mapping : LogMapping
    region : str or None
        One region for all lines.
    prefixes : Path or None
        Regions of addresses.
    pattern : str or None
        Regular expression for objects.

    Raises
    ------
    InputError
        Both of `region` and `prefixes`, or a bad pattern.
    """
    problems = []
    if region is not None and prefixes is not None:
        problems.append(Problem("expected --region or --prefixes, not both"))
    if pattern is not None and pattern_problem(pattern):
        problems.append(Problem(pattern_problem(pattern), path="--pattern"))
    if problems:
        raise InputError(problems)
    made = mapping
    if region is not None:
        made = replace(made, region=RegionRule(name=region))
    if prefixes is not None:
        unknown = None if made.region is None else made.region.unknown
        made = replace(made, region=RegionRule(prefixes=prefixes, unknown=unknown))
    if pattern is not None:
        made = replace(made, object=replace(made.object, pattern=pattern))
    return made


def bad_limit(text: str | None) -> tuple[int | None, float | None]:
    """Number, or share, of malformed lines allowed.

    Examples
    --------
    >>> bad_limit("100"), bad_limit("25%"), bad_limit(None)
    ((100, None), (None, 0.25), (None, None))
    """
    if text is None:
        return None, None
    try:
        if text.endswith("%"):
            share = float(text[:-1]) / 100
            if 0 <= share <= 1:
                return None, share
        elif int(text) >= 0:
            return int(text), None
    except ValueError:
        pass
    raise InputError(
        [Problem(f"found {text!r}, expected a number as 100 or a share as 0.1%", path="--max-bad")]
    )
