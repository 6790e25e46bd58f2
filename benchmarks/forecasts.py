"""What a forecast of the size of the world takes, and how that grows: the end of `make bench`.

    python -m benchmarks.forecasts [--sizes NAME,…] [--threads N] [--json FILE]
    python -m benchmarks.forecasts --json FILE --write-docs

For each size a history is drawn, then `cdnplan forecast` runs in a process of its own, of which the whole is
counted: seconds, processor seconds, and the most memory it ever had.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.documents import fill
from benchmarks.processes import Started, in_own_process
from benchmarks.tables import Column, Table, times
from cdnplan.cli.terminal.tables import print_table
from cdnplan.errors import CdnplanError, InputError, Problem, nearest
from tests.conftest import ROOT
from tests.forecast.world import write_world

DOCUMENT = ROOT / "docs" / "forecast.md"
FORMAT = 1


@dataclass(frozen=True)
class Size:
    """Regions and titles of a history; `base` names the size that it is compared with."""

    regions: int
    titles: int
    base: str = ""


SIZES = {
    "tiny": Size(40, 300),
    "half": Size(3_000, 20_000),
    "world": Size(6_000, 20_000, "half"),
    "double": Size(12_000, 20_000, "world"),
}
DEFAULT = ("half", "world", "double")


@dataclass(frozen=True)
class Measured:
    """What a forecast took.

    Parameters
    ----------
    size : str
        Key of `SIZES`.
    history_rows, forecast_rows : int
    seconds, processor_seconds : float
    peak_gib : float
        Most memory of the process [GiB].
    threads : int
    """

    size: str
    history_rows: int
    forecast_rows: int
    seconds: float
    processor_seconds: float
    peak_gib: float
    threads: int


def drawn(started: Started, size: Size, folder: Path) -> int:
    """Write the history of a size and return its number of rows; in a process of its own, for its memory."""
    return write_world(folder, size.regions, size.titles)


def forecast_words(folder: Path) -> list[str]:
    """Arguments of `cdnplan` that forecast from a folder."""
    tables = ["--history", str(folder / "history.parquet"), "--titles", str(folder / "titles.parquet")]
    return ["forecast", *tables, "--out", str(folder / "demand.parquet")]


def measure(name: str, threads: int) -> Measured:
    """Draw a history and forecast from it.

    Raises
    ------
    CdnplanError
        The forecast failed.
    """
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        history_rows = in_own_process(drawn, SIZES[name], folder)
        sys.stderr.write(f"{name}: {history_rows:,} rows of history\n")
        code = f"import sys; sys.argv = {['cdnplan', *forecast_words(folder)]!r}\n"
        code += "from cdnplan.cli.main import run; run()"
        env = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(ROOT)}
        began = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise CdnplanError(f"{name}: the forecast ended with code {process.returncode}")
        return Measured(
            name,
            history_rows,
            pq.read_metadata(folder / "demand.parquet").num_rows,
            round(seconds, 1),
            round(usage.ru_utime + usage.ru_stime, 1),
            round(usage.ru_maxrss / 2**20, 2),
            threads,
        )


def world_table(found: Iterable[Measured]) -> Table:
    """A row for each size, with what it is times its base's where that was measured as well."""
    columns = (
        Column("regions × titles"),
        Column("rows of history", "count"),
        Column("pairs forecast", "count"),
        Column("s", "seconds"),
        Column("processor s", "seconds"),
        Column("peak GiB", "gb"),
        Column("× processor s", "times"),
        Column("× GiB", "times"),
    )
    known = {one.size: one for one in found}
    rows: list[list[object]] = []
    for name, size in SIZES.items():
        if name not in known:
            continue
        own, base = known[name], known.get(size.base)
        rows.append(
            [
                f"{size.regions:,} × {size.titles:,}",
                own.history_rows,
                own.forecast_rows,
                own.seconds,
                own.processor_seconds,
                own.peak_gib,
                times(own.processor_seconds, None if base is None else base.processor_seconds),
                times(own.peak_gib, None if base is None else base.peak_gib),
            ]
        )
    return Table("world", columns, rows)


def write_measured(found: Iterable[Measured], path: Path) -> None:
    """Write as JSON."""
    content = {"format": FORMAT, "forecasts": [asdict(one) for one in found]}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_measured(path: Path) -> list[Measured]:
    """Read what `write_measured` wrote.

    Raises
    ------
    InputError
        There is no such file, or it is no such JSON.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise InputError([Problem(f"found format {content['format']!r}, expected 1", file=str(path))])
        return [Measured(**row) for row in content["forecasts"]]
    except FileNotFoundError:
        raise InputError([Problem("no such file, expected results of a run", file=str(path))]) from None
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        message = f"no results of a run: {type(error).__name__}: {error}"
        raise InputError([Problem(message, file=str(path))]) from None


def chosen_sizes(text: str) -> list[str]:
    """Sizes by name; the usual ones where none is named.

    Raises
    ------
    InputError
        A name that is not there.
    """
    names = [name.strip() for name in text.split(",")] if text else list(DEFAULT)
    unknown = [name for name in names if name not in SIZES]
    if unknown:
        raise InputError(
            Problem(f"no size {name!r}", path="--sizes", hint=nearest(name, SIZES)) for name in unknown
        )
    return names


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forecasts", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--sizes", default="", metavar="NAME,…", help=f"default: {','.join(DEFAULT)}")
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="add the results to this file")
    parser.add_argument(
        "--write-docs", action="store_true", help="fill docs/forecast.md from --json FILE and run nothing"
    )
    given = parser.parse_args(arguments)
    if given.write_docs and given.json is None:
        parser.error("--write-docs needs --json FILE")
    try:
        if given.write_docs:
            text = fill(DOCUMENT.read_text(encoding="utf-8"), [world_table(read_measured(given.json))])
            DOCUMENT.write_text(text, encoding="utf-8")
        else:
            _run(chosen_sizes(given.sizes), given.threads, given.json)
    except CdnplanError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _run(names: Sequence[str], threads: int, path: Path | None) -> None:
    found: dict[str, Measured] = {}
    if path is not None and path.exists():
        found = {one.size: one for one in read_measured(path)}
    for name in names:
        found[name] = measure(name, threads)
        if path is not None:
            write_measured(found.values(), path)
    table = world_table(found.values())
    print_table([column.heading for column in table.columns], table.cells())


if __name__ == "__main__":
    sys.exit(main())
