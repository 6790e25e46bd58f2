"""The instances of the benchmark: what they are called, and the input files each is made of.

    python -m benchmarks.instances                          # what there is
    python -m benchmarks.instances NAME[:SEED] --out DIR    # its files, and a command that plans them

An instance is a folder of the files that people plan from, so that all of reading can be measured and
`cdnplan plan` can be run on the same. The same name and seed always give the same files.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import hard_week, real_week
from cdnplan.cli.terminal.tables import print_table
from cdnplan.errors import CdnplanError, InputError, Problem, nearest
from cdnplan.model.instance.instance import Instance


@dataclass(frozen=True)
class Inputs:
    """Files of an instance; `previous` is a plan folder, whose placement the appliances hold."""

    topology: Path
    titles: Path
    demand: Path
    previous: Path | None = None
    countries: frozenset[str] = frozenset()

    def read(self) -> Instance:
        """Read them, as `cdnplan plan` does."""
        from cdnplan.planner.inputs.load import load
        from cdnplan.planner.inputs.request import PlanRequest

        out = self.topology.parent / "plan"
        request = PlanRequest(
            self.topology,
            self.titles,
            out,
            demand=self.demand,
            previous=self.previous,
            countries=self.countries,
        )
        return load(request).instance

    def command(self) -> str:
        """The command line that plans them, without where the plan goes."""
        words = ["cdnplan", "plan", "--topology", str(self.topology)]
        words += ["--titles", str(self.titles), "--demand", str(self.demand)]
        words += ["--countries", ",".join(sorted(self.countries))] if self.countries else []
        words += ["--previous", str(self.previous)] if self.previous is not None else []
        return shlex.join(words)


@dataclass(frozen=True)
class Case:
    """A kind of instance.

    Parameters
    ----------
    name, about : str
    make : callable
        Writes the files of a seed into a folder that exists.
    seeds : int
        Seeds 1 to this are run unless another number is asked for.
    group : {"quick", "main", "growth"}
    real : bool
        Whether it needs the real data.
    """

    name: str
    about: str
    make: Callable[[Path, int], Inputs]
    seeds: int = 1
    group: str = "main"
    real: bool = False


def generated(folder: Path, seed: int, preset: str, **options: object) -> Inputs:
    """Generate a network with demand; the history, which no plan from demand needs, is one week."""
    from cdnplan.synth.folder.generate import synth
    from cdnplan.synth.folder.request import Request

    synth(Request(preset, seed=seed, weeks=1, **options), folder / "synth")  # type: ignore[arg-type]
    topology, titles, demand = ("topology.yaml", "titles.parquet", "demand.parquet")
    return Inputs(folder / "synth" / topology, folder / "synth" / titles, folder / "synth" / demand)


def week(folder: Path, seed: int, *, slices: int = 1, countries: str = "") -> Inputs:
    """The real week on the imported network, with time slices, in whole or for some countries."""
    files = real_week.write_week(folder, seed, slices)
    return Inputs(*files, countries=frozenset(countries.split(",")) if countries else frozenset())


def noisy_week(folder: Path, seed: int) -> Inputs:
    """The real week with noise for each region and title."""
    return Inputs(*real_week.write_noisy_week(folder, seed))


def country_sample(folder: Path, seed: int, *, country: str, n_titles: int) -> Inputs:
    """One country and some titles of the real week."""
    return Inputs(*real_week.write_sample(folder, seed, country, n_titles))


def hard(folder: Path, seed: int) -> Inputs:
    """The real week with every family of constraints but launches."""
    topology, titles, demand, previous = hard_week.write_hard(folder, seed)
    return Inputs(topology, titles, demand, previous)


def _real(name: str, about: str, make: Callable[[Path, int], Inputs], seeds: int = 1) -> Case:
    return Case(name, about, make, seeds, real=True)


def _small(countries: str, seeds: int = 3) -> Case:
    about = f"the real week in {countries}, 4 slices"
    return _real(countries.replace(",", "-"), about, partial(week, slices=4, countries=countries), seeds)


def _growth(name: str, about: str, preset: str, **options: object) -> Case:
    return Case(name, about, partial(generated, preset=preset, **options), group="growth")


CATALOGUE: tuple[Case, ...] = (
    Case("sample", "generated: 14 regions, links and rules", partial(generated, preset="sample"), 5, "quick"),
    Case("country", "generated: 40 regions in one country", partial(generated, preset="country"), 5, "quick"),
    Case("continent", "generated: 600 regions in Europe", partial(generated, preset="continent"), 3),
    _real(
        "FR-300",
        "France, 300 titles of the real week",
        partial(country_sample, country="FR", n_titles=300),
        seeds=5,
    ),
    _small("BE,NL,LU"),
    _small("DK,NO,FI"),
    _small("EC,PE,BO"),
    _small("CL,CO,EC,PE,BO", seeds=1),
    _real("world_week-1", "the real week, all countries, 1 slice", partial(week, slices=1)),
    _real("world_week-4", "the same with 4 slices", partial(week, slices=4)),
    _real("world_week-24", "the same with 24 slices", partial(week, slices=24)),
    _real("world_week-noise", "1 slice, each region with tastes of its own", noisy_week),
    _real("world_week-hard", "4 slices, links, yesterday's holdings, rules, churn limit", hard),
    Case("world", "generated: 6,000 regions, tastes by country", partial(generated, preset="world")),
    Case(
        "world-noise",
        "generated: the same, tastes by region",
        partial(generated, preset="world", noise_per_region=True),
    ),
    _growth("continent-titles2", "continent with 8,000 titles", "continent", titles=8_000),
    _growth("continent-regions2", "continent with 1,200 regions", "continent", regions=1_200),
    _growth("world-titles2", "world with 40,000 titles", "world", titles=40_000),
    _growth("world-regions2", "world with 12,000 regions", "world", regions=12_000),
)
"""In the order in which they run."""


@dataclass(frozen=True)
class Chosen:
    """A case with a seed."""

    case: Case
    seed: int

    @property
    def label(self) -> str:
        """Name and seed, as people write them."""
        return f"{self.case.name}:{self.seed}"

    def has_inputs(self) -> bool:
        """Whether it can be made here, without real data or with it; where it cannot, stderr says so."""
        if self.case.real and not real_week.has_data():
            where = real_week.data_folder()
            sys.stderr.write(f"SKIPPED: {self.label}, no real data at {where}; set CDNPLAN_REALDATA\n")
            return False
        return True


def choose(
    only: str = "", *, quick: bool = False, seeds: int | None = None, more: Sequence[Case] = ()
) -> list[Chosen]:
    """Which instances to run.

    Parameters
    ----------
    only : str
        ``NAME[:SEED][,NAME[:SEED]…]``; empty: all of the catalogue.
    quick : bool
        Only the small generated ones, where `only` is empty.
    seeds : int or None
        Seeds 1 to this of each name without a seed of its own; None: as many as the catalogue says.
    more : sequence of Case
        Can be named as well.

    Raises
    ------
    InputError
        With every name that there is not, and every seed that is no number of 1 or more.
    """
    if not only:
        cases = [case for case in CATALOGUE if not quick or case.group == "quick"]
        return [Chosen(case, seed) for case in cases for seed in _seeds(case, seeds)]
    known = {case.name: case for case in (*CATALOGUE, *more)}
    chosen: list[Chosen] = []
    problems: list[Problem] = []
    for word in only.split(","):
        name, colon, number = word.strip().partition(":")
        if name not in known:
            problems.append(Problem(f"no instance {name!r}", path="--only", hint=nearest(name, known)))
        elif colon and not (number.isdigit() and int(number) >= 1):
            message = f"found seed {number!r}, expected a number of 1 or more"
            problems.append(Problem(message, path="--only"))
        else:
            wanted = [int(number)] if colon else _seeds(known[name], seeds)
            chosen += [Chosen(known[name], seed) for seed in wanted]
    if problems:
        raise InputError(problems)
    return chosen


def _seeds(case: Case, seeds: int | None) -> range:
    return range(1, (case.seeds if seeds is None else seeds) + 1)


def print_catalogue() -> None:
    """All instances with what they are."""
    columns = ("instance", "group", "seeds", "real data", "what it is")
    print_table(columns, [[c.name, c.group, c.seeds, c.real, c.about] for c in CATALOGUE])


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instances", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("name", nargs="?", metavar="NAME[:SEED]", help="default seed: 1")
    parser.add_argument("--out", type=Path, metavar="DIR", help="new or empty folder")
    given = parser.parse_args(arguments)
    if given.name is None:
        print_catalogue()
        return 0
    if given.out is None:
        parser.error("--out DIR is needed with a name")
    try:
        [chosen] = choose(given.name.split(",")[0], seeds=1)
        if given.out.exists() and any(given.out.iterdir()):
            raise InputError([Problem("the folder is not empty", file=str(given.out))])
        given.out.mkdir(parents=True, exist_ok=True)
        inputs = chosen.case.make(given.out, chosen.seed)
    except CdnplanError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(inputs.command())
    return 0


if __name__ == "__main__":
    sys.exit(main())
