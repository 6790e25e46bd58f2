"""What became of every line: counts by kind, and examples of malformed lines."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.logs.lines.fields import Fields
from cdnplan.inputs.logs.meaning import faults

_SHOWN = 200
_FIELD_OF = {
    faults.TIME: "time",
    faults.BYTES: "bytes",
    faults.STATUS: "status",
    faults.REQUEST: "request",
    faults.CLIENT: "region",
    faults.SIZE: "size",
    faults.OBJECT: "object",
}


@dataclass(frozen=True, slots=True)
class BadLine:
    """A malformed line.

    Parameters
    ----------
    kind : str
        One of `faults.NAMES`.
    file : str
    line : int
        From 1; of a Parquet table the row.
    message : str
        What was found there.
    text : str
        Its beginning.
    """

    kind: str
    file: str
    line: int
    message: str
    text: str

    def problem(self) -> Problem:
        """As a problem of an input."""
        return Problem(self.message, file=self.file, line=self.line)


@dataclass(slots=True)
class Tally:
    """Counts lines as parts of logs go by.

    Parameters
    ----------
    files : sequence of str
        Names of the files.
    examples : int
        Malformed lines of each kind that are kept.
    most_bad : int or None
        So many malformed lines are allowed; None: any number.
    writer : csv writer or None
        Gets every malformed line.
    """

    files: Sequence[str]
    examples: int = 3
    most_bad: int | None = None
    writer: Any = None
    lines: int = 0
    counted: int = 0
    blank: int = 0
    comments: int = 0
    bad: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    left_out: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    shown: dict[int, list[BadLine]] = field(default_factory=lambda: defaultdict(list))

    @property
    def n_bad(self) -> int:
        """Number of malformed lines."""
        return sum(self.bad.values())

    def add(self, part: Fields, n_records: int) -> None:
        """Count a part whose faults are complete.

        Raises
        ------
        InputError
            More lines are malformed than allowed.
        """
        self.lines += part.n_lines
        self.counted += n_records
        counts = np.bincount(part.fault, minlength=256)
        self.blank += int(counts[faults.SKIPPED_BLANK])
        self.comments += int(counts[faults.SKIPPED_COMMENT])
        for kind in faults.LEFT_OUT:
            if counts[kind]:
                self.left_out[kind] += int(counts[kind])
        for kind in np.flatnonzero(counts[: faults.LAST_FAULT + 1]).tolist():
            if kind != faults.OK:
                self._bad(part, kind, int(counts[kind]))
        if part.broken:
            self._broken(part)
        self.check()

    def check(self) -> None:
        """Raise when more lines are malformed than allowed."""
        if self.most_bad is not None and self.n_bad > self.most_bad:
            message = (
                f"{self.n_bad:,} malformed lines so far, of {self.lines:,}; {self.most_bad:,} are allowed"
            )
            raise InputError([Problem(message), *(bad.problem() for bad in self.all_shown())])

    def check_share(self, most_ratio: float | None) -> None:
        """Raise when a larger share of the lines is malformed than allowed; blank ones and headers apart."""
        lines = self.lines - self.blank - self.comments
        if most_ratio is not None and self.n_bad > most_ratio * lines:
            share = f"{self.n_bad:,} of {lines:,} lines are malformed, {self.n_bad / max(1, lines):.3%}"
            message = f"{share}; {most_ratio:.3%} are allowed"
            raise InputError([Problem(message), *(bad.problem() for bad in self.all_shown())])

    def all_shown(self) -> list[BadLine]:
        """Examples by kind, the most frequent kind first."""
        kinds = sorted(self.shown, key=lambda kind: (-self.bad[kind], kind))
        return [line for kind in kinds for line in self.shown[kind]]

    def _bad(self, part: Fields, kind: int, count: int) -> None:
        self.bad[kind] += count
        wanted = self.examples - len(self.shown[kind])
        rows = np.flatnonzero(part.fault == kind)
        for k, i in enumerate(rows.tolist()):
            if k >= wanted and self.writer is None:
                break
            line = _described(part, i, kind, self.files[part.file])
            if k < wanted:
                self.shown[kind].append(line)
            if self.writer is not None:
                self.writer.writerow([line.file, line.line, line.kind, line.message, line.text])

    def _broken(self, part: Fields) -> None:
        kind = faults.CUT_SHORT
        self.bad[kind] += 1
        name = faults.NAMES[kind]
        line = BadLine(
            name, self.files[part.file], part.first_line + part.n_lines, f"{name}: {part.broken}", ""
        )
        if len(self.shown[kind]) < self.examples:
            self.shown[kind].append(line)
        if self.writer is not None:
            self.writer.writerow([line.file, line.line, line.kind, line.message, line.text])


def bad_line_writer(stream: Any) -> Any:
    """CSV writer for malformed lines, with its header written."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["file", "line", "kind", "message", "text"])
    return writer


def _described(part: Fields, i: int, kind: int, file: str) -> BadLine:
    message = faults.NAMES[kind]
    if kind in (faults.TOO_FEW, faults.TOO_MANY):
        message = f"{message}: {part.detail[i]}, expected {part.expected}"
    role = _FIELD_OF.get(kind, "")
    if role in part.spans:
        found = part.spans[role].text(i)
        message = f"{message}: found {found[:80]!r}"
    text = part.text(i)
    shown = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return BadLine(faults.NAMES[kind], file, part.first_line + i, message, shown)
