"""The design of a trial: who is compared with whom, when, and what can be found; kept in a JSON file."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.inputs.tables.json_files import Shape, check_shape, read_json
from cdnplan.inputs.tables.periods import MOST_DAYS, strange_period
from cdnplan.inputs.tables.table_writer import whole_file

ARMS = 2
Kind = Literal["pairs", "strata", "switchback"]
Ints = npt.NDArray[np.int64]

MIN_CROSSED = 4
"""From so many clusters on, a switchback crosses them: half begin with one arm, half with the other."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Units that always have the same arm.

    Parameters
    ----------
    name : str
    units : tuple of str
        Sites or regions.
    """

    name: str
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of the outcomes, counted from the start of the trial: `first` to before `last`."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Design:
    """A trial as it was decided before it began.

    Parameters
    ----------
    kind : {"pairs", "strata", "switchback"}
    unit, metric : str
        Columns of the outcomes.
    arms : (str, str)
        Names of control and treatment.
    start : datetime.date
        First day.
    period_days, n_rows : int
        Distance of the outcomes' dates [days], and dates of the trial.
    baseline_rows : int
        Dates before the start that the figure is compared with.
    theta : float
        How much of a cluster's baseline is taken off its figure; from history, fixed before the trial.
    weekday : tuple of float
        Usual deviation of each weekday, from Monday, taken off in switchbacks; empty for none.
    clusters : tuple of Cluster
    strata : tuple of tuple of int
        Clusters that are compared with each other; pairs are strata of two. Empty for switchbacks.
    blocks : tuple of Block
        Of switchbacks: times between which arms may change, two and two compared with each other.
    washout_rows : int
        Dates at the beginning of a block that are left out, while caches still hold what the other arm put.
    alpha, power : float
    standard_error, df : float
        Expected of the effect, from history, and degrees of freedom.
    minimum_detectable, level : float
        Effect that is found with probability `power`, and the mean of the figure in the history's last part.
    left_out : tuple of str
        Units without outcomes, and clusters without a partner.
    """

    kind: Kind
    unit: str
    metric: str
    arms: tuple[str, str]
    start: dt.date
    period_days: int
    n_rows: int
    baseline_rows: int
    theta: float
    weekday: tuple[float, ...]
    clusters: tuple[Cluster, ...]
    strata: tuple[tuple[int, ...], ...]
    blocks: tuple[Block, ...]
    washout_rows: int
    alpha: float
    power: float
    standard_error: float
    df: float
    minimum_detectable: float
    level: float
    left_out: tuple[str, ...] = ()

    @property
    def crossed(self) -> bool:
        """Whether a switchback has enough clusters for half of them to begin with the other arm."""
        return self.kind == "switchback" and len(self.clusters) >= MIN_CROSSED

    def day(self, row: int) -> dt.date:
        """Date of a row counted from the start."""
        return self.start + dt.timedelta(days=row * self.period_days)

    def cluster_of(self, units: tuple[str, ...]) -> Ints:
        """Cluster of each unit, (n_units,); -1 for none."""
        place = {name: i for i, cluster in enumerate(self.clusters) for name in cluster.units}
        return np.array([place.get(name, -1) for name in units], dtype=np.int64)

    def draw_strata(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Lay out what is drawn: one entry for each thing that gets an arm.

        Returns
        -------
        stratum, cluster, block : (n,) int64
            Stratum within which arms are drawn; cluster; and the place of a block among `blocks`, -1 where
            arms hold for the whole trial. Of a crossed switchback the entry of a pair of blocks is its first.
        treated : (n_strata,) int64
            Entries of each stratum that are treated.
        """
        stratum: list[int] = []
        cluster: list[int] = []
        block: list[int] = []
        if self.kind != "switchback":
            for s, members in enumerate(self.strata):
                stratum += [s] * len(members)
                cluster += members
                block += [-1] * len(members)
        elif self.crossed:
            for k in range(len(self.blocks) // 2):
                stratum += [k] * len(self.clusters)
                cluster += range(len(self.clusters))
                block += [2 * k] * len(self.clusters)
        else:
            for k in range(len(self.blocks) // 2):
                for c in range(len(self.clusters)):
                    stratum += [k * len(self.clusters) + c] * 2
                    cluster += [c, c]
                    block += [2 * k, 2 * k + 1]
        counts = np.bincount(np.array(stratum, dtype=np.int64))
        return np.array(stratum), np.array(cluster), np.array(block), counts // 2

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "cdnplan_experiment": 1,
            "kind": self.kind,
            "unit": self.unit,
            "metric": self.metric,
            "arms": list(self.arms),
            "start": self.start.isoformat(),
            "period_days": self.period_days,
            "n_rows": self.n_rows,
            "baseline_rows": self.baseline_rows,
            "theta": self.theta,
            "weekday": list(self.weekday),
            "clusters": [{"name": c.name, "units": list(c.units)} for c in self.clusters],
            "strata": [[self.clusters[c].name for c in members] for members in self.strata],
            "blocks": [
                [self.day(b.first).isoformat(), self.day(b.last - 1).isoformat()] for b in self.blocks
            ],
            "washout_rows": self.washout_rows,
            "alpha": self.alpha,
            "power": self.power,
            "standard_error": self.standard_error,
            "df": self.df,
            "minimum_detectable": self.minimum_detectable,
            "level": self.level,
            "left_out": list(self.left_out),
        }

    def digest(self) -> str:
        """First 16 signs of the SHA-256 of the design."""
        text = json.dumps(self.as_dict(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def write_design(design: Design, path: Path) -> None:
    """Write a design as JSON, whole or not at all; an earlier file is replaced."""
    with whole_file(path) as part:
        text = json.dumps(design.as_dict(), indent=1, ensure_ascii=False)
        part.write_text(f"{text}\n", encoding="utf-8")


def read_design(path: Path) -> Design:
    """Read a design that `cdnplan experiment design` has written.

    Raises
    ------
    InputError
        The file is missing, no JSON, or no design.
    """
    file = str(path)
    found = read_json(path)
    if found.get("cdnplan_experiment") != 1:
        message = "no design of a trial: expected what cdnplan experiment design writes"
        raise InputError([Problem(message, file=file)])
    return _design(found, file)


def _design(found: Mapping[str, Any], file: str) -> Design:
    known = set(Design.__dataclass_fields__) | {"cdnplan_experiment"}
    problems = [
        Problem(f"unknown key {key!r}", file=file, hint=nearest(key, known))
        for key in found
        if key not in known
    ]
    if problems:
        raise InputError(problems)
    check_shape(found, _SHAPE, file)
    problems = [Problem(message, file=file, path=path) for path, message in _faults(found)]
    if problems:
        raise InputError(problems)
    try:
        clusters = tuple(Cluster(str(c["name"]), tuple(c["units"])) for c in found["clusters"])
        place = {cluster.name: i for i, cluster in enumerate(clusters)}
        start = dt.date.fromisoformat(found["start"])
        days = int(found["period_days"])

        def row(text: str) -> int:
            return (dt.date.fromisoformat(text) - start).days // days

        made = Design(
            kind=found["kind"],
            unit=str(found["unit"]),
            metric=str(found["metric"]),
            arms=(str(found["arms"][0]), str(found["arms"][1])),
            start=start,
            period_days=days,
            n_rows=int(found["n_rows"]),
            baseline_rows=int(found["baseline_rows"]),
            theta=float(found["theta"]),
            weekday=tuple(float(value) for value in found["weekday"]),
            clusters=clusters,
            strata=tuple(tuple(place[name] for name in members) for members in found["strata"]),
            blocks=tuple(Block(row(first), row(last) + 1) for first, last in found["blocks"]),
            washout_rows=int(found["washout_rows"]),
            alpha=float(found["alpha"]),
            power=float(found["power"]),
            standard_error=float(found["standard_error"]),
            df=float(found["df"]),
            minimum_detectable=float(found["minimum_detectable"]),
            level=float(found["level"]),
            left_out=tuple(found.get("left_out", ())),
        )
        return _laid_out(made, file)
    except ValueError as error:
        raise InputError([Problem(f"a date of the design is not understood: {error}", file=file)]) from None


_SHAPE: Shape = {
    **dict.fromkeys(("kind", "unit", "metric", "start"), str),
    **dict.fromkeys(("period_days", "n_rows", "baseline_rows", "washout_rows"), int),
    **dict.fromkeys(
        ("theta", "alpha", "power", "standard_error", "df", "minimum_detectable", "level"),
        cast("Shape", float),
    ),
    "arms": [str],
    "weekday": [float],
    "clusters": [{"name": str, "units": [str]}],
    "strata": [[str]],
    "blocks": [[str]],
    "left_out?": [str],
}


def _faults(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What no design says, by key; `found` has the shape of one."""
    if found["kind"] not in get_args(Kind):
        yield "kind", f"found {found['kind']!r}, expected one of {', '.join(get_args(Kind))}"
    if len(found["arms"]) != len(set(found["arms"])) or len(found["arms"]) != ARMS:
        yield "arms", "expected two names"
    for key, least in (("period_days", 1), ("n_rows", 1), ("baseline_rows", 0), ("washout_rows", 0)):
        if not least <= found[key] <= MOST_DAYS:
            yield key, f"found {found[key]}, expected {least} to {MOST_DAYS:,}"
    for key in ("alpha", "power"):
        if not 0 < found[key] < 1:
            yield key, f"found {found[key]}, expected more than 0 and less than 1"
    if len(found["weekday"]) not in (0, 7):
        yield "weekday", f"found {len(found['weekday'])} values, expected 7 or none"
    yield from _group_faults(found)


def _group_faults(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with clusters, strata and blocks."""
    names = [cluster["name"] for cluster in found["clusters"]]
    units = [unit for cluster in found["clusters"] for unit in cluster["units"]]
    if not names or len(set(names)) < len(names) or not all(c["units"] for c in found["clusters"]):
        yield "clusters", "expected clusters of different names, each with units"
    if len(set(units)) < len(units):
        yield "clusters", "a unit is there twice"
    members = [name for stratum in found["strata"] for name in stratum]
    if unknown := sorted(set(members) - set(names)):
        yield "strata", f"unknown cluster {unknown[0]!r}"
    if len(set(members)) < len(members) or any(len(stratum) < ARMS for stratum in found["strata"]):
        yield "strata", "expected at least two different clusters in each"
    if any(len(block) != 2 for block in found["blocks"]):
        yield "blocks", "expected a first and a last day in each"
    switchback = found["kind"] == "switchback"
    if not found["blocks" if switchback else "strata"] or (switchback and len(found["blocks"]) % 2):
        yield ("blocks", "expected pairs of blocks") if switchback else ("strata", "expected at least one")


def _laid_out(design: Design, file: str) -> Design:
    """See that a trial lies in time, and its blocks within it."""
    strange = strange_period(design.start, design.period_days * (design.n_rows + design.baseline_rows))
    if strange:
        raise InputError([Problem(strange, file=file, path="start")])
    if any(not 0 <= block.first < block.last <= design.n_rows for block in design.blocks):
        raise InputError([Problem("a block is not within the trial", file=file, path="blocks")])
    return design
