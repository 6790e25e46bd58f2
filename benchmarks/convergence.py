"""How fast prices converge: the gap that they prove, full pass by full pass, as a table and a picture.

    python -m benchmarks.convergence [NAME[:SEED] …] [--svg FILE]

The passes are the engine's own, but bounds are computed after each; shown is the best so far. Gaps are to the
engine's plan, so the last number is what prices alone prove of it: small networks are worked on further.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from benchmarks.instances import choose
from cdnplan.cli.terminal.tables import print_table
from cdnplan.model.instance.instance import Instance
from cdnplan.optimize.fast.fast import full_passes, solve_fast
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.price.pricing import PriceSearch
from cdnplan.optimize.problem.objective import gap_ratio, ideal_cost

DEFAULT = "world_week-1,world_week-hard,BE-NL-LU,country"
WIDE, HIGH, LEFT, RIGHT, TOP, LOW = 720.0, 340.0, 64.0, 150.0, 16.0, 44.0
DECADES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
COLOURS = ("#1b6ca8", "#b5530f", "#2c7a4b", "#8a2d7d", "#5b5b5b")
DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 4")


@dataclass(frozen=True)
class Curve:
    """Gap after each full pass; `first` passes over samples came before."""

    name: str
    sampled: int
    gaps: tuple[float, ...]


def converge(name: str, instance: Instance, threads: int) -> Curve:
    """Look at the bound after every pass of an instance.

    Parameters
    ----------
    name : str
    instance : Instance
    threads : int
        For the engine's plan.

    Returns
    -------
    Curve
    """
    ideal = ideal_cost(instance)
    plan = solve_fast(instance, threads=threads)
    search = PriceSearch(instance, FileSolver.of(instance), full_passes(instance))
    search.last = 0
    bounds: list[float] = []
    sampled = 0
    for number, state in enumerate(search.passes(), start=1):
        if state.complete:
            bounds.append(state.bound)
        else:
            sampled += 1
        sys.stderr.write(f"{name}: pass {number} of {search.planned}\n")
        if number == search.planned:
            break
    return Curve(name, sampled, tuple(gap_ratio(bound, plan.upper, ideal) for bound in bounds))


def drawn(curves: Sequence[Curve]) -> str:
    """The curves as an SVG picture, the gap on a logarithmic axis."""
    longest = max(len(curve.gaps) for curve in curves)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE:g} {HIGH:g}" role="img" '
        'font-family="sans-serif" font-size="13">\n'
        "<title>Gap of the bound to the plan, by full passes of the price search</title>\n"
        f'<rect width="{WIDE:g}" height="{HIGH:g}" fill="#ffffff"/>'
    )
    lines = [
        _line(curve, colour, dash, longest)
        for curve, colour, dash in zip(curves, COLOURS, DASHES, strict=False)
    ]
    return "\n".join([head, *_axes(longest), *lines, "</svg>", ""])


def _x(number: int, longest: int) -> float:
    return LEFT + (WIDE - LEFT - RIGHT) * (number - 1) / max(1, longest - 1)


def _y(gap: float) -> float:
    low, high = DECADES[0], DECADES[-1]
    part = math.log(min(high, max(low, gap)) / low) / math.log(high / low)
    return HIGH - LOW - (HIGH - LOW - TOP) * part


def _axes(longest: int) -> list[str]:
    parts = []
    for value in DECADES:
        y = _y(value)
        parts.append(
            f'<line x1="{LEFT:g}" x2="{WIDE - RIGHT:g}" y1="{y:.1f}" y2="{y:.1f}" stroke="#d9d9d9"/>'
        )
        parts.append(f'<text x="{LEFT - 8:g}" y="{y + 4:.1f}" text-anchor="end">{value * 100:g}%</text>')
    for number in range(1, longest + 1, max(1, longest // 8)):
        x = _x(number, longest)
        parts.append(f'<text x="{x:.1f}" y="{HIGH - LOW + 18:g}" text-anchor="middle">{number}</text>')
    middle = (LEFT + WIDE - RIGHT) / 2
    parts.append(f'<text x="{middle:g}" y="{HIGH - 8:g}" text-anchor="middle">full passes</text>')
    return parts


def _line(curve: Curve, colour: str, dash: str, longest: int) -> str:
    points = " ".join(f"{_x(k, longest):.1f},{_y(gap):.1f}" for k, gap in enumerate(curve.gaps, start=1))
    x, y = _x(len(curve.gaps), longest) + 6, _y(curve.gaps[-1]) + 4
    return (
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" '
        f'stroke-dasharray="{dash}"/>\n'
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}">{escape(curve.name)}</text>'
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("instances", nargs="?", default=DEFAULT, metavar="NAME[:SEED],…")
    parser.add_argument("--svg", type=Path, metavar="FILE")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args(arguments)
    curves = []
    for chosen in choose(args.instances, seeds=1):
        with tempfile.TemporaryDirectory() as folder:
            instance = chosen.case.make(Path(folder), chosen.seed).read()
        name = chosen.case.name if chosen.seed == 1 else f"{chosen.case.name}:{chosen.seed}"
        curves.append(converge(name, instance, args.threads))
    longest = max(len(curve.gaps) for curve in curves)
    rows = [[k + 1, *(f"{c.gaps[k]:.3%}" if k < len(c.gaps) else "" for c in curves)] for k in range(longest)]
    print_table(["full pass", *(f"{c.name} (after {c.sampled} over samples)" for c in curves)], rows)
    if args.svg is not None:
        args.svg.write_text(drawn(curves), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
