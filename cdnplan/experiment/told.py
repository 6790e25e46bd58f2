"""What is told of designs, assignments, readings and simulations: rows for tables, and warnings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from cdnplan.experiment.design import Design
from cdnplan.experiment.interference import Interference
from cdnplan.experiment.outcomes import Outcomes
from cdnplan.experiment.trial import Reading, simulate_trials

Rows = list[tuple[str, Any]]

PROMISE = (
    "clusters",
    "comparisons",
    "df",
    "standard_error",
    "minimum_detectable",
    "minimum_detectable_ratio",
)
"""Columns of `promise`."""
SIMULATED = (
    "effect",
    "trials",
    "covered_ratio",
    "found_ratio",
    "promised_ratio",
    "mean_estimate",
    "spread",
)
"""Columns of `simulated_rows`."""
NAMED = 5
"""Clusters named in a warning."""


def promise(made: Design) -> tuple[Any, ...]:
    """What a design would find."""
    comparisons = len(made.blocks) // 2 * (1 if made.crossed else len(made.clusters)) or len(made.strata)
    share = made.minimum_detectable / abs(made.level) if made.level else None
    return (
        len(made.clusters),
        comparisons,
        made.df,
        made.standard_error,
        made.minimum_detectable,
        share,
    )


def design_rows(made: Design) -> Rows:
    """Figures of a design: names and values."""
    last = made.day(made.n_rows).toordinal() - 1
    return [
        ("design", f"{made.kind}, {made.digest()}"),
        ("first day", str(made.start)),
        ("last day", str(dt.date.fromordinal(last))),
        *zip(PROMISE, promise(made), strict=True),
        ("level", made.level),
        ("confidence", 1 - made.alpha),
        ("power", made.power),
    ]


def left_out(made: Design) -> str:
    """Say who is left out of a design; empty where nobody is."""
    if not made.left_out:
        return ""
    shown = ", ".join(made.left_out[:NAMED]) + (", …" if len(made.left_out) > NAMED else "")
    return f"left out, without outcomes or partner: {len(made.left_out)} ({shown})"


def assignment_rows(made: Design, seed: int, count: int, mixed: Interference | None) -> Rows:
    """Figures of an assignment of `count` rows: names and values."""
    rows: Rows = [
        ("design", made.digest()),
        ("seed", seed),
        ("units", sum(len(cluster.units) for cluster in made.clusters)),
        ("rows", count),
    ]
    if mixed is not None:
        rows += [("units with neighbours of the other arm", mixed.mixed), ("their share", mixed.mixed_ratio)]
    return rows


def assignment_warnings(mixed: Interference | None) -> list[str]:
    """What looks wrong with an assignment."""
    if mixed is None or not mixed.mixed:
        return []
    return ["arms share parents; see --by-parent of design, or a switchback"]


def reading_rows(made: Design, seed: int, found: Reading, touch: Interference | None) -> Rows:
    """Figures of a reading: names and values."""
    effect, drawn = found.effect, found.randomised
    control, treatment = made.arms
    rows: Rows = [
        (f"{made.metric}, {control}", found.control),
        (f"{made.metric}, {treatment}", found.treatment),
        (f"effect of {treatment}", effect.estimate),
        (f"low, {1 - made.alpha:.0%} confidence", effect.low),
        (f"high, {1 - made.alpha:.0%} confidence", effect.high),
        ("p value", effect.p_value),
        ("standard error", effect.standard_error),
        ("degrees of freedom", effect.df),
        ("low, by randomisation", drawn.low),
        ("high, by randomisation", drawn.high),
        ("p value, by randomisation", drawn.p_value),
        ("minimum detectable, as promised", made.minimum_detectable),
        ("observations", found.observations),
        ("pairs or strata", found.strata),
        ("seed", seed),
    ]
    if touch is not None:
        rows += [
            ("units with neighbours of the other arm", touch.mixed),
            ("their share", touch.mixed_ratio),
            ("change by treated neighbours", touch.slope),
            ("p value, of no interference", touch.p_value),
        ]
    return rows


def reading_warnings(made: Design, found: Reading, touch: Interference | None) -> list[str]:
    """What disturbs a reading."""
    told = []
    if touch is not None and touch.p_value is not None and touch.p_value < made.alpha:
        told.append("neighbours' arms change the figure: the effect is not that of a whole network")
    if found.dropped:
        told.append(f"{len(found.dropped)} clusters have no figure: {', '.join(found.dropped[:NAMED])}")
    return told


def simulated_rows(
    made: Design,
    figures: Outcomes,
    effect: float | None,
    trials: int,
    seed: int,
    progress: Callable[[float], None] = lambda _: None,
) -> list[tuple[Any, ...]]:
    """Simulate trials with no effect and with a known one; None: the minimum detectable one."""
    rows = []
    for size in (0.0, made.minimum_detectable if effect is None else effect):
        done = simulate_trials(made, figures, size, trials, seed, progress=progress)
        rows.append(
            (
                size,
                trials,
                done.covered_ratio,
                done.found_ratio,
                done.promised_power,
                done.mean_estimate,
                done.spread,
            )
        )
    return rows
