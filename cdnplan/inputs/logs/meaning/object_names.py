"""From objects as logs name them to titles or files: a pattern, then a table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.tables.tables import Column, Table

By = Literal["title", "file"]
_GROUPS = ("file", "title")


def pattern_problem(pattern: str) -> str:
    """Say what is wrong with a pattern for objects; empty when nothing is.

    Examples
    --------
    >>> pattern_problem("/v/(?P<name>[^/]+)")
    "the pattern has the group 'name', expected title, file or both"
    """
    try:
        pc.extract_regex(pa.array(["x"]), pattern)
    except pa.ArrowInvalid as error:
        return f"no regular expression (RE2): {_reason(error)}"
    groups = re.findall(r"\(\?P?<(\w+)>", pattern)
    strange = [group for group in groups if group not in _GROUPS]
    if strange:
        return f"the pattern has the group {strange[0]!r}, expected title, file or both"
    return "" if groups else "the pattern has no named group: expected (?P<title>…), (?P<file>…) or both"


def group_of(pattern: str, by: By | None) -> tuple[By, str]:
    """What the names a pattern finds are of, and the group they are in.

    Raises
    ------
    InputError
        The pattern has no group of the wanted name.

    Examples
    --------
    >>> group_of("/(?P<title>[^/]+)/(?P<file>.+)", None)
    ('file', 'file')
    """
    groups = re.findall(r"\(\?P?<(\w+)>", pattern)
    kind: By = by or ("file" if "file" in groups else "title")
    if kind not in groups:
        message = f"the pattern has no group {kind!r}, which the history is to be by"
        raise InputError([Problem(message, path="object.pattern")])
    return kind, kind


def _reason(error: Exception) -> str:
    text = str(error).splitlines()[0]
    return text.removeprefix("Invalid regular expression: ").removeprefix("Regex ")


@dataclass(frozen=True, slots=True, eq=False)
class ObjectNames:
    """How objects become names.

    Parameters
    ----------
    by : {"title", "file"}
        What the names are of.
    decode : bool
        Whether percent signs are decoded first.
    pattern : str or None
        Its group of the name `by`, or else its only group, is taken.
    group : str
        That group.
    keep_unknown : bool
        Whether objects without a name keep their own.
    """

    by: By
    decode: bool = False
    pattern: str | None = None
    group: str = ""
    keep_unknown: bool = False

    def named(self, objects: Any) -> Any:
        """Names of distinct objects, an Arrow array of texts; null where there is none."""
        texts = objects
        if self.decode:
            texts = pa.array([unquote(text) for text in texts.to_pylist()], pa.string())
        if self.pattern is None:
            return texts
        found = pc.struct_field(pc.extract_regex(texts, self.pattern), self.group)
        found = pc.if_else(pc.equal(found, ""), None, found)
        return pc.coalesce(found, texts) if self.keep_unknown else found


def read_object_table(path: Path, by: By | None) -> tuple[By, Any]:
    """Read which objects are which title or file.

    Parameters
    ----------
    path : Path
        Columns ``object`` and ``title``, ``file`` or both.
    by : {"title", "file"} or None
        What is wanted; None: files where there are some.

    Returns
    -------
    by : {"title", "file"}
    pyarrow.Table
        ``object`` and ``name``, each object once.

    Raises
    ------
    InputError
        All problems of the table.
    """
    columns = (Column("object", "text"), Column("file", "text"), Column("title", "text"))
    table = Table(path, columns, one_of=_GROUPS)
    kind: By = by or ("file" if "file" in table.columns else "title")
    if kind not in table.columns:
        raise InputError([Problem("missing column", file=str(path), path=kind)])
    values = table.read(("object", kind))
    table.problems.raise_if_any()
    seen: dict[int, int] = {}
    for row, code in enumerate(values["object"].tolist()):
        if code in seen and values[kind][seen[code]] != values[kind][row]:
            name = table.names["object"].list[code]
            message = f"{name!r} is there already, in row {seen[code] + 1}, with another {kind}"
            table.problems.add("twin", message, row=row + 1, column="object")
        seen.setdefault(code, row)
    table.problems.raise_if_any()
    objects = [table.names["object"].list[code] for code in seen]
    names = [table.names[kind].list[int(values[kind][row])] for row in seen.values()]
    return kind, pa.table({"object": objects, "name": names})
