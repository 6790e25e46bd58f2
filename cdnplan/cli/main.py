"""The `cdnplan` executable: registers every command, turns errors into messages and exit codes."""

from __future__ import annotations

import atexit
import gc
import sys
from typing import Annotated

import typer

from cdnplan.cli import (
    backtest,
    diff,
    experiment,
    export,
    forecast,
    ingest,
    new,
    nightly,
    plan,
    replay,
    synth,
    verify,
    warm,
)
from cdnplan.cli import report as report_command
from cdnplan.cli.questions import prices, size, whatif
from cdnplan.cli.terminal.hints import HintingGroup
from cdnplan.cli.terminal.stopping import Stopped, StopSignals
from cdnplan.cli.topology import topology
from cdnplan.errors import CdnplanError, InputError

app = typer.Typer(
    name="cdnplan",
    cls=HintingGroup,
    help="Plan what a CDN's cache appliances hold, and prove how good the plan is.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("new")(new.new)
app.command("synth")(synth.synth)
app.add_typer(topology.app, name="topology")
app.command("ingest")(ingest.ingest)
app.command("forecast")(forecast.forecast)
app.command("backtest")(backtest.backtest)
app.command("plan")(plan.plan)
app.command("nightly")(nightly.nightly)
app.command("verify")(verify.verify)
app.command("replay")(replay.replay)
app.command("diff")(diff.diff)
app.command("export")(export.export)
app.command("whatif")(whatif.whatif)
app.command("prices")(prices.prices)
app.command("size")(size.size)
app.add_typer(experiment.app, name="experiment")
app.command("report")(report_command.report)
app.command("warm")(warm.warm)


def _show_version(asked: bool) -> None:
    if asked:
        from cdnplan import __version__

        sys.stdout.write(f"cdnplan {__version__}\n")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Take the options that stand before any command."""
    del version  # its callback has done the work


def report(error: CdnplanError) -> None:
    """Print an error meant for people on stderr, all its problems, one a line."""
    if isinstance(error, InputError):
        for problem in error.problems:
            sys.stderr.write(f"error: {problem}\n")
        count = len(error.problems)
        sys.stderr.write(f"{count} problem{'s' if count != 1 else ''}; nothing was written\n")
    else:
        sys.stderr.write(f"error: {error}\n")


def run() -> None:
    """Entry point of the console script."""
    # Nearly all that a command makes lives until it ends: looking for cycles as often as Python does by
    # itself finds nothing, and kernels take longer to compile.
    gc.set_threshold(20_000, 20, 20)
    atexit.register(gc.freeze)  # and at the end, where Python would look through all of it once more
    try:
        with StopSignals() as stop:
            app(standalone_mode=True, obj=stop)
    except CdnplanError as error:
        report(error)
        sys.exit(error.exit_code)
    except Stopped as stopped:
        sys.stderr.write(f"stopped by {stopped}\n")
        sys.exit(stopped.exit_code)
    except BrokenPipeError:
        sys.exit(141)
    except OSError as error:
        # A full disk, missing rights: nobody's bug, so a message and no traceback.
        where = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"error: {where}{error.strerror or error}\n")
        sys.exit(CdnplanError.exit_code)
