"""What each part of planning brings: plans with one part left out, on the same instances: `make ablate`.

    python -m benchmarks.ablate [--only NAME[:SEED],…] [--seeds N] [--parts NAME,…] [--json FILE]
    python -m benchmarks.ablate --json FILE --write-docs

Each instance is planned as it is (engine, dealing to appliances, planning again, the night where appliances
hold something; no folder), then once for each part that was at work, without it. A part that is never asked
about cannot change anything, and is not tried. Bound and cost are compared as parts of the plan's cost above
the ideal, seconds are those of the processor on one thread, so that other work on the machine hardly counts.
With `--json` results are added to a file, and what is there already is not run again.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import yaml

from benchmarks.documents import fill
from benchmarks.instances import Case, Chosen, Inputs, choose, generated
from benchmarks.processes import LostProcessError, OutOfTimeError, in_own_process
from benchmarks.tables import Column, Table
from cdnplan.cli.terminal.tables import print_table
from cdnplan.errors import CdnplanError, NoFeasiblePlanError
from cdnplan.fill.night.windows import to_ms
from cdnplan.parameters.parameters import Parameters
from cdnplan.parameters.parts import Parts
from cdnplan.parameters.passes import RunParameters
from tests.conftest import ROOT
from tests.oracle.tight_networks import tight_network, write_tight_network

if TYPE_CHECKING:
    from cdnplan.planner.decide.dealing import Dealt
    from cdnplan.planner.inputs.load import Loaded

WHOLE = ""
"""The part left out where nothing is."""
LIMIT_S = 3600.0
SMALL = "sample,country,FR-300,BE-NL-LU,DK-NO-FI,EC-PE-BO"
CLASSES = {
    "sample": "sample",
    "country": "country",
    "FR-300": "small real",
    "BE-NL-LU": "small real",
    "DK-NO-FI": "small real",
    "EC-PE-BO": "small real",
    "tight": "tight",
    "tight-again": "tight",
    "as-large": "as if large",
}
"""Instances that share a column of the table; all others have one of their own."""
DOCS = ROOT / "docs" / "method.md"
SAME = 5e-5
"""Changes of bound or cost below this part of the cost above the ideal are shown as none."""


def tight(folder: Path, seed: int, *, again: bool) -> Inputs:
    """A small network short of everything, by number; or the week after, on what is held then."""
    from cdnplan.planner import PlanRequest, plan

    files = write_tight_network(tight_network(TIGHT_SEED, seed), folder)
    if not again:
        return Inputs(files.topology, files.titles, files.demand)
    plan(PlanRequest(files.topology, files.titles, folder / "held", demand=files.demand, engine="fast"))
    return Inputs(files.topology, files.titles, files.next_demand, folder / "held")


def launching(folder: Path, seed: int) -> Inputs:
    """The sample, where twenty titles are launched in six pools each."""
    inputs = generated(folder, seed, preset="sample")
    topology = yaml.safe_load(inputs.topology.read_text(encoding="utf-8"))
    titles = pq.read_table(inputs.titles).column("title").to_pylist()
    few = titles[len(titles) // 2 :][:20]
    topology["policy"]["launches"] = [{"title": title, "min_pools": 6} for title in few]
    inputs.topology.write_text(yaml.safe_dump(topology), encoding="utf-8")
    return inputs


AS_LARGE = "as-large"
LARGE = RunParameters(small_up_to=0)
"""No network that is planned in seconds counts as large: these are planned as if they did."""
TIGHT_SEED = 31
MORE = (
    Case(AS_LARGE, "the sample with launches, planned as larger networks are", launching, 5),
    Case("tight", "networks short of everything", partial(tight, again=False), 60),
    Case("tight-again", "the week after", partial(tight, again=True), 60),
)
"""Where dealing to appliances and relief of overload have most to do, and prices without a master program."""


@dataclass(frozen=True)
class Ablated:
    """A plan without a part; bound and cost are above the ideal, cost None where there was no plan.

    `slowed` pools have something to spare while one of their appliances gives all it can.
    """

    instance: str
    seed: int
    part: str
    lower: float | None
    cost: float | None
    seconds: float
    slowed: int = 0


class Noted(Parts):
    """Parts that note which of them are asked about."""

    def __getattribute__(self, name: str) -> object:
        """Give a part, and note it."""
        if name in ASKABLE:
            asked.add(name)
        return super().__getattribute__(name)


ASKABLE = frozenset(Parts.names())
asked: set[str] = set()
"""Parts asked about in this process, which plans one instance."""


def ablated(started: Callable[[], None], chosen: Chosen, folder: Path, parts: Sequence[str]) -> list[Ablated]:
    """Plan an instance whole, and without each of the parts that were at work.

    Parameters
    ----------
    started : callable
        Called when the time limit begins.
    chosen : Chosen
    folder : Path
        Where its files are made.
    parts : sequence of str
        Those to leave out.
    """
    loaded = _read(chosen.case.make(folder, chosen.seed))
    started()
    _planned(chosen, loaded, WHOLE, Parts())  # kernels are compiled and loaded off the clock
    asked.clear()
    results = [_planned(chosen, loaded, WHOLE, Noted())]
    for part in [part for part in parts if part in asked]:
        results.append(_planned(chosen, loaded, part, Parts.without(part)))
        sys.stderr.write(f"{chosen.label}: without {part}\n")
    return results


def _read(inputs: Inputs) -> Loaded:
    from cdnplan.planner.inputs.load import load
    from cdnplan.planner.inputs.request import PlanRequest

    request = PlanRequest(
        inputs.topology,
        inputs.titles,
        inputs.topology.parent / "plan",
        demand=inputs.demand,
        previous=inputs.previous,
        countries=inputs.countries,
    )
    return load(request)


def _planned(chosen: Chosen, loaded: Loaded, part: str, parts: Parts) -> Ablated:
    from cdnplan.optimize.problem.objective import ideal_cost, plan_cost
    from cdnplan.planner.decide.deciding import decide
    from cdnplan.planner.decide.filling import fill_night

    instance, holdings = loaded.instance, loaded.holdings
    day = dt.datetime.combine(loaded.demand.start - dt.timedelta(days=1), dt.time(), tzinfo=dt.UTC)
    parameters = Parameters(parts=parts, run=LARGE if chosen.case.name == AS_LARGE else RunParameters())
    ideal, begun = ideal_cost(instance), time.process_time()
    lower = cost = None
    slowed = 0

    def night(dealt: Dealt) -> Dealt:
        return fill_night(instance, loaded.topology, dealt, holdings, to_ms(day), parameters.night)

    fill = None if holdings is None else night
    try:
        found = decide(instance, holdings, engine="fast", fill=fill, parameters=parameters)
    except NoFeasiblePlanError:
        found = None
    seconds = time.process_time() - begun
    if found is not None:
        dealt = found.dealt
        counted = dealt.assignment.counted(instance)
        lower = found.outcome.lower - ideal
        cost = plan_cost(counted, dealt.placement.holds, dealt.serving) - ideal
        slowed = dealt.slowed
    return Ablated(chosen.case.name, chosen.seed, part, lower, cost, seconds, slowed)


def run_all(
    chosen: Sequence[Chosen], parts: Sequence[str], done: Sequence[Ablated], keep: Callable[..., None]
) -> None:
    """Ablate one instance after the other; what is left out is said on stderr."""
    known = {(one.instance, one.seed) for one in done}
    for one in chosen:
        if (one.case.name, one.seed) in known or not one.has_inputs():
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                keep(in_own_process(ablated, one, Path(folder), parts, limit_s=LIMIT_S))
            except (OutOfTimeError, LostProcessError) as error:
                sys.stderr.write(f"{one.label}: {error}\n")


def table(results: Sequence[Ablated]) -> Table:
    """One row a part, three columns for each class of instances: bound, plan, seconds.

    Bound and plan: by how much they are worse without the part, in percent of the plan's cost above the
    ideal, as the mean over seeds; seconds: how many times as long.
    """
    classes = list(dict.fromkeys(_class_of(one) for one in results))
    whole = {(one.instance, one.seed): one for one in results if one.part == WHOLE}
    heads = ["without"]
    for name in classes:
        count = sum(_class_of(base) == name for base in whole.values())
        heads += [f"{name} ({count}): bound", "plan", "time"]
    rows = []
    for part in Parts.names():
        without = [one for one in results if one.part == part]
        by_class = ([one for one in without if _class_of(one) == name] for name in classes)
        rows.append([part, *(cell for found in by_class for cell in _cells(found, whole))])
    return Table("ablation", tuple(Column(head) for head in heads), rows)


def _class_of(result: Ablated) -> str:
    return CLASSES.get(result.instance, result.instance)


def _cells(found: Sequence[Ablated], whole: dict[tuple[str, int], Ablated]) -> Iterator[str]:
    """Mean changes of some results against whole plans; dashes where the part was never at work."""
    pairs = [(one, whole[one.instance, one.seed]) for one in found]
    if not pairs:
        yield from ("–", "–", "–")
        return
    lost = [one for one, base in pairs if one.cost is None and base.cost is not None]
    kept = [(one, base) for one, base in pairs if one.cost is not None and base.cost]
    for what, sign in (("lower", -1.0), ("cost", 1.0)):
        changes = [sign * (getattr(one, what) - getattr(base, what)) / base.cost for one, base in kept]
        text = _percent(float(np.mean(changes))) if changes else ""
        yield f"{text} {len(lost)} without plan".strip() if lost and what == "cost" else text
    ratio = sum(one.seconds for one, _ in pairs) / sum(base.seconds for _, base in pairs)
    yield f"{ratio:.2f} ×"


def _percent(change: float) -> str:
    return "0" if abs(change) < SAME else f"{100 * change:+.2f}%"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--only", default=SMALL, metavar="NAME[:SEED],…", help=f"instances; default: {SMALL}")
    parser.add_argument("--seeds", type=int, metavar="N", help="seeds 1 to N")
    parser.add_argument("--parts", default="", metavar="NAME,…", help="parts to leave out; default: all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="add the results to this file")
    parser.add_argument("--write-docs", action="store_true", help=f"fill {DOCS} from --json, and run nothing")
    return parser


def _chosen_parts(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")] if text else list(Parts.names())
    Parts.without(*names)
    return names


def _read_json(path: Path | None) -> list[Ablated]:
    if path is None or not path.is_file():
        return []
    return [Ablated(**one) for one in json.loads(path.read_text(encoding="utf-8"))]


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.write_docs and given.json is None:
        parser.error("--write-docs needs --json FILE")
    results = _read_json(given.json)

    def keep(more: list[Ablated]) -> None:
        results.extend(more)
        if given.json is not None:
            text = json.dumps([asdict(one) for one in results], indent=1)
            given.json.write_text(text + "\n", encoding="utf-8")

    try:
        if not given.write_docs:
            run_all(
                choose(given.only, seeds=given.seeds, more=MORE),
                _chosen_parts(given.parts),
                list(results),
                keep,
            )
    except CdnplanError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    shown = table(results)
    if given.write_docs:
        text = DOCS.read_text(encoding="utf-8")
        DOCS.write_text(fill(text, [shown], str(DOCS)), encoding="utf-8")
    else:
        print_table([column.heading for column in shown.columns], shown.cells())
    return 0


if __name__ == "__main__":
    sys.exit(main())
