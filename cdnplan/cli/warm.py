"""`cdnplan warm`: compile all kernels before they are needed."""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from cdnplan.errors import CdnplanError

COMMAND = "from cdnplan.cli.main import run; run()"
AHEAD = "from cdnplan.planner.ahead import compile_ahead; compile_ahead()"
FILES = {
    "sizing.yaml": "name: any\ntarget: {offload_ratio: 0.5}\nmodels: {storage-2u: {price: 1}}\n",
    "scenario.yaml": "name: one-site-fails\nchanges: [{fail: {sites: [ixp-london-gb]}}]\n",
    "a.log": '192.0.2.1 - - [10/Oct/2025:13:55:36 +0000] "GET /a HTTP/1.1" 200 1 "-" "-"\n',
    "prefixes.csv": "prefix,region\n192.0.2.0/24,A\n",
}
"""What commands are used on, besides the sample."""
FEW_REQUESTS = ("--requests", "20", "--policies", "lru", "--no-regret")
"""A replay's kernels are all at work on these."""


def warm(
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing, unless something fails.")
    ] = False,
) -> None:
    """Compile all kernels, once after an installation or an update, so that no command has to wait for them.

    Every command does so by itself for what it needs first. Kernels are kept beside the sources; where
    nobody may write there, in the folder that NUMBA_CACHE_DIR names, or in the user's folder for caches.
    """
    folders = _folders()
    if not folders:
        raise CdnplanError(
            "kernels cannot be kept: neither the sources' folders nor the user's one for caches may be"
            " written; set NUMBA_CACHE_DIR to one that may, for this command and for all others"
        )
    before, begun = _code(folders), time.perf_counter()
    with TemporaryDirectory() as work:
        _run(Path(work))
    after = _code(folders)
    if not quiet:
        sys.stdout.write(
            f"kernels: {len(after - before)} compiled, {len(after & before)} there already,"
            f" {time.perf_counter() - begun:.0f} s; kept in {_common(folders)}\n"
        )


def _folders() -> set[Path]:
    """Where kernels are kept, module by module."""
    import cdnplan
    from cdnplan.compiled import kept_in

    names = [module.name for module in pkgutil.walk_packages(cdnplan.__path__, "cdnplan.")]
    modules = [importlib.import_module(name) for name in names if "kernels" in name]
    found = {kept_in(value) for module in modules for value in vars(module).values()}
    return {folder for folder in found if folder is not None}


def _run(work: Path) -> None:
    """Use every command that has kernels once, on the sample, in two processes at a time."""
    from cdnplan.sample import sample_folder

    sample = sample_folder()
    for name, text in FILES.items():
        (work / name).write_text(text, encoding="utf-8")
    titles = ("--titles", str(sample / "titles.parquet"))
    history = ("--history", str(sample / "history.parquet"), *titles)
    actual = ("--actual", str(sample / "demand.parquet"), *FEW_REQUESTS)
    plan, again = str(work / "plan"), str(work / "again")
    first: list[tuple[str, ...]] = [
        ("plan", "--out", plan),
        ("plan", "--previous", plan, "--out", again),
        ("plan", "--countries", "NL", "--cold-start", "limited", "--out", str(work / "night")),
        ("verify", str(work / "night")),
        ("report", again, "--previous", plan, "--out", str(work / "report.html")),
        ("whatif", "--base", again, str(work / "scenario.yaml")),
        ("prices", plan, "--top", "1"),
        ("size", str(work / "sizing.yaml"), "--base", plan),
        ("replay", "--plan", str(work / "night"), *actual, "--out", str(work / "replay")),
    ]
    second: list[tuple[str, ...]] = [
        (),
        ("forecast", *history, "--out", str(work / "forecast.parquet")),
        ("backtest", *history, "--cutoffs", "1"),
        (
            "ingest",
            str(work / "a.log"),
            "--prefixes",
            str(work / "prefixes.csv"),
            "--out",
            str(work / "a.csv"),
        ),
    ]
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(_in_turn, commands) for commands in (first, second)]:
            done.result()


def _in_turn(commands: list[tuple[str, ...]]) -> None:
    """Run commands, each in a process of its own; without words: what a plan needs last, before the plan."""
    for words in commands:
        code: tuple[str, ...] = (COMMAND, *words) if words else (AHEAD,)
        done = subprocess.run(  # noqa: S603 - commands of our own
            [sys.executable, "-P", "-c", *code],
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode:
            raise CdnplanError(f"cdnplan {' '.join(words)} failed: {done.stderr.strip()}")


def _code(folders: set[Path]) -> set[tuple[Path, int]]:
    """Files of machine code in folders, and when each was written [ns]."""
    return {(file, file.stat().st_mtime_ns) for folder in folders for file in folder.glob("*.nbc")}


def _common(folders: set[Path]) -> Path:
    """The folder that has all of them."""
    return Path(os.path.commonpath(folders))
