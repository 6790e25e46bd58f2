"""What the verification of a plan folder found: checks that hold, and claims that do not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from cdnplan.evaluate.count.cost import gap_ratio
from cdnplan.evaluate.count.limits import Violation
from cdnplan.evaluate.count.misses import Misses
from cdnplan.evaluate.verdict.verdict import Verdict
from cdnplan.model.instance.instance import Ints
from cdnplan.model.limits.families import FAMILIES, LINK

MAX_LISTED = 20
"""Lines listed per kind of failure; the rest is counted."""

Outcome = Literal["proven", "unproven", "false"]
"""All holds, the bound included; all holds, but part of the bound is only claimed; something does not."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked.

    Parameters
    ----------
    check : str
        What was checked, a few words.
    ok : bool
    file : str
        File of the folder that makes the claim.
    row : int or None
        Row of a table, counted from 1.
    key : str
        Key of plan.json, or name of a pool, region, appliance or limit.
    claimed, found : float, str, bool or None
        What the folder says and what was recomputed.
    detail : str
        A sentence where the rest does not speak for itself.
    """

    check: str
    ok: bool
    file: str
    row: int | None = None
    key: str = ""
    claimed: float | str | bool | None = None
    found: float | str | bool | None = None
    detail: str = ""

    def __str__(self) -> str:
        where = self.file + (f" row {self.row}" if self.row is not None else "")
        parts = [f"{where}: {self.check}"]
        if self.key:
            parts.append(f" of {self.key}" if self.row is not None else f": {self.key}")
        if self.claimed is not None or self.found is not None:
            parts.append(f" claimed {_shown(self.claimed)}, found {_shown(self.found)}")
        if self.detail:
            parts.append(f"; {self.detail}")
        return "".join(parts)


@dataclass(frozen=True, slots=True)
class Report:
    """Result of verifying a plan folder.

    Parameters
    ----------
    checks : tuple of Check
        Every check made, failed ones with the line that lies.
    verdict : Verdict or None
        The recomputed plan; None when the folder could not be read.
    misses : Misses or None
        Bytes not served from the best place, by cause.
    upper, lower_claimed : float or None
        As plan.json has them [currency].
    lower_recomputed : float or None
        What the folder's prices, and the tree of cases where there is one, prove [currency].
    proof : str
        What the claimed bound rests on.
    only_claimed : float
        Part of the claimed bound that nothing in the folder proves [currency]; 0 where all of it is proven.
    unchecked : tuple of str
        What a plan of an earlier release does not tell, so that it could not be checked.
    """

    checks: tuple[Check, ...]
    verdict: Verdict | None = None
    misses: Misses | None = None
    upper: float | None = None
    lower_claimed: float | None = None
    lower_recomputed: float | None = None
    proof: str = ""
    only_claimed: float = 0.0
    unchecked: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every check holds; the bound may be only claimed, see `outcome`."""
        return all(check.ok for check in self.checks)

    @property
    def outcome(self) -> Outcome:
        """Whether all is proven, or all but a part of the bound, or something is false."""
        if not self.ok:
            return "false"
        return "unproven" if self.only_claimed > 0 else "proven"

    @property
    def failed(self) -> tuple[Check, ...]:
        """Checks that do not hold."""
        return tuple(check for check in self.checks if not check.ok)

    def as_dict(self) -> dict[str, object]:
        """Everything as plain data, for JSON; numbers are the recomputed ones unless named ``claimed``."""
        found = self.verdict
        return {
            "ok": self.ok,
            "outcome": self.outcome,
            "checks": [asdict(check) for check in self.checks],
            "cost": None if found is None else {"total": found.cost.total, **asdict(found.cost)},
            "upper": self.upper,
            "lower_claimed": self.lower_claimed,
            "lower_recomputed": self.lower_recomputed,
            "proof": self.proof,
            "only_claimed": self.only_claimed,
            "unchecked": list(self.unchecked),
            "ideal": None if found is None else found.ideal,
            "gap_ratio": self.gap_ratio,
            "proven_gap_ratio": self.proven_gap_ratio,
            "offload_byte_ratio": None if found is None else found.offload_byte_ratio,
            "demand_gb": None if found is None else found.demand_gb,
            "misses": None
            if self.misses is None
            else {f"{cause}_gb": gb for cause, gb in self.misses.totals().items()},
            "overload": [] if found is None else [asdict(over) for over in found.overloads],
            "violations": [] if found is None else [asdict(violation) for violation in found.violations],
        }

    @property
    def gap_ratio(self) -> float | None:
        """Gap between the recomputed cost and the claimed bound."""
        return self._gap_ratio(self.lower_claimed)

    @property
    def proven_gap_ratio(self) -> float | None:
        """Gap between the recomputed cost and what the folder proves: no bound that is only claimed."""
        return self._gap_ratio(self.lower_recomputed)

    def _gap_ratio(self, lower: float | None) -> float | None:
        if self.verdict is None or lower is None:
            return None
        return gap_ratio(self.verdict.cost.total, lower, self.verdict.ideal)


@dataclass(slots=True)
class Ledger:
    """Collects checks while a folder is verified."""

    checks: list[Check] = field(default_factory=list)

    def passed(self, check: str, file: str, detail: str = "") -> None:
        """Note that something holds."""
        self.checks.append(Check(check, ok=True, file=file, detail=detail))

    def failed(self, check: str, file: str, detail: str) -> None:
        """Note that something does not hold."""
        self.checks.append(Check(check, ok=False, file=file, detail=detail))

    def number(self, file: str, key: str, claimed: float, found: float, *, scale: float = 0.0) -> None:
        """Compare a number, to `TOLERANCE` of it or of a scale it was computed at."""
        ok = close(claimed, found, scale=scale)
        self.checks.append(Check("value", ok, file, key=key, claimed=claimed, found=found))

    def rows(
        self,
        check: str,
        file: str,
        wrong: Ints | Sequence[int],
        failure: Callable[[int], Check],
        detail: str = "",
    ) -> None:
        """Note the first few of what is wrong, and how many more; one passed check when nothing is.

        Parameters
        ----------
        check, file : str
            What was checked, and in which file.
        wrong : (n,) integers
            What is wrong: rows or other numbers.
        failure : callable
            Makes the failed check for one of them.
        detail : str
            Said when nothing is wrong.
        """
        self.checks += [failure(int(i)) for i in wrong[:MAX_LISTED]]
        if len(wrong) > MAX_LISTED:
            self.failed(check, file, f"and {len(wrong) - MAX_LISTED:,} more")
        if len(wrong) == 0:
            self.passed(check, file, detail)

    def violations(self, violations: Iterable[Violation]) -> None:
        """Note limits that do not hold, by kind of limit, and those kinds that do."""
        by_limit: dict[str, list[Violation]] = {limit: [] for limit in LIMITS}
        for violation in violations:
            by_limit[violation.limit].append(violation)
        for limit, found in by_limit.items():
            name, file = f"{limit} limit", LIMITS[limit]
            failures = [_as_check(name, file, violation) for violation in found]
            self.rows(name, file, range(len(failures)), failures.__getitem__)


LIMITS = {
    # Links may be passed, at a cost.
    **{
        kind.name: "placement.parquet" if kind.unit == "GB" else "serving.parquet"
        for kind in FAMILIES
        if kind is not LINK
    },
    "pin": "placement.parquet",
    "ban": "placement.parquet",
    "launch": "placement.parquet",
    "serving": "serving.parquet",
}
"""Limits the judge knows, and the file whose content they are about."""

TOLERANCE = 1e-6
"""Relative difference that float arithmetic may leave between a claim and its recomputation."""


def close(claimed: float, found: float, *, scale: float = 0.0) -> bool:
    """Whether two numbers agree to `TOLERANCE` of the larger, or to a millionth of that of `scale`.

    Nothing absolute is let pass: a plan whose whole cost is 1e-8 is checked like one that costs millions.

    Examples
    --------
    >>> close(1.0, 1.0000001), close(1.0, 1.00001), close(0.0, 1e-9, scale=1000.0)
    (True, False, True)
    """
    return math.isclose(claimed, found, rel_tol=TOLERANCE, abs_tol=scale * TOLERANCE * 1e-6)


def _as_check(name: str, file: str, violation: Violation) -> Check:
    at = "" if violation.slice is None else f" in slice {violation.slice}"
    detail = f"{violation.used:.9g} {violation.unit} used, {violation.allowed:.9g} allowed{at}"
    return Check(name, ok=False, file=file, key=violation.name, found=violation.used, detail=detail)


def _shown(value: object) -> str:
    return f"{value:.9g}" if isinstance(value, float) else "nothing" if value is None else str(value)
