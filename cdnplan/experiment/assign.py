"""Arms drawn from a recorded seed, and the table that tells the network who has which when."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError, Problem
from cdnplan.experiment.design import Design
from cdnplan.experiment.effect import draw_arms
from cdnplan.inputs.tables.table_writer import whole_file
from cdnplan.inputs.tables.tables import Column, Table

Bools = npt.NDArray[np.bool_]

COLUMNS = ("unit", "cluster", "first_date", "last_date", "arm", "seed", "design")


@dataclass(frozen=True, slots=True)
class Row:
    """Arm of a unit from one day to another, both included."""

    unit: str
    cluster: str
    first_date: str
    last_date: str
    arm: str


def draw(design: Design, seed: int) -> Bools:
    """Draw the arms of a trial: which entries of `Design.draw_strata` are treated, (n_entries,).

    Parameters
    ----------
    design : Design
    seed : int
        The same seed draws the same arms.
    """
    stratum, _, _, treated = design.draw_strata()
    return draw_arms(stratum, treated, np.random.default_rng(seed))


def arm_by_cluster(design: Design, treated: Bools) -> Bools:
    """Whether each cluster is treated in each block, (n_clusters, n_blocks); one block where arms hold."""
    _, cluster, block, _ = design.draw_strata()
    n_blocks = max(1, len(design.blocks))
    found = np.zeros((len(design.clusters), n_blocks), dtype=bool)
    found[cluster, np.maximum(block, 0)] = treated
    if design.crossed:
        found[cluster, block + 1] = ~treated
    return found


def rows(design: Design, treated: Bools) -> Iterator[Row]:
    """Arms of all units in order of time, by name."""
    arms = arm_by_cluster(design, treated)
    spans = [(b.first, b.last) for b in design.blocks] or [(0, design.n_rows)]
    units = sorted((unit, c) for c, cluster in enumerate(design.clusters) for unit in cluster.units)
    for k, (first, last) in enumerate(spans):
        first_date, last_date = design.day(first), design.day(last)
        last_date = last_date.fromordinal(last_date.toordinal() - 1)
        for unit, c in units:
            arm = design.arms[int(arms[c, k])]
            yield Row(unit, design.clusters[c].name, first_date.isoformat(), last_date.isoformat(), arm)


def write_assignment(design: Design, seed: int, path: Path) -> int:
    """Write who has which arm when; every row names the seed and the design's digest.

    Parameters
    ----------
    design : Design
    seed : int
    path : Path
        CSV; replaced if there.

    Returns
    -------
    int
        Number of rows.
    """
    digest = design.digest()
    count = 0
    with whole_file(path) as part, part.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows(design, draw(design, seed)):
            writer.writerow([row.unit, row.cluster, row.first_date, row.last_date, row.arm, seed, digest])
            count += 1
    return count


def read_assignment(design: Design, path: Path) -> tuple[int, Bools]:
    """Read an assignment, and check that it is what the seed draws for the design.

    Parameters
    ----------
    design : Design
    path : Path
        As `write_assignment` writes it; rows in any order.

    Returns
    -------
    seed : int
    treated : (n_entries,) bool

    Raises
    ------
    InputError
        No such file, another design, or arms that the seed does not draw.
    """
    file = str(path)
    table = Table(path, [Column(name, "text") for name in COLUMNS])
    values = table.read()
    table.problems.raise_if_any()
    columns = [[table.names[name].list[code] for code in values[name].tolist()] for name in COLUMNS]
    found = [dict(zip(COLUMNS, line, strict=True)) for line in zip(*columns, strict=True)]
    seeds = {row["seed"] for row in found}
    designs = {row["design"] for row in found}
    if designs != {design.digest()}:
        message = f"was drawn for the design {', '.join(sorted(designs))}, not for {design.digest()}"
        raise InputError([Problem(message, file=file)])
    if len(seeds) != 1 or re.fullmatch("[0-9]{1,100}", next(iter(seeds))) is None:
        raise InputError([Problem("expected one seed in all rows", file=file, path="seed")])
    seed = int(next(iter(seeds)))
    treated = draw(design, seed)
    wanted = {(row.unit, row.first_date): row for row in rows(design, treated)}
    problems = []
    for number, line in enumerate(found, start=1):
        row = wanted.pop((line["unit"], line["first_date"]), None)
        if row is None:
            message = (
                f"{line['unit']!r} from {line['first_date']} is not part of the design, or is there twice"
            )
            problems.append(Problem(message, file=file, row=number))
        elif line["arm"] != row.arm:
            message = f"found {line['arm']!r}, but seed {seed} draws {row.arm!r}"
            problems.append(Problem(message, file=file, row=number, path="arm"))
    problems += [
        Problem(f"{unit!r} from {first_date} is missing", file=file) for unit, first_date in list(wanted)[:20]
    ]
    if problems:
        raise InputError(problems[:40])
    return seed, treated
