"""Engines and simple baselines on the same instances, in one run: `make bench`.

    python -m benchmarks.run --list
    python -m benchmarks.run [--quick | --only NAME[:SEED],…] [--seeds N] [--methods NAME,…]
                                   [--json FILE]
    python -m benchmarks.run --json FILE --write-docs

Instances are input files, generated or made from real data (CDNPLAN_REALDATA, or ../shared/data beside the
checkout). Each method gets a fresh process, which reads the files, and is then timed. Costs and bounds are
the judge's. The fast engine runs on every seed, all others on the first seed of an instance.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.documents import all_tables, write_docs
from benchmarks.instances import Chosen, Inputs, choose, print_catalogue
from benchmarks.methods import METHODS, Options, measured, too_large
from benchmarks.processes import LostProcessError, OutOfTimeError, Started, in_own_process
from benchmarks.results import FAST, Result, Run, machine, read_run, write_run
from cdnplan.cli.terminal.tables import print_table
from cdnplan.errors import CdnplanError, InputError, Problem, nearest
from cdnplan.model.instance.instance import Instance


def compare(
    instance: str, seed: int, read: Callable[[], Instance], methods: Sequence[str], options: Options
) -> Iterator[Result]:
    """Run methods on an instance, each in a process of its own.

    Parameters
    ----------
    instance, seed
        For the results.
    read : callable
        Gives the instance; can be pickled.
    methods : sequence of str
        Keys of `METHODS`.
    options : Options

    Yields
    ------
    Result
        One for each method, whatever became of it.
    """
    sizes = None
    for name in methods:
        if sizes is not None and sizes.variables > METHODS[name].up_to:
            yield Result(instance, seed, name, sizes, note=too_large(sizes, METHODS[name]))
            continue
        sys.stderr.write(f"{instance}:{seed}: {name}\n")
        patience = GRACE if METHODS[name].heeds_limit else 1.0
        limit = None if name == FAST else options.limit_s * patience
        try:
            result = in_own_process(measured, name, instance, seed, read, options, limit_s=limit)
        except (OutOfTimeError, LostProcessError) as error:
            result = Result(instance, seed, name, sizes, note=str(error).partition(": ")[2])
        sizes = sizes or result.sizes
        yield result


GRACE = 1.5
"""A method that ends by itself at its limit, but not on the second, is ended after so many times as long."""


def prepared(started: Started, chosen: Chosen, folder: Path) -> Inputs:
    """Write the files of an instance."""
    return chosen.case.make(folder, chosen.seed)


def run_all(
    chosen: Sequence[Chosen], methods: Sequence[str], options: Options, keep: Callable[[list[Result]], None]
) -> None:
    """Run everything, one instance after the other; what is left out is said on stderr.

    Parameters
    ----------
    chosen : sequence of Chosen
    methods : sequence of str
    options : Options
    keep : callable
        Given the results of each instance as soon as they are there.
    """
    first: dict[str, int] = {}
    for one in chosen:
        if not one.has_inputs():
            continue
        seed = first.setdefault(one.case.name, one.seed)
        wanted = methods if one.seed == seed and one.case.group != "growth" else [FAST]
        if not set(wanted) & set(methods):
            continue
        with tempfile.TemporaryDirectory() as folder:
            sys.stderr.write(f"{one.label}: making its files\n")
            inputs = in_own_process(prepared, one, Path(folder))
            keep(list(compare(one.case.name, one.seed, inputs.read, wanted, options)))


def _chosen_methods(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")] if text else list(METHODS)
    unknown = [name for name in names if name not in METHODS]
    if unknown:
        raise InputError(
            Problem(f"no method {name!r}", path="--methods", hint=nearest(name, METHODS)) for name in unknown
        )
    return [name for name in METHODS if name in names]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--list", action="store_true", help="show the instances and run nothing")
    parser.add_argument("--quick", action="store_true", help="only the small generated instances")
    parser.add_argument("--only", default="", metavar="NAME[:SEED],…", help="these instances")
    parser.add_argument("--seeds", type=_count, metavar="N", help="seeds 1 to N; default: see --list")
    parser.add_argument("--methods", default="", metavar="NAME,…", help=f"default: {','.join(METHODS)}")
    parser.add_argument("--time-limit", type=float, metavar="S", help="of the fast engine; default: none")
    parser.add_argument("--gap", type=float, metavar="G", help="at which the fast engine may stop")
    parser.add_argument("--limit", type=float, default=300.0, metavar="S", help="of all others; default: 300")
    parser.add_argument("--threads", type=_count, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="add the results to this file")
    parser.add_argument(
        "--write-docs", action="store_true", help="fill docs/benchmarks.md from --json FILE and run nothing"
    )
    return parser


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number of 1 or more")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.write_docs and given.json is None:
        parser.error("--write-docs needs --json FILE")
    try:
        if given.list:
            print_catalogue()
        elif given.write_docs:
            write_docs(read_run(given.json))
        else:
            _run(given)
    except CdnplanError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _run(given: argparse.Namespace) -> None:
    chosen = choose(given.only, quick=given.quick, seeds=given.seeds)
    methods = _chosen_methods(given.methods)
    before = read_run(given.json) if given.json is not None and given.json.exists() else Run()
    options = Options(given.time_limit, given.gap, given.limit, given.threads)
    limits = {"threads": given.threads, "limit_s": given.limit}
    limits |= {"time_limit_s": given.time_limit} if given.time_limit is not None else {}
    limits |= {"gap": given.gap} if given.gap is not None else {}
    about = {**before.about, **machine(), **limits}
    now = Run((), about)

    def keep(results: list[Result]) -> None:
        nonlocal now
        now = now.with_results(results)
        if given.json is not None:
            known = Run(before.results, about).with_results(now.results)
            write_run(known, given.json)

    run_all(chosen, methods, options, keep)
    for table in all_tables(now):
        if table.rows:
            print(f"\n{table.name}")
            print_table([column.heading for column in table.columns], table.cells())


if __name__ == "__main__":
    sys.exit(main())
